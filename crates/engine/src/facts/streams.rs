//! Facts about which stream a request means, and how that stream is.

use super::{Fact, Outcome};
use crate::catalog::{Status, StreamLabel};
use model::AccountId;
use wire::ErrorCode;

/// Why there is no stream to work on.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The request has neither name nor ARN.
    #[error("no stream is named")]
    NotNamed,
    /// The ARN is none.
    #[error("{arn} is no ARN of a stream")]
    InvalidArn {
        /// As it was given.
        arn: String,
    },
    /// The request has a name and an ARN of two streams.
    #[error("{name} is not the stream of {arn}")]
    NameAndArnDisagree {
        /// As it was given.
        name: String,
        /// As it was given.
        arn: String,
    },
    /// No such stream, or none that this operation can see.
    #[error("there is no stream {name} of account {account}")]
    NotFound {
        /// The name as it was given.
        name: String,
        /// The account that it was looked for in.
        account: AccountId,
    },
    /// The stream is not in a status in which it can be read.
    #[error("{stream} is {}", status.name())]
    NotActive {
        /// The stream.
        stream: StreamLabel,
        /// What it is instead.
        status: Status,
    },
    /// The stream has no shards that a caller could change.
    #[error("{operation} on {stream}, which is on demand")]
    OnDemand {
        /// The stream.
        stream: StreamLabel,
        /// What was asked.
        operation: &'static str,
    },
}

impl StreamError {
    /// Of a stream that was there, or is hidden.
    pub(crate) fn gone(stream: &StreamLabel) -> Self {
        Self::NotFound {
            name: stream.name.to_string(),
            account: stream.account.clone(),
        }
    }
}

impl Fact for StreamError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotNamed | Self::InvalidArn { .. } | Self::NameAndArnDisagree { .. } => {
                ErrorCode::InvalidArgumentException
            }
            Self::NotFound { .. } => ErrorCode::ResourceNotFoundException,
            Self::NotActive { .. } => ErrorCode::ResourceInUseException,
            Self::OnDemand { .. } => ErrorCode::ValidationException,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::NotActive { status, .. } => status.passes(),
            Self::NotNamed
            | Self::InvalidArn { .. }
            | Self::NameAndArnDisagree { .. }
            | Self::NotFound { .. }
            | Self::OnDemand { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::NotNamed
            | Self::InvalidArn { .. }
            | Self::NameAndArnDisagree { .. }
            | Self::NotFound { .. }
            | Self::NotActive { .. }
            | Self::OnDemand { .. } => Outcome::NotApplied,
        }
    }
}
