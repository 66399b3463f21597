//! Facts about starting positions in a shard.

use super::{Fact, Outcome};
use crate::catalog::StreamLabel;
use millstream_env::Timestamp;
use millstream_model::ShardId;
use millstream_protocol::ErrorCode;
use millstream_protocol::types::ShardIteratorType;

/// Whether a request has a starting sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It has one.
    Given,
    /// It has none.
    Absent,
}

/// A sequence number, and its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberUse {
    /// Its digits.
    pub number: String,
    /// The operation that it was given to.
    pub operation: &'static str,
    /// The shard that it was given for.
    pub shard: ShardId,
    /// Its stream.
    pub stream: StreamLabel,
}

/// Why a position is invalid.
#[derive(Debug, thiserror::Error)]
pub enum PositionError {
    /// The position's type and the presence of a number contradict each other.
    #[error("a position of type {kind:?}, with a number {number:?}")]
    NumberOrType {
        /// The position's type.
        kind: ShardIteratorType,
        /// Whether there is a number.
        number: Presence,
    },
    /// The type requires a time.
    #[error("a position of type {kind:?} without a moment")]
    MomentMissing {
        /// The position's type.
        kind: ShardIteratorType,
    },
    /// The time is in the future.
    #[error("{given:?} is after {latest:?}")]
    MomentInFuture {
        /// As given.
        given: Timestamp,
        /// The latest allowed time.
        latest: Timestamp,
    },
    /// The number is 0, on which AWS fails if it is given for the first shard.
    #[error("the number 0")]
    NumberZero,
    /// The number is malformed.
    #[error("{} is no sequence number", given.number)]
    NumberInvalid {
        /// The number as given.
        given: NumberUse,
    },
    /// The number was not issued by this stream.
    #[error("{} is of another stream", printed.number)]
    NumberOfOtherStream {
        /// The number as AWS prints it.
        printed: NumberUse,
    },
    /// The number was issued by another shard.
    #[error("{} is of shard {encoded}", given.number)]
    NumberOfOtherShard {
        /// The number as given.
        given: NumberUse,
        /// The index of the shard that issued it, below zero in no number that was.
        encoded: i32,
    },
    /// Nothing can come after the number: it is the last of a shard.
    #[error("nothing comes after a shard's last number")]
    NumberIsLast,
}

impl Fact for PositionError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NumberOrType { .. }
            | Self::MomentMissing { .. }
            | Self::MomentInFuture { .. }
            | Self::NumberInvalid { .. }
            | Self::NumberOfOtherStream { .. }
            | Self::NumberOfOtherShard { .. }
            | Self::NumberIsLast => ErrorCode::InvalidArgumentException,
            Self::NumberZero => ErrorCode::InternalFailure,
        }
    }

    fn is_retryable(&self) -> bool {
        false
    }

    fn outcome(&self) -> Outcome {
        Outcome::NotApplied
    }
}
