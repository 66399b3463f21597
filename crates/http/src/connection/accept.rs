//! Accepts connections, up to a limit, until told to stop.

use crate::config::Limits;
use crate::connection::activity::InFlight;
use crate::connection::driver;
use crate::connection::tls::Tls;
use crate::metrics::Metrics;
use crate::receive::budgets::Budgets;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use millstream_env::{Env, LineLimit};
use prometheus_client::metrics::gauge::Gauge;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// Pause after the process has run out of file descriptors.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// Rate limit for lines about failed accepts: the next failure is like the last.
const ACCEPT_LINES_PER_SECOND: u64 = 1;

/// A service for the requests of connections.
pub(crate) trait Serve: Clone + Send + Sync + 'static {
    /// The body of a response.
    type Body: Body<Data: Send, Error: std::error::Error + Send + Sync> + Send + 'static;
    /// Why there is no response.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Serves one request; the guard lives as long as its response.
    fn serve(
        self,
        request: Request<Incoming>,
        in_flight: InFlight,
    ) -> impl Future<Output = Result<Response<Self::Body>, Self::Error>> + Send + 'static;
}

/// State shared by all connections of a socket.
#[derive(Clone)]
pub(crate) struct Connections {
    pub(crate) env: Env,
    pub(crate) limits: Limits,
    /// Number of open connections, and the limit.
    pub(crate) open: Gauge,
    pub(crate) most: usize,
    pub(crate) metrics: Arc<Metrics>,
    /// The budgets they share.
    pub(crate) budgets: Arc<Budgets>,
    /// Becomes true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
    /// Closed when the last holder is dropped.
    pub(crate) _alive: mpsc::Sender<Infallible>,
}

impl Connections {
    /// Accepts connections until the server stops, with or without TLS.
    pub(crate) async fn accept<S: Serve>(
        self,
        listener: TcpListener,
        tls: Option<Tls>,
        service: S,
    ) {
        let mut stopping = self.stopping.clone();
        let lines = LineLimit::new(ACCEPT_LINES_PER_SECOND);
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.take((stream, peer), tls.as_ref(), &service),
                // The client disconnected while it was in the queue.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => (),
                Err(error) => {
                    if let Some(kept_back) = lines.pass(self.env.clock.monotonic()) {
                        tracing::warn!(%error, kept_back, "cannot accept a connection");
                    }
                    self.env.clock.sleep(EXHAUSTED_PAUSE).await;
                }
            }
        }
    }

    fn take<S: Serve>(&self, accepted: (TcpStream, SocketAddr), tls: Option<&Tls>, service: &S) {
        let open = Open::count(&self.open);
        if open.place > self.most as i64 {
            self.metrics.connections_refused.inc();
            return;
        }
        let (connections, tls, service) = (self.clone(), tls.cloned(), service.clone());
        let driven = async move {
            driver::drive(accepted, tls.as_ref(), &connections, service).await;
            drop(open);
        };
        self.env.tasks.spawn_request("connection", Box::pin(driven));
    }
}

/// A connection that counts as open.
struct Open {
    gauge: Gauge,
    place: i64,
}

impl Open {
    fn count(gauge: &Gauge) -> Self {
        Self {
            gauge: gauge.clone(),
            place: gauge.inc() + 1,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

#[cfg(test)]
mod tests;
