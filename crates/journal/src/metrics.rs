//! What the journal shows of itself: what was counted while it worked, and what is looked at when
//! somebody asks.

use crate::measured::{Looks, Measured};
use crate::read::cache::Cache;
use crate::space::backlog::Backlog;
use crate::space::reserve::Reserve;
use crate::state::handover::Handover;
use crate::state::health::Health;
use crate::state::segments::Segments;
use crate::write::queue::Queue;
use millstream_store::metrics::{Metric, Value};

/// What is looked at.
pub(crate) struct Metrics<'a> {
    pub(crate) backlog: &'a Backlog,
    pub(crate) cache: &'a Cache,
    pub(crate) handover: &'a Handover,
    pub(crate) health: &'a Health,
    pub(crate) measured: &'a Measured,
    pub(crate) queue: &'a Queue,
    pub(crate) reserve: &'a Reserve,
    pub(crate) segments: &'a Segments,
}

impl Metrics<'_> {
    /// All of the journal's series.
    pub(crate) fn all(&self) -> Vec<Metric> {
        let mut metrics = Vec::from(self.of_writing());
        metrics.extend(self.of_space());
        metrics.extend(self.of_caches());
        metrics
    }

    fn of_writing(&self) -> [Metric; 6] {
        let (waiting_calls, waiting_bytes) = self.queue.waiting();
        let is_writable = !self.health.is_poisoned() && !self.queue.is_closed();
        [
            Metric {
                name: "journal_sync_seconds",
                help: "Latency of the syncs of the open segment; each group waits for one",
                value: self.measured.syncs(),
            },
            Metric {
                name: "journal_group_bytes",
                help: "Bytes written and synced together",
                value: self.measured.group_bytes(),
            },
            Metric {
                name: "journal_group_calls",
                help: "Appends and log changes written and synced together",
                value: self.measured.group_calls(),
            },
            gauge(
                "journal_waiting_calls",
                "Appends and log changes waiting for the next groups",
                waiting_calls as u64,
            ),
            gauge(
                "journal_waiting_bytes",
                "Bytes of the calls waiting for the next groups",
                waiting_bytes as u64,
            ),
            gauge(
                "journal_writable",
                "1 if the journal accepts writes, 0 after a failed sync or while it closes",
                u64::from(is_writable),
            ),
        ]
    }

    fn of_space(&self) -> [Metric; 7] {
        [
            gauge(
                "journal_disk_bytes",
                "Bytes of the segments on disk",
                self.segments.disk_bytes(),
            ),
            gauge(
                "journal_segments",
                "Segments on disk",
                self.segments.count() as u64,
            ),
            gauge(
                "journal_segments_to_seal",
                "Full segments whose footers are not yet written",
                self.handover.sealed() as u64,
            ),
            gauge(
                "journal_segments_to_sort",
                "Approximate number of segments waiting to be sorted by log",
                self.backlog.waiting() as u64,
            ),
            gauge(
                "journal_hidden_bytes",
                "Bytes still on disk that have been unreadable for an hour, as of the last cleaner run",
                self.measured.hidden_bytes(),
            ),
            gauge(
                "journal_disk_short",
                "1 while the disk is so full that the reserve is in use or incomplete",
                u64::from(self.reserve.is_short()),
            ),
            gauge(
                "journal_memory_bytes",
                "Bytes of memory held by frames and read data, cached or shared with answers in flight",
                self.cache.cold_in_use().bytes() as u64,
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
                help: "Lookups of reads that hit a cache: blocks in the newest frames, in windows of \
                       cold files and one by one, and block lists",
                value: counts(|looks| looks.hits),
            },
            Metric {
                name: "journal_cache_misses",
                help: "Lookups of reads that missed the cache",
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
