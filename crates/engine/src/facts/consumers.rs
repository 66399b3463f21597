//! Facts about consumers and their subscriptions.

use super::{Fact, Outcome};
use crate::catalog::{ConsumerStatus, StreamLabel};
use model::{ConsumerName, ShardId};
use wire::ErrorCode;

/// Why there is no consumer to work on, or no subscription for it.
#[derive(Debug, thiserror::Error)]
pub enum ConsumerError {
    /// The request has neither its ARN nor stream and name.
    #[error("no consumer is named")]
    NotNamed,
    /// The ARN is none.
    #[error("{arn} is no ARN of a consumer")]
    InvalidArn {
        /// As it was given.
        arn: String,
    },
    /// The request names two consumers.
    #[error("{arn} is not the consumer of that stream and name")]
    ReferencesDisagree {
        /// As it was given.
        arn: String,
    },
    /// The stream has no consumer of that name.
    #[error("there is no consumer {consumer} of {stream}")]
    NotFound {
        /// As it was given.
        consumer: String,
        /// The stream.
        stream: StreamLabel,
    },
    /// There is no consumer of that ARN: there never was one, or it was made anew since.
    #[error("there is no consumer {arn}")]
    ArnNotFound {
        /// The ARN.
        arn: String,
    },
    /// The consumer is not in a status in which it may subscribe.
    #[error("consumer {consumer} of {stream} is not active")]
    NotActive {
        /// Its name.
        consumer: ConsumerName,
        /// The second in its ARN.
        arn_s: u64,
        /// What it is instead.
        status: ConsumerStatus,
        /// The stream.
        stream: StreamLabel,
    },
    /// The consumer's seat at the shard was taken a moment ago, or is taken now by another.
    #[error("consumer {consumer} of {stream} has another subscription to {shard}")]
    SeatTaken {
        /// Its name.
        consumer: ConsumerName,
        /// The shard.
        shard: ShardId,
        /// The stream.
        stream: StreamLabel,
    },
    /// The consumer calls too fast.
    #[error("consumer {consumer} of {stream} subscribes to {shard} too often")]
    TooFast {
        /// Its name.
        consumer: ConsumerName,
        /// The shard.
        shard: ShardId,
        /// The stream.
        stream: StreamLabel,
    },
}

impl Fact for ConsumerError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotNamed | Self::InvalidArn { .. } | Self::ReferencesDisagree { .. } => {
                ErrorCode::InvalidArgumentException
            }
            Self::NotFound { .. } | Self::ArnNotFound { .. } => {
                ErrorCode::ResourceNotFoundException
            }
            Self::NotActive { .. } | Self::SeatTaken { .. } => ErrorCode::ResourceInUseException,
            Self::TooFast { .. } => ErrorCode::LimitExceededException,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::NotActive { status, .. } => match status {
                ConsumerStatus::Creating | ConsumerStatus::Active => true,
                ConsumerStatus::Deleting | ConsumerStatus::Gone => false,
            },
            Self::SeatTaken { .. } | Self::TooFast { .. } => true,
            Self::NotNamed
            | Self::InvalidArn { .. }
            | Self::ReferencesDisagree { .. }
            | Self::NotFound { .. }
            | Self::ArnNotFound { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::NotNamed
            | Self::InvalidArn { .. }
            | Self::ReferencesDisagree { .. }
            | Self::NotFound { .. }
            | Self::ArnNotFound { .. }
            | Self::NotActive { .. }
            | Self::SeatTaken { .. }
            | Self::TooFast { .. } => Outcome::NotApplied,
        }
    }
}
