//! State that reads share: caches, and the lock that lets one of them rebuild an index at a time.

use crate::options::Options;
use crate::planted::PlantedBug;
use crate::read::cache::Cache;
use millstream_env::{Clock, LineLimit};
use parking_lot::Mutex;
use std::sync::Arc;

/// Log lines per second about damage that reads met.
pub(crate) const DAMAGE_LINES_PER_SECOND: u64 = 5;

/// State that reads share.
pub(crate) struct Reads {
    clock: Arc<dyn Clock>,
    options: Options,
    cache: Cache,
    /// Held while the index of a segment with a damaged footer is rebuilt, which takes memory for
    /// all of its blocks.
    rebuilding: Mutex<()>,
    /// Limits log lines about damage.
    damage_lines: LineLimit,
}

impl Reads {
    pub(crate) fn new(clock: Arc<dyn Clock>, options: Options) -> Self {
        Self {
            clock,
            options,
            cache: Cache::new(options.cache_bytes_max, options.cold_cache_bytes_max),
            rebuilding: Mutex::default(),
            damage_lines: LineLimit::new(DAMAGE_LINES_PER_SECOND),
        }
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Runs the rebuilding of an index, one at a time.
    pub(crate) fn rebuild_alone<T>(&self, work: impl FnOnce() -> T) -> T {
        let _alone = self.rebuilding.lock();
        work()
    }

    /// Asks for a log line about damage, as [`LineLimit::pass`] does: readers meet the same damage
    /// again and again.
    pub(crate) fn may_tell_of_damage(&self) -> Option<u64> {
        self.damage_lines.pass(self.clock.monotonic())
    }

    /// Whether bytes with a wrong checksum are served: a planted bug.
    pub(crate) fn ignores_checksums(&self) -> bool {
        self.options.has(PlantedBug::IgnoreChecksum)
    }
}
