//! Why an engine did not open.

use crate::catalog::ProposeError;
use crate::token::KeepError;
use millstream_kms::KeyError;
use millstream_replicated::{CatchUpError, CollectError, ReplayError};

/// Why an engine cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The catalog cannot be read, or contains something unknown to this version.
    #[error("the catalog cannot be used")]
    Catalog(#[from] ReplayError),
    /// The catalog did not accept a change needed at start.
    #[error("the catalog cannot be changed")]
    Change(#[from] ProposeError),
    /// A key for tokens cannot be unwrapped now.
    #[error("a key for tokens cannot be unwrapped")]
    KeyNotUnwrapped(#[source] KeyError),
    /// A new key for tokens cannot be made.
    #[error("a key for tokens cannot be made")]
    KeyNotMade(#[source] KeyError),
    /// The store did not accept a change needed at start.
    #[error("the store cannot be used")]
    Store(#[from] millstream_store::StoreError),
    /// Orphaned logs could not be found or removed.
    #[error("orphaned logs cannot be collected")]
    Orphans(#[from] CollectError),
    /// It is unknown whether the catalog is up to date here.
    #[error("the catalog is behind its log")]
    Behind(#[from] CatchUpError),
}

impl From<KeepError> for OpenError {
    fn from(error: KeepError) -> Self {
        match error {
            KeepError::Change(error) => error.into(),
            KeepError::Unwrap(error) => Self::KeyNotUnwrapped(error),
            KeepError::Make(error) => Self::KeyNotMade(error),
        }
    }
}
