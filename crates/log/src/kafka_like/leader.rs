//! The leader of one partition: judges batches by epoch and sequence, and remembers the last of
//! them.

use super::{FORGETS_AFTER, REMEMBERED_MAX};
use crate::batches::Batches;
use crate::memory::Log;
use crate::store::{Appended, Epoch, LogSettings, Offset};
use env::{Monotonic, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// The epoch of a seal: nothing is above it.
pub(super) const SEAL: Epoch = Epoch(u32::MAX);

/// Who appends: a log that nobody claimed takes batches from every node, each with sequences of its
/// own; a claimed one has one writer an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Writer {
    Node(u32),
    Owner,
}

/// A batch on its way, the same each time that it is sent.
#[derive(Clone, Debug)]
pub(super) struct Produce {
    pub(super) writer: Writer,
    pub(super) epoch: Epoch,
    /// Records that the writer wrote before it in this epoch.
    pub(super) sequence: u64,
    /// One batch.
    pub(super) batch: Batches,
    /// Where the log ended, as far as the writer knew, when it was first sent.
    pub(super) after: Offset,
}

/// Why a leader appended nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It knows a higher epoch.
    Fenced,
    /// A batch before it is missing, or was long ago.
    OutOfSequence,
}

/// A partition, as its leader has it.
pub(super) struct Leader {
    pub(super) log: Log,
    epoch: Epoch,
    writers: BTreeMap<Writer, Sequences>,
    written_at: Monotonic,
}

impl Produce {
    /// How many records.
    pub(super) fn count(&self) -> u64 {
        self.batch
            .iter()
            .map(|(_, batch)| u64::from(batch.count()))
            .sum()
    }
}

#[derive(Default)]
struct Sequences {
    next: u64,
    /// Sequence and place of the last batches.
    remembered: VecDeque<(u64, Appended)>,
}

impl Leader {
    pub(super) fn new(settings: LogSettings) -> Self {
        Self {
            log: Log::new(settings),
            epoch: Epoch::default(),
            writers: BTreeMap::new(),
            written_at: Monotonic::default(),
        }
    }

    /// Appends a batch, or says where it stands if it is one that is remembered.
    pub(super) fn produce(
        &mut self,
        request: &Produce,
        now: Timestamp,
        at: Monotonic,
    ) -> Result<Appended, Refused> {
        if at.since(self.written_at) >= FORGETS_AFTER {
            self.epoch = Epoch::default();
            self.writers.clear();
        }
        if request.epoch < self.epoch {
            return Err(Refused::Fenced);
        }
        if request.epoch > self.epoch {
            if request.sequence != 0 {
                return Err(Refused::OutOfSequence);
            }
            self.epoch = request.epoch;
            self.writers.clear();
        }
        let known = self.writers.entry(request.writer).or_default();
        let same = known
            .remembered
            .iter()
            .find(|(sequence, _)| *sequence == request.sequence);
        if let Some((_, appended)) = same {
            return Ok(*appended);
        }
        if request.sequence != known.next {
            return Err(Refused::OutOfSequence);
        }
        let (_, batch) = request.batch.iter().next().expect("a request has a batch");
        let bytes = request.batch.buffer().slice_ref(batch.bytes());
        let appended = self.log.append(batch, bytes, now);
        known.next += u64::from(batch.count());
        known.remembered.push_back((request.sequence, appended));
        if known.remembered.len() > REMEMBERED_MAX {
            known.remembered.pop_front();
        }
        self.written_at = at;
        Ok(appended)
    }

    /// Where this very batch stands, if it does.
    pub(super) fn find(&self, request: &Produce) -> Option<Appended> {
        let own = request.batch.buffer().as_ptr();
        let mut runs = self.log.runs().iter();
        let run = runs.find(|run| run.bytes.as_ptr() == own)?;
        Some(Appended {
            first: run.first,
            arrival: run.arrival,
        })
    }
}
