//! The leader of one partition: checks batches by epoch and sequence, and remembers the latest.

use super::{FORGETS_AFTER, REMEMBERED_MAX};
use crate::batches::Batches;
use crate::memory::Log;
use crate::store::{Appended, Epoch, LogSettings, Offset};
use millstream_env::{Monotonic, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// The epoch of a seal, above all others.
pub(super) const SEAL: Epoch = Epoch(u32::MAX);

/// The writer of a batch: an unclaimed log accepts batches from every node, each with its own
/// sequence; a claimed one has one writer per epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Writer {
    Node(u32),
    Owner,
}

/// A batch in flight, identical in each attempt.
#[derive(Clone, Debug)]
pub(super) struct Produce {
    pub(super) writer: Writer,
    pub(super) epoch: Epoch,
    /// Number of records that the writer wrote before it in this epoch.
    pub(super) sequence: u64,
    /// One batch.
    pub(super) batch: Batches,
    /// The end of the log, as far as the writer knew, at the first attempt.
    pub(super) after: Offset,
}

/// Why a leader refused a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It knows a higher epoch.
    Fenced,
    /// The preceding batch is missing, or was forgotten.
    OutOfSequence,
}

/// A partition, from its leader's point of view.
pub(super) struct Leader {
    pub(super) log: Log,
    epoch: Epoch,
    writers: BTreeMap<Writer, Sequences>,
    written_at: Monotonic,
}

impl Produce {
    /// Number of records.
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
    /// Sequences and positions of the latest batches.
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

    /// Appends a batch, or returns its position if it is a remembered one.
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

    /// The position of this very batch, if it is in the log.
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
