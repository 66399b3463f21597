//! A stream in the catalog, and what can be derived from it at a given time.

use super::codec;
use super::command::ConsumerKey;
use super::data_keys::DataKeys;
use super::encryption::Encryption;
use super::peaks::Peaks;
use super::plan::Plan;
use super::policy_text::PolicyText;
use super::scope::{Distribution, Mode, Scope};
use super::shard::{Shard, Shards};
use millstream_env::Timestamp;
use millstream_kms::KeyArn;
use millstream_model::{ConsumerArn, ConsumerName, StreamArn, StreamName};
use millstream_store::LogId;
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A stream's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Just created.
    Creating,
    /// Idle.
    Active,
    /// Being resharded, or a setting was just changed.
    Updating,
    /// Being deregistered.
    Deleting,
}

impl Status {
    /// The service model's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Updating => "UPDATING",
            Self::Deleting => "DELETING",
        }
    }

    /// Whether the stream becomes ACTIVE by itself.
    pub fn passes(self) -> bool {
        match self {
            Self::Creating | Self::Active | Self::Updating => true,
            Self::Deleting => false,
        }
    }
}

/// A stream.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Stream {
    /// The catalog offset of its CreateStream: unique, even among streams with the same name.
    #[n(0)]
    pub id: u64,
    /// The account and region.
    #[n(1)]
    pub scope: Scope,
    /// The stream's name.
    #[cbor(n(2), with = "codec::text")]
    pub name: StreamName,
    /// When it was created.
    #[cbor(n(3), with = "codec::timestamp")]
    pub created: Timestamp,
    /// How long it is CREATING.
    #[n(4)]
    pub creating_ms: u64,
    /// Capacity mode.
    #[n(5)]
    pub mode: Mode,
    /// How long records are kept.
    #[n(6)]
    pub retention_hours: u32,
    /// The maximum record size, in KiB.
    #[n(7)]
    pub record_kib_max: u32,
    /// Its tags.
    #[n(8)]
    pub tags: BTreeMap<String, String>,
    /// The enabled shard-level metrics.
    #[n(9)]
    pub shard_metrics: BTreeSet<String>,
    /// Its shards.
    #[cbor(n(10), with = "shared_shards")]
    pub shards: Arc<Shards>,
    /// The index of the next shard.
    #[n(11)]
    pub next_shard: u32,
    /// Its consumers, including those being deregistered, by name.
    #[n(12)]
    pub consumers: Vec<Consumer>,
    /// The reshard in progress.
    #[n(13)]
    pub reshard: Option<Reshard>,
    /// The deletion in progress.
    #[n(14)]
    pub deletion: Option<Deletion>,
    /// When UpdateShardCount changed the shards, within the last 24 hours.
    #[n(15)]
    pub scalings_ms: Vec<u64>,
    /// The last change of a setting that is shown as UPDATING.
    #[n(16)]
    pub updating: Option<Updating>,
    /// When UpdateStreamMode changed the mode, within the last 24 hours.
    #[n(17)]
    #[cbor(default)]
    pub mode_switches_ms: Vec<u64>,
    /// The write throughput that it is prepared for on demand, in MiB per second.
    #[n(18)]
    pub warm_mibps: Option<u32>,
    /// How records are assigned to shards.
    #[cbor(n(19), with = "codec::distribution", has_nil)]
    pub distribution: Distribution,
    /// Its resource policy.
    #[n(20)]
    pub policy: Option<PolicyText>,
    /// The highest write rates of the last 30 days, for an on-demand stream.
    #[n(21)]
    pub peaks: Peaks,
    /// What new records are encrypted with, if they are.
    #[n(22)]
    pub encryption: Option<Encryption>,
    /// The data keys that its records may need. A clone of the stream shares them.
    #[cbor(n(23), with = "shared_data_keys", has_nil)]
    pub data_keys: Arc<DataKeys>,
}

