//! The commands that change the catalog.
//!
//! A command carries everything that `apply` may use besides the proposer's time: its limits, its
//! random bytes. Field numbers are permanent; new fields are optional, new commands get new
//! numbers.

use super::codec;
use super::counts;
use super::plan::Change;
use super::policy_text::PolicyText;
use super::scope::{Distribution, Mode, Scope};
use super::token_key::{TokenSecret, WrappedSecret};
use bytes::Bytes;
use millstream_kms::KeyArn;
use millstream_model::{ConsumerArn, ConsumerName, StreamArn, StreamName};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

/// A change.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Command {
    /// Creates a stream, with its first shards.
    #[n(0)]
    CreateStream(#[n(0)] CreateStream),
    /// Makes the stream DELETING.
    #[n(1)]
    BeginDelete(#[n(0)] BeginDelete),
    /// Removes the stream, whose shards are all closed, and frees its name.
    #[n(2)]
    CompleteDelete(#[n(0)] u64),
    /// Begins to replace parents by children.
    #[n(3)]
    BeginReshard(#[n(0)] BeginReshard),
    /// Closes the parents at the given offsets, and opens the children.
    #[n(4)]
    CompleteReshard(#[n(0)] CompleteReshard),
    /// Forgets closed shards whose records have all expired.
    #[n(5)]
    ExpireShards(#[n(0)] ExpireShards),
    /// Sets how long records are kept.
    #[n(6)]
    SetRetention(#[n(0)] SetRetention),
    /// Adds, replaces and removes tags.
    #[n(7)]
    ChangeTags(#[n(0)] ChangeTags),
    /// Enables and disables shard-level metrics.
    #[n(8)]
    ChangeMonitoring(#[n(0)] ChangeMonitoring),
    /// Registers a consumer.
    #[n(9)]
    RegisterConsumer(#[n(0)] RegisterConsumer),
    /// Deregisters a consumer.
    #[n(10)]
    DeregisterConsumer(#[n(0)] DeregisterConsumer),
    /// Adds a key for shard iterators and NextTokens.
    #[n(11)]
    AddTokenKey(#[cbor(n(0), with = "codec::secret")] TokenSecret),
    /// Sets a stream's capacity mode.
    #[n(12)]
    SetMode(#[n(0)] SetMode),
    /// Sets the throughput that an on-demand stream is prepared for.
    #[n(13)]
    SetWarmThroughput(#[n(0)] SetWarmThroughput),
    /// Sets how records are assigned to shards.
    #[n(14)]
    SetDistribution(#[n(0)] SetDistribution),
    /// Sets the maximum size of a stream's records.
    #[n(15)]
    SetRecordLimit(#[n(0)] SetRecordLimit),
    /// Makes an account's commitment, or ends it.
    #[n(16)]
    SetCommitment(#[n(0)] SetCommitment),
    /// Attaches, replaces and removes a resource policy.
    #[n(17)]
    SetPolicy(#[n(0)] SetPolicy),
    /// Remembers a write rate that an on-demand stream reached.
    #[n(18)]
    RaisePeak(#[n(0)] RaisePeak),
    /// Encrypts a stream's new records with a KMS key.
    #[n(19)]
    StartEncryption(#[n(0)] StartEncryption),
    /// Encrypts a stream's new records no longer.
    #[n(20)]
    StopEncryption(#[n(0)] StopEncryption),
    /// Adds a wrapped data key to a stream.
    #[n(21)]
    AddDataKey(#[n(0)] AddDataKey),
    /// Drops data keys of a stream that no record needs.
    #[n(22)]
    DropDataKeys(#[n(0)] DropDataKeys),
    /// Adds a key for shard iterators and NextTokens, wrapped.
    #[n(23)]
    AddWrappedTokenKey(#[n(0)] WrappedSecret),
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
    /// Initial number of shards.
    #[cbor(n(3), with = "counts::shard_count")]
    pub shards: NonZeroU32,
    /// Initial tags.
    #[n(4)]
    pub tags: BTreeMap<String, String>,
    /// The maximum record size, in KiB.
    #[n(5)]
    pub record_kib_max: u32,
    /// How long CREATING lasts.
    #[n(6)]
    pub transition_ms: u64,
    /// The quotas that the proposer enforces.
    #[n(7)]
    pub quotas: Quotas,
    /// The write throughput that it is prepared for, in MiB per second.
    #[n(8)]
    pub warm_mibps: Option<u32>,
    /// How records are assigned to shards.
    #[cbor(n(9), with = "codec::distribution", has_nil)]
    pub distribution: Distribution,
}

/// The quotas of an account and region, as the proposer enforces them; `None` means unlimited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Encode, Decode)]
pub struct Quotas {
    /// Open shards of all streams. Only earlier versions enforce it.
    #[n(0)]
    pub shards: Option<u32>,
    /// On-demand streams.
    #[n(1)]
    pub on_demand_streams: Option<u32>,
    /// Streams in status CREATING.
    #[n(2)]
    pub creating_streams: Option<u32>,
    /// UpdateShardCount calls that change a stream's shards in 24 hours, and the bounds of half and
    /// double.
    #[n(3)]
    pub scalings_per_day: Option<u32>,
    /// Consumers of one stream.
    #[n(4)]
    pub consumers: Option<u32>,
    /// Consumers of one stream in status CREATING.
    #[n(5)]
    pub creating_consumers: Option<u32>,
    /// Open shards of provisioned streams.
    #[n(6)]
    pub provisioned_shards: Option<u32>,
    /// Changes of a stream's mode in 24 hours.
    #[n(7)]
    pub mode_switches_per_day: Option<u32>,
    /// The write throughput that a stream is prepared for, in MiB per second.
    #[n(8)]
    pub warm_mibps: Option<u32>,
    /// Open shards of the one stream that is resharded.
    #[n(9)]
    pub stream_shards: Option<u32>,
}

/// See [`Command::BeginDelete`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct BeginDelete {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// Whether registered consumers are removed with it; otherwise they prevent the deletion.
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
    /// The requested change.
    #[n(1)]
    pub change: Change,
    /// How long UPDATING lasts at least.
    #[n(2)]
    pub transition_ms: u64,
    /// The quotas that the proposer enforces.
    #[n(3)]
    pub quotas: Quotas,
    /// Whether the service itself asks, which it does for on-demand streams alone. Callers' limits
    /// on scaling are not the service's.
    #[n(4)]
    pub by_service: Option<bool>,
    /// How many of a stream's newest scalings are remembered for quotas to come; `None`: they are
    /// remembered under a quota alone.
    #[n(5)]
    pub remembered: Option<u32>,
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
    #[cbor(n(2), with = "counts::closes")]
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
    /// The direction of the change.
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
    /// The stream's consumer whose tags they are; the stream's own if absent.
    #[n(3)]
    pub consumer: Option<ConsumerKey>,
}

/// What tells a consumer from all others that its stream ever had.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ConsumerKey {
    /// Its name.
    #[cbor(n(0), with = "codec::text")]
    pub name: ConsumerName,
    /// The second in its ARN.
    #[n(1)]
    pub arn_s: u64,
}

impl ConsumerKey {
    /// Its ARN, in its stream.
    pub fn arn_in(self, stream: StreamArn) -> ConsumerArn {
        ConsumerArn {
            stream,
            name: self.name,
            created_s: self.arn_s,
        }
    }
}

/// See [`Command::SetPolicy`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SetPolicy {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// The stream's consumer whose policy it is; the stream's own if absent.
    #[n(1)]
    pub consumer: Option<ConsumerKey>,
    /// The policy; if absent, the present one is removed.
    #[n(2)]
    pub policy: Option<PolicyText>,
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
    /// How the second in its ARN is chosen; `None`: above that of every consumer that the stream
    /// still remembers.
    #[n(5)]
    pub arn_second: Option<ArnSecond>,
}

/// How the second in a consumer's ARN is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ArnSecond {
    /// The one in which it is registered, but above that of an earlier consumer with its name.
    #[n(0)]
    Registered,
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

/// See [`Command::SetMode`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SetMode {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// The mode that it is to have.
    #[n(1)]
    pub mode: Mode,
    /// How long UPDATING lasts.
    #[n(2)]
    pub transition_ms: u64,
    /// The quotas that the proposer enforces.
    #[n(3)]
    pub quotas: Quotas,
    /// What it is to be prepared for on demand.
    #[n(4)]
    pub warmth: Option<Warmth>,
    /// How many of a stream's newest changes are remembered for quotas to come; `None`: they are
    /// remembered under a quota alone.
    #[n(5)]
    pub remembered: Option<u32>,
}

/// A write throughput to be prepared for.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Warmth {
    /// The throughput, in MiB per second; 0 for none.
    #[n(0)]
    pub mibps: u32,
    /// How the shards become as many as it needs; not carried out unless they become more by it.
    #[n(1)]
    pub change: Change,
}

impl Warmth {
    /// Whether it is none, as asked for by builds that scaled to it: these wanted a commitment for
    /// that, too. Later ones divide no shard for it.
    pub(super) fn is_none_of_earlier(&self) -> bool {
        self.mibps == 0
            && match self.change {
                Change::Scale { .. } | Change::ScaleInTurn { .. } => true,
                Change::ScaleAtOnce { .. } | Change::Divide { .. } => false,
                Change::Split { .. } | Change::Merge { .. } | Change::Join { .. } => false,
            }
    }
}

/// See [`Command::SetWarmThroughput`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SetWarmThroughput {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// What it is to be prepared for.
    #[n(1)]
    pub warmth: Warmth,
    /// How long UPDATING lasts at least.
    #[n(2)]
    pub transition_ms: u64,
    /// The quotas that the proposer enforces.
    #[n(3)]
    pub quotas: Quotas,
}

/// See [`Command::SetRecordLimit`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SetRecordLimit {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// The maximum record size, in KiB.
    #[n(1)]
    pub kib_max: u32,
    /// How long UPDATING lasts.
    #[n(2)]
    pub transition_ms: u64,
}

/// See [`Command::SetCommitment`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SetCommitment {
    /// Account and region.
    #[n(0)]
    pub scope: Scope,
    /// Whether it is to be in force.
    #[n(1)]
    pub is_enabled: bool,
    /// How long a new one binds.
    #[n(2)]
    pub binds_ms: u64,
}

/// See [`Command::SetDistribution`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SetDistribution {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// The new distribution.
    #[n(1)]
    pub distribution: Distribution,
}

/// See [`Command::RaisePeak`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RaisePeak {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// Bytes put per second.
    #[n(1)]
    pub bytes_per_second: u64,
    /// Records put per second.
    #[n(2)]
    pub records_per_second: u64,
}

/// See [`Command::StartEncryption`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct StartEncryption {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// The KMS key, in the form in which it was given.
    #[cbor(n(1), with = "codec::key_id")]
    pub key_id: String,
    /// The key that was meant by that.
    #[cbor(n(2), with = "codec::key_arn")]
    pub key: KeyArn,
    /// How long UPDATING lasts.
    #[n(3)]
    pub transition_ms: u64,
}

/// See [`Command::StopEncryption`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct StopEncryption {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// How long UPDATING lasts.
    #[n(1)]
    pub transition_ms: u64,
}

/// See [`Command::AddDataKey`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct AddDataKey {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// The KMS key that wrapped it: the stream's, as the proposer saw it.
    #[cbor(n(1), with = "codec::key_arn")]
    pub key: KeyArn,
    /// What it was wrapped to.
    #[cbor(n(2), with = "codec::ciphertext")]
    pub ciphertext: Bytes,
    /// When a record of the stream arrived last, as the proposer knows: 0 if none did. No later
    /// record of a log arrives before, whatever the clock says by then.
    #[n(3)]
    pub arrived_ms: u64,
}

/// See [`Command::DropDataKeys`].
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct DropDataKeys {
    /// The stream.
    #[n(0)]
    pub stream: u64,
    /// The highest number of those that go. The newest stays in any case.
    #[n(1)]
    pub through: u32,
}
