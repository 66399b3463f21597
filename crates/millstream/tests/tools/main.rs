//! The tools, run as their users run them: the real binary, against a server of its own.
//!
//! A module for each command. [`call`] runs a tool, [`server`] what it talks to, [`records`] what
//! that holds, and [`screen`] is a terminal that nobody looks at.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall fail there"
)]

mod bench;
mod call;
mod completions;
mod connection;
mod consumers;
mod examples;
mod export;
mod files;
mod help;
mod hot;
mod man;
mod mirror;
mod policy;
mod producer;
mod put;
mod records;
mod screen;
mod secrets;
mod server;
mod shards;
mod statuses;
mod streams;
mod tail;
mod tour;
