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
use log::metrics::{Metric, Value};

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
                help: "How long syncs of the open segment took, each of which a group waits for",
                value: self.measured.syncs(),
            },
            Metric {
                name: "journal_group_bytes",
                help: "Bytes that were written and synced together",
                value: self.measured.group_bytes(),
            },
            Metric {
                name: "journal_group_calls",
                help: "Appends and changes of logs that were written and synced together",
                value: self.measured.group_calls(),
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
        [
            gauge(
                "journal_disk_bytes",
                "Bytes that the segments take on the disk",
                self.segments.disk_bytes(),
            ),
            gauge(
                "journal_segments",
                "Segments on the disk",
                self.segments.count() as u64,
            ),
            gauge(
                "journal_segments_to_seal",
                "Full segments whose footers are not written yet",
                self.handover.sealed() as u64,
            ),
            gauge(
                "journal_segments_to_sort",
                "Segments that wait to be sorted by log, about",
                self.backlog.waiting() as u64,
            ),
            gauge(
                "journal_hidden_bytes",
                "Bytes that nobody has been able to read for an hour and that are still on the disk, \
                 when the cleaner last looked",
                self.measured.hidden_bytes(),
            ),
            gauge(
                "journal_disk_short",
                "1 while the disk is so full that the reserve is in use or not whole",
                u64::from(self.reserve.is_short()),
            ),
            gauge(
                "journal_memory_bytes",
                "Memory of frames and of what was read: kept, or shared by answers on their way",
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
