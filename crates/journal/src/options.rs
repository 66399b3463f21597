//! How a journal works: what an acknowledgement means, and the bounds of what it takes.

use crate::planted::PlantedBug;

/// The most bytes of batches that one call may bring.
pub const CALL_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The default bound on calls that wait to be written.
pub const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The default bound on recently written frames kept in memory.
pub const CACHE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The default bound on what cold reads keep in memory.
pub const COLD_CACHE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// The default bound on what is held of blocks that are being copied.
pub const COPY_BYTES_MAX: usize = 40 * 1024 * 1024;
/// The default bound on segments that wait to be sorted before that is done in a hurry.
pub const UNSORTED_SEGMENTS_MAX: usize = 64;
/// The default size of a full-grown segment.
pub const SEGMENT_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// What an acknowledged append has survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It was synced: it survives a power failure.
    Fsync,
    /// The operating system has it: it survives the end of the process.
    Os,
}

/// How a journal works.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What an acknowledgement means.
    pub durability: Durability,
    /// The size that segments grow to: 1 MiB to 1 GiB.
    pub segment_bytes_max: u64,
    /// Calls that wait to be written are refused beyond this.
    pub queue_bytes_max: usize,
    /// Memory for recently written frames.
    pub cache_bytes_max: usize,
    /// Memory for cold reads.
    pub cold_cache_bytes_max: usize,
    /// Memory for blocks that are being copied, by the cleaner and as much by the sorter; one block
    /// alone may exceed it.
    pub copy_bytes_max: usize,
    /// If more segments than this wait to be sorted by log, sorting takes processor time from
    /// others.
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
