//! The operator's side door: is it alive, is it ready, how is it doing.
//!
//! It has an address of its own, so that it can be kept from the network that the API is on, and
//! nothing here changes anything.

use crate::accept::Serve;
use crate::activity::InFlight;
use bytes::Bytes;
use engine::Engine;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, OnceLock};

const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// Answers the operator: from the first moment that it is alive, and once the engine is there all else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Admin {
    opened: Arc<OnceLock<Opened>>,
}

/// What there is to tell once the engine is open.
struct Opened {
    engine: Arc<Engine>,
    registry: Registry,
}

impl Admin {
    /// From now on answers from an engine and a registry. Only the first ones count.
    pub(crate) fn open(&self, engine: Arc<Engine>, registry: Registry) {
        self.opened.get_or_init(|| Opened { engine, registry });
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        match path {
            "/healthz" | "/readyz" | "/metrics"
                if !matches!(*method, Method::GET | Method::HEAD) =>
            {
                plain(StatusCode::METHOD_NOT_ALLOWED, "only GET\n")
            }
            "/healthz" => plain(StatusCode::OK, "alive\n"),
            "/readyz" | "/metrics" => match self.opened.get() {
                None => plain(StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
                Some(opened) if path == "/metrics" => opened.metrics(),
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
        match self.engine.is_writable() {
            true => plain(StatusCode::OK, "ready\n"),
            false => plain(StatusCode::SERVICE_UNAVAILABLE, "takes no writes\n"),
        }
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        let mut body = String::new();
        text::encode(&mut body, &self.registry).expect("writing into a string does not fail");
        respond(StatusCode::OK, METRICS_TYPE, body.into())
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

    fn serve(
        self,
        request: Request<Incoming>,
        in_flight: InFlight,
    ) -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send + 'static {
        let answer = self.answer(request.method(), request.uri().path());
        drop(in_flight);
        std::future::ready(Ok(answer))
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(status, TEXT_TYPE, Bytes::from_static(text.as_bytes()))
}

fn respond(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}
