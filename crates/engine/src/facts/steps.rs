//! Facts about a step of an operation that failed though the catalog did not refuse it.

use super::{Fact, Outcome};
use crate::retention::SweepError;
use log::StoreError;
use wire::ErrorCode;

/// A new stream stands, and its logs do not: they are made with the first record, or at the next
/// start.
#[derive(Debug, thiserror::Error)]
#[error("a new stream has no logs yet")]
pub struct LogsMissing(#[source] pub StoreError);

impl Fact for LogsMissing {
    fn code(&self) -> ErrorCode {
        ErrorCode::InternalFailure
    }

    /// Whoever tries again is told that the stream exists.
    fn is_retryable(&self) -> bool {
        false
    }

    fn outcome(&self) -> Outcome {
        Outcome::Unknown
    }
}

/// The store could not be made ready for a longer retention: what time has hidden is to be durable
/// before, and the store to know for how long.
#[derive(Debug, thiserror::Error)]
#[error("the store is not ready for a longer retention")]
pub struct NotSwept(#[source] pub SweepError);

impl Fact for NotSwept {
    fn code(&self) -> ErrorCode {
        ErrorCode::InternalFailure
    }

    fn is_retryable(&self) -> bool {
        true
    }

    /// The retention is what it was.
    fn outcome(&self) -> Outcome {
        Outcome::NotApplied
    }
}
