//! The command-line tools: commands of the binary that use an endpoint as a client, or that are
//! about the command line itself.
//!
//! [`Tool`] lists them; each has a file, or a folder, of its own name: its `Args`, and `run`. What
//! a tool has around it is in [`Surroundings`]: its environment, its [`terminal`], and the wish to
//! [`Stop`]. It ends with a [`Failure`] or without one, which gives its [`Status`]. [`connect`]
//! turns the flags of a [`Connection`] into a client. The binary provides the rest: runtime,
//! signals, exit.

mod bench;
mod completions;
mod connection;
mod consumers;
mod envelope;
mod export;
mod failure;
mod file_format;
mod following;
mod identity;
mod import;
mod lines;
mod look;
mod man;
mod manager;
mod mirror;
mod origin;
mod pace;
mod put;
mod question;
pub mod record_file;
mod refusal;
mod sending;
mod shaping;
mod shards;
mod shown;
mod source;
mod start;
mod state;
mod status;
mod stop;
mod streams;
mod surroundings;
mod tail;
pub mod terminal;
mod time;
mod tool;

pub use connection::{Connection, connect, parse_endpoint};
pub use failure::Failure;
pub use look::Look;
pub use manager::Form;
pub use status::Status;
pub use stop::Stop;
pub use surroundings::{Surroundings, Variables};
pub use tool::Tool;
