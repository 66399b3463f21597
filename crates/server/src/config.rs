//! What whoever starts the server decides, and the limits that protect it.

use crate::tls::Tls;
use auth::Authenticator;
use std::net::SocketAddr;
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
    /// The limits.
    pub limits: Limits,
}

impl Config {
    /// The default settings on an address, without an admin listener.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            admin_listen: None,
            tls: None,
            authenticator: Authenticator::default(),
            limits: Limits::default(),
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
    /// The slowest body.
    pub body_bytes_per_second_min: u64,
    /// A client that takes nothing of its answer for this long is cut off.
    pub write_idle: Duration,
    /// A connection without a request for this long is closed.
    pub keep_alive_idle: Duration,
    /// An HTTP/2 connection that was silent this long is sent a ping …
    pub ping_interval: Duration,
    /// … and cut off if it does not answer for this long.
    pub ping_answer: Duration,
    /// A request that changes something is answered 500 after this long, and runs on. Below the
    /// clients' own time-outs.
    pub mutation: Duration,
    /// When stopping, what was accepted has this long to finish.
    pub drain: Duration,
    /// Connections to the API at once; those above are closed when they come.
    pub connections: usize,
    /// The same for the operator's pages.
    pub admin_connections: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Bytes of a request's body: PutRecords may bring 10 MiB, which are 13.4 MiB in base64.
    pub body_bytes: usize,
    /// Bytes of all requests' bodies at once; a request above is answered 503.
    pub body_bytes_in_flight: usize,
    /// Bytes of all answers that wait for their clients at once; an answer above becomes a 503.
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
            write_idle: Duration::from_secs(60),
            keep_alive_idle: Duration::from_secs(60),
            ping_interval: Duration::from_secs(20),
            ping_answer: Duration::from_secs(20),
            mutation: Duration::from_secs(5),
            drain: Duration::from_secs(30),
            connections: 16_384,
            admin_connections: 64,
            head_bytes: 64 * 1024,
            body_bytes: 16 * 1024 * 1024,
            body_bytes_in_flight: 128 * 1024 * 1024,
            answer_bytes_in_flight: 256 * 1024 * 1024,
        }
    }
}
