//! Facts about arguments that are inconsistent or out of bounds, whatever the state.

use super::{Fact, Outcome};
use crate::catalog::{ResourceLabel, StreamLabel};
use millstream_model::{HashRange, ShardId};
use millstream_protocol::ErrorCode;
use millstream_protocol::types::ShardFilterType;

/// Why a stream cannot be created with this capacity.
#[derive(Debug, thiserror::Error)]
pub enum CapacityError {
    /// The records of a provisioned stream are not distributed by the service.
    #[error("records of {stream}, which is provisioned, distributed by the service")]
    AutoProvisioned {
        /// The stream.
        stream: StreamLabel,
    },
    /// A provisioned stream is not prepared for throughput.
    #[error("warm throughput for a provisioned stream")]
    WarmProvisioned,
    /// The shard count of an on-demand stream must not be given.
    #[error("a number of shards for an on-demand stream")]
    ShardsOnDemand,
    /// The shard count of a provisioned stream must be given.
    #[error("no number of shards for a provisioned stream")]
    ShardsMissing,
    /// It exceeds the maximum of a stream.
    #[error("{shards} shards are more than {most}")]
    TooManyShards {
        /// The requested number.
        shards: u32,
        /// The limit.
        most: u32,
    },
}

impl Fact for CapacityError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::AutoProvisioned { .. } | Self::WarmProvisioned | Self::TooManyShards { .. } => {
                ErrorCode::InvalidArgumentException
            }
            Self::ShardsOnDemand | Self::ShardsMissing => ErrorCode::ValidationException,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::AutoProvisioned { .. }
            | Self::WarmProvisioned
            | Self::ShardsOnDemand
            | Self::ShardsMissing
            | Self::TooManyShards { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::AutoProvisioned { .. }
            | Self::WarmProvisioned
            | Self::ShardsOnDemand
            | Self::ShardsMissing
            | Self::TooManyShards { .. } => Outcome::NotApplied,
        }
    }
}

/// An operation on tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagAct {
    /// Setting.
    Add,
    /// Removal.
    Remove,
}

/// Why tags cannot be changed in this way.
#[derive(Debug, thiserror::Error)]
pub enum TagError {
    /// More than a resource may have.
    #[error("more than {most} tags for {resource}")]
    TooMany {
        /// The resource.
        resource: ResourceLabel,
        /// The limit.
        most: usize,
    },
    /// A character that is not allowed in tags.
    #[error("a tag with a character that none may have")]
    Characters,
    /// A percent sign, which AWS lists as valid and rejects with another text.
    #[error("a tag of {resource} with a percent sign")]
    Percent {
        /// The requested operation.
        act: TagAct,
        /// The resource.
        resource: ResourceLabel,
    },
    /// A key with the prefix of the tags that AWS sets.
    #[error("a tag of {resource} with the reserved prefix of {key}")]
    Reserved {
        /// The requested operation.
        act: TagAct,
        /// The key.
        key: String,
        /// The resource.
        resource: ResourceLabel,
    },
}

impl Fact for TagError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::TooMany { .. }
            | Self::Characters
            | Self::Percent { .. }
            | Self::Reserved { .. } => ErrorCode::InvalidArgumentException,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::TooMany { .. }
            | Self::Characters
            | Self::Percent { .. }
            | Self::Reserved { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::TooMany { .. }
            | Self::Characters
            | Self::Percent { .. }
            | Self::Reserved { .. } => Outcome::NotApplied,
        }
    }
}

/// Why a retention is invalid.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// Below the minimum.
    #[error("{hours} hours are too few")]
    TooShort {
        /// As given.
        hours: i32,
    },
    /// Above the maximum.
    #[error("{hours} hours are too many")]
    TooLong {
        /// As given.
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

/// The key of a split is none, and so beyond every shard.
#[derive(Debug, thiserror::Error)]
#[error("{key} is no hash key to split {shard} of {stream} at")]
pub struct SplitKeyTooLarge {
    /// As given.
    pub key: String,
    /// The shard.
    pub shard: ShardId,
    /// The shard's range.
    pub range: HashRange,
    /// The stream.
    pub stream: StreamLabel,
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
    /// The stream's name.
    StreamName,
    /// The stream's ARN.
    StreamArn,
    /// The shard to continue after.
    ExclusiveStartShardId,
    /// When the stream was created.
    StreamCreationTimestamp,
}

/// A member of a shard filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterMember {
    /// A shard.
    ShardId,
    /// A time.
    Timestamp,
}

/// Why a list request is invalid.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Neither a token nor a stream.
    #[error("neither a token nor a stream")]
    NothingNamed,
    /// A token, together with a member that the token already determines.
    #[error("a token and {0:?}")]
    TokenAnd(ListMember),
    /// The filter lacks a member.
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
            | Self::TokenAnd(_)
            | Self::FilterNeeds { .. }
            | Self::FilterTakesNo { .. } => ErrorCode::InvalidArgumentException,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::NothingNamed
            | Self::TokenAnd(_)
            | Self::FilterNeeds { .. }
            | Self::FilterTakesNo { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::NothingNamed
            | Self::TokenAnd(_)
            | Self::FilterNeeds { .. }
            | Self::FilterTakesNo { .. } => Outcome::NotApplied,
        }
    }
}

/// The request would have succeeded, had it not been a dry run.
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
