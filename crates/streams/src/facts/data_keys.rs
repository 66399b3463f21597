//! Facts about data keys: why no record can be sealed or opened.

use super::{Fact, KeyError, Outcome};
use millstream_protocol::ErrorCode;

/// Why a data key of a stream cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataKeyFailure {
    /// The server has no key service.
    #[error("the server has no key service")]
    NoService,
    /// The key service did not do as asked.
    #[error(transparent)]
    Service(#[from] KeyError),
    /// The stream's KMS key was changed again and again meanwhile.
    #[error("the stream's key was changed meanwhile")]
    KmsKeyChanges,
    /// The catalog did not take a new data key.
    #[error("the catalog did not take a new data key: {why}")]
    NotAdded {
        /// For the log.
        why: String,
    },
    /// The catalog does not have the data key of a record.
    #[error("there is no data key {number}")]
    Missing {
        /// Its number.
        number: u32,
    },
}

impl Fact for DataKeyFailure {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoService => ErrorCode::KMSNotFoundException,
            Self::Service(error) => error.code(),
            Self::KmsKeyChanges | Self::NotAdded { .. } | Self::Missing { .. } => {
                ErrorCode::InternalFailure
            }
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Service(error) => error.is_retryable(),
            Self::KmsKeyChanges | Self::NotAdded { .. } => true,
            Self::NoService | Self::Missing { .. } => false,
        }
    }

    fn outcome(&self) -> Outcome {
        match self {
            Self::NoService
            | Self::Service(_)
            | Self::KmsKeyChanges
            | Self::NotAdded { .. }
            | Self::Missing { .. } => Outcome::NotApplied,
        }
    }
}
