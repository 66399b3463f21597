//! One connection from its first byte to its end.
//!
//! Detects TLS, then the HTTP version; hyper drives both versions. The timers are ours, except
//! HTTP/2 pings.

use crate::config::Limits;
use crate::connection::accept::{Connections, Serve};
use crate::connection::activity::Activity;
use crate::connection::read_buffer::ReadBuffer;
use crate::connection::sniff::{Version, sniff};
use crate::connection::stream_size::stream_bytes;
use crate::connection::timed::{Reads, Timed};
use crate::connection::tls::Tls;
use crate::connection::transport::{self, Transport};
use crate::deliver::cut::Cut;
use bytes::Bytes;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use millstream_auth::Context;
use millstream_env::{Env, Tasks};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// How long a closing connection waits for its client to send or take what is pending: an
/// incomplete request, a response, the last events. While a request is being executed it stays.
pub(crate) const FAREWELL: Duration = Duration::from_secs(1);
/// How many times the state is checked meanwhile.
const FAREWELL_LOOKS: u32 = 8;
/// Size of the HPACK dynamic table: zero, since each indexed field may keep the buffer alive that
/// it arrived in. It takes effect when the client acknowledges it (see `greeting`).
const HEADER_TABLE_BYTES: u32 = 0;
/// HTTP/2 flow control: window of a stream.
const STREAM_WINDOW_BYTES: u32 = 2 * 1024 * 1024;
/// HTTP/2 flow control: window of a connection.
const CONNECTION_WINDOW_BYTES: u32 = 16 * 1024 * 1024;

/// Serves a connection until it ends, or the server stops and its requests are answered.
pub(crate) async fn drive<S: Serve>(
    (stream, peer): (TcpStream, SocketAddr),
    tls: Option<&Tls>,
    connections: &Connections,
    service: S,
) {
    // Otherwise small responses would wait for the acknowledgement of earlier ones (Nagle's
    // algorithm).
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Connections { env, limits, .. } = connections;
    let mut stopping = connections.stopping.clone();
    let begun = tokio::select! {
        biased;
        () = stopped(&mut stopping) => None,
        begun = begin(stream, tls, connections) => begun,
    };
    let Some((transport, version, replayed)) = begun else {
        return;
    };
    let budgets = &connections.budgets;
    let channel = transport::channel(&transport);
    let session = transport::session(&transport);
    let activity = Activity::new(Arc::clone(budgets), Context { peer, channel }, session);
    let reads = match version {
        Version::Http1 => Reads::Heads(ReadBuffer::new(limits.head_bytes, &budgets.heads)),
        Version::Http2 => Reads::of_http2(&budgets.heads),
    };
    let clock = Arc::clone(&env.clock);
    let watched = Arc::clone(&activity);
    let io = TokioIo::new(Timed::new(
        transport, replayed, reads, clock, *limits, watched,
    ));
    match version {
        Version::Http1 => {
            let driven = drive_http1(io, activity, env, limits, service, stopping);
            Cut::run(driven).await;
        }
        Version::Http2 => drive_http2(io, activity, env, limits, service, stopping).await,
    }
}

