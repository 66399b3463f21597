//! What becomes of a record that was to be put.

use crate::catalog::Numbering;
use crate::facts::Outcome;
use millstream_env::Timestamp;
use millstream_model::{SequenceNumber, ShardId};
use millstream_store::Offset;

/// Where a record was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The shard.
    pub shard: ShardId,
    /// The record's number in it.
    pub number: SequenceNumber,
}

impl Placed {
    /// Of the record that a shard's log holds at an offset since it arrived.
    pub(super) fn at(shard: &Numbering, offset: Offset, arrival: Timestamp) -> Self {
        Self {
            shard: shard.id(),
            number: shard.sequence_number(offset, arrival),
        }
    }
}

/// Why a record was not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutError {
    /// The shard's budget is exhausted. Not applied.
    Throttled(ShardId),
    /// It is in no shard, and never will be.
    NotPut(NotPut),
    /// It may be in its shard, now or later.
    Unknown,
}

/// Why a record is certainly not in a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPut {
    /// The stream was deleted.
    #[error("the stream is gone")]
    StreamGone,
    /// Its shard was closed, and no other replaced it in time.
    #[error("no shard took it in time")]
    NoShard,
    /// Its shard was closed, and its key could not be used to seal it for another one.
    #[error("its key cannot be used")]
    NoKey,
    /// The store is full for now.
    #[error("the store takes no more for now")]
    Full,
    /// The batch exceeds the store's maximum.
    #[error("the store never takes so much at once")]
    TooLarge,
    /// The store refused it for another reason.
    #[error("the store refused it")]
    Refused,
}

impl PutError {
    /// The initial state of a record.
    pub(super) const NOT_YET: Self = Self::NotPut(NotPut::NoShard);

    /// Whether the record may have been put all the same.
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Throttled(_) | Self::NotPut(_) => Outcome::NotApplied,
            Self::Unknown => Outcome::Unknown,
        }
    }
}

/// What became of a record.
/// What became of a record of a put.
pub type PutResult = Result<Placed, PutError>;
