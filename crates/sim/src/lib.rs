//! A whole server in a simulated world: clients, faults, and time, all decided by one seed.
//!
//! Journal, engine and the server's calls run as they are, on [`env::Simulation`], with every
//! operation that there is; what is left out is HTTP: a request is encoded, goes through
//! [`millstream_service::Calls`], and its answer travels back the same way. It judges nothing itself beyond
//! refusals that may not be; histories go to [`millstream_judge::judge`].
//!
//! In reading order: the [`Plan`] that a seed draws, the machine with its disk and process, the
//! server that answers calls, the clients, the nemesis that strikes, and [`run`], which puts them
//! together. What was struck while what was under way is counted by [`Reach`].

mod plan;
mod reach;

mod planted;

mod machine;
mod operator;
mod server;

mod chronicle;
mod client;
mod events;

mod admin;
mod clerk;
mod perhaps;
mod producer;
mod reader;
mod subscriber;
mod teller;
mod tenant;

mod nemesis;
mod run;

pub use plan::{DiskHonesty, FaultKind, Plan};
pub use planted::Bug;
pub use reach::{Reach, operations};
pub use run::{Report, run, run_with_lines};
