//! Facts about which stream a request means, and how that stream is.

use super::{Fact, Outcome};
use crate::catalog::StreamLabel;
use model::AccountId;
use wire::ErrorCode;

/// Why there is no stream to work on.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// No such stream, or none that this operation can see.
    #[error("there is no stream {name} of account {account}")]
    NotFound {
        /// The name as it was given.
        name: String,
        /// The account that it was looked for in.
        account: AccountId,
    },
}

impl StreamError {
    /// Of a stream that was there.
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
            Self::NotFound { .. } => ErrorCode::ResourceNotFoundException,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::NotFound { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::NotFound { .. } => Outcome::NotApplied,
        }
    }
}
