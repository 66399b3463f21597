//! Why a journal was not opened: facts for the operator, each with the file that it is about.

use std::io;
use std::path::PathBuf;

/// Why a journal was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another journal has the directory.
    #[error("{0} is in use by another process")]
    Locked(PathBuf),
    /// It is somebody else's.
    #[error(
        "{directory} holds no journal, but {entry:?}; an empty directory is expected, or one with a journal"
    )]
    Strange {
        /// The directory.
        directory: PathBuf,
        /// One of the names that no journal gives.
        entry: String,
    },
    /// What says which files belong to the journal is not what was written.
    #[error("damage in {file} at byte {position}: {what}")]
    Damaged {
        /// The file that holds the damage.
        file: String,
        /// Where in the file.
        position: u64,
        /// What did not hold.
        what: &'static str,
    },
    /// A file may hold records of a journal whose MANIFEST is not the one that is there.
    #[error(
        "{file} {what}; nothing was removed. Put the MANIFEST back that belongs to the data, or move {file} away to go on without it"
    )]
    Stray {
        /// The file.
        file: String,
        /// Why it is neither the journal's nor provably unused.
        what: &'static str,
    },
    /// The disk failed.
    #[error("cannot open the journal: {doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        error: io::Error,
    },
}

impl OpenError {
    pub(crate) fn reading(error: io::Error) -> Self {
        Self::Io {
            doing: "reading its files",
            error,
        }
    }

    pub(crate) fn writing(error: io::Error) -> Self {
        Self::Io {
            doing: "writing its files",
            error,
        }
    }
}
