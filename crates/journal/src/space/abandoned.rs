//! Why a segment was not rewritten: its sources then stay as they are.

use std::io;

/// Why the sources stay as they are.
pub(crate) enum Abandoned {
    /// There is something more important, or the sources are gone.
    GivenUp,
    Failed(io::Error),
}

impl From<io::Error> for Abandoned {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}
