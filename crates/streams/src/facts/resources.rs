//! Facts about a resource that a request names by its ARN alone, whatever its kind.

use super::{Fact, Outcome};
use millstream_protocol::ErrorCode;

/// Why an ARN names no stream and no consumer.
#[derive(Debug, thiserror::Error)]
pub enum ResourceError {
    /// The request has no ARN.
    #[error("no resource is named")]
    NotNamed,
    /// The ARN is invalid.
    #[error("{arn} is no ARN of a resource")]
    InvalidArn {
        /// As given.
        arn: String,
    },
    /// There is no queue with that ARN.
    #[error("there is no queue {arn}")]
    QueueNotFound {
        /// As given.
        arn: String,
    },
    /// There is no channel with that ARN.
    #[error("there is no channel {arn}")]
    ChannelNotFound {
        /// As given.
        arn: String,
    },
    /// A channel has no policy.
    #[error("a policy of the channel {arn}")]
    PolicyOfChannel {
        /// As given.
        arn: String,
    },
}

impl Fact for ResourceError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotNamed | Self::InvalidArn { .. } | Self::PolicyOfChannel { .. } => {
                ErrorCode::InvalidArgumentException
            }
            Self::QueueNotFound { .. } | Self::ChannelNotFound { .. } => {
                ErrorCode::ResourceNotFoundException
            }
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::NotNamed
            | Self::InvalidArn { .. }
            | Self::QueueNotFound { .. }
            | Self::ChannelNotFound { .. }
            | Self::PolicyOfChannel { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::NotNamed
            | Self::InvalidArn { .. }
            | Self::QueueNotFound { .. }
            | Self::ChannelNotFound { .. }
            | Self::PolicyOfChannel { .. } => Outcome::NotApplied,
        }
    }
}
