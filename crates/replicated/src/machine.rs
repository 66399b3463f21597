//! What a state machine is.

use crate::Namespace;
use millstream_env::Timestamp;
use millstream_store::{LogId, Offset};
use minicbor::{Decode, Encode};
use std::error::Error;

/// A machine's answer to a command.
pub type Verdict<M> = Result<<M as Machine>::Outcome, <M as Machine>::Refusal>;

/// A deterministic state machine: its value is the state.
///
/// A machine MUST obey these clauses, since every node replays its log independently:
///
/// 1. [`Machine::apply`] depends only on the state and its arguments: no clock, no randomness, no
///    map with a random order. Everything else it needs is in the command.
/// 2. A command that is refused changes nothing.
/// 3. A decoded snapshot equals the state that it was encoded from.
/// 4. A log that was [`Ownership::Orphan`] once is never [`Ownership::Mine`] again.
///
/// Cloning should be cheap: each proposal is tried on a clone, and each replay starts with one.
pub trait Machine: Clone + Default + PartialEq + Send + Sync + 'static {
    /// A change, with its encoding. Logs are replayed by later builds: the meaning of a field never
    /// changes, and a new field is optional.
    type Command: Encode<()> + for<'b> Decode<'b, ()> + Send + Sync;
    /// The result of an applied command, for its proposer.
    type Outcome: Clone + Send + Sync;
    /// Why a command was not applied: determined by the state and the command alone.
    type Refusal: Error + Clone + Send + Sync + 'static;

    /// The machine's name and snapshot versions.
    const FORMAT: Format;
    /// The namespace of its logs. No two machines of a store share one.
    const NAMESPACE: Namespace;

    /// Applies the command at an offset of the log of commands. `time` is the proposer's wall
    /// clock, which may be behind that of the previous command.
    ///
    /// # Errors
    /// If the state does not allow the command; the state is then unchanged.
    fn apply(&mut self, at: Offset, time: Timestamp, command: &Self::Command) -> Verdict<Self>;

    /// Encodes the state, in the newest version of [`Format::snapshots`].
    fn encode_snapshot(&self) -> Vec<u8>;

    /// Decodes a state, encoded in one of the versions of [`Format::snapshots`].
    ///
    /// # Errors
    /// If the bytes are not a state.
    fn decode_snapshot(version: u8, bytes: &[u8]) -> Result<Self, minicbor::decode::Error>;

    /// Who owns a log, according to the state. Never called for the machine's own two logs.
    fn owns(&self, log: LogId) -> Ownership;
}

/// Names and versions of a machine.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The machine's name, and that of the task that follows its log.
    pub name: &'static str,
    /// The name of the task that takes its snapshots.
    pub snapshot_task: &'static str,
    /// The versions of its snapshots.
    pub snapshots: Versions,
}

/// The versions of a format that a build reads; it writes the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The oldest.
    pub oldest: u8,
    /// The newest.
    pub newest: u8,
}

impl Versions {
    /// A single version.
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

/// Who owns a log, according to one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The machine needs it.
    Mine,
    /// The log does not concern the machine.
    NotMine,
    /// The log belongs to the machine, which does not need it and never will.
    Orphan,
}
