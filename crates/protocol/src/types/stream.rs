//! Streams, as they are described.

use millstream_protocol_derive::Shape;

use crate::Timestamp;
use crate::shape::{Described, Type};
use crate::types::{EnhancedMetrics, Shard, lists, named};

/// `StreamSummaryList`.
pub const STREAM_SUMMARY_LIST: &Type = &Type::list("StreamSummaryList", StreamSummary::SHAPE);

/// A stream with its shards.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct StreamDescription {
    /// The name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: String,
    /// The ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: String,
    /// The state of the stream.
    pub stream_status: StreamStatus,
    /// The capacity mode.
    pub stream_mode_details: Option<StreamModeDetails>,
    /// Shards, by id.
    #[shape(of = lists::SHARD_LIST)]
    pub shards: Vec<Shard>,
    /// Whether there are more shards.
    pub has_more_shards: bool,
    /// Retention, in hours.
    #[shape(of = named::RETENTION_PERIOD_HOURS)]
    pub retention_period_hours: i32,
    /// When the stream was created.
    pub stream_creation_timestamp: Timestamp,
    /// The shard-level metrics that are enabled.
    #[shape(of = lists::ENHANCED_MONITORING_LIST)]
    pub enhanced_monitoring: Vec<EnhancedMetrics>,
    /// How records are encrypted, if they are.
    pub encryption_type: Option<EncryptionType>,
    /// The key that encrypts them.
    #[shape(of = named::KEY_ID)]
    pub key_id: Option<String>,
}

/// A stream without its shards.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct StreamDescriptionSummary {
    /// The name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: String,
    /// The ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: String,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
    /// The state of the stream.
    pub stream_status: StreamStatus,
    /// The capacity mode.
    pub stream_mode_details: Option<StreamModeDetails>,
    /// Retention, in hours.
    #[shape(of = named::RETENTION_PERIOD_HOURS)]
    pub retention_period_hours: i32,
    /// When the stream was created.
    pub stream_creation_timestamp: Timestamp,
    /// The shard-level metrics that are enabled.
    #[shape(of = lists::ENHANCED_MONITORING_LIST)]
    pub enhanced_monitoring: Vec<EnhancedMetrics>,
    /// How records are encrypted, if they are.
    pub encryption_type: Option<EncryptionType>,
    /// The key that encrypts them.
    #[shape(of = named::KEY_ID)]
    pub key_id: Option<String>,
    /// Number of open shards.
    #[shape(of = named::SHARD_COUNT_OBJECT)]
    pub open_shard_count: i32,
    /// Number of registered consumers.
    #[shape(of = named::CONSUMER_COUNT_OBJECT)]
    pub consumer_count: Option<i32>,
    /// The write throughput that the stream is prepared for.
    pub warm_throughput: Option<WarmThroughputObject>,
    /// The maximum record size, in KiB.
    #[shape(name = "MaxRecordSizeInKiB", of = named::MAX_RECORD_SIZE_IN_KIB)]
    pub max_record_size_in_kib: Option<i32>,
    /// Number of channels.
    #[shape(of = named::CHANNEL_COUNT_OBJECT)]
    pub channel_count: Option<i32>,
    /// How records are assigned to shards.
    pub record_distribution_strategy: Option<RecordDistributionStrategy>,
    /// Number of queues.
    #[shape(of = named::QUEUE_COUNT_OBJECT)]
    pub queue_count: Option<i32>,
}

/// A stream in a list of streams.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct StreamSummary {
    /// The name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: String,
    /// The ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: String,
    /// The state of the stream.
    pub stream_status: StreamStatus,
    /// The capacity mode.
    pub stream_mode_details: Option<StreamModeDetails>,
    /// When the stream was created.
    pub stream_creation_timestamp: Option<Timestamp>,
}

/// The capacity mode of a stream.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct StreamModeDetails {
    /// The mode.
    pub stream_mode: StreamMode,
}

/// The write throughput that a stream is, and is to be, prepared for.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct WarmThroughputObject {
    /// The target throughput, in MiB per second.
    #[shape(name = "TargetMiBps", of = named::NATURAL_INTEGER_OBJECT)]
    pub target_mibps: Option<i32>,
    /// The current throughput, in MiB per second.
    #[shape(name = "CurrentMiBps", of = named::NATURAL_INTEGER_OBJECT)]
    pub current_mibps: Option<i32>,
}

/// The state of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum StreamStatus {
    /// Being created.
    #[shape(name = "CREATING")]
    Creating,
    /// Being deleted.
    #[shape(name = "DELETING")]
    Deleting,
    /// In use.
    #[shape(name = "ACTIVE")]
    Active,
    /// In use, while its shards change.
    #[shape(name = "UPDATING")]
    Updating,
}

/// A capacity mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum StreamMode {
    /// Managed by the owner.
    #[shape(name = "PROVISIONED")]
    Provisioned,
    /// Managed by the service.
    #[shape(name = "ON_DEMAND")]
    OnDemand,
}

/// How records are assigned to shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum RecordDistributionStrategy {
    /// By the service.
    #[shape(name = "AUTO")]
    Auto,
    /// By partition key.
    #[shape(name = "USER_PARTITION_KEY")]
    UserPartitionKey,
}

/// A type of encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum EncryptionType {
    /// None.
    #[shape(name = "NONE")]
    None,
    /// By a key of the key service.
    #[shape(name = "KMS")]
    Kms,
}

/// A scaling method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum ScalingType {
    /// With shards of equal size.
    #[shape(name = "UNIFORM_SCALING")]
    UniformScaling,
}
