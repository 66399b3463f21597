//! Facts about arguments that make no sense together or are out of bounds, whatever the state is.

use super::{Fact, Outcome};
use crate::catalog::StreamLabel;
use wire::ErrorCode;
use wire::types::ShardFilterType;

/// What is known to the service model and not to this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// CreateStream: records that the service spreads.
    AutomaticDistribution,
    /// CreateStream: throughput from the first moment.
    WarmThroughput,
}

/// Why a stream cannot be made like that.
#[derive(Debug, thiserror::Error)]
pub enum CapacityError {
    /// This server cannot do it yet.
    #[error("{0:?} is not supported")]
    Unsupported(Unsupported),
    /// The shards of an on-demand stream are not the caller's choice.
    #[error("a number of shards for an on-demand stream")]
    ShardsOnDemand,
    /// Those of a provisioned one are.
    #[error("no number of shards for a provisioned stream")]
    ShardsMissing,
    /// There are more than a stream may have.
    #[error("{shards} shards are more than {most}")]
    TooManyShards {
        /// How many there should be.
        shards: u32,
        /// The limit.
        most: u32,
    },
}

impl Fact for CapacityError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Unsupported(_) | Self::TooManyShards { .. } => {
                ErrorCode::InvalidArgumentException
            }
            Self::ShardsOnDemand | Self::ShardsMissing => ErrorCode::ValidationException,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Unsupported(_)
            | Self::ShardsOnDemand
            | Self::ShardsMissing
            | Self::TooManyShards { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::Unsupported(_)
            | Self::ShardsOnDemand
            | Self::ShardsMissing
            | Self::TooManyShards { .. } => Outcome::NotApplied,
        }
    }
}

/// What is done with tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagAct {
    /// They are set.
    Add,
    /// They go.
    Remove,
}

/// Why tags cannot be changed like that.
#[derive(Debug, thiserror::Error)]
pub enum TagError {
    /// More at once than a stream may have.
    #[error("more than {most} tags for {stream}")]
    TooMany {
        /// The stream.
        stream: StreamLabel,
        /// The limit.
        most: usize,
    },
    /// A character that no tag may have.
    #[error("a tag with a character that none may have")]
    Characters,
    /// A percent sign, which AWS lists as valid and refuses in words of its own.
    #[error("a tag of {stream} with a percent sign")]
    Percent {
        /// What was asked.
        act: TagAct,
        /// The stream.
        stream: StreamLabel,
    },
}

impl Fact for TagError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::TooMany { .. } | Self::Characters | Self::Percent { .. } => {
                ErrorCode::InvalidArgumentException
            }
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::TooMany { .. } | Self::Characters | Self::Percent { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::TooMany { .. } | Self::Characters | Self::Percent { .. } => Outcome::NotApplied,
        }
    }
}

/// Why a retention is none.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// Shorter than the shortest.
    #[error("{hours} hours are too few")]
    TooShort {
        /// As it was given.
        hours: i32,
    },
    /// Longer than the longest.
    #[error("{hours} hours are too many")]
    TooLong {
        /// As it was given.
        hours: i32,
    },
}

impl Fact for RetentionError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::TooShort { .. } | Self::TooLong { .. } => ErrorCode::InvalidArgumentException,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::TooShort { .. } | Self::TooLong { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::TooShort { .. } | Self::TooLong { .. } => Outcome::NotApplied,
        }
    }
}

/// The key of a split is above all keys.
#[derive(Debug, thiserror::Error)]
#[error("{key} is no hash key")]
pub struct SplitKeyTooLarge {
    /// As it was given.
    pub key: String,
}

impl Fact for SplitKeyTooLarge {
    fn code(&self) -> ErrorCode {
        ErrorCode::InvalidArgumentException
    }

    fn is_retryable(&self) -> bool {
        false
    }

    fn outcome(&self) -> Outcome {
        Outcome::NotApplied
    }
}

/// A member that a list takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListMember {
    /// The shard that the list begins after.
    ExclusiveStartShardId,
    /// When the stream was made.
    StreamCreationTimestamp,
}

/// A member of a filter of shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterMember {
    /// A shard.
    ShardId,
    /// A moment.
    Timestamp,
}

/// Why a list of shards makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Neither a token nor a stream.
    #[error("neither a token nor a stream")]
    NothingNamed,
    /// A token and a stream's name.
    #[error("a token and a name")]
    TokenAndName,
    /// A token, which says it already, and a member that says it too.
    #[error("a token and {0:?}")]
    TokenAnd(ListMember),
    /// The filter needs a member that is not there.
    #[error("a filter {kind:?} without {member:?}")]
    FilterNeeds {
        /// The filter's type.
        kind: ShardFilterType,
        /// The member.
        member: FilterMember,
    },
    /// The filter has a member that it does not take.
    #[error("a filter {kind:?} with {member:?}")]
    FilterTakesNo {
        /// The filter's type.
        kind: ShardFilterType,
        /// The member.
        member: FilterMember,
    },
}

impl Fact for ListError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NothingNamed
            | Self::TokenAndName
            | Self::TokenAnd(_)
            | Self::FilterNeeds { .. }
            | Self::FilterTakesNo { .. } => ErrorCode::InvalidArgumentException,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::NothingNamed
            | Self::TokenAndName
            | Self::TokenAnd(_)
            | Self::FilterNeeds { .. }
            | Self::FilterTakesNo { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::NothingNamed
            | Self::TokenAndName
            | Self::TokenAnd(_)
            | Self::FilterNeeds { .. }
            | Self::FilterTakesNo { .. } => Outcome::NotApplied,
        }
    }
}

/// The request would have succeeded, had it not been a trial.
#[derive(Debug, thiserror::Error)]
#[error("a trial that would have succeeded")]
pub struct DryRun;

impl Fact for DryRun {
    fn code(&self) -> ErrorCode {
        ErrorCode::DryRunOperationException
    }

    fn is_retryable(&self) -> bool {
        false
    }

    fn outcome(&self) -> Outcome {
        Outcome::NotApplied
    }
}

/// There is no key service to ask.
#[derive(Debug, thiserror::Error)]
#[error("there is no key service")]
pub struct NoKeyService;

impl Fact for NoKeyService {
    fn code(&self) -> ErrorCode {
        ErrorCode::KMSNotFoundException
    }

    fn is_retryable(&self) -> bool {
        false
    }

    fn outcome(&self) -> Outcome {
        Outcome::NotApplied
    }
}
