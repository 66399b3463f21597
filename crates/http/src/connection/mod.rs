//! A connection from its acceptance to its end: who may come, TLS, which HTTP it speaks, a timer on
//! every wait for the client.
//!
//! In reading order: `accept` takes connections, `transport` tells TLS by its first byte (`sniff`)
//! and takes it off (`tls`), `driver` drives hyper over the timers of `timed`, and `activity` knows
//! what is under way. `farewell` ends a connection whose client still sends. `greeting`, `framing`,
//! `read_buffer` and `stream_size` bound what a client can make the connection hold.

pub(crate) mod accept;
pub(crate) mod activity;
pub(crate) mod driver;
pub(crate) mod farewell;
pub(crate) mod framing;
pub(crate) mod greeting;
pub(crate) mod read_buffer;
pub(crate) mod sniff;
pub(crate) mod stream_size;
pub(crate) mod timed;
pub(crate) mod tls;
pub(crate) mod transport;
