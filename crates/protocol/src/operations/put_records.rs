//! PutRecords: stores up to 500 records, each independently.

use millstream_protocol_derive::Shape;

use crate::types::{EncryptionType, PutRecordsRequestEntry, PutRecordsResultEntry, lists, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct PutRecords;

impl Operation for PutRecords {
    const NAME: &'static str = "PutRecords";
    type Input = PutRecordsInput;
    type Output = PutRecordsOutput;
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
pub struct PutRecordsInput<R = Vec<PutRecordsRequestEntry>> {
    /// The records: a list, or the server's own sink.
    #[shape(of = lists::PUT_RECORDS_REQUEST_ENTRY_LIST)]
    pub records: R,
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
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
pub struct PutRecordsOutput {
    /// Number of records that were not stored.
    #[shape(of = named::POSITIVE_INTEGER_OBJECT)]
    pub failed_record_count: Option<i32>,
    /// One result for each record, in the order of the request.
    #[shape(of = lists::PUT_RECORDS_RESULT_ENTRY_LIST)]
    pub records: Vec<PutRecordsResultEntry>,
    /// How records are encrypted, if they are.
    pub encryption_type: Option<EncryptionType>,
}
