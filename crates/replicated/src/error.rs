//! What can go wrong: a proposal, the replay of a log, a snapshot, a look for orphans.
//!
//! What a machine says to a command is its own: [`crate::Machine::Refusal`].

use log::{AppendError, ReadError, StoreError};

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
    /// Nobody would hear what it did.
    #[error("the log of commands is not followed any more")]
    NotFollowed,
    /// The store, which says so.
    #[error(transparent)]
    Store(AppendError),
}

/// What keeps the outcome of a command from being known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// The store does not know.
    #[error(transparent)]
    Store(AppendError),
    /// It is in the log, which ceased to be followed before it was applied here.
    #[error("the log of commands ceased to be followed")]
    ResultLost,
    /// An earlier attempt at it was judged, and its result is not kept any more.
    #[error("an earlier attempt was judged, with a result that is not known any more")]
    JudgedBefore,
}

/// An append that failed. [`AppendError::Unknown`] alone leaves anything open.
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
    /// The store did not make its logs.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store cannot read them.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The newest snapshot is none.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Commands after the newest snapshot are gone.
    #[error("commands {first} to {last} are missing")]
    CommandsMissing {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// The log has a gap.
    #[error("command {missing} is missing: the next is {next}")]
    CommandMissing {
        /// What should come next.
        missing: u64,
        /// What came.
        next: u64,
    },
    /// A command is none.
    #[error("command {offset}")]
    CommandMalformed {
        /// Where it stands.
        offset: u64,
        /// What is wrong with it.
        #[source]
        cause: minicbor::decode::Error,
    },
    /// A command is newer than this build.
    #[error("command {offset} has version {version}, not known here")]
    CommandVersion {
        /// Where it stands.
        offset: u64,
        /// Its version.
        version: u8,
    },
}

/// Why there is no new snapshot, or the newest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The store cannot read them.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The store did not give up what is older.
    #[error(transparent)]
    Trim(#[from] StoreError),
    /// It is none.
    #[error("a snapshot is malformed")]
    Malformed(#[from] minicbor::decode::Error),
    /// It is newer than this build.
    #[error("snapshot version {0} is not known")]
    Version(u8),
    /// It was written, and is another when it is read.
    #[error("the snapshot does not read as written")]
    Differs,
}

/// Why it is not known whether the state is as new as the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatchUpError {
    /// The store does not say where the log ends.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Nothing more will be applied here.
    #[error("the log of commands is not followed any more")]
    NotFollowed,
}

/// Why orphans were not collected. Doing it again is safe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    /// A machine that has to be asked does not know all commands.
    #[error("{machine} is behind its log")]
    Behind {
        /// Its name.
        machine: &'static str,
        /// What keeps it.
        #[source]
        cause: CatchUpError,
    },
    /// The store does not say which logs there are.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store did not remove them.
    #[error(transparent)]
    Store(#[from] StoreError),
}
