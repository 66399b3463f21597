//! The real binary, started as its users start it.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall fail there"
)]

mod audit;
mod calls;
mod cause;
mod checking;
mod configuration;
mod credentials;
mod crowds;
mod encryption;
mod hostile_text;
mod keys;
mod lifecycle;
mod logging;
mod memory;
mod metrics;
mod process;
mod scaling;
mod settings;
mod stopping;
