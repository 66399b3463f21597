//! The catalog: accounts' streams, shards, consumers, tags, settings, as a deterministic state
//! machine fed by one log.
//!
//! A change is a [`Command`] appended to the log; every node replays it; the node that proposed it
//! answers with the result that its own replay computed. Nothing else changes the state. Statuses
//! that only wait for time are computed from the state and the moment asked for.

mod apply;
mod codec;
mod command;
mod error;
#[cfg(test)]
mod format_tests;
mod neighbours;
mod plan;
mod proposer;
mod refusal;
mod replay;
mod scope;
mod shard;
mod snapshot;
mod state;
mod stream;

pub use command::{
    BeginDelete, BeginReshard, Change, ChangeMonitoring, ChangeTags, Command, CompleteReshard,
    CreateStream, DeregisterConsumer, Direction, ExpireShards, Quotas, RegisterConsumer,
    SetRetention,
};
#[cfg(test)]
pub use error::Unheard;
pub use error::{NotAppended, ProposeError, ReplayError};
pub use proposer::{Catalog, SNAPSHOT_AFTER_BYTES};
pub use refusal::{Refusal, StreamLabel};
pub use scope::{Mode, Scope};
pub use shard::{Numbering, Shard, Shards};
pub use state::{State, TokenKey};
pub use stream::{Consumer, ConsumerStatus, Reshard, Status, Stream};

use log::LogId;

/// The log of commands. Streams' logs have the offsets of this one as their groups.
pub const COMMANDS: LogId = LogId {
    group: u64::MAX,
    index: 0,
};
/// The log of snapshots.
pub const SNAPSHOTS: LogId = LogId {
    group: u64::MAX,
    index: 1,
};
