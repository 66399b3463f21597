//! Deterministic state machines, each driven by a log.
//!
//! A [`Machine`] is a state, its commands, and what each does to it. [`Replicated`] gives it a log
//! of commands and a log of snapshots in a [`millstream_store::LogStore`]: a command is appended,
//! every node replays it in the log's order, and the node that proposed it returns what its own
//! replay computed. Nothing else changes the state. Several machines share one store, each in a
//! [`Namespace`] of its own.
//!
//! What a machine is about is not here. This crate knows commands and logs, never their meaning.

mod machine;
mod namespace;

mod envelope;
mod repeats;
pub mod snapshot;

mod error;
mod replay;
mod replicated;

mod audit;
mod orphans;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use audit::{AfterLoss, Audit, AuditFault, Lost};
pub use envelope::{ENVELOPE_VERSION, Envelope, timestamp};
pub use error::{
    CatchUpError, CollectError, NotAppended, ProposeError, ReplayError, SnapshotError, Unheard,
};
pub use machine::{Format, Machine, Ownership, Verdict, Versions};
pub use namespace::Namespace;
pub use orphans::{Owner, collect_orphans};
pub use repeats::{ANSWERS_KEPT, REPEATS_KNOWN};
pub use replicated::{Changes, ProposalId, Replayed, Replicated, SNAPSHOT_AFTER_BYTES};
