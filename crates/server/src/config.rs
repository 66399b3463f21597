//! What whoever starts the server decides, and the limits that protect it.

use crate::connection::tls::Tls;
use auth::{Authenticator, Authorizer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// A server's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the API is served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where `/healthz`, `/readyz` and `/metrics` are served, if at all.
    pub admin_listen: Option<SocketAddr>,
    /// What connections to the API may be greeted with; without it, TLS is not spoken.
    pub tls: Option<Tls>,
    /// How senders are told apart.
    pub authenticator: Authenticator,
    /// How it is found out whether they may do what they ask.
    pub authorizer: Authorizer,
    /// The limits.
    pub limits: Limits,
    /// Lines that the log lost, counted by who writes it.
    pub log_lines_lost: Arc<AtomicU64>,
}

impl Config {
    /// The default settings on an address, without an admin listener.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            admin_listen: None,
            tls: None,
            authenticator: Authenticator::default(),
            authorizer: Authorizer::default(),
            limits: Limits::default(),
            log_lines_lost: Arc::default(),
        }
    }
}

/// How long clients may take, and how much they may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From accepting a connection to its first byte; and from there, or from the end of the TLS
    /// handshake, until it is clear which HTTP it speaks.
    pub first_bytes: Duration,
    /// From the first byte of a TLS handshake to its end.
    pub handshake: Duration,
    /// From the first byte of an HTTP/1 request to the end of its head.
    pub head: Duration,
    /// Between two pieces of a body.
    pub body_idle: Duration,
    /// A body may take this long, and one second more for each [`Self::body_bytes_per_second_min`].
    pub body: Duration,
    /// The slowest body, as long as it is small.
    pub body_bytes_per_second_min: u64,
    /// The slowest body in what it has above [`Self::small_body_bytes`].
    pub large_body_bytes_per_second_min: u64,
    /// While more than half is taken of what a body is charged to, it may only take this long …
    pub body_when_short: Duration,
    /// … and one second more for each of so many bytes; the slower ones make room, and are answered
    /// 503.
    pub body_bytes_per_second_min_when_short: u64,
    /// The rest of a body that was refused is read and dropped for so long, so that its client,
    /// which may write all before it reads, gets the answer …
    pub linger: Duration,
    /// … as long as something of it comes this often …
    pub linger_idle: Duration,
    /// … and for so many bytes.
    pub linger_bytes: usize,
    /// A client that takes nothing of its answer for this long is cut off …
    pub write_idle: Duration,
    /// … and for this long, if others are refused their answers meanwhile.
    pub write_idle_when_short: Duration,
    /// A connection without a request for this long is closed.
    pub keep_alive_idle: Duration,
    /// An HTTP/2 connection that was silent this long is sent a ping …
    pub ping_interval: Duration,
    /// … and cut off if it does not answer for this long.
    pub ping_answer: Duration,
    /// A request that changes something is answered 500 after this long, and runs on. Below the
    /// clients' own time-outs.
    pub mutation: Duration,
    /// When stopping, what is being carried out has this long to finish: as long as
    /// [`Self::mutation`], and a moment for its answer. What waits for clients has less: see
    /// `FAREWELL` in `connection`.
    pub drain: Duration,
    /// Connections to the API at once; those above are closed when they come.
    pub connections: usize,
    /// The same for the operator's pages.
    pub admin_connections: usize,
    /// Bytes of a request's head over HTTP/1.
    pub head_bytes: usize,
    /// Bytes of a request's head over HTTP/2, as HPACK counts them.
    pub header_list_bytes: u32,
    /// Bytes of all heads at once, above those that each connection has free: HTTP/1's heads that
    /// have begun and read buffers that have grown, HTTP/2's streams.
    pub head_bytes_in_flight: usize,
    /// Of them, what one connection may hold.
    pub head_bytes_of_connection: usize,
    /// Each connection's own: a request of the usual size is always taken.
    pub head_bytes_free: usize,
    /// Bytes of a request's body: PutRecords may bring 10 MiB, which are 13.4 MiB in base64.
    pub body_bytes: usize,
    /// Bytes of all requests' bodies at once, as they come; a request above is answered 503.
    pub body_bytes_in_flight: usize,
    /// Of them, what one connection's bodies may hold.
    pub body_bytes_of_connection: usize,
    /// A body of so many bytes is small …
    pub small_body_bytes: usize,
    /// … and has a reserve of so many of [`Self::body_bytes_in_flight`] …
    pub small_body_bytes_in_flight: usize,
    /// … of which one connection may hold so many.
    pub small_body_bytes_of_connection: usize,
    /// Bytes of all answers at once, from before their records are read until their clients have
    /// taken them; an answer above becomes a 503.
    pub answer_bytes_in_flight: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_bytes: Duration::from_secs(10),
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            body_idle: Duration::from_secs(20),
            body: Duration::from_secs(20),
            body_bytes_per_second_min: 1024,
            large_body_bytes_per_second_min: 64 * 1024,
            body_when_short: Duration::from_secs(5),
            body_bytes_per_second_min_when_short: 1024 * 1024,
            linger: Duration::from_secs(20),
            linger_idle: Duration::from_secs(2),
            linger_bytes: 32 * 1024 * 1024,
            write_idle: Duration::from_secs(60),
            write_idle_when_short: Duration::from_secs(5),
            keep_alive_idle: Duration::from_secs(60),
            ping_interval: Duration::from_secs(20),
            ping_answer: Duration::from_secs(20),
            mutation: Duration::from_secs(5),
            drain: Duration::from_secs(6),
            connections: 16_384,
            admin_connections: 64,
            head_bytes: 64 * 1024,
            header_list_bytes: 16 * 1024,
            head_bytes_in_flight: 256 * 1024 * 1024,
            head_bytes_of_connection: 24 * 1024 * 1024,
            head_bytes_free: 48 * 1024,
            body_bytes: 16 * 1024 * 1024,
            body_bytes_in_flight: 128 * 1024 * 1024,
            body_bytes_of_connection: 32 * 1024 * 1024,
            small_body_bytes: 64 * 1024,
            small_body_bytes_in_flight: 32 * 1024 * 1024,
            small_body_bytes_of_connection: 4 * 1024 * 1024,
            answer_bytes_in_flight: 256 * 1024 * 1024,
        }
    }
}
