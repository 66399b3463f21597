//! The Rust client: typed calls, signed.
//!
//! [`Client::call`] sends one request and tells what became of it. It does not retry and does not
//! page: an [`Error`] says whether trying again may help and whether the first attempt may have
//! been applied, and the caller, who knows whether doing it twice is harmless, decides.
//! [`Client::subscribe`] gives a subscription's events as they come. It speaks plain HTTP/1.1 over
//! a pool of connections; TLS and HTTP/2 are not in it yet.

mod client;
mod config;
mod error;
mod events;
mod sign;

pub use client::Client;
pub use config::{Config, Credentials};
pub use error::Error;
pub use events::Events;
