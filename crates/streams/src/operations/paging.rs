//! Pages of lists: how long they are, and of which stream.

use crate::catalog::Stream;
use crate::facts::StreamError;

/// Rejects a stream that was not created at this time.
pub(super) fn check_creation(
    stream: &Stream,
    given: Option<millstream_protocol::Timestamp>,
) -> Result<(), StreamError> {
    // Clients return what they were shown, some of them in whole seconds.
    let is_other = |given: millstream_protocol::Timestamp| {
        given.0.div_euclid(1000) != stream.created.seconds() as i64
    };
    if given.is_some_and(is_other) {
        return Err(StreamError::gone(&stream.label()));
    }
    Ok(())
}

/// The page size: as requested, up to a maximum.
pub(super) fn page_size(asked: Option<i32>, most: usize) -> usize {
    asked
        .and_then(|asked| usize::try_from(asked).ok())
        .map_or(most, |asked| asked.min(most))
}
