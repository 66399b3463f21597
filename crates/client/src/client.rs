//! The client: one request per call.

use crate::sign::sign_request;
use crate::{Config, Error, Events};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioTimer;
use millstream_env::{Env, Tasks};
use millstream_protocol::operations::{SubscribeToShard, SubscribeToShardInput};
use millstream_protocol::{Operation, TARGET_PREFIX};
use std::sync::Arc;
use std::time::Duration;

/// How long an idle connection stays in the pool: shorter than servers keep it open.
const POOL_IDLE: Duration = Duration::from_secs(30);
/// Maximum response size: 10 MiB of records in base64, with their keys.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A client for one endpoint. Cheap to clone; clones share a connection pool.
#[derive(Clone)]
pub struct Client {
    env: Env,
    config: Arc<Config>,
    http: legacy::Client<HttpConnector, Full<Bytes>>,
}

impl Client {
    /// A client without connections. `env` provides the time for signatures and timeouts.
    pub fn new(env: Env, config: Config) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let http = legacy::Client::builder(OnTasks(Arc::clone(&env.tasks)))
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .build(connector);
        Self {
            env,
            config: Arc::new(config),
            http,
        }
    }

    /// Calls an operation. Dropping the future does not stop the server from carrying it out.
    ///
    /// # Errors
    /// See [`Error`]: each says whether to retry, and whether the call may have been applied.
    pub async fn call<O: Operation>(&self, input: &O::Input) -> Result<O::Output, Error> {
        let mut body = Vec::new();
        millstream_protocol::encode(self.config.protocol, input, &mut body);
        let request = self.request(O::NAME, body.into()).map_err(Error::NotSent)?;
        let (status, headers, body) = tokio::select! {
            biased;
            answered = self.send(request) => answered?,
            () = self.env.clock.sleep(self.config.timeout) => {
                return Err(Error::Transport("it took too long".to_owned()));
            }
        };
        if status != StatusCode::OK {
            return Err(self.refusal(status, &headers, &body));
        }
        millstream_protocol::decode_lenient(self.config.protocol, &body)
            .map_err(|error| Error::Transport(error.to_string()))
    }

    /// Subscribes to a shard.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn subscribe(&self, input: &SubscribeToShardInput) -> Result<Events, Error> {
        let mut body = Vec::new();
        let protocol = self.config.protocol;
        millstream_protocol::encode(protocol, input, &mut body);
        let request = self.request(SubscribeToShard::NAME, body.into());
        let request = request.map_err(Error::NotSent)?;
        let answered = async {
            let (head, body) = self.begin(request).await?.into_parts();
            if head.status == StatusCode::OK {
                return Ok((head.headers, body));
            }
            let body = collect(body).await?;
            Err(self.refusal(head.status, &head.headers, &body))
        };
        let (headers, body) = tokio::select! {
            biased;
            answered = answered => answered?,
            () = self.env.clock.sleep(self.config.timeout) => {
                return Err(Error::Transport("it took too long".to_owned()));
            }
        };
        Ok(Events::new(
            self.env.clone(),
            protocol,
            request_id(&headers),
            body,
        ))
    }

    fn request(&self, operation: &str, body: Bytes) -> Result<Request<Full<Bytes>>, String> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.config.endpoint.clone())
            .header(header::CONTENT_TYPE, self.config.protocol.content_type())
            .header("x-amz-target", format!("{TARGET_PREFIX}.{operation}"))
            .body(Full::new(body.clone()));
        let mut request = request.map_err(|error| error.to_string())?;
        sign_request(&self.config, self.env.clock.now(), &mut request, &body)?;
        Ok(request)
    }

    async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, HeaderMap, Bytes), Error> {
        let (head, body) = self.begin(request).await?.into_parts();
        Ok((head.status, head.headers, collect(body).await?))
    }

    /// Sends a request and waits for the head of the response.
    async fn begin(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Error> {
        self.http.request(request).await.map_err(|error| {
            if error.is_connect() {
                Error::NotSent(with_causes(&error))
            } else {
                Error::Transport(with_causes(&error))
            }
        })
    }

    fn refusal(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
        Error::Service {
            remote: millstream_protocol::decode_error(self.config.protocol, status.as_u16(), body),
            request_id: request_id(headers),
        }
    }
}

async fn collect(body: Incoming) -> Result<Bytes, Error> {
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|error| Error::Transport(with_causes(&*error)))?;
    Ok(body.to_bytes())
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-amzn-requestid");
    id.and_then(|id| id.to_str().ok()).map(str::to_owned)
}

/// An error and its causes, on one line.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Runs connections as tasks of the environment.
#[derive(Clone)]
struct OnTasks(Arc<dyn Tasks>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for OnTasks {
    fn execute(&self, connection: F) {
        self.0.spawn_request("connection", Box::pin(connection));
    }
}