/// A reshard between Begin and Complete.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Reshard {
    /// The catalog offset of the command that began it.
    #[n(0)]
    pub id: u64,
    /// When it began.
    #[cbor(n(1), with = "codec::timestamp")]
    pub begun: Timestamp,
    /// Its minimum duration.
    #[n(2)]
    pub lasts_ms: u64,
    /// The planned shards.
    #[n(3)]
    pub plan: Plan,
}

/// A change of a setting: it is in effect at once, and shown as UPDATING for a while.
#[derive(Clone, Copy, Debug, PartialEq, Encode, Decode)]
pub struct Updating {
    /// When it was made.
    #[cbor(n(0), with = "codec::timestamp")]
    pub begun: Timestamp,
    /// How long it is shown.
    #[n(1)]
    pub lasts_ms: u64,
}

/// A deletion between Begin and Complete.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Deletion {
    /// When it began.
    #[cbor(n(0), with = "codec::timestamp")]
    pub begun: Timestamp,
    /// Its minimum duration.
    #[n(1)]
    pub lasts_ms: u64,
}

/// A registered consumer.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Consumer {
    /// The consumer's name.
    #[cbor(n(0), with = "codec::text")]
    pub name: ConsumerName,
    /// When it was registered.
    #[cbor(n(1), with = "codec::timestamp")]
    pub created: Timestamp,
    /// How long it is CREATING.
    #[n(2)]
    pub creating_ms: u64,
    /// When it is gone, once it has been deregistered.
    #[n(3)]
    pub gone_ms: Option<u64>,
    /// The second in its ARN, unique among consumers with its name.
    #[n(4)]
    pub arn_s: u64,
    /// Its tags.
    #[n(5)]
    pub tags: BTreeMap<String, String>,
    /// Its resource policy.
    #[n(6)]
    pub policy: Option<PolicyText>,
}

/// A consumer's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsumerStatus {
    /// Just registered.
    Creating,
    /// May subscribe.
    Active,
    /// Being deregistered.
    Deleting,
    /// Gone.
    Gone,
}

impl ConsumerStatus {
    /// Whether the consumer becomes ACTIVE by itself.
    pub fn passes(self) -> bool {
        match self {
            Self::Creating | Self::Active => true,
            Self::Deleting | Self::Gone => false,
        }
    }
}

impl Consumer {
    /// What tells it from all others of its stream.
    pub fn key(&self) -> ConsumerKey {
        ConsumerKey {
            name: self.name.clone(),
            arn_s: self.arn_s,
        }
    }

    /// Its status at a given time.
    pub fn status_at(&self, now: Timestamp) -> ConsumerStatus {
        match self.gone_ms {
            Some(gone) if gone <= now.0 => ConsumerStatus::Gone,
            Some(_) => ConsumerStatus::Deleting,
            None if is_within(self.created, self.creating_ms, now) => ConsumerStatus::Creating,
            None => ConsumerStatus::Active,
        }
    }
}

/// Whether something that began then and lasts this long is in progress. A clock that was turned
/// back to before the beginning must not restart it.
fn is_within(begun: Timestamp, lasts_ms: u64, now: Timestamp) -> bool {
    begun <= now && now.0 < begun.0.saturating_add(lasts_ms)
}

/// The ARN, as log lines name it.
impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.arn().fmt(f)
    }
}

impl Stream {
    /// Its status at a given time.
    pub fn status_at(&self, now: Timestamp) -> Status {
        if self.deletion.is_some() {
            Status::Deleting
        } else if is_within(self.created, self.creating_ms, now) {
            Status::Creating
        } else if self.reshard.is_some() || self.is_updating(now) {
            Status::Updating
        } else {
            Status::Active
        }
    }

    /// The shards that callers are shown: none while it is CREATING, and none ever if it was
    /// deleted before that was over.
    pub fn shards_at(&self, now: Timestamp) -> &Shards {
        static NONE: Shards = Shards::NONE;
        let until = self.deletion.as_ref().map_or(now, |it| it.begun);
        if is_within(self.created, self.creating_ms, until) {
            &NONE
        } else {
            &self.shards
        }
    }

