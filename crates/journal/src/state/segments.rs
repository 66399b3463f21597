//! The segments that the MANIFEST lists, in memory: their numbers and sizes.
//!
//! It touches no files. Whoever changes the set changes it in the MANIFEST first.

use crate::format::manifest::SegmentEntry;
use crate::format::segment::Segment;
use millstream_env::Random;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Size of the first segment; sizes double up to the maximum.
const SEGMENT_BYTES_FIRST: u64 = 4 * 1024 * 1024;
/// The smallest segment that is made on a nearly full disk.
pub(crate) const SEGMENT_BYTES_MIN: u64 = 1024 * 1024;
/// Divisor: a segment takes at most this fraction of the volume, and so does the reserve.
const VOLUME_SHARE: u64 = 20;
/// Segments grow no more after so many.
const DOUBLINGS_MAX: u32 = 20;

/// Segments by their numbers.
pub(crate) type SegmentMap = BTreeMap<u64, Arc<Segment>>;

/// The live segments.
pub(crate) struct Segments {
    random: Arc<dyn Random>,
    bytes_max: u64,
    live: Mutex<SegmentMap>,
    next_number: AtomicU64,
    /// The number of the segment that the writer writes. All earlier ones are applied to the logs.
    active: AtomicU64,
    /// Segments with damage, which are never rewritten.
    uncopyable: Mutex<BTreeSet<u64>>,
    /// The number of segments put to use; the size of the next one doubles with each.
    used: AtomicU32,
}

impl Segments {
    pub(crate) fn new(random: Arc<dyn Random>, bytes_max: u64) -> Self {
        Self {
            random,
            bytes_max,
            live: Mutex::default(),
            next_number: AtomicU64::new(0),
            active: AtomicU64::new(0),
            uncopyable: Mutex::default(),
            used: AtomicU32::new(0),
        }
    }

    /// Continues the numbers of segments from here.
    pub(crate) fn count_from(&self, next_number: u64) {
        self.next_number.store(next_number, Ordering::Release);
    }

    /// The number of the next segment.
    pub(crate) fn next_number(&self) -> u64 {
        self.next_number.load(Ordering::Acquire)
    }

    /// Takes the next segment number and a salt.
    pub(crate) fn name(&self, capacity_bytes: u64) -> SegmentEntry {
        let mut salt = [0; 8];
        self.random.fill(&mut salt);
        let number = self.next_number.fetch_add(1, Ordering::AcqRel);
        let salt = u64::from_le_bytes(salt);
        SegmentEntry {
            number,
            salt,
            is_sorted: false,
            replaces: 0,
            capacity_bytes,
        }
    }

    /// The number of the segment being written.
    pub(crate) fn active(&self) -> u64 {
        self.active.load(Ordering::Acquire)
    }

    pub(crate) fn set_active(&self, number: u64) {
        self.active.store(number, Ordering::Release);
    }

    /// Adds the segments that recovery found.
    pub(crate) fn restore(&self, found: impl Iterator<Item = Arc<Segment>>) {
        let found = found.map(|segment| (segment.number, segment));
        self.live.lock().extend(found);
    }

    /// A copy of the set.
    pub(crate) fn all(&self) -> SegmentMap {
        self.live.lock().clone()
    }

    /// Replaces the set by what the MANIFEST lists now.
    pub(crate) fn replace(&self, live: SegmentMap) {
        // Segments that are no longer listed are dropped after the lock is released.
        drop(std::mem::replace(&mut *self.live.lock(), live));
    }

    pub(crate) fn count(&self) -> usize {
        self.live.lock().len()
    }

    pub(crate) fn contains(&self, number: u64) -> bool {
        self.live.lock().contains_key(&number)
    }

    pub(crate) fn newest(&self) -> Option<u64> {
        self.live.lock().keys().next_back().copied()
    }

    /// The segments whose footers are on the disk.
    pub(crate) fn sealed(&self) -> Vec<Arc<Segment>> {
        let live = self.live.lock();
        let sealed = live.values().filter(|segment| segment.has_footer());
        sealed.cloned().collect()
    }

    /// The sealed segments without known damage.
    pub(crate) fn copyable(&self) -> Vec<Arc<Segment>> {
        let mut sealed = self.sealed();
        let uncopyable = self.uncopyable.lock();
        sealed.retain(|segment| !uncopyable.contains(&segment.number));
        sealed
    }

    /// Excludes a damaged segment from being copied.
    pub(crate) fn note_uncopyable(&self, number: u64) {
        self.uncopyable.lock().insert(number);
    }

    /// Counts one more used segment.
    pub(crate) fn note_used(&self) {
        self.used.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets the number of used segments at start.
    pub(crate) fn set_used(&self, used: usize) {
        self.used.store(used as u32, Ordering::Relaxed);
    }

    /// The size of the next segment if there is space. `free` includes what is reserved.
    pub(crate) fn next_bytes(&self, free: u64) -> u64 {
        let doublings = self.used.load(Ordering::Relaxed).min(DOUBLINGS_MAX);
        let volume = free.saturating_add(self.disk_bytes());
        let grown = (SEGMENT_BYTES_FIRST << doublings).min(self.bytes_max);
        grown.min((volume / VOLUME_SHARE).max(SEGMENT_BYTES_MIN))
    }

    /// The size of the largest live segment.
    pub(crate) fn largest_bytes(&self) -> u64 {
        let live = self.live.lock();
        let bytes = live.values().map(|segment| segment.file_bytes());
        bytes.max().unwrap_or_default()
    }

    /// The total size of all live segments, without spares.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let live = self.live.lock();
        live.values().map(|segment| segment.file_bytes()).sum()
    }

    /// Does something while nobody else can look at any of them, nor at the set.
    #[cfg(test)]
    pub(crate) fn while_locked(&self, work: &mut dyn FnMut()) {
        let live = self.live.lock();
        let segments: Vec<_> = live.values().cloned().collect();
        while_all_locked(&segments, work);
    }
}

#[cfg(test)]
fn while_all_locked(segments: &[Arc<Segment>], work: &mut dyn FnMut()) {
    match segments.split_first() {
        Some((first, rest)) => first.while_locked(&mut || while_all_locked(rest, work)),
        None => work(),
    }
}
