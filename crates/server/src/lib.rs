//! HTTP in front of the engine: connections, the request path, dispatch, metrics.
//!
//! A request passes through these modules in order: [`mod@config`] holds the limits, `accept`
//! accepts connections, `transport` terminates TLS, `connection` tells HTTP/1 from HTTP/2 and
//! drives hyper over the timers of `timed`, `body` receives a body, charged to `budgets`, `service`
//! does AWS's checks in AWS's order, `calls` carries out operations, `dispatch` finds the
//! operation, `answer` becomes a response. `admin` is the admin listener.
//!
//! What always holds: every wait for a client has a timer, every buffer a limit, and a request that
//! changes state runs to completion whether or not its client stays. This crate knows no files and
//! no Kinesis; its clock is [`env::Clock`], except for hyper's own timer for HTTP/2 pings.

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
