//! Facts about a step of an operation that failed though the catalog did not refuse it.

use super::{Fact, Outcome};
use crate::retention::SweepError;
use log::StoreError;
use wire::ErrorCode;

/// A new stream stands, and its logs do not: they are made with the first record, or at the next start.
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

/// What time has hidden could not be made durable, and so the retention not be longer.
#[derive(Debug, thiserror::Error)]
#[error("no expiry before a longer retention")]
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
