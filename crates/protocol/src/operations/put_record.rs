//! PutRecord: stores a record.

use millstream_protocol_derive::Shape;

use crate::types::{EncryptionType, named};
use crate::{Blob, ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct PutRecord;

impl Operation for PutRecord {
    const NAME: &'static str = "PutRecord";
    type Input = PutRecordInput;
    type Output = PutRecordOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ResourceNotFoundException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::ProvisionedThroughputExceededException,
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
pub struct PutRecordInput {
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// The bytes.
    #[shape(of = named::DATA)]
    pub data: Blob,
    /// The partition key, whose hash determines the shard unless an explicit hash key does.
    #[shape(of = named::PARTITION_KEY)]
    pub partition_key: Option<String>,
    /// The hash key, overriding that of the partition key.
    #[shape(of = named::HASH_KEY)]
    pub explicit_hash_key: Option<String>,
    /// A sequence number that the record's must exceed.
    #[shape(of = named::SEQUENCE_NUMBER)]
    pub sequence_number_for_ordering: Option<String>,
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
pub struct PutRecordOutput {
    /// The shard that holds the record.
    #[shape(of = named::SHARD_ID)]
    pub shard_id: String,
    /// The sequence number.
    #[shape(of = named::SEQUENCE_NUMBER)]
    pub sequence_number: String,
    /// How records are encrypted, if they are.
    pub encryption_type: Option<EncryptionType>,
}
