//! What PutRecord and PutRecords refuse before anything is put.

use crate::Engine;
use crate::catalog::{Status, Stream};
use crate::facts::{RecordError, StreamError};
use crate::put::RecordToPut;

/// Rejects a record that exceeds its stream's maximum size.
pub(super) fn check_size(stream: &Stream, record: &RecordToPut<'_>) -> Result<(), RecordError> {
    let bytes = record.bytes();
    if bytes > u64::from(stream.record_kib_max) * 1024 {
        return Err(RecordError::TooLarge {
            bytes,
            kib_max: stream.record_kib_max,
            stream: stream.label(),
        });
    }
    Ok(())
}

/// Rejects a stream that accepts no records: to a put, one that is CREATING or DELETING does not
/// exist.
pub(super) fn check_takes_records(engine: &Engine, stream: &Stream) -> Result<(), StreamError> {
    match stream.status_at(engine.clock().now()) {
        Status::Active | Status::Updating => Ok(()),
        Status::Creating | Status::Deleting => Err(StreamError::gone(&stream.label())),
    }
}
