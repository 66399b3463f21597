//! Buffers for pieces of responses, which are filled step by step.
//!
//! There are two sizes, with a free list each. A piece exposes only the bytes written to it.

use bytes::Bytes;
use millstream_memory::{Buffer, FreeList};
use std::sync::Arc;

/// Size of a large buffer. A piece still fits the L2 cache when the transport copies it, and the
/// transport takes two at a time. `bench/run only get-tail` measures it.
pub(super) const LARGE_BYTES: usize = 144 * 1024;
/// Size of a small buffer.
pub(super) const SMALL_BYTES: usize = 4 * 1024;
/// Smaller pieces get no large buffer: it would hold much more than needed.
const LARGE_BYTES_MIN: usize = LARGE_BYTES / 2;
/// Maximum number of free large buffers.
const LARGE_MAX: usize = 64;
/// Maximum number of free small buffers.
const SMALL_MAX: usize = 512;

/// Free buffers.
#[derive(Debug)]
pub(super) struct PieceBuffers {
    small: Arc<FreeList>,
    large: Arc<FreeList>,
}

impl Default for PieceBuffers {
    fn default() -> Self {
        Self {
            small: FreeList::new(SMALL_BYTES, SMALL_MAX),
            large: FreeList::new(LARGE_BYTES, LARGE_MAX),
        }
    }
}

impl PieceBuffers {
    /// An empty piece with capacity for at least this many bytes.
    pub(super) fn piece(&self, bytes: usize) -> Piece {
        let buffer = match bytes {
            0..=SMALL_BYTES => self.small.buffer(),
            LARGE_BYTES_MIN..=LARGE_BYTES => self.large.buffer(),
            _ => Buffer::unpooled(bytes),
        };
        Piece { buffer, length: 0 }
    }
}

/// A piece being filled; its buffer returns to its list when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Piece {
    buffer: Buffer,
    length: usize,
}

impl Piece {
    /// Number of bytes written.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Size of its memory.
    pub(super) fn holds(&self) -> usize {
        self.buffer.len()
    }

    /// The unwritten rest of the current buffer.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.buffer[self.length..]
    }

    /// Commits bytes that were written to [`Piece::room`].
    pub(super) fn advance(&mut self, bytes: usize) {
        self.length += bytes;
        assert!(self.length <= self.buffer.len(), "there is no such room");
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

impl From<Piece> for Bytes {
    fn from(piece: Piece) -> Self {
        Self::from_owner(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(buffers: &PieceBuffers, text: &[u8], bytes: usize) -> Bytes {
        let mut piece = buffers.piece(bytes);
        piece.room()[..text.len()].copy_from_slice(text);
        piece.advance(text.len());
        piece.into()
    }

    #[test]
    fn buffer_when_its_piece_was_sent_then_serves_the_next_that_shows_nothing_of_it() {
        for bytes in [SMALL_BYTES, LARGE_BYTES] {
            let buffers = PieceBuffers::default();
            let first = piece(&buffers, b"a secret", bytes);
            let second = piece(&buffers, b"other", bytes - 1);
            let place = second.as_ptr();
            assert_ne!(first.as_ptr(), place);
            let part = second.slice(1..3);
            drop(second);
            let third = piece(&buffers, b"third", bytes);
            assert_ne!(third.as_ptr(), place, "a part is in use");
            drop((first, third, part));
            let fourth = piece(&buffers, b"new", bytes);
            assert_eq!((fourth.as_ptr(), &fourth[..]), (place, &b"new"[..]));
        }
    }

    #[test]
    fn buffers_when_of_other_sizes_or_too_many_then_do_not_wait() {
        let buffers = PieceBuffers::default();
        let waiting = || (buffers.small.count(), buffers.large.count());
        for bytes in [SMALL_BYTES + 1, LARGE_BYTES_MIN - 1, LARGE_BYTES + 1] {
            drop(piece(&buffers, b"text", bytes));
            assert_eq!(waiting(), (0, 0), "{bytes}");
        }
        let pieces =
            |bytes, count| -> Vec<Piece> { (0..count).map(|_| buffers.piece(bytes)).collect() };
        drop(pieces(1, SMALL_MAX + 1));
        drop(pieces(LARGE_BYTES_MIN, LARGE_MAX + 1));
        assert_eq!(waiting(), (SMALL_MAX, LARGE_MAX));
    }
}
