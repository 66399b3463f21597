//! The catalog: streams, shards, consumers, tags and settings of all accounts, as a deterministic
//! state machine driven by [`millstream_replicated`].
//!
//! Here are the [`State`], the [`Command`]s that change it, their effects, and the reasons for
//! refusals. How a command gets into the log and from there into the state of every node is not
//! known here. Statuses that depend on time are computed from the state and the current time.

mod account;
mod apply;
mod changes_counted;
mod codec;
mod command;
mod counts;
mod data_keys;
mod encrypting;
mod encryption;
#[cfg(test)]
mod format_tests;
mod image;
mod machine;
mod neighbours;
mod peaks;
mod plan;
mod policy_text;
mod refusal;
mod scope;
mod settings;
mod shard;
mod soundness;
mod state;
mod stream;
mod token_key;

pub use account::{Commitment, CommitmentStatus};
pub use apply::Applied;
pub use command::{
    AddDataKey, ArnSecond, BeginDelete, BeginReshard, ChangeMonitoring, ChangeTags, Command,
    CompleteReshard, ConsumerKey, CreateStream, DeregisterConsumer, Direction, DropDataKeys,
    ExpireShards, Quotas, RaisePeak, RegisterConsumer, SetCommitment, SetDistribution, SetMode,
    SetPolicy, SetRecordLimit, SetRetention, SetWarmThroughput, StartEncryption, StopEncryption,
    Warmth,
};
pub use encryption::Encryption;
pub use peaks::Peak;
pub use plan::{Change, Division, Pair};
pub use policy_text::PolicyText;
pub use refusal::{Refusal, ResourceLabel, StreamLabel};
pub use scope::{Distribution, Mode, Scope};
pub use shard::{Numbering, Shard, Shards};
pub use state::State;
pub use stream::{Consumer, ConsumerStatus, Reshard, Status, Stream};
pub use token_key::{TokenKey, TokenKeyForm, TokenSecret, WrappedSecret};

/// This node's catalog.
pub type Catalog = millstream_replicated::Replicated<State>;
/// Why a command did nothing, or may have done nothing.
pub type ProposeError = millstream_replicated::ProposeError<Refusal>;
