//! The client: signed requests, one for each attempt.

use crate::builder::Builder;
use crate::connection::Pool;
use crate::error::with_causes;
use crate::identity::Identity;
use crate::partitions::Partition;
use crate::retry::{Budget, Retries, retry};
use crate::routes::Routes;
use crate::server_clock::{ServerClock, is_another_time};
use crate::settings::{HttpVersion, Settings};
use crate::sign::sign_request;
use crate::{Error, Events};
use aws_credential_types::Credentials;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use millstream_env::{Env, Timestamp};
use millstream_protocol::operations::{SubscribeToShard, SubscribeToShardInput};
use millstream_protocol::{Operation, Protocol, TARGET_PREFIX, Texts};
use std::sync::Arc;

/// Maximum response size: 10 MiB of records in base64, with their keys.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The name of this client in its requests.
const USER_AGENT: &str = concat!("millstream-client/", env!("CARGO_PKG_VERSION"));

/// A client of one endpoint. Cheap to clone; clones share connections and the budget for retries.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    env: Env,
    pool: Pool,
    routes: Routes,
    identity: Arc<Identity>,
    clock: Arc<ServerClock>,
    settings: Settings,
    budget: Budget,
}

/// A call's identification and its body, which all its attempts share.
struct Prepared<'a> {
    action: &'a str,
    uri: Uri,
    body: Bytes,
    invocation: String,
    attempts: u32,
}

/// What an attempt is signed with.
#[derive(Clone)]
struct Signed {
    credentials: Credentials,
    now: Timestamp,
}

