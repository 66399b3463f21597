//! Of a stream what PutRecord and PutRecords look at before anything is put.

use crate::Engine;
use crate::catalog::{Status, Stream};
use crate::facts::StreamError;
use crate::target::FoundStream;
use millstream_model::limits;

/// The maximum size of a stream's records, each with its partition key.
///
/// AWS words a record above it like a violated constraint, so it comes before the state of the
/// stream, and before the question whether that exists: of a stream that is not there for the
/// sender, the maximum is the default.
pub(super) fn record_bytes_max(stream: Option<&FoundStream>) -> u64 {
    stream.map_or(limits::record_bytes_default(), |stream| {
        u64::from(stream.record_kib_max) * 1024
    })
}

/// Rejects a stream that accepts no records: to a put, one that is CREATING or DELETING does not
/// exist.
pub(super) fn check_takes_records(engine: &Engine, stream: &Stream) -> Result<(), StreamError> {
    match stream.status_at(engine.clock().now()) {
        Status::Active | Status::Updating => Ok(()),
        Status::Creating | Status::Deleting => Err(StreamError::gone(&stream.label())),
    }
}
