//! The commands that change the catalog.
//!
//! A command carries all that `apply` may use beside the proposer's time: its limits, its random
//! bytes. Field numbers are for ever; new fields are optional, new commands get new numbers.

use super::codec;
use super::plan::Change;
use super::scope::{Mode, Scope};
use super::token_key::TokenSecret;
use minicbor::{Decode, Encode};
use model::{ConsumerName, StreamName};
use std::collections::{BTreeMap, BTreeSet};

/// A change.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Command {
    /// A new stream, with its first shards.
    #[n(0)]
    CreateStream(#[n(0)] CreateStream),
    /// The stream is DELETING from now on.
    #[n(1)]
    BeginDelete(#[n(0)] BeginDelete),
    /// All its shards are closed: the stream is gone and its name is free.
    #[n(2)]
    CompleteDelete(#[n(0)] u64),
    /// Parents are about to be replaced by children.
    #[n(3)]
    BeginReshard(#[n(0)] BeginReshard),
    /// The parents are closed where it says; the children are open.
    #[n(4)]
    CompleteReshard(#[n(0)] CompleteReshard),
    /// Closed shards whose records have all expired are forgotten.
    #[n(5)]
    ExpireShards(#[n(0)] ExpireShards),
    /// How long records are kept.
    #[n(6)]
    SetRetention(#[n(0)] SetRetention),
    /// Tags are added, replaced and removed.
    #[n(7)]
    ChangeTags(#[n(0)] ChangeTags),
    /// Shard-level metrics are switched on and off.
    #[n(8)]
    ChangeMonitoring(#[n(0)] ChangeMonitoring),
    /// A new consumer.
    #[n(9)]
    RegisterConsumer(#[n(0)] RegisterConsumer),
    /// A consumer goes.
    #[n(10)]
    DeregisterConsumer(#[n(0)] DeregisterConsumer),
    /// A new key for shard iterators and NextTokens.
    #[n(11)]
    AddTokenKey(#[cbor(n(0), with = "codec::secret")] TokenSecret),
}

/// See [`Command::CreateStream`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CreateStream {
    /// Account and region.
    #[n(0)]
    pub scope: Scope,
    /// The name.
    #[cbor(n(1), with = "codec::text")]
    pub name: StreamName,
    /// Provisioned or on demand.
    #[n(2)]
    pub mode: Mode,
    /// How many shards to begin with.
    #[n(3)]
    pub shards: u32,
    /// Tags from the start.
    #[n(4)]
    pub tags: BTreeMap<String, String>,
    /// The largest record, in KiB.
    #[n(5)]
    pub record_kib_max: u32,
    /// How long CREATING lasts.
    #[n(6)]
    pub transition_ms: u64,
    /// The quotas that the proposer enforces.
    #[n(7)]
    pub quotas: Quotas,
}

/// The quotas of an account and region, as the proposer enforces them; absent means without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Encode, Decode)]
pub struct Quotas {
    /// Open shards of provisioned streams.
    #[n(0)]
    pub shards: Option<u32>,
    /// On-demand streams.
    #[n(1)]
    pub on_demand_streams: Option<u32>,
    /// Streams in status CREATING.
    #[n(2)]
    pub creating_streams: Option<u32>,
    /// Calls of UpdateShardCount that change one stream's shards in 24 hours, and its bounds of
    /// half and double.
    #[n(3)]
    pub scalings_per_day: Option<u32>,
    /// Consumers of one stream.
    #[n(4)]
    pub consumers: Option<u32>,
    /// Consumers of one stream in status CREATING.
    #[n(5)]
    pub creating_consumers: Option<u32>,
}

/// See [`Command::BeginDelete`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct BeginDelete {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// Whether registered consumers go with it; otherwise they hold it.
    #[n(1)]
    pub takes_consumers: bool,
    /// How long DELETING lasts at least.
    #[n(2)]
    pub transition_ms: u64,
}

/// See [`Command::BeginReshard`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct BeginReshard {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// What was asked.
    #[n(1)]
    pub change: Change,
    /// How long UPDATING lasts at least.
    #[n(2)]
    pub transition_ms: u64,
    /// The quotas that the proposer enforces.
    #[n(3)]
    pub quotas: Quotas,
}

/// See [`Command::CompleteReshard`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct CompleteReshard {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// The catalog offset of the BeginReshard.
    #[n(1)]
    pub reshard: u64,
    /// Each parent's index and the offset of the first CLOSE in its log.
    #[n(2)]
    pub closes: Vec<(u32, u64)>,
    /// The latest arrival in the parents' logs. The proposer's clock may have been set back since.
    #[n(3)]
    pub arrived_ms: Option<u64>,
}

/// See [`Command::ExpireShards`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ExpireShards {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// The shards' indexes.
    #[n(1)]
    pub shards: Vec<u32>,
}

/// See [`Command::SetRetention`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SetRetention {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// The new retention.
    #[n(1)]
    pub hours: u32,
    /// Which way it may go.
    #[n(2)]
    pub direction: Direction,
}

/// Which of the two retention operations was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Direction {
    /// IncreaseStreamRetentionPeriod.
    #[n(0)]
    Increase,
    /// DecreaseStreamRetentionPeriod.
    #[n(1)]
    Decrease,
}

/// See [`Command::ChangeTags`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ChangeTags {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// Added or replaced.
    #[n(1)]
    pub set: BTreeMap<String, String>,
    /// Removed.
    #[n(2)]
    pub removed: BTreeSet<String>,
}

/// See [`Command::ChangeMonitoring`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ChangeMonitoring {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// The names of the shard-level metrics.
    #[n(1)]
    pub metrics: BTreeSet<String>,
    /// On or off.
    #[n(2)]
    pub is_enabled: bool,
}

/// See [`Command::RegisterConsumer`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct RegisterConsumer {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// The consumer's name.
    #[cbor(n(1), with = "codec::text")]
    pub name: ConsumerName,
    /// How long CREATING lasts.
    #[n(2)]
    pub transition_ms: u64,
    /// The quotas that the proposer enforces.
    #[n(3)]
    pub quotas: Quotas,
    /// The consumer's own tags.
    #[n(4)]
    pub tags: BTreeMap<String, String>,
}

/// See [`Command::DeregisterConsumer`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct DeregisterConsumer {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// The consumer's name.
    #[cbor(n(1), with = "codec::text")]
    pub name: ConsumerName,
    /// How long DELETING lasts.
    #[n(2)]
    pub transition_ms: u64,
}
