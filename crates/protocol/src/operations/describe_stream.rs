//! DescribeStream: describes a stream with its shards.

use millstream_protocol_derive::Shape;

use crate::types::{StreamDescription, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct DescribeStream;

impl Operation for DescribeStream {
    const NAME: &'static str = "DescribeStream";
    type Input = DescribeStreamInput;
    type Output = DescribeStreamOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ResourceNotFoundException,
        ErrorCode::LimitExceededException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::AccessDeniedException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct DescribeStreamInput {
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// The maximum number of shards to return.
    #[shape(of = named::DESCRIBE_STREAM_INPUT_LIMIT)]
    pub limit: Option<i32>,
    /// The shard to continue after.
    #[shape(of = named::SHARD_ID)]
    pub exclusive_start_shard_id: Option<String>,
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}

/// The operation's output.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct DescribeStreamOutput {
    /// The description.
    pub stream_description: StreamDescription,
}
