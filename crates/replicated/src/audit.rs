//! A machine's logs at rest: replayed without being followed, and without stopping at what is lost.
//!
//! A start stops at the first command that it cannot read. An audit names it and goes on behind it:
//! each later command is judged by the state that is there, as always, so the result is a state
//! that the machine could have come to. Nothing is written.

use crate::envelope::{ENVELOPE_VERSION, Envelope, Label};
use crate::error::SnapshotError;
use crate::machine::{Machine, Verdict};
use crate::repeats::{REPEATS_KNOWN, Repeats};
use crate::replicated::{Replayed, Replicated, a_slice};
use crate::snapshot::{self, Finder, Found};
use millstream_store::{Batch, LogId, LogStore, Offset, ReadError, Slice};
use std::ops::Range;

/// What is wrong with a machine's logs.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    /// Commands that nobody can read.
    #[error("commands {first} to {} are lost", end - 1)]
    CommandsLost {
        /// The offset of the first.
        first: u64,
        /// One past the last.
        end: u64,
    },
    /// The first commands were freed, as they are once a snapshot has them, and none has.
    #[error("commands before {first} were freed, and there is no snapshot that has them")]
    CommandsFreed {
        /// The first command that is there.
        first: u64,
    },
    /// A command that this build cannot decode.
    #[error("command {offset} is malformed: {what}")]
    CommandMalformed {
        /// Its offset.
        offset: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A command of another version.
    #[error("command {offset} has version {version}, which this build does not know")]
    CommandVersion {
        /// Its offset.
        offset: u64,
        /// Its version.
        version: u8,
    },
    /// A snapshot that cannot be used; an older one, or none, is used in its place.
    #[error("a snapshot cannot be used")]
    Snapshot(#[source] SnapshotError),
    /// A log cannot be read from here on.
    #[error("from {from} on the log cannot be read")]
    Unreadable {
        /// The offset.
        from: u64,
        /// Why.
        #[source]
        cause: ReadError,
    },
}

/// A machine as its logs have it, and what is wrong with them.
pub struct Audit<M: Machine> {
    /// The state, and the end of the commands in it.
    pub replayed: Replayed<M>,
    /// What is wrong, in the order in which it was met.
    pub faults: Vec<AuditFault>,
}

/// Parts of a log that are known to be lost, by offset.
pub type Lost = Vec<(LogId, Range<u64>)>;

/// Who is told of a command behind the first loss, and of what became of it.
pub type AfterLoss<'a, M> = dyn FnMut(Offset, &<M as Machine>::Command, &Verdict<M>) + Send + 'a;

/// An audit in progress.
struct Auditor<'a, M: Machine> {
    store: &'a dyn LogStore,
    lost: &'a Lost,
    audit: Audit<M>,
    repeats: Repeats<Verdict<M>>,
}

impl<M: Machine> Audit<M> {
    /// Replays a machine's logs. `lost` says what is known to be lost, and thus where reading can
    /// go on. `after_loss` is told of each command behind the first loss, and what became of it.
    pub async fn of(store: &dyn LogStore, lost: &Lost, after_loss: &mut AfterLoss<'_, M>) -> Self {
        let mut auditor = Auditor {
            store,
            lost,
            audit: Self {
                replayed: Replayed::default(),
                faults: Vec::new(),
            },
            repeats: Repeats::new(),
        };
        auditor.take_snapshot().await;
        auditor.pass_older().await;
        auditor.replay(after_loss).await;
        auditor.audit
    }

    /// A snapshot of the state, as records for the machine's log of snapshots.
    pub fn snapshot(&self) -> Vec<Batch> {
        let Replayed { next, machine } = &self.replayed;
        let image = machine.encode_snapshot();
        snapshot::encode(M::FORMAT.snapshots.newest, *next, &image)
    }
}

