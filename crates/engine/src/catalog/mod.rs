//! The catalog: accounts' streams, shards, consumers, tags, settings, as a deterministic state
//! machine that [`millstream_replicated`] feeds.
//!
//! Here are the [`State`], the [`Command`]s that change it, what each does, and why it may not. How
//! a command comes into the log and from there into the state of every node is not known here.
//! Statuses that only wait for time are computed from the state and the moment asked for.

mod apply;
mod codec;
mod command;
#[cfg(test)]
mod format_tests;
mod image;
mod machine;
mod neighbours;
mod plan;
mod refusal;
mod scope;
mod shard;
mod state;
mod stream;
mod token_key;

pub use command::{
    BeginDelete, BeginReshard, ChangeMonitoring, ChangeTags, Command, CompleteReshard,
    CreateStream, DeregisterConsumer, Direction, ExpireShards, Quotas, RegisterConsumer,
    SetRetention,
};
pub use plan::Change;
pub use refusal::{Refusal, StreamLabel};
pub use scope::{Mode, Scope};
pub use shard::{Numbering, Shard, Shards};
pub use state::State;
pub use stream::{Consumer, ConsumerStatus, Reshard, Status, Stream};
pub use token_key::{TokenKey, TokenSecret};

/// The catalog of this node.
pub type Catalog = millstream_replicated::Replicated<State>;
/// Why a command did nothing, or may have done nothing.
pub type ProposeError = millstream_replicated::ProposeError<Refusal>;