    fn is_updating(&self, now: Timestamp) -> bool {
        let updating = self.updating.as_ref();
        updating.is_some_and(|it| is_within(it.begun, it.lasts_ms, now))
    }

    /// Its ARN.
    pub fn arn(&self) -> StreamArn {
        StreamArn {
            region: self.scope.region.clone(),
            account: self.scope.account.clone(),
            name: self.name.clone(),
        }
    }

    /// A consumer's ARN.
    pub fn consumer_arn(&self, consumer: &Consumer) -> ConsumerArn {
        consumer.key().arn_in(self.arn())
    }

    /// The consumer with this name, even if it is being deregistered.
    pub fn consumer(&self, name: &ConsumerName) -> Option<&Consumer> {
        let place = self.consumers.binary_search_by(|c| c.name.cmp(name));
        place.ok().map(|place| &self.consumers[place])
    }

    /// The consumers that exist at a given time, by name.
    pub fn consumers_at(&self, now: Timestamp) -> impl Iterator<Item = &Consumer> {
        self.consumers
            .iter()
            .filter(move |c| c.status_at(now) != ConsumerStatus::Gone)
    }

    /// Whether new records are encrypted with a KMS key.
    pub fn is_encrypted_with(&self, key: &KeyArn) -> bool {
        let encryption = self.encryption.as_ref();
        encryption.is_some_and(|encryption| encryption.key == *key)
    }

    /// The log of one of its shards.
    pub fn log(&self, shard: &Shard) -> LogId {
        self.log_of(shard.index)
    }

    /// The log of the shard with this index.
    pub fn log_of(&self, index: u32) -> LogId {
        LogId {
            group: self.id,
            index,
        }
    }

    /// How long records are kept.
    pub fn retention(&self) -> Duration {
        Duration::from_hours(u64::from(self.retention_hours))
    }

    /// Whether the shard with this index has a log that the store must hold, as in
    /// [`Stream::logs`].
    pub fn has_log(&self, index: u32) -> bool {
        let shard = self.shards.get(index);
        let is_to_come = || {
            let reshard = self.reshard.as_ref();
            reshard.is_some_and(|reshard| reshard.plan.has_log(index))
        };
        shard.is_some_and(Shard::has_log) || is_to_come()
    }

    /// The logs that the store must hold for it: of every shard that has one, including those of a
    /// reshard in progress.
    pub fn logs(&self) -> Vec<LogId> {
        let shards = self.shards.all().iter().filter(|shard| shard.has_log());
        let children = self
            .reshard
            .iter()
            .flat_map(|reshard| reshard.plan.with_logs());
        let indexes = shards.map(|shard| shard.index).chain(children);
        indexes.map(|index| self.log_of(index)).collect()
    }
}

/// Encoding of shards behind their `Arc`.
mod shared_shards {
    use super::*;

    pub(super) fn encode<C, W: minicbor::encode::Write>(
        value: &Arc<Shards>,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        Shards::encode(value, e, ctx)
    }

    pub(super) fn decode<C>(
        d: &mut minicbor::Decoder<'_>,
        ctx: &mut C,
    ) -> Result<Arc<Shards>, minicbor::decode::Error> {
        Shards::decode(d, ctx).map(Arc::new)
    }
}

/// Encoding of data keys behind their `Arc`.
mod shared_data_keys {
    use super::*;
    use minicbor::{Decoder, Encoder};

    pub(super) fn encode<C, W: minicbor::encode::Write>(
        value: &Arc<DataKeys>,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        DataKeys::encode(value, e, ctx)
    }

    pub(super) fn decode<C>(
        d: &mut Decoder<'_>,
        ctx: &mut C,
    ) -> Result<Arc<DataKeys>, minicbor::decode::Error> {
        DataKeys::decode(d, ctx).map(Arc::new)
    }

    pub(super) fn nil() -> Option<Arc<DataKeys>> {
        Some(Arc::default())
    }

    pub(super) fn is_nil(value: &Arc<DataKeys>) -> bool {
        value.all().is_empty()
    }
}
