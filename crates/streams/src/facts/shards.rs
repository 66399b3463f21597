//! Facts about the shard that a request means.

use super::{Fact, Outcome};
use crate::catalog::StreamLabel;
use millstream_model::ShardId;
use millstream_protocol::ErrorCode;

/// Why there is no shard to work on.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// The text is not a shard id.
    #[error("{id} is no id of a shard of {stream}")]
    NoId {
        /// As given.
        id: String,
        /// The stream that it was given with, which need not exist.
        stream: StreamLabel,
    },
    /// The stream has no such shard: it never existed, or has expired.
    #[error("there is no {shard} of {stream}")]
    NotFound {
        /// The shard.
        shard: ShardId,
        /// The stream.
        stream: StreamLabel,
    },
}

impl Fact for ShardError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoId { .. } | Self::NotFound { .. } => ErrorCode::ResourceNotFoundException,
        }
    }

    fn is_retryable(&self) -> bool {
        false
    }

    fn outcome(&self) -> Outcome {
        Outcome::NotApplied
    }
}
