//! Why a key could not be used, as facts.

use super::{Fact, Outcome, any_of};
use millstream_kms::KeyError;
use millstream_protocol::ErrorCode;

any_of! {
    /// A key that is needed cannot be used.
    KeyFailure {
        /// There is no key service.
        NoService(NoKeyService),
        /// What is given names no key.
        Malformed(MalformedKeyId),
        /// The key service did not do as asked.
        Service(KeyError),
    }
}

/// There is no key service.
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

/// A `KeyId` in none of the forms that name a key.
#[derive(Debug, thiserror::Error)]
#[error("{key_id} names no key")]
pub struct MalformedKeyId {
    /// As it was given.
    pub key_id: String,
}

/// AWS KMS finds no such key.
impl Fact for MalformedKeyId {
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

impl Fact for KeyError {
    fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound { .. } => ErrorCode::KMSNotFoundException,
            Self::Disabled { .. } => ErrorCode::KMSDisabledException,
            Self::InvalidState { .. } => ErrorCode::KMSInvalidStateException,
            Self::AccessDenied { .. } => ErrorCode::KMSAccessDeniedException,
            Self::OptInRequired => ErrorCode::KMSOptInRequired,
            Self::Throttled => ErrorCode::KMSThrottlingException,
            Self::MaterialMissing { .. } | Self::Unavailable { .. } => ErrorCode::InternalFailure,
        }
    }

    fn is_retryable(&self) -> bool {
        match self {
            Self::Throttled | Self::MaterialMissing { .. } | Self::Unavailable { .. } => true,
            Self::NotFound { .. }
            | Self::Disabled { .. }
            | Self::InvalidState { .. }
            | Self::AccessDenied { .. }
            | Self::OptInRequired => false,
        }
    }

    /// Without its key nothing is put, changed or read.
    fn outcome(&self) -> Outcome {
        Outcome::NotApplied
    }
}

/// Encryption without a key was asked for, by an operation that is about encryption with one.
#[derive(Debug, thiserror::Error)]
#[error("encryption of type NONE was asked for")]
pub struct NoneRequested;

impl Fact for NoneRequested {
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
