//! A whole server in a simulated world: clients, faults, and time, all decided by one seed.
//!
//! Engine and the server's calls run as they are, on [`millstream_env::Simulation`], with every
//! operation that there is. Only HTTP is left out: a request is encoded, goes through
//! [`millstream_service::Calls`], and its response travels back the same way. There is one node
//! over the journal, or two over one cluster that behaves like Kafka ([`Layout`]). It judges
//! nothing itself beyond refusals that must not happen; histories go to
//! [`millstream_judge::judge`].
//!
//! In reading order: the [`Plan`] that a seed draws, the machinery with its nodes and what is below
//! them, the server that answers calls, the clients, the nemesis that injects faults, and [`run`],
//! which puts them together. [`Reach`] counts which fault met which operation.
//!
//! Two nodes promise less than one, and so less is asked of them:
//!
//! - A node that was paused answers from the catalog that it knew, until it has caught up. A list
//!   of shards counts as of some moment since the pause, and other such responses count for
//!   nothing.
//! - A consumer has one seat at a shard in each node, not in all.
//! - A change of unknown outcome may turn up for as long as the run lasts, whatever processes end.
//! - In a third of the plans a node's reads lag behind what was acknowledged. There a read that
//!   finds nothing does not show that there is nothing.
//!
//! What is in a shard's log is exact at each node, so all rules of records hold as for one.

mod plan;
mod reach;

mod planted;
mod planted_seat;
mod pushed;

mod stores;

mod machine;
mod node;
mod operator;
mod owner;
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

pub use plan::{DiskHonesty, FaultKind, Layout, Plan};
pub use planted::Bug;
pub use reach::{Reach, operations};
pub use run::{Report, run, run_with_lines};
