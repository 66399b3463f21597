//! What the runs of a read keep in memory beside their own bytes.
//!
//! A run shares the memory that it was found in: a window, a frame, a buffer. That is quick, and
//! keeps all of it for as long as the answer waits for its client. So whenever a read goes on to
//! other memory it looks at what it took of the last: little of much is copied out. Frames are
//! shared without a copy while the ring answers for them (see [`crate::read::cache`]). What always
//! holds: all runs together keep at most twice their bytes and [`SLACK_BYTES`], but for such frames
//! and the memory that is being read.

use crate::read::buffers::{LARGE_BYTES, memory_of};
use bytes::{Bytes, BytesMut};
use log::store::{ReadLimit, Run};

/// Memory that a read may keep beyond twice what it took: a short read copies nothing.
pub(crate) const SLACK_BYTES: usize = 1024 * 1024;
/// Copies share memory of so many bytes, so that ten thousand of a few bytes are no ten thousand
/// allocations.
const COPIES_BYTES: usize = 64 * 1024;

/// Bytes, and the memory that they keep.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) bytes: Bytes,
    pub(crate) memory: Memory,
}

/// A stretch of memory that lives and goes as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Its address, which nobody else has while it lives.
    start: usize,
    bytes: usize,
}

impl Found {
    /// A part of what has just so much memory.
    pub(crate) fn within(whole: &Bytes, bytes: Bytes) -> Self {
        Self::keeping(whole, whole.len(), bytes)
    }

    /// What keeps no more than itself, or what others answer for.
    pub(crate) fn alone(bytes: Bytes) -> Self {
        Self::within(&bytes.clone(), bytes)
    }

    /// A part of what was read into a buffer.
    pub(crate) fn in_buffer(whole: &Bytes, bytes: Bytes) -> Self {
        Self::keeping(whole, memory_of(whole.len()), bytes)
    }

    /// All of what was read into a buffer.
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

/// What the runs of one read keep.
pub(crate) struct Holding {
    /// What may be kept, with the memory that is being read.
    kept_bytes_max: usize,
    /// Memory that is kept by the runs before those in `current`.
    kept_bytes: usize,
    /// Bytes of all runs.
    run_bytes: usize,
    /// The memory that the last runs stand in.
    current: Option<Memory>,
    /// The place of the first of them.
    first: usize,
    /// Room for copies.
    copies: BytesMut,
}

impl Holding {
    /// Nothing yet, of a read within this limit.
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

    /// Whether a block of so many bytes may be read beside what is kept; the first always may.
    pub(crate) fn has_room_for(&self, block_bytes: usize) -> bool {
        if block_bytes <= LARGE_BYTES || self.run_bytes == 0 {
            return true;
        }
        let current_bytes = self.current.map_or(0, |memory| memory.bytes);
        self.kept_bytes + current_bytes + block_bytes <= self.kept_bytes_max
    }

    /// Adds a run, all or a part of what was found in this memory.
    pub(crate) fn push(&mut self, runs: &mut Vec<Run>, run: Run, memory: Memory) {
        if self.current != Some(memory) {
            self.settle(runs);
            self.current = Some(memory);
            self.first = runs.len();
        }
        self.run_bytes += run.bytes.len();
        runs.push(run);
    }

    /// Ends with the memory that the last runs stand in; answers what all runs keep.
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

    /// A copy, in memory with others.
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
    use env::Timestamp;
    use log::store::Offset;

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
