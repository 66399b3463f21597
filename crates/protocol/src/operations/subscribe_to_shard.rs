//! SubscribeToShard: pushes a shard's records to a consumer.

use millstream_protocol_derive::Shape;

use crate::types::{StartingPosition, SubscribeToShardEventStream, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct SubscribeToShard;

impl Operation for SubscribeToShard {
    const NAME: &'static str = "SubscribeToShard";
    type Input = SubscribeToShardInput;
    type Output = SubscribeToShardOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ResourceNotFoundException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::ResourceInUseException,
        ErrorCode::LimitExceededException,
        ErrorCode::AccessDeniedException,
        ErrorCode::DryRunOperationException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct SubscribeToShardInput {
    /// The ARN of the consumer.
    #[shape(name = "ConsumerARN", of = named::CONSUMER_ARN)]
    pub consumer_arn: String,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
    /// The shard to read.
    #[shape(of = named::SHARD_ID)]
    pub shard_id: String,
    /// The position to start at.
    pub starting_position: StartingPosition,
    /// Whether only to validate the request.
    pub dry_run: Option<bool>,
}

/// The operation's output.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct SubscribeToShardOutput {
    /// The events, which follow as frames of their own.
    #[shape(streamed)]
    pub event_stream: SubscribeToShardEventStream,
}
