//! What can go wrong with a proposal, replay, a snapshot, or the collection of orphans.
//!
//! A machine's refusal of a command is its own type: [`crate::Machine::Refusal`].

use millstream_store::{AppendError, ReadError, StoreError};

/// Why a command did nothing, or may have done nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError<R> {
    /// The state does not allow it. Not applied.
    #[error(transparent)]
    Refused(R),
    /// It is not in the log, and never will be.
    #[error("the log did not take a command")]
    NotApplied {
        /// What kept it out.
        #[source]
        cause: NotAppended,
    },
    /// It may be in the log, now or later, or its result was lost.
    #[error("it is unknown whether the log took a command")]
    Unknown {
        /// What keeps it from being known.
        #[source]
        cause: Unheard,
    },
}

/// What kept a command out of the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAppended {
    /// The log is not being followed, so the result could not be learned.
    #[error("the log of commands is not followed any more")]
    NotFollowed,
    /// The store refused it.
    #[error(transparent)]
    Store(AppendError),
}

/// What keeps the outcome of a command from being known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// The store does not know.
    #[error(transparent)]
    Store(AppendError),
    /// The command is in the log, but following stopped before it was applied here.
    #[error("the log of commands ceased to be followed")]
    ResultLost,
    /// An earlier attempt was applied, and its result is no longer kept.
    #[error("an earlier attempt was judged, with a result that is not known any more")]
    JudgedBefore,
}

/// A failed append. Only [`AppendError::Unknown`] leaves the outcome open.
impl<R> From<AppendError> for ProposeError<R> {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Full
            | AppendError::TooLarge
            | AppendError::NoSuchLog(_)
            | AppendError::Sealed(_)
            | AppendError::Fenced
            | AppendError::NotApplied(_) => Self::NotApplied {
                cause: NotAppended::Store(error),
            },
            AppendError::Unknown(_) => Self::Unknown {
                cause: Unheard::Store(error),
            },
        }
    }
}

/// Why a machine cannot be opened, or its log not be followed any further.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The store failed to create its logs.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store failed to read them.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The newest snapshot is invalid.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Commands after the newest snapshot are missing.
    #[error("commands {first} to {last} are missing")]
    CommandsMissing {
        /// The first missing one.
        first: u64,
        /// The last missing one.
        last: u64,
    },
    /// The log has a gap.
    #[error("command {missing} is missing: the next is {next}")]
    CommandMissing {
        /// The expected offset.
        missing: u64,
        /// The offset that followed instead.
        next: u64,
    },
    /// A command cannot be decoded.
    #[error("command {offset}")]
    CommandMalformed {
        /// Its offset.
        offset: u64,
        /// What is wrong with it.
        #[source]
        cause: minicbor::decode::Error,
    },
    /// A command is newer than this build.
    #[error("command {offset} has version {version}, not known here")]
    CommandVersion {
        /// Its offset.
        offset: u64,
        /// Its version.
        version: u8,
    },
}

/// Why there is no new snapshot, or the newest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The store failed to read it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The store failed to trim older ones.
    #[error(transparent)]
    Trim(#[from] StoreError),
    /// It cannot be decoded.
    #[error("a snapshot is malformed")]
    Malformed(#[from] minicbor::decode::Error),
    /// It is newer than this build.
    #[error("snapshot version {0} is not known")]
    Version(u8),
    /// It reads back differently from what was written.
    #[error("the snapshot does not read as written")]
    Differs,
}

/// Why it is not known whether the state is as new as the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatchUpError {
    /// The store does not know where the log ends.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Following has stopped: nothing more will be applied here.
    #[error("the log of commands is not followed any more")]
    NotFollowed,
}

/// Why orphans were not collected. Retrying is safe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    /// A machine that has to be asked is behind the log.
    #[error("{machine} is behind its log")]
    Behind {
        /// The machine's name.
        machine: &'static str,
        /// What keeps it from catching up.
        #[source]
        cause: CatchUpError,
    },
    /// The store failed to list its logs.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store failed to remove them.
    #[error(transparent)]
    Store(#[from] StoreError),
}
