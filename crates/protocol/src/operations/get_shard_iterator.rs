//! GetShardIterator: finds a position in a shard.

use millstream_protocol_derive::Shape;

use crate::types::{ShardIteratorType, named};
use crate::{ErrorCode, Operation, Timestamp};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct GetShardIterator;

impl Operation for GetShardIterator {
    const NAME: &'static str = "GetShardIterator";
    type Input = GetShardIteratorInput;
    type Output = GetShardIteratorOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ResourceNotFoundException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::ProvisionedThroughputExceededException,
        ErrorCode::AccessDeniedException,
        ErrorCode::InternalFailureException,
        ErrorCode::DryRunOperationException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct GetShardIteratorInput {
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// The shard to read.
    #[shape(of = named::SHARD_ID)]
    pub shard_id: String,
    /// What the position is relative to.
    pub shard_iterator_type: ShardIteratorType,
    /// The sequence number, for the types that take one.
    #[shape(of = named::SEQUENCE_NUMBER)]
    pub starting_sequence_number: Option<String>,
    /// The instant, for the types that take one.
    pub timestamp: Option<Timestamp>,
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
    /// Whether only to validate the request.
    pub dry_run: Option<bool>,
}

/// The operation's output.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct GetShardIteratorOutput {
    /// The position, sealed.
    #[shape(of = named::SHARD_ITERATOR)]
    pub shard_iterator: Option<String>,
}
