//! The real binary, killed: in a loop under load, and between the steps of its operations.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall fail there"
)]

mod kill9;
mod place;
mod steps;
mod strace;
