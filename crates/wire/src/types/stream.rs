//! Streams, as they are described.

use wire_derive::Shape;

use crate::Timestamp;
use crate::types::{EnhancedMetrics, Shard, named};

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
    /// Whether its capacity is provisioned or on demand.
    pub stream_mode_details: Option<StreamModeDetails>,
    /// Shards, by id.
    #[shape(of = named::SHARD_LIST)]
    pub shards: Vec<Shard>,
    /// Whether there are more than these.
    pub has_more_shards: bool,
    /// How long records are kept, in hours.
    #[shape(of = named::RETENTION_PERIOD_HOURS)]
    pub retention_period_hours: i32,
    /// When the stream was created.
    pub stream_creation_timestamp: Timestamp,
    /// The shard-level metrics that are on.
    #[shape(of = named::ENHANCED_MONITORING_LIST)]
    pub enhanced_monitoring: Vec<EnhancedMetrics>,
    /// Whether records are encrypted, and by what.
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
    /// Whether its capacity is provisioned or on demand.
    pub stream_mode_details: Option<StreamModeDetails>,
    /// How long records are kept, in hours.
    #[shape(of = named::RETENTION_PERIOD_HOURS)]
    pub retention_period_hours: i32,
    /// When the stream was created.
    pub stream_creation_timestamp: Timestamp,
    /// The shard-level metrics that are on.
    #[shape(of = named::ENHANCED_MONITORING_LIST)]
    pub enhanced_monitoring: Vec<EnhancedMetrics>,
    /// Whether records are encrypted, and by what.
    pub encryption_type: Option<EncryptionType>,
    /// The key that encrypts them.
    #[shape(of = named::KEY_ID)]
    pub key_id: Option<String>,
    /// How many shards are open.
    #[shape(of = named::SHARD_COUNT_OBJECT)]
    pub open_shard_count: i32,
    /// How many consumers are registered.
    #[shape(of = named::CONSUMER_COUNT_OBJECT)]
    pub consumer_count: Option<i32>,
    /// The write throughput that the stream is ready for.
    pub warm_throughput: Option<WarmThroughputObject>,
    /// The largest record, in KiB.
    #[shape(name = "MaxRecordSizeInKiB", of = named::MAX_RECORD_SIZE_IN_KIB)]
    pub max_record_size_in_kib: Option<i32>,
    /// How many channels there are.
    #[shape(of = named::CHANNEL_COUNT_OBJECT)]
    pub channel_count: Option<i32>,
    /// Who chooses the shard of a record.
    pub record_distribution_strategy: Option<RecordDistributionStrategy>,
    /// How many queues there are.
    #[shape(of = named::QUEUE_COUNT_OBJECT)]
    pub queue_count: Option<i32>,
}

/// A stream, as the list of streams has it.
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
    /// Whether its capacity is provisioned or on demand.
    pub stream_mode_details: Option<StreamModeDetails>,
    /// When the stream was created.
    pub stream_creation_timestamp: Option<Timestamp>,
}

/// The mode of a stream.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct StreamModeDetails {
    /// The mode.
    pub stream_mode: StreamMode,
}

/// The write throughput that a stream is ready for, and is to be ready for.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct WarmThroughputObject {
    /// The throughput asked for, in MiB a second.
    #[shape(name = "TargetMiBps", of = named::NATURAL_INTEGER_OBJECT)]
    pub target_mibps: Option<i32>,
    /// The throughput there is now, in MiB a second.
    #[shape(name = "CurrentMiBps", of = named::NATURAL_INTEGER_OBJECT)]
    pub current_mibps: Option<i32>,
}

/// The state of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum StreamStatus {
    /// Not there yet.
    #[shape(name = "CREATING")]
    Creating,
    /// Going away.
    #[shape(name = "DELETING")]
    Deleting,
    /// In use.
    #[shape(name = "ACTIVE")]
    Active,
    /// In use, while its shards change.
    #[shape(name = "UPDATING")]
    Updating,
}

/// Who looks after a stream's capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum StreamMode {
    /// Its owner.
    #[shape(name = "PROVISIONED")]
    Provisioned,
    /// The service.
    #[shape(name = "ON_DEMAND")]
    OnDemand,
}

/// Who chooses the shard of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum RecordDistributionStrategy {
    /// The service.
    #[shape(name = "AUTO")]
    Auto,
    /// The partition key.
    #[shape(name = "USER_PARTITION_KEY")]
    UserPartitionKey,
}

/// What encrypts records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum EncryptionType {
    /// Nothing.
    #[shape(name = "NONE")]
    None,
    /// A key of the key service.
    #[shape(name = "KMS")]
    Kms,
}

/// How a stream is brought to a number of shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum ScalingType {
    /// With shards of the same size.
    #[shape(name = "UNIFORM_SCALING")]
    UniformScaling,
}
