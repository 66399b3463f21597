//! Facts about the stream that a request means, and its status.

use super::{Fact, Outcome};
use crate::catalog::{Status, StreamLabel};
use millstream_model::AccountId;
use millstream_protocol::ErrorCode;

/// Why there is no stream to work on.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The request has neither name nor ARN.
    #[error("no stream is named")]
    NotNamed,
    /// The request has no ARN, and nothing else names a stream to this operation.
    #[error("no ARN of a stream is given")]
    ArnMissing,
    /// The ARN is invalid.
    #[error("{arn} is no ARN of a stream")]
    InvalidArn {
        /// As given.
        arn: String,
    },
    /// The request has a name and an ARN of different streams.
    #[error("{name} is not the stream of {arn}")]
    NameAndArnDisagree {
        /// As given.
        name: String,
        /// As given.
        arn: String,
    },
    /// The stream does not exist, or is invisible to this operation.
    #[error("there is no stream {name} of account {account}")]
    NotFound {
        /// The name as given.
        name: String,
        /// The account that was searched.
        account: AccountId,
    },
    /// The stream's status does not allow the operation, which needs an ACTIVE one.
    #[error("{stream} is {}", status.name())]
    NotActive {
        /// The stream.
        stream: StreamLabel,
        /// Its status.
        status: Status,
    },
    /// The stream's status does not allow reading, for which it must be ACTIVE or UPDATING.
    #[error("{stream} is {}", status.name())]
    NotReadable {
        /// The stream.
        stream: StreamLabel,
        /// Its status.
        status: Status,
    },
    /// The stream's shards cannot be changed by a caller.
    #[error("{operation} on {stream}, which is on demand")]
    OnDemand {
        /// The stream.
        stream: StreamLabel,
        /// The requested operation.
        operation: &'static str,
    },
}

impl StreamError {
    /// The fact about a stream that was deleted, or is hidden.
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
            Self::NotNamed
            | Self::ArnMissing
            | Self::InvalidArn { .. }
            | Self::NameAndArnDisagree { .. } => ErrorCode::InvalidArgumentException,
            Self::NotFound { .. } => ErrorCode::ResourceNotFoundException,
            Self::NotActive { .. } | Self::NotReadable { .. } => ErrorCode::ResourceInUseException,
            Self::OnDemand { .. } => ErrorCode::ValidationException,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::NotActive { status, .. } | Self::NotReadable { status, .. } => status.passes(),
            Self::NotNamed
            | Self::ArnMissing
            | Self::InvalidArn { .. }
            | Self::NameAndArnDisagree { .. }
            | Self::NotFound { .. }
            | Self::OnDemand { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::NotNamed
            | Self::ArnMissing
            | Self::InvalidArn { .. }
            | Self::NameAndArnDisagree { .. }
            | Self::NotFound { .. }
            | Self::NotActive { .. }
            | Self::NotReadable { .. }
            | Self::OnDemand { .. } => Outcome::NotApplied,
        }
    }
}
