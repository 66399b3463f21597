//! What reads share: memory, and what keeps them from doing the same dear thing at once.

use crate::options::Options;
use crate::planted::PlantedBug;
use crate::read::cache::Cache;
use env::{Clock, LineLimit};
use parking_lot::Mutex;
use std::sync::Arc;

/// Lines about damage that reads met, a second.
pub(crate) const DAMAGE_LINES_PER_SECOND: u64 = 5;

/// What reads share.
pub(crate) struct Reads {
    clock: Arc<dyn Clock>,
    options: Options,
    cache: Cache,
    /// Held while a damaged footer is made up for, which takes memory for all of its segment's
    /// blocks.
    rebuilding: Mutex<()>,
    /// What reads found damaged, in the log.
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

    /// Makes up for a damaged footer while nobody else does.
    pub(crate) fn rebuild_alone<T>(&self, work: impl FnOnce() -> T) -> T {
        let _alone = self.rebuilding.lock();
        work()
    }

    /// Asks for a line about damage that a read met: whoever reads there meets it again and again.
    pub(crate) fn may_tell_of_damage(&self) -> Option<u64> {
        self.damage_lines.pass(self.clock.monotonic())
    }

    /// Whether bytes are served whose checksum does not hold: a planted bug.
    pub(crate) fn ignores_checksums(&self) -> bool {
        self.options.has(PlantedBug::IgnoreChecksum)
    }
}
