//! GetRecords: reads records from a shard iterator's position.

use millstream_protocol_derive::Shape;

use crate::types::{ChildShard, Record, lists, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct GetRecords;

impl Operation for GetRecords {
    const NAME: &'static str = "GetRecords";
    type Input = GetRecordsInput;
    type Output = GetRecordsOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ResourceNotFoundException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::ProvisionedThroughputExceededException,
        ErrorCode::ExpiredIteratorException,
        ErrorCode::KMSDisabledException,
        ErrorCode::KMSInvalidStateException,
        ErrorCode::KMSAccessDeniedException,
        ErrorCode::KMSNotFoundException,
        ErrorCode::KMSOptInRequired,
        ErrorCode::KMSThrottlingException,
        ErrorCode::AccessDeniedException,
        ErrorCode::InternalFailureException,
        ErrorCode::DryRunOperationException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct GetRecordsInput {
    /// The position to read from, sealed.
    #[shape(of = named::SHARD_ITERATOR)]
    pub shard_iterator: String,
    /// The maximum number of records to return.
    #[shape(of = named::GET_RECORDS_INPUT_LIMIT)]
    pub limit: Option<i32>,
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
pub struct GetRecordsOutput {
    /// The records.
    #[shape(of = lists::RECORD_LIST)]
    pub records: Vec<Record>,
    /// The position to continue at; absent at the end of a closed shard.
    #[shape(of = named::SHARD_ITERATOR)]
    pub next_shard_iterator: Option<String>,
    /// How far behind the end of the shard the reader is, in milliseconds.
    #[shape(of = named::MILLIS_BEHIND_LATEST)]
    pub millis_behind_latest: Option<i64>,
    /// The child shards; only at the end of a closed shard.
    #[shape(of = lists::CHILD_SHARD_LIST)]
    pub child_shards: Option<Vec<ChildShard>>,
}
