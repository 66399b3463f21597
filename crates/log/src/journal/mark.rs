//! A note of the writer at a log: the group that it is putting together, and the log's place there. It
//! saves a map of the group's logs.
//!
//! The writer alone writes and reads it. Groups have numbers that never come again, so that a note of an
//! earlier group is just one that does not count.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Where a group has a log.
#[derive(Debug, Default)]
pub(super) struct Mark {
    /// 0 for none yet.
    group: AtomicU64,
    place: AtomicU32,
}

impl Mark {
    /// The place in a group, if it is that group's.
    pub(super) fn place_in(&self, group: u64) -> Option<u32> {
        (self.group() == group).then(|| self.place.load(Ordering::Relaxed))
    }

    /// The group that it is of.
    pub(super) fn group(&self) -> u64 {
        self.group.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self, group: u64, place: u32) {
        self.place.store(place, Ordering::Relaxed);
        self.group.store(group, Ordering::Relaxed);
    }
}
