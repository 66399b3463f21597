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
use std::sync::Arc;

const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// Answers the operator.
#[derive(Clone)]
pub(crate) struct Admin {
    engine: Arc<Engine>,
    registry: Arc<Registry>,
}

impl Admin {
    /// Answers from an engine and a registry.
    pub(crate) fn new(engine: Arc<Engine>, registry: Registry) -> Self {
        Self {
            engine,
            registry: Arc::new(registry),
        }
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        match path {
            "/healthz" | "/readyz" | "/metrics"
                if !matches!(*method, Method::GET | Method::HEAD) =>
            {
                plain(StatusCode::METHOD_NOT_ALLOWED, "only GET\n")
            }
            "/healthz" => plain(StatusCode::OK, "alive\n"),
            "/readyz" if self.engine.is_writable() => plain(StatusCode::OK, "ready\n"),
            "/readyz" => plain(StatusCode::SERVICE_UNAVAILABLE, "takes no writes\n"),
            "/metrics" => self.metrics(),
            _ => plain(
                StatusCode::NOT_FOUND,
                "there are /healthz, /readyz and /metrics\n",
            ),
        }
    }

    fn metrics(&self) -> Response<Full<Bytes>> {
        let mut body = String::new();
        text::encode(&mut body, &self.registry).expect("writing into a string does not fail");
        respond(StatusCode::OK, METRICS_TYPE, body.into())
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