/// Proceeds to the start of the first request: the transport, the version, and the bytes that were
/// read to detect it.
async fn begin(
    stream: TcpStream,
    tls: Option<&Tls>,
    connections: &Connections,
) -> Option<(Transport, Version, Bytes)> {
    let Connections { env, limits, .. } = connections;
    let mut transport = match transport::open(stream, tls, &*env.clock, limits).await {
        Ok(transport) => transport,
        Err(error) => {
            tracing::debug!(%error, "connection did not begin");
            return None;
        }
    };
    let (version, replayed) = sniff(&mut transport, &*env.clock, limits.first_bytes).await?;
    Some((transport, version, replayed))
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the server is gone altogether.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

async fn drive_http1<S: Serve>(
    io: TokioIo<Timed<Transport>>,
    activity: Arc<Activity>,
    env: &Env,
    limits: &Limits,
    service: S,
    mut stopping: watch::Receiver<bool>,
) {
    let watched = Arc::clone(&activity);
    let service = service_fn(move |request| service.clone().serve(request, activity.begin()));
    let mut builder = http1::Builder::new();
    builder
        .header_read_timeout(None)
        .max_buf_size(limits.head_bytes);
    let mut connection = pin!(builder.serve_connection(io, service));
    tokio::select! {
        biased;
        ended = connection.as_mut() => return note_end(ended),
        () = keeps_others_out(&watched, env, limits) => return note_unread(),
        () = stopped(&mut stopping) => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        biased;
        ended = connection => note_end(ended),
        () = left_alone(&watched, env) => (),
    }
}

async fn drive_http2<S: Serve>(
    io: TokioIo<Timed<Transport>>,
    activity: Arc<Activity>,
    env: &Env,
    limits: &Limits,
    service: S,
    mut stopping: watch::Receiver<bool>,
) {
    let served = Arc::clone(&activity);
    let service = service_fn(move |request| {
        let in_flight = served.begin_stream(stream_bytes(&request));
        service.clone().serve(request, in_flight)
    });
    let mut builder = http2::Builder::new(OnTasks(Arc::clone(&env.tasks)));
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.ping_interval)
        .keep_alive_timeout(limits.ping_answer)
        .max_concurrent_streams(limits.streams)
        .max_pending_accept_reset_streams(limits.streams_reset_unseen)
        .max_local_error_reset_streams(limits.streams_in_error)
        .max_frame_size(limits.frame_bytes)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .header_table_size(HEADER_TABLE_BYTES)
        .max_header_list_size(limits.header_list_bytes);
    let mut connection = pin!(builder.serve_connection(io, service));
    tokio::select! {
        biased;
        ended = connection.as_mut() => return note_end(ended),
        () = unread(&activity, env, limits) => return note_unread(),
        () = keeps_others_out(&activity, env, limits) => return note_unread(),
        () = stopped(&mut stopping) => (),
        () = idle(&activity, env, limits) => (),
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        ended = connection => note_end(ended),
        () = left_alone(&activity, env) => (),
    }
}

/// Resolves when a closing connection has executed no request for a moment. Its client had time to
/// learn of the shutdown, to finish sending, and to take pending responses.
async fn left_alone(activity: &Activity, env: &Env) {
    let mut quiet_looks = 0;
    while quiet_looks < FAREWELL_LOOKS {
        let executions = activity.executions();
        let was_executing = activity.is_executing();
        env.clock.sleep(FAREWELL / FAREWELL_LOOKS).await;
        let is_quiet = !was_executing && activity.executions() == executions;
        quiet_looks = if is_quiet { quiet_looks + 1 } else { 0 };
    }
}

/// Resolves once the connection has had no request for the idle limit.
async fn idle(activity: &Activity, env: &Env, limits: &Limits) {
    loop {
        let started = activity.started();
        env.clock.sleep(limits.keep_alive_idle).await;
        if activity.started() == started && !activity.is_busy() {
            return;
        }
    }
}

/// Resolves once the client has left a response unread for HTTP/1's write limit. Events are exempt:
/// their streams are cut off individually.
async fn unread(activity: &Activity, env: &Env, limits: &Limits) {
    loop {
        env.clock.sleep(limits.write_idle).await;
        let now = env.clock.monotonic();
        if activity.pieces.are_unread(now, limits.write_idle) {
            return;
        }
    }
}

/// Resolves when a response was refused for lack of budget while this client has left one unread.
async fn keeps_others_out(activity: &Activity, env: &Env, limits: &Limits) {
    let mut short = activity.holdings.budgets().answers_short.subscribe();
    // An error means that the server is gone altogether.
    while short.changed().await.is_ok() {
        let now = env.clock.monotonic();
        if activity
            .pieces
            .are_unread(now, limits.write_idle_when_short)
        {
            return;
        }
    }
}

fn note_unread() {
    tracing::debug!("connection ended: its client does not read its answers");
}

fn note_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(error = &error as &dyn std::error::Error, "connection ended");
    }
}

/// Runs the requests of HTTP/2 connections as tasks of the environment.
#[derive(Clone)]
struct OnTasks(Arc<dyn Tasks>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for OnTasks {
    fn execute(&self, request: F) {
        self.0.spawn_request("request", Box::pin(Cut::run(request)));
    }
}
