//! What PutRecord and PutRecords look at and take of a stream before anything is put.

use crate::Engine;
use crate::catalog::{Status, Stream};
use crate::encryption::Sealer;
use crate::facts::{DataKeyFailure, StreamError};
use crate::record::AtRest;
use crate::target::FoundStream;

/// The maximum size of a stream's records, each with its partition key.
///
/// AWS words a record above it like a violated constraint, so it comes before the state of the
/// stream. A stream that is not there for the sender has none: only what the service model allows
/// for any data counts then.
pub(super) fn record_bytes_max(stream: &FoundStream) -> u64 {
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

/// What seals the records that are put into a stream, if it is encrypted. If its key cannot be used
/// nothing is put.
pub(super) async fn sealer<E: From<DataKeyFailure> + From<StreamError>>(
    engine: &Engine,
    stream: &Stream,
) -> Result<Option<Sealer>, E> {
    let sealer = engine.puts().sealer(stream).await;
    sealer.map_err(|failure| match engine.streams().is_going(stream) {
        true => StreamError::gone(&stream.label()).into(),
        false => failure.into(),
    })
}

/// How records are stored that this seals, if anything does.
pub(super) fn at_rest(sealer: Option<&Sealer>) -> AtRest {
    match sealer {
        Some(_) => AtRest::Encrypted,
        None => AtRest::Plain,
    }
}
