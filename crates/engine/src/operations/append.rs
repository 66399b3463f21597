//! What PutRecord and PutRecords refuse before anything is put.

use crate::Engine;
use crate::catalog::{Status, Stream};
use crate::facts::{RecordError, StreamError};
use crate::put::RecordToPut;

/// Refuses a record that is larger than its stream takes.
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

/// Refuses a stream that takes no records: to a put, one that is CREATING or DELETING is not there.
pub(super) fn check_takes_records(engine: &Engine, stream: &Stream) -> Result<(), StreamError> {
    match stream.status_at(engine.clock().now()) {
        Status::Active | Status::Updating => Ok(()),
        Status::Creating | Status::Deleting => Err(StreamError::gone(&stream.label())),
    }
}
