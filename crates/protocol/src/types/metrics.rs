//! Shard-level metrics.

use millstream_protocol_derive::Shape;

use crate::shape::{Described, Type};
use crate::types::named;

/// `EnhancedMonitoringList`.
pub const ENHANCED_MONITORING_LIST: &Type =
    &Type::list("EnhancedMonitoringList", EnhancedMetrics::SHAPE);
/// `MetricsNameList`.
pub const METRICS_NAME_LIST: &Type =
    &Type::list("MetricsNameList", MetricsName::SHAPE).between(1, 7);

/// Shard-level metrics.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct EnhancedMetrics {
    /// Names of shard-level metrics.
    #[shape(of = METRICS_NAME_LIST)]
    pub shard_level_metrics: Option<Vec<MetricsName>>,
}

/// The shard-level metrics of a stream before and after a change.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct EnhancedMonitoringOutput {
    /// The stream's name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// The metrics enabled before.
    #[shape(of = METRICS_NAME_LIST)]
    pub current_shard_level_metrics: Option<Vec<MetricsName>>,
    /// The metrics enabled now.
    #[shape(of = METRICS_NAME_LIST)]
    pub desired_shard_level_metrics: Option<Vec<MetricsName>>,
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
}

/// A shard-level metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Shape)]
pub enum MetricsName {
    /// Bytes put.
    IncomingBytes,
    /// Records put.
    IncomingRecords,
    /// Bytes read.
    OutgoingBytes,
    /// Records read.
    OutgoingRecords,
    /// Records throttled for lack of write throughput.
    WriteProvisionedThroughputExceeded,
    /// Reads throttled for lack of read throughput.
    ReadProvisionedThroughputExceeded,
    /// The age of the last record read.
    IteratorAgeMilliseconds,
    /// All of them.
    #[shape(name = "ALL")]
    All,
}
