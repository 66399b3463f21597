//! Structures and enumerations that several operations share.

mod account;
mod consumer;
pub mod lists;
mod metrics;
pub mod named;
mod position;
mod record;
mod shard;
mod stream;
mod subscription;
mod tag;

pub use account::{
    MinimumThroughputBillingCommitmentInput, MinimumThroughputBillingCommitmentInputStatus,
    MinimumThroughputBillingCommitmentOutput, MinimumThroughputBillingCommitmentOutputStatus,
};
pub use consumer::{Consumer, ConsumerDescription, ConsumerStatus};
pub use metrics::{EnhancedMetrics, EnhancedMonitoringOutput, MetricsName};
pub use position::{ShardIteratorType, StartingPosition};
pub use record::{PutRecordsRequestEntry, PutRecordsResultEntry, Record};
pub use shard::{
    ChildShard, HashKeyRange, SequenceNumberRange, Shard, ShardFilter, ShardFilterType,
};
pub use stream::{
    EncryptionType, RecordDistributionStrategy, ScalingType, StreamDescription,
    StreamDescriptionSummary, StreamMode, StreamModeDetails, StreamStatus, StreamSummary,
    WarmThroughputObject,
};
pub use subscription::{SubscribeToShardEvent, SubscribeToShardEventStream};
pub use tag::Tag;
