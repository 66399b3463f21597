//! UpdateStreamWarmThroughput: prepares an on-demand stream for a write throughput.

use millstream_protocol_derive::Shape;

use crate::types::{WarmThroughputObject, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct UpdateStreamWarmThroughput;

impl Operation for UpdateStreamWarmThroughput {
    const NAME: &'static str = "UpdateStreamWarmThroughput";
    type Input = UpdateStreamWarmThroughputInput;
    type Output = UpdateStreamWarmThroughputOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::AccessDeniedException,
        ErrorCode::ResourceNotFoundException,
        ErrorCode::LimitExceededException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::ResourceInUseException,
        ErrorCode::ValidationException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct UpdateStreamWarmThroughputInput {
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
    /// The write throughput to be prepared for, in MiB per second.
    #[shape(name = "WarmThroughputMiBps", of = named::NATURAL_INTEGER_OBJECT)]
    pub warm_throughput_mibps: i32,
}

/// The operation's output.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct UpdateStreamWarmThroughputOutput {
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// The throughput that the stream is, and is to be, prepared for.
    pub warm_throughput: Option<WarmThroughputObject>,
}
