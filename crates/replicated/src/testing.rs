//! Counters: a machine for tests, with a log for each counter. Not part of a server.

use crate::{Format, Machine, Namespace, Ownership, Verdict, Versions};
use millstream_env::Timestamp;
use millstream_store::{LogId, Offset};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// The namespace of the counters' logs: a counter's group has its number.
pub const COUNTERS: Namespace = Namespace::new(0x7f);
/// Maximum number of counters at a time.
pub const COUNTERS_MAX: usize = 8;

/// Counters by number, which is the offset of the command that created it.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Counters(#[n(0)] pub BTreeMap<u64, u64>);

/// A change of counters. Its outcome is a number.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Command {
    /// Creates a counter; returns its number.
    #[n(0)]
    Create,
    /// Adds to a counter; returns its value.
    #[n(1)]
    Add(#[n(0)] u64, #[n(1)] u64),
    /// Removes a counter; returns its last value.
    #[n(2)]
    Remove(#[n(0)] u64),
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There are [`COUNTERS_MAX`].
    #[error("there are too many counters")]
    Full,
    /// The counter never existed, or was removed.
    #[error("there is no counter {0}")]
    NoCounter(u64),
}

/// The log of a counter.
pub fn log_of(counter: u64) -> LogId {
    LogId {
        group: COUNTERS.group(counter),
        index: 0,
    }
}

impl Machine for Counters {
    type Command = Command;
    type Outcome = u64;
    type Refusal = Refusal;

    const FORMAT: Format = Format {
        name: "counters",
        snapshot_task: "counters-snapshot",
        snapshots: Versions::only(1),
    };
    const NAMESPACE: Namespace = COUNTERS;

    fn apply(&mut self, at: Offset, _: Timestamp, command: &Command) -> Verdict<Self> {
        match command {
            Command::Create if self.0.len() >= COUNTERS_MAX => Err(Refusal::Full),
            Command::Create => {
                self.0.insert(at.0, 0);
                Ok(at.0)
            }
            Command::Add(counter, more) => {
                let value = self.0.get_mut(counter);
                let value = value.ok_or(Refusal::NoCounter(*counter))?;
                *value += more;
                Ok(*value)
            }
            Command::Remove(counter) => {
                let value = self.0.remove(counter);
                value.ok_or(Refusal::NoCounter(*counter))
            }
        }
    }

    fn encode_snapshot(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to memory does not fail")
    }

    fn decode_snapshot(_: u8, bytes: &[u8]) -> Result<Self, minicbor::decode::Error> {
        minicbor::decode(bytes)
    }

    fn owns(&self, log: LogId) -> Ownership {
        let is_log_of = |counter: &u64| log_of(*counter) == log;
        if Namespace::of(log) != Some(COUNTERS) {
            Ownership::NotMine
        } else if self.0.keys().any(is_log_of) {
            Ownership::Mine
        } else {
            Ownership::Orphan
        }
    }
}
