//! ListShards: lists the shards of a stream.

use millstream_protocol_derive::Shape;

use crate::types::{Shard, ShardFilter, lists, named};
use crate::{ErrorCode, Operation, Timestamp};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct ListShards;

impl Operation for ListShards {
    const NAME: &'static str = "ListShards";
    type Input = ListShardsInput;
    type Output = ListShardsOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ResourceNotFoundException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::LimitExceededException,
        ErrorCode::ExpiredNextTokenException,
        ErrorCode::ResourceInUseException,
        ErrorCode::AccessDeniedException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct ListShardsInput {
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// The position to continue at, sealed.
    #[shape(of = named::NEXT_TOKEN)]
    pub next_token: Option<String>,
    /// The shard to continue after.
    #[shape(of = named::SHARD_ID)]
    pub exclusive_start_shard_id: Option<String>,
    /// The maximum number of shards to return.
    #[shape(of = named::LIST_SHARDS_INPUT_LIMIT)]
    pub max_results: Option<i32>,
    /// Distinguishes the stream from an earlier one of the same name.
    pub stream_creation_timestamp: Option<Timestamp>,
    /// Which shards to list.
    pub shard_filter: Option<ShardFilter>,
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}

/// The operation's output.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct ListShardsOutput {
    /// Shards, by id.
    #[shape(of = lists::SHARD_LIST)]
    pub shards: Option<Vec<Shard>>,
    /// The position to continue at, sealed.
    #[shape(of = named::NEXT_TOKEN)]
    pub next_token: Option<String>,
}
