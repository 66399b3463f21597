//! What a state machine is.

use crate::Namespace;
use env::Timestamp;
use log::{LogId, Offset};
use minicbor::{Decode, Encode};
use std::error::Error;

/// What a machine says to a command.
pub type Verdict<M> = Result<<M as Machine>::Outcome, <M as Machine>::Refusal>;

/// A deterministic state machine: its value is the state.
///
/// A machine MUST keep these clauses, since every node replays its log by itself:
///
/// 1. [`Machine::apply`] depends on nothing but the state and its arguments: no clock, no
///    randomness, no map whose order is left to chance. Whatever else it needs is in the command.
/// 2. A command that is refused changes nothing.
/// 3. A decoded snapshot equals the state that it was encoded from.
/// 4. A log that was [`Ownership::Orphan`] once is never [`Ownership::Mine`] again.
///
/// A clone should be cheap: each proposal is tried on one, and each replay begins with one.
pub trait Machine: Clone + Default + PartialEq + Send + Sync + 'static {
    /// A change, with its encoding. Logs are replayed by later builds: a field is never given
    /// another meaning, a new one is optional.
    type Command: Encode<()> + for<'b> Decode<'b, ()> + Send + Sync;
    /// What a command that was applied tells its proposer.
    type Outcome: Clone + Send + Sync;
    /// Why a command was not applied: it follows from the state and the command alone.
    type Refusal: Error + Clone + Send + Sync + 'static;

    /// How it is called, and which snapshots it knows.
    const FORMAT: Format;
    /// Where its logs are. No two machines of a store share one.
    const NAMESPACE: Namespace;

    /// Applies the command at an offset of the log of commands. `time` is the wall clock of whoever
    /// proposed it, which may be behind that of the command before.
    ///
    /// # Errors
    /// If the state does not allow the command; it then is as before.
    fn apply(&mut self, at: Offset, time: Timestamp, command: &Self::Command) -> Verdict<Self>;

    /// The state in bytes, in the newest version of [`Format::snapshots`].
    fn encode_snapshot(&self) -> Vec<u8>;

    /// The state that these bytes are, in one of the versions of [`Format::snapshots`].
    ///
    /// # Errors
    /// If they are none.
    fn decode_snapshot(version: u8, bytes: &[u8]) -> Result<Self, minicbor::decode::Error>;

    /// Whose a log is, as far as the state says. Not asked about the machine's own two logs.
    fn owns(&self, log: LogId) -> Ownership;
}

/// Names and versions of a machine.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The machine's name, also that of the task which follows its log.
    pub name: &'static str,
    /// The name of the task that takes its snapshots.
    pub snapshot_task: &'static str,
    /// The versions of its snapshots.
    pub snapshots: Versions,
}

/// The versions of a format that a build reads, of which it writes the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The oldest.
    pub oldest: u8,
    /// The newest.
    pub newest: u8,
}

impl Versions {
    /// One version alone.
    pub const fn only(version: u8) -> Self {
        Self {
            oldest: version,
            newest: version,
        }
    }

    /// Whether this build reads a version.
    pub const fn knows(self, version: u8) -> bool {
        self.oldest <= version && version <= self.newest
    }
}

/// Whose a log is, asked of one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The machine needs it.
    Mine,
    /// It is none of the machine's business.
    NotMine,
    /// It was, or would have been, the machine's, which does not need it and never will.
    Orphan,
}
