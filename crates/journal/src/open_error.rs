//! Why a journal was not opened: facts for the operator, each with the file that it is about.

use std::io;
use std::path::PathBuf;

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another journal holds the directory's lock.
    #[error("{0} is in use by another process")]
    Locked(PathBuf),
    /// There is nothing to look at.
    #[error("{0} holds no journal")]
    NoJournal(PathBuf),
    /// The directory is in use for something else.
    #[error(
        "{directory} holds no journal, but {entry:?}; an empty directory is expected, or one with a journal"
    )]
    Strange {
        /// The directory.
        directory: PathBuf,
        /// A name in it that no journal uses.
        entry: String,
    },
    /// A repair has taken files out, and did not end.
    #[error(
        "a repair of {directory} did not end: its originals are in {folder}. Run the repair again"
    )]
    Unfinished {
        /// The directory.
        directory: PathBuf,
        /// The folder in it.
        folder: String,
    },
    /// The files that define the journal are corrupted.
    #[error("damage in {file} at byte {position}: {what}")]
    Damaged {
        /// The damaged file.
        file: String,
        /// The position in the file.
        position: u64,
        /// What is invalid.
        what: &'static str,
    },
    /// A file may hold records of a journal whose MANIFEST is not the present one.
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
        /// The operation that failed.
        doing: &'static str,
        /// The error.
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
