//! Caches for reads: the newest frames as they were written, windows of cold files, block lists.
//!
//! Each is bounded. Bytes from the ring were never on a disk and need no check; bytes from windows
//! are checksummed when a block is cut out of them.

use crate::format::frame::Block;
use crate::format::long_list::LongList;
use crate::measured::Looks;
use crate::read::buffers::{Buffers, InUse, LARGE_BYTES, SMALL_BYTES, memory_of};
use crate::read::holding::Found;
use crate::read::lru::Lru;
use bytes::Bytes;
use millstream_store::store::{LogId, Offset};
use parking_lot::{Mutex, RwLock};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Size and alignment of the windows that cold reads fetch.
pub(crate) const WINDOW_BYTES: u64 = LARGE_BYTES as u64;
/// Maximum size of adjacent blocks read at once.
pub(crate) const SPAN_BYTES: u64 = SMALL_BYTES as u64;
/// Cache size for footers' block lists.
const LISTS_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Cache size for the parts of long block lists.
const LONG_LISTS_BYTES_MAX: u64 = 1024 * 1024;

/// Maximum number of blocks taken from the ring under one lock.
const RECENT_MAX: usize = 64;
/// Maximum bytes of frames referenced by blocks that are to be copied (except the first), which are
/// all held until they are copied.
const RECENT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Divisor of the ring's size that limits evicted frames still shared by responses. Above it, reads
/// copy.
const BESIDE_RING_PART: usize = 4;
/// Cache size for single blocks.
const PIECES_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The segment and the log of a list or a part of one, and the offset at which that begins.
pub(crate) type ListKey = (u64, LogId, Offset);

/// What reads find without the disk.
pub(crate) struct Cache {
    /// The pool for cold reads.
    buffers: Buffers,
    /// All frames, in the ring and evicted.
    frames: Arc<InUse>,
    ring: RwLock<Ring>,
    /// Blocks looked up in the ring.
    ring_hits: AtomicU64,
    ring_misses: AtomicU64,
    windows: Mutex<Lru<(u64, u64), Bytes>>,
    /// Single blocks that were read outside windows and may be wanted again.
    pieces: Mutex<Lru<(u64, u32), Bytes>>,
    lists: Mutex<Lru<ListKey, Arc<Vec<Block>>>>,
    long_lists: Mutex<Lru<ListKey, Arc<LongList>>>,
}

struct Ring {
    frames: VecDeque<Frame>,
    bytes: usize,
    bytes_max: usize,
}

impl Ring {
    fn sharing(&self, frames: &InUse) -> Sharing {
        let beside = frames.bytes().saturating_sub(self.bytes);
        if beside <= self.bytes_max / BESIDE_RING_PART {
            Sharing::Free
        } else {
            Sharing::Counted
        }
    }
}

/// Bytes of a segment's file from a position on.
struct Frame {
    segment: u64,
    start: u32,
    bytes: Bytes,
}

impl Frame {
    fn key(&self) -> (u64, u32) {
        (self.segment, self.start)
    }

    /// The block's bytes, if they are here.
    fn block(&self, segment: u64, block: &Block, sharing: Sharing) -> Option<Found> {
        if self.segment != segment {
            return None;
        }
        let start = block.position.checked_sub(self.start)? as usize;
        let end = start + block.length as usize;
        let bytes = (end <= self.bytes.len()).then(|| self.bytes.slice(start..end))?;
        Some(match sharing {
            Sharing::Free => Found::alone(bytes),
            Sharing::Counted => Found::within(&self.bytes, bytes),
        })
    }
}

/// How the memory of a shared frame is accounted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// By the ring: few evicted frames are still shared.
    Free,
    /// By the read that shares it.
    Counted,
}

impl Cache {
    pub(crate) fn new(ring_bytes_max: usize, cold_bytes_max: usize) -> Self {
        let ring = Ring {
            frames: VecDeque::new(),
            bytes: 0,
            bytes_max: ring_bytes_max,
        };
        Self {
            buffers: Buffers::default(),
            frames: Arc::default(),
            ring: RwLock::new(ring),
            ring_hits: AtomicU64::new(0),
            ring_misses: AtomicU64::new(0),
            windows: Mutex::new(Lru::new(cold_bytes_max as u64)),
            pieces: Mutex::new(Lru::new(PIECES_BYTES_MAX)),
            lists: Mutex::new(Lru::new(LISTS_BYTES_MAX)),
            long_lists: Mutex::new(Lru::new(LONG_LISTS_BYTES_MAX)),
        }
    }