impl Client {
    /// The start of a client: [`Builder`].
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn assemble(
        env: Env,
        pool: Pool,
        routes: Routes,
        identity: Identity,
        settings: Settings,
    ) -> Self {
        let shared = Shared {
            env,
            pool,
            routes,
            identity: Arc::new(identity),
            clock: Arc::default(),
            settings,
            budget: Budget::full(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The clock, chance and tasks that the client uses.
    pub fn env(&self) -> &Env {
        &self.shared.env
    }

    /// The URL of the server; on AWS, of calls that name no resource.
    pub fn endpoint(&self) -> &Uri {
        &self.shared.routes.usual
    }

    /// Whether the server is one of AWS's, as far as its name says.
    pub fn is_aws(&self) -> bool {
        self.endpoint().host().is_some_and(Partition::is_host)
    }

    /// The region that requests are signed for.
    pub fn region(&self) -> &str {
        &self.shared.routes.region
    }

    /// The encoding of bodies.
    pub fn protocol(&self) -> Protocol {
        self.shared.settings.protocol
    }

    /// A client that shares everything with this one except how it retries.
    #[must_use]
    pub fn with_retries(&self, retries: Retries) -> Self {
        let Shared {
            env,
            pool,
            routes,
            identity,
            clock,
            settings,
            budget: _,
        } = &*self.shared;
        let shared = Shared {
            env: env.clone(),
            pool: pool.clone(),
            routes: routes.clone(),
            identity: Arc::clone(identity),
            clock: Arc::clone(clock),
            settings: Settings {
                retries,
                ..settings.clone()
            },
            budget: Budget::full(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Calls an operation once, without retries. Dropping the future does not stop the server from
    /// carrying it out.
    ///
    /// # Errors
    /// See [`Error`]: each says whether to retry, and whether the call may have been applied.
    pub async fn call<O: Operation>(&self, input: &O::Input) -> Result<O::Output, Error> {
        let uri = self.route(O::NAME, input).await?;
        let call = self.prepare(O::NAME, uri, self.encode(input), 1);
        self.decode::<O>(&self.attempt(&call, 1).await?)
    }

    /// Calls an operation, and retries it if that may help.
    ///
    /// # Errors
    /// The last attempt's.
    pub(crate) async fn call_with_retries<O: Operation>(
        &self,
        input: &O::Input,
    ) -> Result<O::Output, Error> {
        let uri = self.route(O::NAME, input).await?;
        let body = self.encode(input);
        self.decode::<O>(&self.request(O::NAME, uri, body).await?)
    }

    /// Sends a request that is already encoded, and retries it if that may help: the way to an
    /// operation that this client does not know. `action` is its name, as in `ListStreams`; the
    /// bodies are in the client's [`Protocol`].
    ///
    /// # Errors
    /// The last attempt's.
    pub async fn make_request(&self, action: &str, body: impl Into<Bytes>) -> Result<Bytes, Error> {
        let uri = self.route(action, &Nothing).await?;
        self.request(action, uri, body.into()).await
    }

    /// Subscribes to a shard once, without retries.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn subscribe(&self, input: &SubscribeToShardInput) -> Result<Events, Error> {
        let uri = self.route(SubscribeToShard::NAME, input).await?;
        let call = self.prepare(SubscribeToShard::NAME, uri, self.encode(input), 1);
        self.subscribe_once(&call, 1).await
    }

    /// Subscribes to a shard, and retries if that may help.
    pub(crate) async fn subscribe_with_retries(
        &self,
        input: &SubscribeToShardInput,
    ) -> Result<Events, Error> {
        let retries = self.shared.settings.retries;
        let body = self.encode(input);
        let uri = self.route(SubscribeToShard::NAME, input).await?;
        let call = self.prepare(SubscribeToShard::NAME, uri, body, retries.max_attempts());
        let attempt = |number| self.subscribe_once(&call, number);
        retry(&self.shared.env, &retries, &self.shared.budget, attempt).await
    }

    async fn request(&self, action: &str, uri: Uri, body: Bytes) -> Result<Bytes, Error> {
        let retries = self.shared.settings.retries;
        let call = self.prepare(action, uri, body, retries.max_attempts());
        let attempt = |number| self.attempt(&call, number);
        retry(&self.shared.env, &retries, &self.shared.budget, attempt).await
    }

    fn prepare<'a>(&self, action: &'a str, uri: Uri, body: Bytes, attempts: u32) -> Prepared<'a> {
        let mut random = [0; 16];
        self.shared.env.random.fill(&mut random);
        let invocation = uuid::Builder::from_random_bytes(random).into_uuid();
        Prepared {
            action,
            uri,
            body,
            invocation: invocation.to_string(),
            attempts,
        }
    }

    fn encode<T: millstream_protocol::Encode>(&self, input: &T) -> Bytes {
        let mut body = Vec::new();
        millstream_protocol::encode_request(self.protocol(), input, &mut body);
        body.into()
    }

    fn decode<O: Operation>(&self, body: &[u8]) -> Result<O::Output, Error> {
        millstream_protocol::decode_lenient(self.protocol(), body)
            .map_err(|error| Error::Transport(format!("the response cannot be read: {error}")))
    }

    /// Where a call goes.
    async fn route(&self, operation: &str, input: &impl Texts) -> Result<Uri, Error> {
        let routes = &self.shared.routes;
        if let Some(own) = routes.own() {
            return Ok(own.clone());
        }
        let credentials = self.credentials().await?;
        let account_id = credentials.account_id().map(|id| id.as_str());
        routes.of(operation, input, account_id)
    }

    /// Credentials that are valid now. Their source may ask a person: that takes no server's time.
    async fn credentials(&self) -> Result<Credentials, Error> {
        self.shared.identity.credentials(self.now()).await
    }

    /// The server's time.
    fn now(&self) -> Timestamp {
        self.shared.clock.now(self.shared.env.clock.now())
    }

    /// Sends a request and receives the response's body.
    async fn attempt(&self, call: &Prepared<'_>, number: u32) -> Result<Bytes, Error> {
        let attempt = |signed| async move {
            let (_, body) = self.begin(call, number, signed).await?;
            collect(body).await
        };
        self.in_servers_time(attempt).await
    }

    async fn subscribe_once(&self, call: &Prepared<'_>, number: u32) -> Result<Events, Error> {
        let attempt = |signed| self.begin(call, number, signed);
        let (headers, body) = self.in_servers_time(attempt).await?;
        let env = self.shared.env.clone();
        Ok(Events::new(
            env,
            self.protocol(),
            request_id(&headers),
            body,
        ))
    }

    /// Makes an attempt, with the credentials and the time to sign it with. If a wrong clock is why
    /// it is refused, the time is the server's from then on, and it is made once more at once: that
    /// is no retry, for nothing but the signature was looked at.
    async fn in_servers_time<T, F: Future<Output = Result<T, Error>>>(
        &self,
        attempt: impl Fn(Signed) -> F,
    ) -> Result<T, Error> {
        let credentials = self.credentials().await?;
        let now = self.now();
        let signed = Signed { credentials, now };
        let answered = self.in_time(attempt(signed.clone())).await;
        let is_refused = matches!(answered, Err(Error::Service { .. }));
        let signed = Signed {
            now: self.now(),
            ..signed
        };
        if is_refused && is_another_time(signed.now, now) {
            return self.in_time(attempt(signed)).await;
        }
        answered
    }

    async fn in_time<T>(
        &self,
        answered: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            biased;
            answered = answered => answered,
            () = self.shared.env.clock.sleep(self.shared.settings.attempt_timeout) => {
                Err(Error::Transport("it took too long".to_owned()))
            }
        }
    }

    /// Sends a request, and waits for the head of the response and for what is wrong, if anything.
    async fn begin(
        &self,
        call: &Prepared<'_>,
        number: u32,
        signed: Signed,
    ) -> Result<(HeaderMap, Incoming), Error> {
        let now = signed.now;
        let response = self.respond(call, number, signed).await?;
        let (head, body) = response.into_parts();
        if head.status == StatusCode::OK {
            return Ok((head.headers, body));
        }
        let body = collect(body).await?;
        Err(self.refusal(head.status, &head.headers, &body, now))
    }

    /// Sends a request and waits for the head of the response.
    async fn respond(
        &self,
        call: &Prepared<'_>,
        number: u32,
        Signed { credentials, now }: Signed,
    ) -> Result<Response<Incoming>, Error> {
        let shared = &*self.shared;
        let mut request = self.head(call).map_err(Error::Invalid)?;
        let region = &shared.routes.region;
        sign_request(credentials, region, now, &mut request).map_err(Error::Invalid)?;
        let headers = request.headers_mut();
        let attempt = format!("attempt={number}; max={}", call.attempts);
        for (name, value) in [
            ("amz-sdk-invocation-id", &call.invocation),
            ("amz-sdk-request", &attempt),
        ] {
            let value = HeaderValue::from_str(value);
            headers.insert(
                name,
                value.map_err(|error| Error::Invalid(error.to_string()))?,
            );
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(call.body.len()));
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, Full::new(body));
        shared.pool.request(request).await.map_err(|error| {
            if error.is_connect() {
                Error::NotSent(with_causes(&error))
            } else {
                Error::Transport(with_causes(&error))
            }
        })
    }

    /// A request before it is signed.
    fn head(&self, call: &Prepared<'_>) -> Result<Request<Bytes>, String> {
        let target = format!("{TARGET_PREFIX}.{}", call.action);
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(call.uri.clone());
        if let (HttpVersion::Http1, Some(host)) = (self.shared.settings.http, call.uri.authority())
        {
            // First, as every client of HTTP/1.1 sends it.
            request = request.header(header::HOST, host.as_str());
        }
        request
            .header(header::ACCEPT_ENCODING, "identity")
            .header("x-amz-target", target)
            .header(header::CONTENT_TYPE, self.protocol().content_type())
            .header(header::USER_AGENT, USER_AGENT)
            .body(call.body.clone())
            .map_err(|error| error.to_string())
    }

    fn refusal(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        signed: Timestamp,
    ) -> Error {
        let remote = millstream_protocol::decode_error(self.protocol(), status.as_u16(), body);
        let local = self.shared.env.clock.now();
        self.shared.clock.learn(&remote, headers, signed, local);
        Error::Service {
            remote,
            request_id: request_id(headers),
            is_after_unknown: false,
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({}, {})", self.endpoint(), self.region())
    }
}

/// An input of which nothing is known.
struct Nothing;

impl Texts for Nothing {
    fn text(&self, _: &str) -> Option<&str> {
        None
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
