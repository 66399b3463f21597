//! EnableEnhancedMonitoring: turns shard-level metrics on.

use millstream_protocol_derive::Shape;

use crate::types::{EnhancedMonitoringOutput, MetricsName, lists, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct EnableEnhancedMonitoring;

impl Operation for EnableEnhancedMonitoring {
    const NAME: &'static str = "EnableEnhancedMonitoring";
    type Input = EnableEnhancedMonitoringInput;
    type Output = EnhancedMonitoringOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::InvalidArgumentException,
        ErrorCode::LimitExceededException,
        ErrorCode::ResourceInUseException,
        ErrorCode::ResourceNotFoundException,
        ErrorCode::AccessDeniedException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct EnableEnhancedMonitoringInput {
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// Names of shard-level metrics.
    #[shape(of = lists::METRICS_NAME_LIST)]
    pub shard_level_metrics: Vec<MetricsName>,
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}
