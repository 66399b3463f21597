//! HTTP in front of the engine: connections, the request path, dispatch, metrics.
//!
//! A request comes through these modules in this order: [`mod@config`] says what is allowed,
//! `connection` takes connections and TLS off them, tells HTTP/1 from HTTP/2 and drives hyper over
//! timers of our own; `receive` takes a body in, charged to budgets; `service` does AWS's checks in
//! AWS's order; `calls` carries operations out, `dispatch` finds the operation; `answer` becomes a
//! response, and `deliver` hands it to the transport. `admin` is the operator's side door.
//!
//! What holds: every wait for a client has a timer, every buffer a limit, and a request that
//! changes something runs to its end whether or not its client stays. This crate knows no files and
//! no Kinesis; the clock is [`env::Clock`], except hyper's own timer for its HTTP/2 pings.

pub mod config;

mod admin;
mod answer;
mod calls;
mod caught;
mod connection;
mod cors;
mod deliver;
mod detached;
mod dispatch;
mod metrics;
mod receive;
mod request_id;
mod server;
mod service;

pub use calls::Calls;
pub use config::{Config, Limits};
pub use connection::tls::{Identity, Tls, TlsError};
pub use dispatch::Failed;
pub use server::{BindError, Server};
