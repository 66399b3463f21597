//! Why a command changes nothing: facts, with the names and numbers involved.
//!
//! Codes and texts for callers are in `facts` and `words`. A refusal is determined by the state and
//! the command alone, so every node computes the same one.

use super::scope::{Mode, Scope};
use super::stream::{ConsumerStatus, Status, Stream};
use millstream_model::{AccountId, ConsumerName, HashKey, HashRange, ShardId, StreamName};
use std::fmt;

/// A stream as errors name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamLabel {
    /// The stream's name.
    pub name: StreamName,
    /// Its account.
    pub account: AccountId,
}

impl fmt::Display for StreamLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stream {} of account {}", self.name, self.account)
    }
}

/// A resource that has tags, as errors name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceLabel {
    /// A stream.
    Stream(StreamLabel),
    /// A consumer.
    Consumer {
        /// Its name.
        name: ConsumerName,
        /// The stream.
        stream: StreamLabel,
    },
}

impl From<StreamLabel> for ResourceLabel {
    fn from(stream: StreamLabel) -> Self {
        Self::Stream(stream)
    }
}

impl fmt::Display for ResourceLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(stream) => stream.fmt(f),
            Self::Consumer { name, stream } => write!(f, "consumer {name} of {stream}"),
        }
    }
}

impl Stream {
    /// The stream's name for errors. Does not allocate.
    pub fn label(&self) -> StreamLabel {
        StreamLabel {
            name: self.name.clone(),
            account: self.scope.account.clone(),
        }
    }
}

