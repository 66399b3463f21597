//! Of a stream what PutRecord and PutRecords look at before anything is put.

use crate::Engine;
use crate::catalog::{Status, Stream};
use crate::facts::StreamError;

/// The maximum size of a stream's records, each with its partition key.
pub(super) fn record_bytes_max(stream: &Stream) -> u64 {
    u64::from(stream.record_kib_max) * 1024
}

/// Rejects a stream that accepts no records: to a put, one that is CREATING or DELETING does not
/// exist.
pub(super) fn check_takes_records(engine: &Engine, stream: &Stream) -> Result<(), StreamError> {
    match stream.status_at(engine.clock().now()) {
        Status::Active | Status::Updating => Ok(()),
        Status::Creating | Status::Deleting => Err(StreamError::gone(&stream.label())),
    }
}
