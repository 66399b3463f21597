//! Pages of lists: how long they are, and of which stream.

use crate::catalog::Stream;
use crate::facts::StreamError;

/// Refuses a stream that is another than the one made at that moment.
pub(super) fn check_creation(
    stream: &Stream,
    given: Option<wire::Timestamp>,
) -> Result<(), StreamError> {
    // Clients give back what they were shown, some of them in whole seconds.
    let is_other =
        |given: wire::Timestamp| given.0.div_euclid(1000) != stream.created.seconds() as i64;
    if given.is_some_and(is_other) {
        return Err(StreamError::gone(&stream.label()));
    }
    Ok(())
}

/// How many a page holds: what was asked, at most so many.
pub(super) fn page_size(asked: Option<i32>, most: usize) -> usize {
    asked
        .and_then(|asked| usize::try_from(asked).ok())
        .map_or(most, |asked| asked.min(most))
}
