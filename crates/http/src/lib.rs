//! HTTP in front of the operations: connections, the request path, metrics.
//!
//! A request comes through these modules in this order: [`mod@config`] says what is allowed,
//! `connection` accepts connections, terminates TLS and drives hyper over timers of its own,
//! `receive` receives a body and charges it to budgets, `service` checks a request in AWS's order,
//! `target` finds the operation, [`millstream_service::Calls`] carries it out, `answer` becomes a
//! response, and `deliver` hands that to the transport. `audit` records who did what. `admin`
//! serves the operator.
//!
//! What always holds: every wait for a client has a timer, every buffer a limit, and a request that
//! changes state runs to completion whether or not its client stays. This crate knows no files and
//! no Kinesis; its clock is [`millstream_env::Clock`], except for hyper's own timer for HTTP/2
//! pings.

pub mod config;

mod admin;
mod answer;
mod audit;
mod connection;
mod cors;
mod deliver;
mod metrics;
mod receive;
mod request_id;
mod server;
mod service;
mod target;

pub use audit::{Audit, Line, Lines};
pub use config::{Config, InTheClear, Limits};
pub use connection::tls::{Identity, Tls, TlsError};
pub use server::{BindError, Server};
