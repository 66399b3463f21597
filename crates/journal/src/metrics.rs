//! What the journal counts while it works, and what it shows of itself.
//!
//! The writer observes each sync and each group, caches count their looks under their own locks;
//! all else is looked at when somebody asks. Nothing here decides anything.

use crate::shared::Shared;
use log::metrics::{Histogram, Metric, Value};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The first buckets end here; each next one at twice the bound.
const SYNC_FIRST: Duration = Duration::from_micros(50);
const GROUP_BYTES_FIRST: u64 = 256;
const GROUP_CALLS_FIRST: u64 = 1;

/// What is counted while the journal works.
pub(crate) struct Measured {
    /// How long the writer's syncs took.
    pub(crate) syncs: Histogram,
    /// Bytes of the groups' frames.
    pub(crate) group_bytes: Histogram,
    /// Calls that were resolved together.
    pub(crate) group_calls: Histogram,
    /// Hidden bytes that the cleaner found when it last looked.
    pub(crate) hidden_bytes: AtomicU64,
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

/// How often something was looked for, and how often it was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looks {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
}

impl Looks {
    /// Counts a look.
    pub(crate) fn note<T>(&mut self, found: Option<T>) -> Option<T> {
        match found {
            Some(_) => self.hits += 1,
            None => self.misses += 1,
        }
        found
    }
}

impl Shared {
    /// All of the journal's series.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        let mut metrics = Vec::from(self.of_writing());
        metrics.extend(self.of_space());
        metrics.extend(self.of_caches());
        metrics
    }

    fn of_writing(&self) -> [Metric; 6] {
        let Measured {
            syncs,
            group_bytes,
            group_calls,
            ..
        } = &self.measured;
        let (waiting_calls, waiting_bytes) = self.queue.waiting();
        let is_writable = !self.is_poisoned() && !self.queue.is_closed();
        [
            Metric {
                name: "journal_sync_seconds",
                help: "How long syncs of the open segment took, each of which a group waits for",
                value: Value::Histogram(syncs.distribution()),
            },
            Metric {
                name: "journal_group_bytes",
                help: "Bytes that were written and synced together",
                value: Value::Histogram(group_bytes.distribution()),
            },
            Metric {
                name: "journal_group_calls",
                help: "Appends and changes of logs that were written and synced together",
                value: Value::Histogram(group_calls.distribution()),
            },
            gauge(
                "journal_waiting_calls",
                "Appends and changes of logs that wait for the next groups",
                waiting_calls as u64,
            ),
            gauge(
                "journal_waiting_bytes",
                "Bytes of the calls that wait for the next groups",
                waiting_bytes as u64,
            ),
            gauge(
                "journal_writable",
                "1 if the journal takes writes, 0 once a sync has failed or it is being closed",
                u64::from(is_writable),
            ),
        ]
    }

    fn of_space(&self) -> [Metric; 7] {
        let hidden_bytes = self.measured.hidden_bytes.load(Ordering::Relaxed);
        let (segments, unsealed) = (self.segments.lock().len(), self.jobs.lock().sealed.len());
        [
            gauge(
                "journal_disk_bytes",
                "Bytes that the segments take on the disk",
                self.disk_bytes(),
            ),
            gauge("journal_segments", "Segments on the disk", segments as u64),
            gauge(
                "journal_segments_to_seal",
                "Full segments whose footers are not written yet",
                unsealed as u64,
            ),
            gauge(
                "journal_segments_to_sort",
                "Segments that wait to be sorted by log, about",
                self.sorting.waiting() as u64,
            ),
            gauge(
                "journal_hidden_bytes",
                "Bytes that nobody has been able to read for an hour and that are still on the disk, \
                 when the cleaner last looked",
                hidden_bytes,
            ),
            gauge(
                "journal_disk_short",
                "1 while the disk is so full that the reserve is in use or not whole",
                u64::from(self.reserve.is_short()),
            ),
            gauge(
                "journal_memory_bytes",
                "Memory of frames and of what was read: kept, or shared by answers on their way",
                self.cache.buffers.in_use().bytes() as u64,
            ),
        ]
    }

    fn of_caches(&self) -> [Metric; 2] {
        let looks = self.cache.looks();
        let counts = |of: fn(&Looks) -> u64| Value::Counters {
            label: "cache",
            counts: looks
                .iter()
                .map(|(cache, looks)| (*cache, of(looks)))
                .collect(),
        };
        [
            Metric {
                name: "journal_cache_hits",
                help: "What reads looked for in memory and found: blocks in the newest frames, in \
                       windows of cold files and one by one, and lists of blocks",
                value: counts(|looks| looks.hits),
            },
            Metric {
                name: "journal_cache_misses",
                help: "What reads looked for in memory and did not find there",
                value: counts(|looks| looks.misses),
            },
        ]
    }
}

fn gauge(name: &'static str, help: &'static str, value: u64) -> Metric {
    Metric {
        name,
        help,
        value: Value::Gauge(value),
    }
}
