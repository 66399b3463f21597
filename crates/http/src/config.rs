//! A server's settings, and the limits that protect it.

use crate::audit::Audit;
use crate::connection::tls::Tls;
use millstream_auth::{Authenticator, Authorizer};
use millstream_service::{MUTATION_MAX, Settings};
use millstream_streams::SUBSCRIPTIONS_MAX;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// A server's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address of the API; port 0 picks a free port.
    pub listen: SocketAddr,
    /// Address of `/healthz`, `/readyz` and `/metrics`, if they are served.
    pub admin_listen: Option<SocketAddr>,
    /// The certificate of the API; without one, TLS is disabled.
    pub tls: Option<Tls>,
    /// What becomes of requests in the clear.
    pub in_the_clear: InTheClear,
    /// Identifies senders.
    pub authenticator: Authenticator,
    /// Decides whether they may do what they ask.
    pub authorizer: Authorizer,
    /// Where the audit log's lines go, if there is one.
    pub audit: Option<Audit>,
    /// The limits.
    pub limits: Limits,
    /// Number of lines that the log lost, counted by its writer.
    pub log_lines_lost: Arc<AtomicU64>,
}

impl Config {
    /// The default settings for an address, without an admin listener.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            admin_listen: None,
            tls: None,
            in_the_clear: InTheClear::Served,
            authenticator: Authenticator::default(),
            authorizer: Authorizer::default(),
            audit: None,
            limits: Limits::default(),
            log_lines_lost: Arc::default(),
        }
    }

    /// What of it is for calls.
    pub(crate) fn calls(&self) -> Settings {
        Settings {
            authenticator: self.authenticator.clone(),
            authorizer: self.authorizer.clone(),
            mutation_max: self.limits.mutation,
        }
    }
}

/// What becomes of requests that come without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InTheClear {
    /// They are served, on the same port as those over TLS.
    Served,
    /// They are refused, so that no client goes on sending what others can read.
    Refused,
}

/// Limits on the time and memory of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time from accepting a connection to its first byte, and from there, or from the end of the
    /// TLS handshake, until the HTTP version is known.
    pub first_bytes: Duration,
    /// Time from the first byte of a TLS handshake to its end.
    pub handshake: Duration,
    /// Time from the first byte of an HTTP/1 request to the end of its head.
    pub head: Duration,
    /// Time between two pieces of a body.
    pub body_idle: Duration,
    /// Time for a body, plus a second for every [`Self::body_bytes_per_second_min`].
    pub body: Duration,
    /// Minimum rate of a body, while it is small.
    pub body_bytes_per_second_min: u64,
    /// Minimum rate of a body beyond [`Self::small_body_bytes`].
    pub large_body_bytes_per_second_min: u64,
    /// Time for a body while more than half of its budget is taken …
    pub body_when_short: Duration,
    /// … plus a second for every so many bytes. Slower ones are answered 503, to make room.
    pub body_bytes_per_second_min_when_short: u64,
    /// How long the rest of a rejected body is read and dropped, so that a client that writes
    /// everything before it reads gets its response …
    pub linger: Duration,
    /// … provided that bytes arrive at least this often …
    pub linger_idle: Duration,
    /// … and up to this many bytes.
    pub linger_bytes: usize,
    /// How long a client may take nothing of its response before it is disconnected …
    pub write_idle: Duration,
    /// … and how long while other responses are refused for lack of budget.
    pub write_idle_when_short: Duration,
    /// How long a connection without requests is kept open.
    pub keep_alive_idle: Duration,
    /// Silence on an HTTP/2 connection before it is sent a ping …
    pub ping_interval: Duration,
    /// … and the time it has to answer.
    pub ping_answer: Duration,
    /// How long a request that changes state may take before it is answered 500; it runs on. Below
    /// the timeouts of clients.
    pub mutation: Duration,
    /// Time that requests in execution have to finish when the server stops: [`Self::mutation`]
    /// plus a moment for the response. What waits for clients has less: see `FAREWELL` in
    /// `connection`.
    pub drain: Duration,
    /// Maximum number of API connections; further ones are closed on arrival.
    pub connections: usize,
    /// The same for the admin listener.
    pub admin_connections: usize,
    /// Maximum number of concurrent streams of an HTTP/2 connection; further ones are refused.
    pub streams: u32,
    /// Maximum number of streams at a time that an HTTP/2 client has reset before they were taken;
    /// with one more its connection ends. Streams that are reset later have given back what they
    /// held (CVE-2023-44487, rapid reset).
    pub streams_reset_unseen: usize,
    /// Maximum number of streams that an HTTP/2 client ends by an error of its own, refused ones
    /// among them, over the life of its connection (CVE-2019-9514, CVE-2025-8671).
    pub streams_in_error: usize,
    /// Maximum bytes of an HTTP/2 frame. It bounds the fragments of a head, too: hyper allows a
    /// quarter more than the list needs, and at least five (CVE-2024-27316).
    pub frame_bytes: u32,
    /// Maximum bytes of a request's head over HTTP/1.
    pub head_bytes: usize,
    /// Maximum bytes of a request's head over HTTP/2, as HPACK counts them.
    pub header_list_bytes: u32,
    /// Maximum bytes of all heads at a time, beyond each connection's free part: incomplete HTTP/1
    /// heads, grown read buffers, and HTTP/2 streams.
    pub head_bytes_in_flight: usize,
    /// The part of it that one connection may hold.
    pub head_bytes_of_connection: usize,
    /// Each connection's free part: enough for a request of the usual size.
    pub head_bytes_free: usize,
    /// Maximum bytes of a request's body: PutRecords may bring 10 MiB, which are 13.4 MiB in
    /// base64.
    pub body_bytes: usize,
    /// Maximum bytes of all bodies at a time; a request beyond it is answered 503.
    pub body_bytes_in_flight: usize,
    /// The part of it that one connection's bodies may hold.
    pub body_bytes_of_connection: usize,
    /// Bodies up to this size are small …
    pub small_body_bytes: usize,
    /// … and have a reserve of this size within [`Self::body_bytes_in_flight`] …
    pub small_body_bytes_in_flight: usize,
    /// … of which one connection may hold this much.
    pub small_body_bytes_of_connection: usize,
    /// Maximum number of subscriptions at a time; one more is refused with a
    /// `LimitExceededException`.
    pub subscriptions: usize,
    /// Maximum bytes of all responses at a time, from before their records are read until their
    /// clients have taken them; a response beyond it becomes a 503.
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
            mutation: MUTATION_MAX,
            drain: Duration::from_secs(6),
            connections: 16_384,
            admin_connections: 64,
            streams: 1024,
            streams_reset_unseen: 20,
            streams_in_error: 1024,
            frame_bytes: 16 * 1024,
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
            subscriptions: SUBSCRIPTIONS_MAX,
            answer_bytes_in_flight: 256 * 1024 * 1024,
        }
    }
}