    /// Wraps a frame that is counted until its last reference is dropped.
    pub(crate) fn frame(&self, bytes: Vec<u8>) -> Bytes {
        self.frames.counted(bytes)
    }

    /// Has `read` fill so many bytes of memory for cold reads, and gives them.
    pub(crate) fn fill(
        &self,
        length: usize,
        read: impl FnOnce(&mut [u8]) -> io::Result<()>,
    ) -> io::Result<Bytes> {
        self.buffers.fill(length, read)
    }

    /// What cold reads filled and somebody still has.
    pub(crate) fn cold_in_use(&self) -> &Arc<InUse> {
        self.buffers.in_use()
    }

    /// Memory of frames and read data: cached, or shared by responses.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.frames.bytes() + self.buffers.in_use().bytes()
    }

    /// Adds a newly written frame, and evicts the oldest beyond the limit.
    pub(crate) fn keep(&self, segment: u64, start: u32, bytes: Bytes) {
        let mut dropped = Vec::new();
        let mut ring = self.ring.write();
        ring.bytes += bytes.len();
        ring.frames.push_back(Frame {
            segment,
            start,
            bytes,
        });
        while ring.bytes > ring.bytes_max && ring.frames.len() > 1 {
            let oldest = ring.frames.pop_front().expect("there are frames");
            ring.bytes -= oldest.bytes.len();
            dropped.push(oldest);
        }
        // Memory is freed outside the lock.
        drop(ring);
        drop(dropped);
    }

    /// The bytes of the first of these blocks, in order, as far as the ring has them: at most
    /// [`RECENT_MAX`], from frames of about [`RECENT_BYTES_MAX`] if they have to be copied.
    pub(crate) fn recent(&self, segment: u64, blocks: &[Block]) -> Vec<Found> {
        let found = self.find_recent(segment, blocks);
        if !found.is_empty() {
            self.ring_hits
                .fetch_add(found.len() as u64, Ordering::Relaxed);
        } else if !blocks.is_empty() {
            self.ring_misses.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    /// Lookups and hits of each cache.
    pub(crate) fn looks(&self) -> [(&'static str, Looks); 4] {
        let newest = Looks {
            hits: self.ring_hits.load(Ordering::Relaxed),
            misses: self.ring_misses.load(Ordering::Relaxed),
        };
        [
            ("newest", newest),
            ("windows", self.windows.lock().looks()),
            ("blocks", self.pieces.lock().looks()),
            ("lists", self.lists.lock().looks()),
        ]
    }

    fn find_recent(&self, segment: u64, blocks: &[Block]) -> Vec<Found> {
        let Some(first) = blocks.first() else {
            return Vec::new();
        };
        let ring = self.ring.read();
        let key = (segment, first.position);
        let after = ring.frames.partition_point(|frame| frame.key() <= key);
        let Some(mut at) = after.checked_sub(1) else {
            return Vec::new();
        };
        let blocks = blocks.iter().take(RECENT_MAX);
        let mut found = Vec::with_capacity(blocks.len());
        let sharing = ring.sharing(&self.frames);
        let mut held = ring.frames[at].bytes.len();
        for block in blocks {
            let key = (segment, block.position);
            let mut is_next = false;
            // A log's next block is in the same frame, or in one of the next.
            while ring
                .frames
                .get(at + 1)
                .is_some_and(|next| next.key() <= key)
            {
                at += 1;
                is_next = true;
            }
            if is_next && sharing == Sharing::Counted {
                held += ring.frames[at].bytes.len();
                if held > RECENT_BYTES_MAX {
                    break;
                }
            }
            let Some(bytes) = ring.frames[at].block(segment, block, sharing) else {
                break;
            };
            found.push(bytes);
        }
        found
    }

    pub(crate) fn window(&self, segment: u64, index: u64) -> Option<Bytes> {
        self.windows.lock().get((segment, index))
    }

    pub(crate) fn keep_window(&self, segment: u64, index: u64, bytes: Bytes) {
        let cost = bytes.len() as u64;
        self.windows.lock().insert((segment, index), bytes, cost);
    }

    pub(crate) fn piece(&self, segment: u64, position: u32) -> Option<Bytes> {
        self.pieces.lock().get((segment, position))
    }

    /// Caches a block that was read into a buffer of its own.
    pub(crate) fn keep_block(&self, segment: u64, position: u32, bytes: Bytes) {
        let cost = memory_of(bytes.len()) as u64;
        self.pieces.lock().insert((segment, position), bytes, cost);
    }

    /// Caches a copy, so that it does not keep the whole read's memory alive.
    pub(crate) fn keep_piece(&self, segment: u64, position: u32, bytes: &Bytes) {
        let cost = bytes.len() as u64 + 64;
        let copy = Bytes::copy_from_slice(bytes);
        self.pieces.lock().insert((segment, position), copy, cost);
    }

    pub(crate) fn list(&self, key: ListKey) -> Option<Arc<Vec<Block>>> {
        self.lists.lock().get(key)
    }

    pub(crate) fn keep_list(&self, key: ListKey, blocks: Arc<Vec<Block>>) {
        let cost = (blocks.len() * size_of::<Block>()) as u64 + 64;
        self.lists.lock().insert(key, blocks, cost);
    }

    pub(crate) fn long_list(&self, key: ListKey) -> Option<Arc<LongList>> {
        self.long_lists.lock().get(key)
    }

    pub(crate) fn keep_long_list(&self, key: ListKey, list: Arc<LongList>) {
        let cost = list.memory_bytes() as u64 + 64;
        self.long_lists.lock().insert(key, list, cost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::Timestamp;

    fn block(position: u32, length: u32) -> Block {
        let (first, arrival) = (Offset(0), Timestamp(0));
        Block {
            first,
            count: 1,
            arrival,
            position,
            length,
            crc: 0,
        }
    }

    #[test]
    fn the_ring_when_full_then_keeps_the_newest_frames() {
        let cache = Cache::new(250, 0);
        for (at, start) in (0_u8..).zip([0, 100, 200]) {
            cache.keep(1, start, Bytes::from(vec![at; 100]));
        }
        let recent = |segment, position, length| {
            let found = cache.recent(segment, &[block(position, length)]).pop();
            found.map(|found| found.bytes)
        };
        assert_eq!(recent(1, 10, 10), None);
        assert_eq!(recent(1, 110, 10), Some(Bytes::from(vec![1; 10])));
        assert_eq!(recent(1, 290, 10), Some(Bytes::from(vec![2; 10])));
        assert_eq!(recent(1, 295, 10), None);
        assert_eq!(recent(2, 210, 10), None);
        assert_eq!(recent(2, 10, 10), None);
    }
    #[test]
    fn blocks_when_asked_for_together_then_come_as_far_as_the_ring_has_them() {
        let cache = Cache::new(1000, 0);
        for (at, start) in (0_u8..).zip([0, 100, 200, 300]) {
            cache.keep(1, start, Bytes::from(vec![at; 100]));
        }
        let recent = |blocks: &[Block]| -> Vec<(u8, usize)> {
            let found = cache.recent(1, blocks);
            let bytes = found.iter().map(|found| &found.bytes);
            bytes.map(|bytes| (bytes[0], bytes.len())).collect()
        };
        // Two in one frame, one frame skipped, one block that is missing.
        let blocks = [block(10, 10), block(20, 30), block(205, 5), block(395, 10)];
        assert_eq!(recent(&blocks), [(0, 10), (0, 30), (2, 5)]);
        assert_eq!(recent(&blocks[3..]), []);
        assert_eq!(recent(&[]), []);
        let many = [block(310, 1); RECENT_MAX + 1];
        assert_eq!(recent(&many).len(), RECENT_MAX);
    }

    #[test]
    fn blocks_when_their_frames_are_large_then_come_out_of_few_at_once() {
        const FRAME: u32 = RECENT_BYTES_MAX as u32 / 3 + 1;
        let cache = Cache::new(10 * FRAME as usize, 0);
        for frame in 0..5 {
            cache.keep(1, frame * FRAME, vec![frame as u8; FRAME as usize].into());
        }
        let blocks: Vec<Block> = (0..5).map(|frame| block(frame * FRAME, 1)).collect();
        assert_eq!(
            cache.recent(1, &blocks).len(),
            5,
            "the ring answers for them"
        );
        let _beside = cache.frame(vec![0; 20 * FRAME as usize]);
        assert_eq!(cache.recent(1, &blocks).len(), 2);
        cache.keep(2, 0, vec![9; 2 * RECENT_BYTES_MAX].into());
        let both = [block(0, 1), block(5, 1)];
        assert_eq!(cache.recent(2, &both).len(), 2, "one frame may be larger");
    }
}
