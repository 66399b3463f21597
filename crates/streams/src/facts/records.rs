//! Facts about records: why one is not put, and why none is read.

use super::{DataKeyFailure, Fact, Outcome};
use crate::catalog::StreamLabel;
use crate::put::{NotPut, PutError};
use millstream_model::ShardId;
use millstream_protocol::ErrorCode;
use millstream_store::{LogId, ReadError};

/// Why a record cannot be put, whatever the state of its shard.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It has no partition key.
    #[error("a record for {stream} without a partition key")]
    NoPartitionKey {
        /// The stream.
        stream: StreamLabel,
    },
    /// The explicit hash key is invalid.
    #[error("{key} is no hash key")]
    ExplicitHashKey {
        /// As given.
        key: String,
    },
    /// The number for ordering was not issued by the stream.
    #[error("{number} was not given out by {stream}")]
    NumberForOrdering {
        /// As given.
        number: String,
        /// The stream.
        stream: StreamLabel,
    },
    /// A number for ordering, where the service distributes the records.
    #[error("{number} is to order records of {stream}, which the service distributes")]
    OrderingUnderAuto {
        /// As given.
        number: String,
        /// The stream.
        stream: StreamLabel,
    },
    /// Some exceed the stream's maximum size, each with its partition key.
    #[error("{which:?} has more than {bytes_max} bytes")]
    TooLarge {
        /// Which of the call's.
        which: Oversized,
        /// The stream's limit.
        bytes_max: u64,
    },
    /// The records of a call exceed the maximum total size.
    #[error("{bytes} bytes of records are more than {bytes_max}")]
    CallTooLarge {
        /// Data and partition keys.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
}

/// The records of a call that are too large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oversized {
    /// The only one.
    Record,
    /// Some of many, by their indexes.
    Entries(Vec<usize>),
}

impl Fact for RecordError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoPartitionKey { .. }
            | Self::ExplicitHashKey { .. }
            | Self::NumberForOrdering { .. }
            | Self::OrderingUnderAuto { .. }
            | Self::CallTooLarge { .. } => ErrorCode::InvalidArgumentException,
            Self::TooLarge { .. } => ErrorCode::ValidationException,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::NoPartitionKey { .. }
            | Self::ExplicitHashKey { .. }
            | Self::NumberForOrdering { .. }
            | Self::OrderingUnderAuto { .. }
            | Self::TooLarge { .. }
            | Self::CallTooLarge { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::NoPartitionKey { .. }
            | Self::ExplicitHashKey { .. }
            | Self::NumberForOrdering { .. }
            | Self::OrderingUnderAuto { .. }
            | Self::TooLarge { .. }
            | Self::CallTooLarge { .. } => Outcome::NotApplied,
        }
    }
}

/// A shard's budget for writes is exhausted.
#[derive(Debug, thiserror::Error)]
#[error("the budget for writes of {shard} of {stream} is used up")]
pub struct Throttled {
    /// The shard.
    pub shard: ShardId,
    /// The stream.
    pub stream: StreamLabel,
}

impl Fact for Throttled {
    fn code(&self) -> ErrorCode {
        ErrorCode::ProvisionedThroughputExceededException
    }

    fn is_retryable(&self) -> bool {
        true
    }

    fn outcome(&self) -> Outcome {
        Outcome::NotApplied
    }
}

/// A shard's budget for reads is exhausted.
#[derive(Debug, thiserror::Error)]
#[error("the budget for reads of {shard} of {stream} is used up")]
pub struct ReadThrottled {
    /// The shard.
    pub shard: ShardId,
    /// The stream.
    pub stream: StreamLabel,
}

impl Fact for ReadThrottled {
    fn code(&self) -> ErrorCode {
        ErrorCode::ProvisionedThroughputExceededException
    }

    fn is_retryable(&self) -> bool {
        true
    }

    fn outcome(&self) -> Outcome {
        Outcome::NotApplied
    }
}

/// Why a valid record was not acknowledged. The store's reason was logged already.
#[derive(Debug, thiserror::Error)]
pub enum PutFailure {
    /// It is in no shard, and never will be.
    #[error("a record was not put: {0}")]
    NotPut(NotPut),
    /// It may be in its shard, now or later.
    #[error("it is unknown whether a record was put")]
    Unknown,
}

impl Fact for PutFailure {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotPut(_) | Self::Unknown => ErrorCode::InternalFailure,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::NotPut(NotPut::Full | NotPut::Refused | NotPut::NoShard | NotPut::NoKey)
            | Self::Unknown => true,
            Self::NotPut(NotPut::StreamGone | NotPut::TooLarge) => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::NotPut(_) => Outcome::NotApplied,
            Self::Unknown => Outcome::Unknown,
        }
    }
}

super::operation_facts! {
    /// Why one record was not acknowledged, as in its result.
    EntryError {
        /// Its shard's budget is exhausted.
        Throttled(Throttled),
        /// An internal failure.
        Failed(PutFailure),
    }
}

impl EntryError {
    /// Converts a put's error for a record of this stream. Does not allocate.
    pub(crate) fn new(error: PutError, stream: &StreamLabel) -> Self {
        match error {
            PutError::Throttled(shard) => Self::Throttled(Throttled {
                shard,
                stream: stream.clone(),
            }),
            PutError::NotPut(why) => Self::Failed(PutFailure::NotPut(why)),
            PutError::Unknown => Self::Failed(PutFailure::Unknown),
        }
    }
}

/// Why a read of a shard failed, or its end was not found.
#[derive(Debug, thiserror::Error)]
pub enum ReadFailure {
    /// There is no memory for its result, or too many reads wait for the disk. Nothing is wrong
    /// with the shard.
    #[error("too many reads at once")]
    Busy,
    /// The store failed.
    #[error("a shard cannot be read")]
    Store(#[from] ReadError),
    /// A record is newer than this build.
    #[error("a shard cannot be read")]
    UnknownForm(#[from] UnknownForm),
    /// A record's data key cannot be used.
    #[error(transparent)]
    DataKey(#[from] DataKeyFailure),
}

/// A record's form is newer than this build.
#[derive(Debug, thiserror::Error)]
#[error("a record of log {log} has a form that is not known here")]
pub struct UnknownForm {
    /// The log.
    pub log: LogId,
}

impl Fact for ReadFailure {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Busy => ErrorCode::ServiceUnavailable,
            Self::Store(_) | Self::UnknownForm(_) => ErrorCode::InternalFailure,
            Self::DataKey(failure) => failure.code(),
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Busy | Self::Store(ReadError::NoSuchLog(_) | ReadError::Io(_)) => true,
            Self::Store(ReadError::Damaged { .. }) | Self::UnknownForm(_) => false,
            Self::DataKey(failure) => failure.is_retryable(),
        }
    }

    /// Nothing is changed before everything that has to be read was read.
    fn outcome(&self) -> Outcome {
        match self {
            Self::Busy | Self::Store(_) | Self::UnknownForm(_) | Self::DataKey(_) => {
                Outcome::NotApplied
            }
        }
    }
}
