//! Records, as they are put and read.

use millstream_protocol_derive::Shape;

use crate::shape::{Described, Type};
use crate::types::{EncryptionType, named};
use crate::{Blob, Timestamp};

/// `PutRecordsRequestEntryList`.
pub const PUT_RECORDS_REQUEST_ENTRY_LIST: &Type =
    &Type::list("PutRecordsRequestEntryList", PutRecordsRequestEntry::SHAPE).between(1, 500);
/// `PutRecordsResultEntryList`.
pub const PUT_RECORDS_RESULT_ENTRY_LIST: &Type =
    &Type::list("PutRecordsResultEntryList", PutRecordsResultEntry::SHAPE).between(1, 500);
/// `RecordList`.
pub const RECORD_LIST: &Type = &Type::list("RecordList", Record::SHAPE);

/// A record as it is read.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct Record {
    /// The sequence number.
    #[shape(of = named::SEQUENCE_NUMBER)]
    pub sequence_number: String,
    /// When the record arrived.
    pub approximate_arrival_timestamp: Option<Timestamp>,
    /// The bytes.
    #[shape(of = named::DATA)]
    pub data: Blob,
    /// The partition key, whose hash determines the shard unless an explicit hash key does.
    #[shape(of = named::PARTITION_KEY)]
    pub partition_key: Option<String>,
    /// How records are encrypted, if they are.
    pub encryption_type: Option<EncryptionType>,
}

/// A record as it is put.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct PutRecordsRequestEntry {
    /// The bytes.
    #[shape(of = named::DATA)]
    pub data: Blob,
    /// The hash key, overriding that of the partition key.
    #[shape(of = named::HASH_KEY)]
    pub explicit_hash_key: Option<String>,
    /// The partition key, whose hash determines the shard unless an explicit hash key does.
    #[shape(of = named::PARTITION_KEY)]
    pub partition_key: Option<String>,
}

/// The result for a record: its position, or an error.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct PutRecordsResultEntry {
    /// The sequence number.
    #[shape(of = named::SEQUENCE_NUMBER)]
    pub sequence_number: Option<String>,
    /// The shard that holds the record.
    #[shape(of = named::SHARD_ID)]
    pub shard_id: Option<String>,
    /// The error code, if the record was not stored.
    #[shape(of = named::ERROR_CODE)]
    pub error_code: Option<String>,
    /// The error's text.
    #[shape(of = named::ERROR_MESSAGE)]
    pub error_message: Option<String>,
}
