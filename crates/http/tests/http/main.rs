//! A server in this process, over real sockets.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall fail there"
)]

mod admin;
mod answers;
mod audit;
mod bodies;
mod call_rates;
mod connections;
mod consumer;
mod corners;
mod end_to_end;
mod fanout;
mod floods;
mod frames;
mod framing;
mod harness;
mod heads;
#[path = "../../../streams/tests/engine/interposed.rs"]
mod interposed;
mod lies;
mod limits_page;
mod linger;
mod order;
mod overload;
mod overload_page;
mod promises;
mod signatures;
mod stopping;
mod tls;
mod two_faults;
mod unread;
