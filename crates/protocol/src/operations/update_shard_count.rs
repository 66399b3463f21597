//! UpdateShardCount: changes the number of open shards.

use millstream_protocol_derive::Shape;

use crate::types::{ScalingType, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct UpdateShardCount;

impl Operation for UpdateShardCount {
    const NAME: &'static str = "UpdateShardCount";
    type Input = UpdateShardCountInput;
    type Output = UpdateShardCountOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::InvalidArgumentException,
        ErrorCode::LimitExceededException,
        ErrorCode::ResourceInUseException,
        ErrorCode::ResourceNotFoundException,
        ErrorCode::ValidationException,
        ErrorCode::AccessDeniedException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct UpdateShardCountInput {
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// The target number of open shards.
    #[shape(of = named::POSITIVE_INTEGER_OBJECT)]
    pub target_shard_count: i32,
    /// The scaling method.
    pub scaling_type: ScalingType,
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}

/// The operation's output.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct UpdateShardCountOutput {
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// The previous number of open shards.
    #[shape(of = named::POSITIVE_INTEGER_OBJECT)]
    pub current_shard_count: Option<i32>,
    /// The target number of open shards.
    #[shape(of = named::POSITIVE_INTEGER_OBJECT)]
    pub target_shard_count: Option<i32>,
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
}
