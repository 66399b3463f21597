//! Facts about a failed step of an operation that the catalog did not refuse.

use super::{ChangeError, Fact, Outcome, ReadFailure};
use millstream_protocol::ErrorCode;
use millstream_store::StoreError;

/// A new stream was created without its logs: they are created with the first record, or at the
/// next start.
#[derive(Debug, thiserror::Error)]
#[error("a new stream has no logs yet")]
pub struct LogsMissing(#[source] pub StoreError);

impl Fact for LogsMissing {
    fn code(&self) -> ErrorCode {
        ErrorCode::InternalFailure
    }

    /// A retry is told that the stream exists.
    fn is_retryable(&self) -> bool {
        false
    }

    fn outcome(&self) -> Outcome {
        Outcome::Unknown
    }
}

/// Why expiry was not brought up to date in the store. Retrying is safe.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A shard cannot be read.
    #[error(transparent)]
    Read(#[from] ReadFailure),
    /// The store failed to trim what is hidden, or to learn of a longer retention.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The catalog did not forget expired shards.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

/// The store could not be prepared for a longer retention: expiry must first be durable, and the
/// store be told the new period.
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

    /// The retention is unchanged.
    fn outcome(&self) -> Outcome {
        Outcome::NotApplied
    }
}
