//! Facts about a step of an operation that failed though the catalog did not refuse it.

use super::{ChangeError, Fact, Outcome, ReadFailure};
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

/// Why expiry was not brought up to date in the store. Doing it again is safe.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A shard cannot be read.
    #[error(transparent)]
    Read(#[from] ReadFailure),
    /// The store did not give up what is hidden, or did not hear of a longer retention.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The catalog did not forget expired shards.
    #[error(transparent)]
    Change(#[from] ChangeError),
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
