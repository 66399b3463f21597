//! One log in memory. It is not a store: it checks only what a single log can.

use crate::batch::{Kind, RecordIter};
use crate::batches::BatchView;
use crate::budget::Budget;
use crate::store::{
    AppendError, Appended, Bounds, Epoch, LogSettings, Offset, ReadLimit, Run, Slice, TailWatch,
};
use bytes::Bytes;
use millstream_env::Timestamp;
use tokio::sync::watch;

/// The records of a log, and its metadata.
pub(crate) struct Log {
    pub(super) settings: LogSettings,
    runs: Vec<Run>,
    first: Offset,
    last_arrival: Option<Timestamp>,
    pub(super) first_control: Option<Offset>,
    /// The highest epoch of any append.
    pub(super) epoch: Epoch,
    tail: watch::Sender<Offset>,
}

impl Log {
    pub(crate) fn new(settings: LogSettings) -> Self {
        Self {
            settings,
            runs: Vec::new(),
            first: Offset(0),
            last_arrival: None,
            first_control: None,
            epoch: Epoch::default(),
            tail: watch::Sender::new(Offset(0)),
        }
    }

    fn end(&self) -> Offset {
        *self.tail.borrow()
    }

    /// Whether an append under an epoch is accepted.
    pub(crate) fn admit(&mut self, epoch: Epoch) -> Result<(), AppendError> {
        if let Some(at) = self.first_control {
            return Err(AppendError::Sealed(at));
        }
        if epoch < self.epoch {
            return Err(AppendError::Fenced);
        }
        self.epoch = epoch;
        Ok(())
    }

    pub(crate) fn append(
        &mut self,
        batch: BatchView<'_>,
        bytes: Bytes,
        now: Timestamp,
    ) -> Appended {
        let first = self.end();
        let arrival = self.last_arrival.map_or(now, |last| last.max(now));
        if batch.has_control() {
            let place = RecordIter::new(batch.bytes()).position(|(kind, _)| kind == Kind::Control);
            self.first_control = place.map(|place| first.plus(place as u64));
        }
        self.last_arrival = Some(arrival);
        let count = batch.count();
        self.runs.push(Run {
            first,
            count,
            arrival,
            bytes,
        });
        self.tail.send_replace(first.plus(u64::from(count)));
        Appended { first, arrival }
    }

    pub(crate) fn read(&self, from: Offset, limit: ReadLimit) -> Slice {
        let mut next = from.max(self.first);
        let mut budget = Budget::new(limit);
        let mut runs = Vec::new();
        let start = self
            .runs
            .partition_point(|run| run.first.plus(u64::from(run.count)) <= next);
        for run in &self.runs[start..] {
            let Some(part) = budget.take(run, next) else {
                break;
            };
            next = part.first.plus(u64::from(part.count));
            runs.push(part);
            if budget.is_spent() {
                break;
            }
        }
        Slice {
            held_bytes: runs.iter().map(|run| run.bytes.len()).sum(),
            runs,
            next,
            end: self.end().max(next),
        }
    }

    pub(crate) fn offset_at(&self, time: Timestamp) -> Offset {
        let start = self.runs.partition_point(|run| run.arrival < time);
        let found = self.runs.get(start).map_or(self.end(), |run| run.first);
        found.max(self.first)
    }

    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            first: self.first,
            end: self.end(),
            last_arrival: self.last_arrival,
            first_control: self.first_control,
        }
    }

    pub(crate) fn trim(&mut self, before: Offset) {
        self.first = self.first.max(before.min(self.end()));
        let first = self.first;
        self.runs
            .retain(|run| run.first.plus(u64::from(run.count)) > first);
    }

    pub(crate) fn configure(&mut self, settings: LogSettings) {
        self.settings = settings;
    }

    pub(crate) fn watch(&self) -> TailWatch {
        TailWatch::new(self.tail.subscribe())
    }

    /// The kept records, in order.
    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }
}
