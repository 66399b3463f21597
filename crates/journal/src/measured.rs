//! What the journal counts while it works.
//!
//! The writer observes each sync and each group, caches count their looks under their own locks.
//! Nothing here decides anything.

use millstream_store::metrics::{Histogram, Value};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bound of the first bucket; the bounds double.
const SYNC_FIRST: Duration = Duration::from_micros(50);
const GROUP_BYTES_FIRST: u64 = 256;
const GROUP_CALLS_FIRST: u64 = 1;

/// What is counted while the journal works.
pub(crate) struct Measured {
    /// How long the writer's syncs took.
    syncs: Histogram,
    /// Bytes of the groups' frames.
    group_bytes: Histogram,
    /// Calls that were resolved together.
    group_calls: Histogram,
    /// Hidden bytes found in the cleaner's last pass.
    hidden_bytes: AtomicU64,
}

impl Default for Measured {
    fn default() -> Self {
        Self {
            syncs: Histogram::of_durations(SYNC_FIRST),
            group_bytes: Histogram::of_numbers(GROUP_BYTES_FIRST),
            group_calls: Histogram::of_numbers(GROUP_CALLS_FIRST),
            hidden_bytes: AtomicU64::new(0),
        }
    }
}

impl Measured {
    pub(crate) fn observe_sync(&self, took: Duration) {
        self.syncs.observe_duration(took);
    }

    /// A group was written whose frame has so many bytes.
    pub(crate) fn observe_group(&self, frame_bytes: usize) {
        self.group_bytes.observe(frame_bytes as u64);
    }

    /// So many calls were resolved together.
    pub(crate) fn observe_calls(&self, calls: usize) {
        self.group_calls.observe(calls as u64);
    }

    /// The cleaner found so many hidden bytes.
    pub(crate) fn note_hidden(&self, bytes: u64) {
        self.hidden_bytes.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn hidden_bytes(&self) -> u64 {
        self.hidden_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn syncs(&self) -> Value {
        Value::Histogram(self.syncs.distribution())
    }

    pub(crate) fn group_bytes(&self) -> Value {
        Value::Histogram(self.group_bytes.distribution())
    }

    pub(crate) fn group_calls(&self) -> Value {
        Value::Histogram(self.group_calls.distribution())
    }
}

/// Lookups and hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looks {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
}

impl Looks {
    /// Counts a lookup.
    pub(crate) fn note<T>(&mut self, found: Option<T>) -> Option<T> {
        match found {
            Some(_) => self.hits += 1,
            None => self.misses += 1,
        }
        found
    }
}
