//! Facts about consumers and their subscriptions.

use super::{Fact, Outcome};
use crate::catalog::{ConsumerStatus, StreamLabel};
use millstream_model::{AccountId, ConsumerName, ShardId};
use millstream_protocol::ErrorCode;

/// Why there is no consumer, or no subscription for it.
#[derive(Debug, thiserror::Error)]
pub enum ConsumerError {
    /// The request has neither its ARN nor a stream and a name.
    #[error("no consumer is named")]
    NotNamed,
    /// The ARN is invalid.
    #[error("{arn} is no ARN of a consumer")]
    InvalidArn {
        /// As given.
        arn: String,
    },
    /// The request names two different consumers.
    #[error("{arn} is not the consumer of that stream and name")]
    ReferencesDisagree {
        /// As given.
        arn: String,
    },
    /// The stream has no consumer with that name.
    #[error("there is no consumer {consumer} of {stream}")]
    NotFound {
        /// As given.
        consumer: String,
        /// The stream.
        stream: StreamLabel,
    },
    /// There is no consumer with that ARN: it never existed, or was registered anew since.
    #[error("there is no consumer {arn}")]
    ArnNotFound {
        /// The ARN.
        arn: String,
        /// The account that was searched.
        account: AccountId,
    },
    /// The consumer's status does not allow a subscription.
    #[error("consumer {consumer} of {stream} is not active")]
    NotActive {
        /// Its name.
        consumer: ConsumerName,
        /// The second in its ARN.
        arn_s: u64,
        /// Its status.
        status: ConsumerStatus,
        /// The stream.
        stream: StreamLabel,
    },
    /// The consumer's seat at the shard was taken a moment ago, or is now taken by another call.
    #[error("consumer {consumer} of {stream} has another subscription to {shard}")]
    SeatTaken {
        /// Its name.
        consumer: ConsumerName,
        /// The shard.
        shard: ShardId,
        /// The stream.
        stream: StreamLabel,
    },
    /// There are as many subscriptions as there may be, of all accounts or of the stream's.
    #[error("there are too many subscriptions for one more, of {consumer} of {stream} to {shard}")]
    TooManySubscriptions {
        /// Its name.
        consumer: ConsumerName,
        /// The shard.
        shard: ShardId,
        /// The stream.
        stream: StreamLabel,
    },
    /// The consumer calls too often.
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
            Self::TooFast { .. } | Self::TooManySubscriptions { .. } => {
                ErrorCode::LimitExceededException
            }
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::NotActive { status, .. } => status.passes(),
            Self::SeatTaken { .. } | Self::TooFast { .. } | Self::TooManySubscriptions { .. } => {
                true
            }
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
            | Self::TooManySubscriptions { .. }
            | Self::TooFast { .. } => Outcome::NotApplied,
        }
    }
}
