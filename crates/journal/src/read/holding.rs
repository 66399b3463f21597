//! Memory that the runs of a read keep alive beyond their own bytes.
//!
//! A run shares the memory it was found in: a window, a frame, a buffer. That is fast, and keeps
//! all of it alive for as long as the response waits for its client. So whenever a read moves on to
//! other memory it checks how much it took of the previous one: small parts of large memory are
//! copied. Frames are shared without a copy while the ring accounts for them (see
//! [`crate::read::cache`]). What always holds: all runs together keep at most twice their bytes and
//! [`SLACK_BYTES`] alive, except for such frames and the memory being read.

use crate::read::buffers::{LARGE_BYTES, memory_of};
use bytes::{Bytes, BytesMut};
use millstream_store::store::{ReadLimit, Run};

/// Memory that a read may keep alive beyond twice its bytes: a short read copies nothing.
pub(crate) const SLACK_BYTES: usize = 1024 * 1024;
/// Size of the chunks that copies share, so that ten thousand short copies are not ten thousand
/// allocations.
const COPIES_BYTES: usize = 64 * 1024;

/// Bytes, and the memory they keep alive.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) bytes: Bytes,
    pub(crate) memory: Memory,
}

/// A region of memory that is freed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Its address, unique while it lives.
    start: usize,
    bytes: usize,
}

impl Found {
    /// A part of a region of exactly this size.
    pub(crate) fn within(whole: &Bytes, bytes: Bytes) -> Self {
        Self::keeping(whole, whole.len(), bytes)
    }

    /// Bytes that keep nothing else alive, or are accounted for elsewhere.
    pub(crate) fn alone(bytes: Bytes) -> Self {
        Self::within(&bytes.clone(), bytes)
    }

    /// A part of a pooled buffer.
    pub(crate) fn in_buffer(whole: &Bytes, bytes: Bytes) -> Self {
        Self::keeping(whole, memory_of(whole.len()), bytes)
    }

    /// A whole pooled buffer.
    pub(crate) fn buffer(whole: Bytes) -> Self {
        Self::in_buffer(&whole.clone(), whole)
    }

    fn keeping(whole: &Bytes, memory_bytes: usize, bytes: Bytes) -> Self {
        let memory = Memory {
            start: whole.as_ptr().addr(),
            bytes: memory_bytes,
        };
        Self { bytes, memory }
    }
}

/// What the runs of one read keep alive.
pub(crate) struct Holding {
    /// The limit, including the memory being read.
    kept_bytes_max: usize,
    /// Memory kept alive by the runs before those in `current`.
    kept_bytes: usize,
    /// Total bytes of the runs.
    run_bytes: usize,
    /// The region that the last runs are in.
    current: Option<Memory>,
    /// The index of the first of them.
    first: usize,
    /// The current chunk for copies.
    copies: BytesMut,
}

impl Holding {
    /// The empty state for a read within this limit.
    pub(crate) fn within(limit: ReadLimit) -> Self {
        Self {
            kept_bytes_max: limit.held_bytes_max(),
            kept_bytes: 0,
            run_bytes: 0,
            current: None,
            first: 0,
            copies: BytesMut::new(),
        }
    }

    /// Whether a block of this size may be read in addition; the first one always may.
    pub(crate) fn has_room_for(&self, block_bytes: usize) -> bool {
        if block_bytes <= LARGE_BYTES || self.run_bytes == 0 {
            return true;
        }
        let current_bytes = self.current.map_or(0, |memory| memory.bytes);
        self.kept_bytes + current_bytes + block_bytes <= self.kept_bytes_max
    }

    /// Adds a run: all or a part of what was found in this memory.
    pub(crate) fn push(&mut self, runs: &mut Vec<Run>, run: Run, memory: Memory) {
        if self.current != Some(memory) {
            self.settle(runs);
            self.current = Some(memory);
            self.first = runs.len();
        }
        self.run_bytes += run.bytes.len();
        runs.push(run);
    }

    /// Finishes the region of the last runs; returns what all runs keep alive.
    pub(crate) fn settle(&mut self, runs: &mut [Run]) -> usize {
        if let Some(memory) = self.current.take() {
            let kept_bytes = self.kept_bytes + memory.bytes;
            if kept_bytes <= 2 * self.run_bytes + SLACK_BYTES {
                self.kept_bytes = kept_bytes;
            } else {
                for run in &mut runs[self.first..] {
                    run.bytes = self.copy_of(&run.bytes);
                }
            }
        }
        self.kept_bytes
    }

    /// A copy, in a chunk shared with others.
    fn copy_of(&mut self, bytes: &Bytes) -> Bytes {
        if bytes.len() > COPIES_BYTES / 2 {
            self.kept_bytes += bytes.len();
            return Bytes::copy_from_slice(bytes);
        }
        if self.copies.capacity() < bytes.len() {
            self.copies = BytesMut::with_capacity(COPIES_BYTES);
            self.kept_bytes += COPIES_BYTES;
        }
        self.copies.extend_from_slice(bytes);
        self.copies.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::Timestamp;
    use millstream_store::store::Offset;

    #[test]
    fn a_long_block_when_too_much_beside_what_is_kept_then_has_no_room_but_the_first_has() {
        const MIB: usize = 1024 * 1024;
        let limit = ReadLimit {
            records: 10,
            bytes: 100,
        };
        let mut holding = Holding::within(limit);
        assert!(holding.has_room_for(60 * MIB));
        let bytes = Bytes::from(vec![0; 5 * MIB]);
        let run = Run {
            first: Offset(0),
            count: 1,
            arrival: Timestamp(0),
            bytes: bytes.clone(),
        };
        let memory = Found::buffer(bytes).memory;
        holding.push(&mut Vec::new(), run, memory);
        let left = limit.held_bytes_max() - 5 * MIB;
        let has_room = [MIB, left, left + 1].map(|bytes| holding.has_room_for(bytes));
        assert_eq!(has_room, [true, true, false]);
    }
}
