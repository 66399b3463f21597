//! A pool of buffers for pieces of responses.
//!
//! Buffers are not cleared between uses, which would cost as much as filling them, and the free
//! list is LIFO, so that a buffer is likely to be in cache. A piece exposes only the bytes written
//! to it.

use bytes::Bytes;
use parking_lot::Mutex;
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
#[derive(Debug, Default)]
pub(super) struct PieceBuffers {
    small: Mutex<Vec<Box<[u8]>>>,
    large: Mutex<Vec<Box<[u8]>>>,
}

impl PieceBuffers {
    /// An empty piece with capacity for at least this many bytes.
    pub(super) fn piece(self: &Arc<Self>, bytes: usize) -> Piece {
        let (waiting, bytes) = match bytes {
            0..=SMALL_BYTES => (self.small.lock().pop(), SMALL_BYTES),
            LARGE_BYTES_MIN..=LARGE_BYTES => (self.large.lock().pop(), LARGE_BYTES),
            _ => (None, bytes),
        };
        Piece {
            bytes: waiting.unwrap_or_else(|| vec![0; bytes].into()),
            length: 0,
            home: Some(Arc::clone(self)),
        }
    }

    fn take_back(&self, buffer: Box<[u8]>) {
        let (waiting, buffers_max) = match buffer.len() {
            SMALL_BYTES => (&self.small, SMALL_MAX),
            LARGE_BYTES => (&self.large, LARGE_MAX),
            _ => return,
        };
        let mut waiting = waiting.lock();
        if waiting.len() < buffers_max {
            waiting.push(buffer);
        }
    }
}

/// A piece being filled; its buffer returns to the pool when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Piece {
    bytes: Box<[u8]>,
    length: usize,
    home: Option<Arc<PieceBuffers>>,
}

impl Piece {
    /// Number of bytes written.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Size of its memory.
    pub(super) fn holds(&self) -> usize {
        self.bytes.len()
    }

    /// The unwritten rest of the current buffer.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.length..]
    }

    /// Commits bytes that were written to [`Piece::room`].
    pub(super) fn advance(&mut self, bytes: usize) {
        self.length += bytes;
        assert!(self.length <= self.bytes.len(), "there is no such room");
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl From<Piece> for Bytes {
    fn from(piece: Piece) -> Self {
        Self::from_owner(piece)
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            home.take_back(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(buffers: &Arc<PieceBuffers>, text: &[u8], bytes: usize) -> Bytes {
        let mut piece = buffers.piece(bytes);
        piece.room()[..text.len()].copy_from_slice(text);
        piece.advance(text.len());
        piece.into()
    }

    #[test]
    fn buffer_when_its_piece_was_sent_then_serves_the_next_that_shows_nothing_of_it() {
        for bytes in [SMALL_BYTES, LARGE_BYTES] {
            let buffers = Arc::default();
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
        let buffers: Arc<PieceBuffers> = Arc::default();
        let waiting = || (buffers.small.lock().len(), buffers.large.lock().len());
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
