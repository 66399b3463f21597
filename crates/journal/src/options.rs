//! How a journal works: what an acknowledgement means, and the bounds of what it takes.

use crate::planted::PlantedBug;

/// Maximum bytes of batches in one call.
pub const CALL_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Default limit on queued calls.
pub const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Default limit on recently written frames kept in memory.
pub const CACHE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Default limit on memory for cold reads.
pub const COLD_CACHE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Default limit on blocks held in memory while they are copied.
pub const COPY_BYTES_MAX: usize = 40 * 1024 * 1024;
/// Default number of segments waiting to be sorted above which sorting no longer yields.
pub const UNSORTED_SEGMENTS_MAX: usize = 64;
/// Default size of a full-grown segment.
pub const SEGMENT_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// What an acknowledged append survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A power failure: it was synced.
    Fsync,
    /// The end of the process: the operating system has it.
    Os,
}

/// Parameters of a journal.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The meaning of an acknowledgement.
    pub durability: Durability,
    /// The size that segments grow to: 1 MiB to 1 GiB.
    pub segment_bytes_max: u64,
    /// Queue limit: further calls are refused.
    pub queue_bytes_max: usize,
    /// Memory for recently written frames.
    pub cache_bytes_max: usize,
    /// Memory for cold reads.
    pub cold_cache_bytes_max: usize,
    /// Memory for blocks being copied, for the cleaner and again for the sorter; a single block may
    /// exceed it.
    pub copy_bytes_max: usize,
    /// If more segments than this wait to be sorted by log, sorting competes for the CPU.
    pub unsorted_segments_max: usize,
    /// A bug to be caught.
    #[cfg(test)]
    pub(crate) planted: Option<PlantedBug>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Fsync,
            segment_bytes_max: SEGMENT_BYTES_MAX,
            queue_bytes_max: QUEUE_BYTES_MAX,
            cache_bytes_max: CACHE_BYTES_MAX,
            cold_cache_bytes_max: COLD_CACHE_BYTES_MAX,
            copy_bytes_max: COPY_BYTES_MAX,
            unsorted_segments_max: UNSORTED_SEGMENTS_MAX,
            #[cfg(test)]
            planted: None,
        }
    }
}

impl Options {
    /// Whether this bug is switched on.
    #[cfg(test)]
    pub(crate) fn has(&self, bug: PlantedBug) -> bool {
        self.planted == Some(bug)
    }

    /// Whether this bug is switched on: never in this build.
    #[cfg(not(test))]
    pub(crate) const fn has(&self, _: PlantedBug) -> bool {
        false
    }
}
