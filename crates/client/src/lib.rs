//! The Rust client: typed, signed calls.
//!
//! [`Client::call`] sends one request and reports its outcome. It neither retries nor paginates: an
//! [`Error`] says whether a retry may help and whether the first attempt may have been applied, and
//! the caller, who knows whether the call is idempotent, decides. [`Client::subscribe`] yields a
//! subscription's events as they arrive. It speaks plain HTTP/1.1 over a connection pool; TLS and
//! HTTP/2 are not supported yet.

mod client;
mod config;
mod error;
mod events;
mod sign;

pub use client::Client;
pub use config::{Config, Credentials};
pub use error::Error;
pub use events::Events;
