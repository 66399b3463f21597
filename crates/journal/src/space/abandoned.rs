//! Reasons why segments were not rewritten. The sources then stay as they are.

use std::io;

/// The reason why the sources stay as they are.
pub(crate) enum Abandoned {
    /// Something more important came up, or the sources are gone.
    GivenUp,
    Failed(io::Error),
}

impl From<io::Error> for Abandoned {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}
