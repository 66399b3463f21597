//! What the runs of a read keep in memory beside their own bytes.
//!
//! A run shares the memory that it was found in: a window, a frame, a buffer. That is quick, and keeps all
//! of it for as long as the answer waits for its client. So whenever a read goes on to other memory it looks
//! at what it took of the last: little of much is copied out. What always holds: all runs together keep at most
//! twice their bytes and [`SLACK_BYTES`], but for the memory that is being read.

use super::buffers::memory_of;
use crate::store::Run;
use bytes::{Bytes, BytesMut};

/// Memory that a read may keep beyond twice what it took: a short read copies nothing.
pub(super) const SLACK_BYTES: usize = 1024 * 1024;
/// Copies share memory of so many bytes, so that ten thousand of a few bytes are no ten thousand allocations.
const COPIES_BYTES: usize = 64 * 1024;

/// Bytes, and the memory that they keep.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) bytes: Bytes,
    memory: Memory,
}

/// A stretch of memory that lives and goes as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Memory {
    /// Its address, which nobody else has while it lives.
    start: usize,
    bytes: usize,
}

impl Found {
    /// A part of what has just so much memory.
    pub(super) fn within(whole: &Bytes, bytes: Bytes) -> Self {
        Self::keeping(whole, whole.len(), bytes)
    }

    /// A part of what was read into a buffer.
    pub(super) fn in_buffer(whole: &Bytes, bytes: Bytes) -> Self {
        Self::keeping(whole, memory_of(whole.len()), bytes)
    }

    /// All of what was read into a buffer.
    pub(super) fn buffer(whole: Bytes) -> Self {
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
#[derive(Default)]
pub(super) struct Holding {
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
    /// Adds a run, all or a part of what was found.
    pub(super) fn push(&mut self, runs: &mut Vec<Run>, run: Run, found: &Found) {
        if self.current != Some(found.memory) {
            self.settle(runs);
            self.current = Some(found.memory);
            self.first = runs.len();
        }
        self.run_bytes += run.bytes.len();
        runs.push(run);
    }

    /// Ends with the memory that the last runs stand in; answers what all runs keep.
    pub(super) fn settle(&mut self, runs: &mut [Run]) -> usize {
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
