//! HTTP in front of the engine: connections, the request path, dispatch, metrics.
//!
//! A request comes through these modules in this order: [`mod@config`] says what is allowed,
//! `accept` takes connections, `transport` takes TLS off them, `connection` tells HTTP/1 from
//! HTTP/2 and drives hyper over the timers of `timed`, `body` takes a body in, charged to
//! `budgets`, `service` does AWS's checks in AWS's order, `calls` carries operations out,
//! `dispatch` finds the operation, `answer` becomes a response. `admin` is the operator's side
//! door.
//!
//! What holds: every wait for a client has a timer, every buffer a limit, and a request that
//! changes something runs to its end whether or not its client stays. This crate knows no files and
//! no Kinesis; the clock is [`env::Clock`], except hyper's own timer for its HTTP/2 pings.

pub mod config;

mod accept;
mod activity;
mod admin;
mod answer;
mod body;
mod budget;
mod budgets;
mod calls;
mod caught;
mod connection;
mod content_type;
mod cut;
mod detached;
mod dispatch;
mod events;
mod framing;
mod greeting;
mod metrics;
mod parts;
mod pieces;
mod read_buffer;
mod request_id;
mod server;
mod service;
mod slot;
mod sniff;
mod stream_size;
mod timed;
mod tls;
mod transport;
mod wait;

pub use calls::Calls;
pub use config::{Config, Limits};
pub use dispatch::Failed;
pub use server::{BindError, Server};
pub use tls::{Identity, Tls, TlsError};
