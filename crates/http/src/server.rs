//! A server: its sockets, and its life from bind to stop.

use crate::admin::Admin;
use crate::config::{Config, Limits};
use crate::connection::accept::{Connections, Serve};
use crate::connection::activity::InFlight;
use crate::deliver::body::AnswerBody;
use crate::metrics::{Metrics, Own};
use crate::receive::budgets::Budgets;
use crate::service::{Gone, Service};
use http::{Request, Response};
use hyper::body::Incoming;
use millstream_env::{Death, Env};
use millstream_streams::Engine;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

/// Why a socket could not be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {cause}")]
pub struct BindError {
    /// The requested address.
    pub address: SocketAddr,
    /// The operating system's error.
    pub cause: io::Error,
}

/// Bound sockets. The API is not served yet: incoming connections wait in the operating system's
/// backlog.
#[derive(Debug)]
pub struct Server {
    config: Config,
    api: Socket,
    /// `None` once the admin listener is served.
    admin: Option<Socket>,
    admin_address: Option<SocketAddr>,
    life: Life,
}

#[derive(Debug)]
struct Socket {
    listener: TcpListener,
    address: SocketAddr,
}

/// State shared by all connections, from the first.
#[derive(Debug)]
struct Life {
    metrics: Arc<Metrics>,
    budgets: Arc<Budgets>,
    operator: Admin,
    stopping: watch::Sender<bool>,
    /// Connections hold a clone …
    alive: mpsc::Sender<Infallible>,
    /// … so that this closes with the last of them.
    ended: mpsc::Receiver<Infallible>,
}

impl Server {
    /// Binds the sockets.
    ///
    /// # Errors
    /// If an address is in use, or does not belong to this machine.
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

    /// The API's address, with the actual port.
    pub fn local_addr(&self) -> SocketAddr {
        self.api.address
    }

    /// The admin listener's address, if there is one.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// Starts the admin listener. It reports alive and starting until [`Self::serve`] has an
    /// engine.
    pub fn serve_operator(&mut self, env: &Env) {
        let Some(socket) = self.admin.take() else {
            return;
        };
        let limits = self.config.limits;
        // A limit of its own: API connections cannot crowd out the operator.
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

    /// Serves until `stop` resolves or an essential task dies. Then it accepts no more, finishes
    /// accepted requests (for a bounded time) and shuts the engine down. Everything acknowledged is
    /// durable when this returns.
    ///
    /// # Errors
    /// The task that died, before or during the shutdown.
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
            audit: self.config.audit.clone(),
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
        // Now only connections hold it.
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
        // Without listeners there is nothing to stop.
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

    /// State shared by API connections.
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
