//! UpdateStreamMode: changes a stream's capacity mode.

use millstream_protocol_derive::Shape;

use crate::types::{StreamModeDetails, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct UpdateStreamMode;

impl Operation for UpdateStreamMode {
    const NAME: &'static str = "UpdateStreamMode";
    type Input = UpdateStreamModeInput;
    type Output = ();
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::InvalidArgumentException,
        ErrorCode::LimitExceededException,
        ErrorCode::ResourceInUseException,
        ErrorCode::ResourceNotFoundException,
        ErrorCode::ValidationException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct UpdateStreamModeInput {
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: String,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
    /// The capacity mode.
    pub stream_mode_details: StreamModeDetails,
    /// The write throughput to be prepared for on demand, in MiB per second.
    #[shape(name = "WarmThroughputMiBps", of = named::NATURAL_INTEGER_OBJECT)]
    pub warm_throughput_mibps: Option<i32>,
}