impl<M: Machine> Auditor<'_, M> {
    /// Reads a slice; behind what is known to be lost if it begins there.
    async fn read(&mut self, log: LogId, from: Offset) -> Option<Slice> {
        let mut from = from;
        loop {
            match self.store.read(log, from, a_slice()).await {
                Ok(slice) => return Some(slice),
                Err(ReadError::NoSuchLog(_)) => return None,
                Err(cause) => match self.behind_loss(log, from) {
                    Some(behind) => from = behind,
                    None => {
                        let from = from.0;
                        self.audit
                            .faults
                            .push(AuditFault::Unreadable { from, cause });
                        return None;
                    }
                },
            }
        }
    }

    fn behind_loss(&self, log: LogId, from: Offset) -> Option<Offset> {
        let covers = |(of, range): &&(LogId, Range<u64>)| *of == log && range.contains(&from.0);
        let found = self.lost.iter().find(covers);
        found.map(|(_, range)| Offset(range.end))
    }

    /// Begins with the newest snapshot that can be used.
    async fn take_snapshot(&mut self) {
        let mut finder = Finder::new(M::FORMAT.snapshots);
        let mut from = Offset(0);
        while let Some(slice) = self.read(Replicated::<M>::SNAPSHOTS, from).await {
            for record in slice.records() {
                if let Err(error) = finder.push(record.offset, record.bytes) {
                    self.audit.faults.push(AuditFault::Snapshot(error));
                }
            }
            if slice.runs.is_empty() {
                break;
            }
            from = slice.next;
        }
        let found: Vec<Found> = finder.finish();
        for snapshot in found.iter().rev() {
            match snapshot.decode::<M>() {
                Ok(machine) => {
                    let next = snapshot.next;
                    self.audit.replayed = Replayed { next, machine };
                    return;
                }
                Err(error) => self.audit.faults.push(AuditFault::Snapshot(error)),
            }
        }
    }

    /// Takes note of the commands that the snapshot includes, so that repetitions are recognized.
    async fn pass_older(&mut self) {
        let end = self.audit.replayed.next;
        let mut from = Offset(end.0.saturating_sub(REPEATS_KNOWN as u64));
        while from < end {
            // A start does without those that it cannot read.
            let read = self.store.read(Replicated::<M>::COMMANDS, from, a_slice());
            let Ok(slice) = read.await else {
                match self.behind_loss(Replicated::<M>::COMMANDS, from) {
                    Some(behind) => from = behind,
                    None => return,
                }
                continue;
            };
            for record in slice.records().filter(|record| record.offset < end) {
                if let Ok(label) = Label::of(&record) {
                    self.repeats.pass(label.id);
                }
            }
            if slice.runs.is_empty() {
                return;
            }
            from = slice.next;
        }
    }

    async fn replay(&mut self, after_loss: &mut AfterLoss<'_, M>) {
        let commands = Replicated::<M>::COMMANDS;
        let first = { self.store.known_bounds(commands) }.map(|bounds| bounds.first);
        if let Ok(first) = first
            && first > self.audit.replayed.next
        {
            let fault = AuditFault::CommandsFreed { first: first.0 };
            self.audit.faults.push(fault);
            self.audit.replayed.next = first;
        }
        loop {
            let next = self.audit.replayed.next;
            let Some(slice) = self.read(commands, next).await else {
                return;
            };
            for record in slice.records() {
                self.expect(record.offset);
                self.apply(record.offset, record.bytes, after_loss);
            }
            self.expect(slice.next);
            if slice.runs.is_empty() {
                return;
            }
        }
    }

    /// Goes on at an offset; what precedes it unread is lost.
    fn expect(&mut self, offset: Offset) {
        let next = self.audit.replayed.next;
        if offset > next {
            let (first, end) = (next.0, offset.0);
            self.audit
                .faults
                .push(AuditFault::CommandsLost { first, end });
            self.audit.replayed.next = offset;
        }
    }

    fn apply(&mut self, at: Offset, bytes: &[u8], after_loss: &mut AfterLoss<'_, M>) {
        self.audit.replayed.next = at.plus(1);
        let offset = at.0;
        let envelope: Envelope<M::Command> = match minicbor::decode(bytes) {
            Ok(envelope) => envelope,
            Err(error) => {
                let what = error.to_string();
                let fault = AuditFault::CommandMalformed { offset, what };
                self.audit.faults.push(fault);
                return;
            }
        };
        let version = envelope.version;
        if version != ENVELOPE_VERSION {
            let fault = AuditFault::CommandVersion { offset, version };
            self.audit.faults.push(fault);
            return;
        }
        let machine = &mut self.audit.replayed.machine;
        let apply = || machine.apply(at, envelope.time, &envelope.command);
        let verdict = self.repeats.judge(envelope.id, apply);
        if let Some(verdict) = verdict.filter(|_| !self.audit.faults.is_empty()) {
            after_loss(at, &envelope.command, &verdict);
        }
    }
}
