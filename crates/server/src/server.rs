//! A server: its sockets, and its life from bound to stopped.

use crate::accept::{Connections, Serve};
use crate::activity::InFlight;
use crate::admin::Admin;
use crate::answer::AnswerBody;
use crate::budget::Budget;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::service::{Gone, Service};
use engine::Engine;
use env::Env;
use http::{Request, Response};
use hyper::body::Incoming;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// Why a server has no socket.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {cause}")]
pub struct BindError {
    /// The address that it asked for.
    pub address: SocketAddr,
    /// What the operating system said.
    pub cause: io::Error,
}

/// Bound sockets, not served yet: connections that come wait in the operating system's queue.
#[derive(Debug)]
pub struct Server {
    config: Config,
    api: Socket,
    admin: Option<Socket>,
}

#[derive(Debug)]
struct Socket {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Binds the sockets.
    ///
    /// # Errors
    /// If an address is taken, or not this machine's.
    pub async fn bind(config: Config) -> Result<Self, BindError> {
        let api = Socket::bind(config.listen).await?;
        let admin = match config.admin_listen {
            Some(address) => Some(Socket::bind(address).await?),
            None => None,
        };
        Ok(Self { config, api, admin })
    }

    /// Where the API is served, with the port that was taken.
    pub fn local_addr(&self) -> SocketAddr {
        self.api.address
    }

    /// Where the operator is served, if at all.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|socket| socket.address)
    }

    /// Serves until `stop` resolves, then finishes the requests that were accepted (for a bounded
    /// time) and shuts the engine down. Everything acknowledged is durable when this returns.
    pub async fn serve(self, env: Env, engine: Arc<Engine>, stop: impl Future<Output = ()>) {
        let Self { config, api, admin } = self;
        let limits = config.limits;
        let budget = Budget::new(limits.body_bytes_in_flight);
        let metrics = Metrics::new();
        let (stopping, when_stopping) = watch::channel(false);
        let (alive, mut ended) = mpsc::channel(1);
        let connections = Connections {
            env: env.clone(),
            limits,
            open: metrics.connections.clone(),
            most: limits.connections,
            metrics: Arc::clone(&metrics),
            stopping: when_stopping,
            _alive: alive,
        };
        if let Some(socket) = admin {
            let registry = metrics.register(engine.metrics(), Arc::clone(&budget));
            let admin = Admin::new(Arc::clone(&engine), registry);
            // Of its own: however many there are to the API, the operator comes through.
            let connections = Connections {
                open: metrics.admin_connections.clone(),
                most: limits.admin_connections,
                ..connections.clone()
            };
            let accepted = connections.accept(socket.listener, None, admin);
            env.tasks.spawn("accept admin", Box::pin(accepted));
        }
        let tls = config.tls.clone();
        let service = Service::new(env.clone(), Arc::clone(&engine), config, budget, metrics);
        let accepted = connections.accept(api.listener, tls, Api(service));
        env.tasks.spawn("accept", Box::pin(accepted));

        stop.await;
        // Whoever listens is told; nobody listening is as good.
        let _ = stopping.send(true);
        engine.end_subscriptions();
        tokio::select! {
            biased;
            _ = ended.recv() => (),
            () = env.clock.sleep(limits.drain) => {
                tracing::warn!("some requests did not finish in time and are cut off");
            }
        }
        engine.shutdown().await;
    }
}

impl Socket {
    async fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        bound.await.map_err(|cause| BindError { address, cause })
    }
}

#[derive(Clone)]
struct Api(Arc<Service>);

impl Serve for Api {
    type Body = AnswerBody;
    type Error = Gone;

    fn serve(
        self,
        request: Request<Incoming>,
        in_flight: InFlight,
    ) -> impl Future<Output = Result<Response<AnswerBody>, Gone>> + Send + 'static {
        self.0.answer(request, in_flight)
    }
}
