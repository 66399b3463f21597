//! The backlog of sorting: which segments need it, about how many there are, and whose turn it is.

use crate::format::segment::Segment;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Mutex, MutexGuard, Notify};

/// A segment with a smaller mean block size is sorted by log.
const SORTED_BELOW_BYTES: u64 = 32 * 1024;
/// Unless one log has more than this share of it: then it is as good as sorted.
const ONE_LOG_PERMILLE: u64 = 875;

/// The backlog of sorting.
#[derive(Default)]
pub(crate) struct Backlog {
    /// Held while segments are sorted.
    one: Mutex<()>,
    /// Notified when there is a segment to sort.
    sorter: Notify,
    /// About how many segments wait. The next pass counts them anew.
    waiting: AtomicUsize,
}

/// A guard: nobody else sorts while it exists.
pub(crate) struct Turn<'a>(
    #[expect(dead_code, reason = "it is held until it is dropped")] MutexGuard<'a, ()>,
);

impl Backlog {
    /// Counts one more segment to sort, and wakes the sorter.
    pub(crate) fn note(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.ring_sorter();
    }

    /// Sets the number of segments that wait.
    pub(crate) fn count(&self, waiting: usize) {
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    /// About how many segments wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Wakes the sorter.
    pub(crate) fn ring_sorter(&self) {
        self.sorter.notify_one();
    }

    /// Waits until there may be something to sort.
    pub(crate) async fn rung(&self) {
        self.sorter.notified().await;
    }

    /// Waits until nobody else sorts.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        Turn(self.one.lock().await)
    }
}

/// Whether a segment's blocks are small and belong to many logs.
pub(crate) fn is_interleaved(segment: &Segment) -> bool {
    let directory = segment.directory();
    let Some(directory) = directory.filter(|_| !segment.is_sorted) else {
        return false;
    };
    let find_out = || {
        let runs = &directory.entries;
        let blocks: u64 = runs.iter().map(|run| u64::from(run.block_count)).sum();
        let bytes: u64 = runs.iter().map(|run| run.bytes).sum();
        let largest = runs
            .chunk_by(|one, next| one.log == next.log)
            .map(|runs| runs.iter().map(|run| run.bytes).sum::<u64>());
        let largest = largest.max().unwrap_or_default();
        let is_of_one = largest * 1000 >= bytes * ONE_LOG_PERMILLE;
        bytes < blocks * SORTED_BELOW_BYTES && !is_of_one
    };
    segment.is_interleaved(find_out)
}
