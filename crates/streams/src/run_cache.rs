//! What was made of runs of records, cached for other readers of the same shard.
//!
//! Several consumers of a shard read the same records at about the same time. A run is cached on
//! its second request, so that a single sequential reader evicts nothing. What is cached is never
//! stale: a log's records do not change while they exist.

use crate::fifo_cache::FifoCache;

/// Minimum size of a run worth caching.
const RUN_BYTES_MIN: usize = 2 * 1024;
/// Maximum size of a run to be cached.
const RUN_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Maximum number of runs in the ghost list.
pub const RUNS_MAX: usize = 512;

/// The result of a lookup.
#[derive(Debug, PartialEq, Eq)]
pub enum Lookup<V> {
    /// A hit.
    Kept(V),
    /// A ghost hit: it was requested before, and is to be cached now.
    Again,
    /// Its first request.
    First,
}

/// What was made of runs, by a key that says which run.
#[derive(Debug)]
pub struct RunCache<K, V> {
    kept: FifoCache<K, V>,
    /// The ghost list: runs requested once, by their size. It keeps the cache scan-resistant, since
    /// re-reading a range larger than this evicts nothing.
    asked: FifoCache<K, ()>,
    /// Minimum size that a run counts as in the ghost list.
    asked_bytes_min: usize,
}

impl<K: Ord + Copy, V: Clone> RunCache<K, V> {
    /// Keeps at most so many bytes.
    pub fn new(bytes_max: usize) -> Self {
        let asked_bytes_max = bytes_max / 4 * 3;
        Self {
            kept: FifoCache::new(bytes_max),
            asked: FifoCache::new(asked_bytes_max),
            asked_bytes_min: asked_bytes_max / RUNS_MAX,
        }
    }

    /// Whether runs of this size are cached at all.
    pub fn is_worth_it(run_bytes: usize) -> bool {
        (RUN_BYTES_MIN..=RUN_BYTES_MAX).contains(&run_bytes)
    }

    /// Looks up a run of this size.
    pub fn find(&mut self, key: &K, run_bytes: usize) -> Lookup<V> {
        if !Self::is_worth_it(run_bytes) {
            return Lookup::First;
        }
        if let Some(value) = self.kept.get(key) {
            return Lookup::Kept(value);
        }
        if self.asked.get(key).is_some() {
            return Lookup::Again;
        }
        self.asked
            .push(*key, (), run_bytes.max(self.asked_bytes_min));
        Lookup::First
    }

    /// Caches what was made of a run, of this size.
    pub fn keep(&mut self, key: K, value: V, bytes: usize) {
        self.kept.push(key, value, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT_BYTES_MAX: usize = 32 * 1024 * 1024;
    const ASKED_BYTES_MAX: usize = KEPT_BYTES_MAX / 4 * 3;

    fn cache() -> RunCache<u64, u64> {
        RunCache::new(KEPT_BYTES_MAX)
    }

    #[test]
    fn run_when_asked_for_twice_then_is_wanted_and_the_newest_are_kept() {
        let mut runs = cache();
        assert_eq!(runs.find(&1, RUN_BYTES_MIN), Lookup::First);
        assert_eq!(runs.find(&1, RUN_BYTES_MIN), Lookup::Again);
        for first in 0..40 {
            runs.keep(first, 2 * first, 1024 * 1024);
        }
        assert_eq!(runs.find(&7, RUN_BYTES_MIN), Lookup::First, "it went first");
        assert_eq!(runs.find(&8, RUN_BYTES_MIN), Lookup::Kept(16));
    }

    #[test]
    fn runs_when_a_few_are_asked_for_then_none_takes_anothers_place() {
        let mut runs = cache();
        for expected in [Lookup::First, Lookup::Again] {
            let mut found = (0..64).map(|first| runs.find(&first, RUN_BYTES_MIN));
            assert!(found.all(|found| found == expected));
        }
    }

    #[test]
    fn run_when_too_small_or_too_large_then_is_never_wanted() {
        let mut runs = cache();
        for bytes in [RUN_BYTES_MIN - 1, RUN_BYTES_MAX + 1] {
            assert_eq!(runs.find(&2, bytes), Lookup::First);
            assert_eq!(runs.find(&2, bytes), Lookup::First, "{bytes}");
        }
    }

    #[test]
    fn runs_when_more_are_walked_than_the_list_holds_then_none_is_wanted() {
        let mut runs = cache();
        let kept = ASKED_BYTES_MAX / RUN_BYTES_MAX;
        for (count, again) in [(kept + 1, Lookup::First), (kept, Lookup::Again)] {
            let mut walk = || {
                let keys = 1000..1000 + count as u64;
                let found = keys.map(|first| runs.find(&first, RUN_BYTES_MAX));
                found.collect::<Vec<_>>()
            };
            assert!(
                walk().iter().all(|found| *found == Lookup::First),
                "pushed out"
            );
            assert!(walk().iter().all(|found| *found == again), "{count} runs");
        }
    }
}
