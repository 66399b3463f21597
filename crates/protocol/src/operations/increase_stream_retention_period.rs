//! IncreaseStreamRetentionPeriod: lengthens a stream's retention.

use millstream_protocol_derive::Shape;

use crate::types::named;
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct IncreaseStreamRetentionPeriod;

impl Operation for IncreaseStreamRetentionPeriod {
    const NAME: &'static str = "IncreaseStreamRetentionPeriod";
    type Input = IncreaseStreamRetentionPeriodInput;
    type Output = ();
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ResourceInUseException,
        ErrorCode::ResourceNotFoundException,
        ErrorCode::LimitExceededException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::AccessDeniedException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct IncreaseStreamRetentionPeriodInput {
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// Retention, in hours.
    #[shape(of = named::RETENTION_PERIOD_HOURS)]
    pub retention_period_hours: i32,
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}
