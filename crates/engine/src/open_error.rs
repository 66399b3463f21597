//! Why an engine did not open.

use crate::catalog::ProposeError;
use millstream_replicated::{CatchUpError, CollectError, ReplayError};

/// Why an engine did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The catalog cannot be read, or holds what this version does not know.
    #[error("the catalog cannot be used")]
    Catalog(#[from] ReplayError),
    /// The catalog did not take what has to be changed at the start.
    #[error("the catalog cannot be changed")]
    Change(#[from] ProposeError),
    /// The store did not take what has to be done at the start.
    #[error("the store cannot be used")]
    Store(#[from] log::StoreError),
    /// Logs that nobody needs any more cannot be found, or not be removed.
    #[error("orphaned logs cannot be collected")]
    Orphans(#[from] CollectError),
    /// It is not known whether all changes of the catalog are known here.
    #[error("the catalog is behind its log")]
    Behind(#[from] CatchUpError),
}
