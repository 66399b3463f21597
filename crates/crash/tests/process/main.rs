//! The real binary under faults: killed in a loop and between the steps of its operations, through
//! power losses in a loop, with failing system calls, on a full volume, on copies of its files.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall fail there"
)]

mod admin;
mod campaigns;
mod copies;
mod descriptors;
mod faults;
mod full;
mod full_log;
mod kill9;
mod memory;
mod place;
mod power;
mod refill;
mod scene;
mod steps;
mod stopping;
mod strace;
