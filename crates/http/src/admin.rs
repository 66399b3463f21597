//! The admin listener: liveness, readiness, metrics.
//!
//! It has its own address, so that it can be kept off the API's network. Nothing here changes
//! anything.

use crate::connection::accept::Serve;
use crate::connection::activity::InFlight;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use millstream_env::{Env, Tasks};
use millstream_streams::Engine;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, oneshot};

/// Maximum number of metrics responses in flight, each of a few megabytes at most.
const SCRAPES_MAX: usize = 4;
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";
/// For browsers: no answer is a page, belongs into one, or is to be kept. No origin is allowed to
/// read them.
const NOT_A_PAGE: [(HeaderName, HeaderValue); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// The admin pages: liveness from the start, everything else once the engine is open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Admin {
    opened: Arc<OnceLock<Arc<Opened>>>,
}

/// What is available once the engine is open.
struct Opened {
    tasks: Arc<dyn Tasks>,
    engine: Arc<Engine>,
    registry: Registry,
    /// Held while metrics are encoded.
    encoding: Mutex<()>,
    /// A permit for each response that holds metrics.
    scrapes: Arc<Semaphore>,
}

impl Admin {
    /// Starts serving an engine and a registry. Only the first call has an effect.
    pub(crate) fn open(&self, env: &Env, engine: Arc<Engine>, registry: Registry) {
        self.opened.get_or_init(|| {
            Arc::new(Opened {
                tasks: Arc::clone(&env.tasks),
                engine,
                registry,
                encoding: Mutex::new(()),
                scrapes: Arc::new(Semaphore::new(SCRAPES_MAX)),
            })
        });
    }

    async fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        match path {
            "/healthz" | "/readyz" | "/metrics"
                if !matches!(*method, Method::GET | Method::HEAD) =>
            {
                plain(StatusCode::METHOD_NOT_ALLOWED, "only GET\n")
            }
            "/healthz" => plain(StatusCode::OK, "alive\n"),
            "/readyz" | "/metrics" => match self.opened.get() {
                None => plain(StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
                Some(opened) if path == "/metrics" => Arc::clone(opened).metrics().await,
                Some(opened) => opened.readiness(),
            },
            _ => plain(
                StatusCode::NOT_FOUND,
                "there are /healthz, /readyz and /metrics\n",
            ),
        }
    }
}

impl Opened {
    fn readiness(&self) -> Response<Full<Bytes>> {
        if self.engine.is_writable() {
            plain(StatusCode::OK, "ready\n")
        } else {
            plain(StatusCode::SERVICE_UNAVAILABLE, "takes no writes\n")
        }
    }

    /// Encodes metrics on a blocking thread, one response at a time.
    async fn metrics(self: Arc<Self>) -> Response<Full<Bytes>> {
        let Ok(permit) = Arc::clone(&self.scrapes).try_acquire_owned() else {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "too many ask at once\n");
        };
        let (tell, told) = oneshot::channel();
        let tasks = Arc::clone(&self.tasks);
        let one_at_a_time = Arc::clone(&self);
        let _encoding = one_at_a_time.encoding.lock().await;
        let work = move || {
            let mut text = String::new();
            text::encode(&mut text, &self.registry).expect("writing into a string does not fail");
            // The client may have gone.
            drop(tell.send(text));
        };
        tasks.run_blocking(Box::new(work)).await;
        let Ok(text) = told.await else {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping\n");
        };
        let body = Bytes::from_owner(Scrape {
            text,
            _permit: permit,
        });
        respond(StatusCode::OK, METRICS_TYPE, body)
    }
}

/// A metrics response in flight.
struct Scrape {
    text: String,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Scrape {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened")
    }
}

impl Serve for Admin {
    type Body = Full<Bytes>;
    type Error = Infallible;

    async fn serve(
        self,
        request: Request<Incoming>,
        in_flight: InFlight,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let answer = self.answer(request.method(), request.uri().path()).await;
        drop(in_flight);
        Ok(answer)
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(status, TEXT_TYPE, Bytes::from_static(text.as_bytes()))
}

fn respond(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.extend(NOT_A_PAGE);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_store::MemoryStore;
    use millstream_streams::Settings;

    #[tokio::test]
    async fn metrics_when_too_many_answers_wait_for_clients_then_are_refused_until_one_has_gone() {
        let env = Env::real();
        let store = Arc::new(MemoryStore::new(Arc::clone(&env.clock)));
        let engine = Engine::open(env.clone(), store, Settings::default()).await;
        let admin = Admin::default();
        admin.open(&env, engine.unwrap(), Registry::default());
        let ask = async || admin.answer(&Method::GET, "/metrics").await;
        let mut waiting = Vec::new();
        for _ in 0..SCRAPES_MAX {
            let answer = ask().await;
            assert_eq!(answer.status(), StatusCode::OK);
            waiting.push(answer);
        }
        assert_eq!(ask().await.status(), StatusCode::SERVICE_UNAVAILABLE);
        waiting.pop();
        assert_eq!(ask().await.status(), StatusCode::OK);
    }
}