/// The state does not allow a command. Not applied, for ever.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The stream was deleted since its proposer saw it, and its name with it.
    #[error("there is no stream with id {id} any more")]
    StreamGone {
        /// The stream's id.
        id: u64,
    },
    /// The name is in use.
    #[error("{stream} exists")]
    StreamExists {
        /// The stream that has it.
        stream: StreamLabel,
    },
    /// The stream's status does not allow the change.
    #[error("{stream} is {}", status.name())]
    StreamNotActive {
        /// The stream.
        stream: StreamLabel,
        /// Its status.
        status: Status,
    },
    /// The stream cannot be deleted without its consumers.
    #[error("{stream} has consumers")]
    StreamHasConsumers {
        /// The stream.
        stream: StreamLabel,
    },
    /// Too many streams are CREATING or DELETING.
    #[error("{most} streams of account {} are in transition", scope.account)]
    StreamsInTransition {
        /// The account and region.
        scope: Scope,
        /// The limit.
        most: u32,
    },
    /// There are too many on-demand streams.
    #[error("account {} has {current} of {most} on-demand streams", scope.account)]
    TooManyOnDemandStreams {
        /// The account and region.
        scope: Scope,
        /// The current number.
        current: u32,
        /// The limit.
        most: u32,
    },
    /// There would be too many open shards.
    #[error("account {} has {current} of {most} shards and would get {more} more", scope.account)]
    TooManyShards {
        /// The account and region.
        scope: Scope,
        /// The current number.
        current: u32,
        /// The limit.
        most: u32,
        /// The number to be added.
        more: u32,
    },
    /// The stream has too many consumers.
    #[error("{stream} has {most} consumers")]
    TooManyConsumers {
        /// The stream.
        stream: StreamLabel,
        /// The limit.
        most: u32,
    },
    /// The stream has too many consumers that are CREATING.
    #[error("{stream} has {most} consumers in creation")]
    TooManyConsumersCreating {
        /// The stream.
        stream: StreamLabel,
        /// The limit.
        most: u32,
    },
    /// The stream has that mode.
    #[error("{stream} is {} already", mode.name())]
    ModeUnchanged {
        /// The stream.
        stream: StreamLabel,
        /// Its mode.
        mode: Mode,
    },
    /// Only on-demand streams are prepared for throughput.
    #[error("{stream} is provisioned")]
    NotOnDemand {
        /// The stream.
        stream: StreamLabel,
    },
    /// No commitment of the account is in force.
    #[error("account {} has no commitment", scope.account)]
    NotCommitted {
        /// The account and region.
        scope: Scope,
    },
    /// More throughput than a stream may be prepared for.
    #[error("{mibps} MiB per second are more than {most}")]
    WarmThroughputTooHigh {
        /// The requested throughput.
        mibps: u32,
        /// The limit.
        most: u32,
    },
    /// The commitment cannot end: it is what streams are prepared for throughput by.
    #[error("{streams} streams of account {} are prepared for throughput", scope.account)]
    WarmStreams {
        /// The account and region.
        scope: Scope,
        /// Their number.
        streams: u32,
    },
    /// The stream's mode was changed too often within a day.
    #[error("the mode of {stream} was changed {most} times within a day")]
    TooManyModeSwitches {
        /// The stream.
        stream: StreamLabel,
        /// The limit.
        most: u32,
    },
    /// The stream's shards were scaled too often within a day.
    #[error("{stream} was scaled {most} times within a day")]
    TooManyScalings {
        /// The stream.
        stream: StreamLabel,
        /// The limit.
        most: u32,
    },
    /// A scaling to less than half or more than double.
    #[error("{current} shards do not become {target} at once")]
    ScalingTooFar {
        /// The current number of open shards.
        current: u32,
        /// The target number.
        target: u32,
    },
    /// A scaling to more shards than a stream or its account may have.
    #[error("{current} shards do not become {target}, of {most} at most")]
    ScalingTooLarge {
        /// The current number of open shards.
        current: u32,
        /// The target number.
        target: u32,
        /// The limit.
        most: u32,
    },
    /// The resource would have too many tags.
    #[error("{resource} would have more than {most} tags")]
    TooManyTags {
        /// The resource.
        resource: ResourceLabel,
        /// The limit.
        most: usize,
    },
    /// The consumer's name is in use.
    #[error("consumer {consumer} of {stream} exists")]
    ConsumerExists {
        /// The consumer's name.
        consumer: ConsumerName,
        /// The stream.
        stream: StreamLabel,
    },
    /// There is no such consumer.
    #[error("there is no consumer {consumer} of {stream}")]
    ConsumerNotFound {
        /// The consumer's name.
        consumer: ConsumerName,
        /// The stream.
        stream: StreamLabel,
    },
    /// The stream stays on demand while the service distributes its records.
    #[error("the records of {stream} are distributed by the service")]
    AutoHoldsMode {
        /// The stream.
        stream: StreamLabel,
    },
    /// Records of a provisioned stream are not distributed by the service.
    #[error("{stream} is provisioned")]
    AutoProvisioned {
        /// The stream.
        stream: StreamLabel,
    },
    /// The consumer's status does not allow the change.
    #[error("consumer {consumer} of {stream} is not active")]
    ConsumerNotActive {
        /// The consumer's name.
        consumer: ConsumerName,
        /// The second in its ARN.
        arn_s: u64,
        /// Its status.
        status: ConsumerStatus,
        /// The stream.
        stream: StreamLabel,
    },
    /// The stream is not encrypted with that KMS key, or no longer.
    #[error("{stream} is not encrypted with {key}")]
    NotEncryptedWith {
        /// The key's ARN.
        key: String,
        /// The stream.
        stream: StreamLabel,
    },
    /// The stream has too many data keys.
    #[error("the records of {stream} need {most} data keys")]
    TooManyDataKeys {
        /// The stream.
        stream: StreamLabel,
        /// The limit.
        most: usize,
    },
    /// There is no policy to remove.
    #[error("{arn} has no policy")]
    NoPolicy {
        /// The stream's ARN, or the consumer's.
        arn: String,
    },
    /// The key of a split is too close to the shard's edges, or outside.
    #[error("{shard} of {stream} cannot be split at {key}")]
    SplitKey {
        /// The first key of the right child.
        key: HashKey,
        /// The shard.
        shard: ShardId,
        /// The shard's range.
        range: HashRange,
        /// The stream.
        stream: StreamLabel,
    },
    /// The two shards are not adjacent, in that order.
    #[error("{shard} and {adjacent} of {stream} are not adjacent")]
    NotAdjacent {
        /// The lower one.
        shard: ShardId,
        /// The one that should be directly above it.
        adjacent: ShardId,
        /// The stream.
        stream: StreamLabel,
    },
    /// The shard was already split or merged.
    #[error("{shard} of {stream} is closed")]
    ShardClosed {
        /// The shard.
        shard: ShardId,
        /// The stream.
        stream: StreamLabel,
    },
    /// The stream never had such a shard, or it has expired.
    #[error("there is no {shard} of {stream}")]
    ShardNotFound {
        /// The shard.
        shard: ShardId,
        /// The stream.
        stream: StreamLabel,
    },
    /// An increase of the retention that would not increase it.
    #[error("{hours} hours are less than the {existing} of {stream}")]
    RetentionNotLonger {
        /// The requested value.
        hours: u32,
        /// The current value.
        existing: u32,
        /// The stream.
        stream: StreamLabel,
    },
    /// A decrease of the retention that would not decrease it.
    #[error("{hours} hours are more than the {existing} of {stream}")]
    RetentionNotShorter {
        /// The requested value.
        hours: u32,
        /// The current value.
        existing: u32,
        /// The stream.
        stream: StreamLabel,
    },
}
