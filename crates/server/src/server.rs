//! A server: its sockets, and its life from bound to stopped.

use crate::admin::Admin;
use crate::config::{Config, Limits};
use crate::connection::accept::{Connections, Serve};
use crate::connection::activity::InFlight;
use crate::deliver::body::AnswerBody;
use crate::metrics::{Metrics, Own};
use crate::receive::budgets::Budgets;
use crate::service::{Gone, Service};
use engine::Engine;
use env::{Death, Env};
use http::{Request, Response};
use hyper::body::Incoming;
use std::convert::Infallible;
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

/// Bound sockets. The API is not served yet: connections that come wait in the operating system's
/// queue.
#[derive(Debug)]
pub struct Server {
    config: Config,
    api: Socket,
    /// Until the operator is served.
    admin: Option<Socket>,
    admin_address: Option<SocketAddr>,
    life: Life,
}

#[derive(Debug)]
struct Socket {
    listener: TcpListener,
    address: SocketAddr,
}

/// What all connections share, from the first on.
#[derive(Debug)]
struct Life {
    metrics: Arc<Metrics>,
    budgets: Arc<Budgets>,
    operator: Admin,
    stopping: watch::Sender<bool>,
    /// Connections hold it too …
    alive: mpsc::Sender<Infallible>,
    /// … and this ends with the last of them.
    ended: mpsc::Receiver<Infallible>,
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
        let life = Life::new(&config.limits);
        Ok(Self {
            config,
            api,
            admin_address: admin.as_ref().map(|socket| socket.address),
            admin,
            life,
        })
    }

    /// Where the API is served, with the port that was taken.
    pub fn local_addr(&self) -> SocketAddr {
        self.api.address
    }

    /// Where the operator is served, if at all.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// Serves the operator from now on, who is told that the server is alive and starting until
    /// [`Self::serve`] has an engine.
    pub fn serve_operator(&mut self, env: &Env) {
        let Some(socket) = self.admin.take() else {
            return;
        };
        let limits = self.config.limits;
        // Of its own: however many there are to the API, the operator comes through.
        let connections = Connections {
            open: self.life.metrics.admin_connections.clone(),
            most: limits.admin_connections,
            budgets: Budgets::new(&limits),
            ..self.life.connections(env, limits)
        };
        let operator = self.life.operator.clone();
        let accepted = connections.accept(socket.listener, None, operator);
        env.tasks.spawn("accept admin", Box::pin(accepted));
    }

    /// Serves until `stop` resolves or a task dies without which it cannot go on. Then it takes no
    /// more, finishes the requests that were accepted (for a bounded time) and shuts the engine
    /// down. Everything acknowledged is durable when this returns.
    ///
    /// # Errors
    /// Which task died, before or while it stopped.
    pub async fn serve(
        mut self,
        env: Env,
        engine: Arc<Engine>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Death> {
        let limits = self.config.limits;
        let budgets = Arc::clone(&self.life.budgets);
        let metrics = Arc::clone(&self.life.metrics);
        let deaths = env.tasks.deaths();
        let own = Own {
            budgets,
            deaths: deaths.clone(),
            log_lines_lost: Arc::clone(&self.config.log_lines_lost),
        };
        let registry = metrics.register(engine.metrics(), own);
        self.life.operator.open(&env, Arc::clone(&engine), registry);
        self.serve_operator(&env);
        let Self {
            config, api, life, ..
        } = self;
        let connections = life.connections(&env, limits);
        let Life {
            stopping,
            alive,
            mut ended,
            ..
        } = life;
        // Only connections hold it from now on.
        drop(alive);
        let tls = config.tls.clone();
        let service = Service::new(env.clone(), Arc::clone(&engine), config, metrics);
        let accepted = connections.accept(api.listener, tls, Api(service));
        env.tasks.spawn("accept", Box::pin(accepted));

        tokio::select! {
            biased;
            () = stop => (),
            death = deaths.wait() => {
                tracing::error!(task = death.task, panic = death.said, "a background task has died: stopping");
            }
        }
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
        deaths.first().map_or(Ok(()), Err)
    }
}

impl Life {
    fn new(limits: &Limits) -> Self {
        let (alive, ended) = mpsc::channel(1);
        Self {
            metrics: Metrics::new(),
            budgets: Budgets::new(limits),
            operator: Admin::default(),
            stopping: watch::Sender::new(false),
            alive,
            ended,
        }
    }

    /// What connections to the API share.
    fn connections(&self, env: &Env, limits: Limits) -> Connections {
        Connections {
            env: env.clone(),
            limits,
            open: self.metrics.connections.clone(),
            most: limits.connections,
            metrics: Arc::clone(&self.metrics),
            budgets: Arc::clone(&self.budgets),
            stopping: self.stopping.subscribe(),
            _alive: self.alive.clone(),
        }
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
