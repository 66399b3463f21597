//! A rope of owned text interleaved with shared `Bytes`.
//!
//! All owned text goes into one buffer; shared slices are recorded by insertion point. So the
//! envelopes of a hundred records with shared data take one buffer.

use super::piece_buffers::{Piece, PieceBuffers};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// Pieces of a body under construction.
#[derive(Debug, Default)]
pub(super) struct Rope {
    buffers: Arc<PieceBuffers>,
    filling: Piece,
    /// Shared slices, with their insertion points in the owned text.
    shared: Vec<(usize, Bytes)>,
    shared_bytes: usize,
    pieces: VecDeque<Bytes>,
    holds: usize,
}

impl Rope {
    /// An empty rope that takes its buffers from this pool.
    pub(super) fn new(buffers: Arc<PieceBuffers>) -> Self {
        Self {
            buffers,
            ..Self::default()
        }
    }

    /// The unwritten rest of the current buffer.
    #[inline]
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.filling.room()
    }

    /// Commits bytes that were written to [`Rope::room`].
    #[inline]
    pub(super) fn advance(&mut self, bytes: usize) {
        self.filling.advance(bytes);
    }

    /// Makes room for at least this many bytes, in another buffer if necessary.
    pub(super) fn make_room(&mut self, bytes: usize) {
        if self.filling.room().len() < bytes {
            self.flush();
            self.filling = self.buffers.piece(bytes);
            self.holds += self.filling.holds();
        }
    }

    /// Appends a shared slice.
    pub(super) fn share(&mut self, bytes: Bytes) {
        self.shared_bytes += bytes.len();
        self.shared.push((self.filling.length(), bytes));
    }

    /// Number of bytes that were not flushed yet.
    pub(super) fn bytes(&self) -> usize {
        self.filling.length() + self.shared_bytes
    }

    /// Memory taken for everything written.
    pub(super) fn holds(&self) -> usize {
        self.holds
    }

    /// Turns what was written and shared into pieces.
    pub(super) fn flush(&mut self) {
        let written = Bytes::from(std::mem::take(&mut self.filling));
        self.shared_bytes = 0;
        let mut at = 0;
        for (before, shared) in self.shared.drain(..) {
            self.pieces.push_back(written.slice(at..before));
            self.pieces.push_back(shared);
            at = before;
        }
        self.pieces.push_back(written.slice(at..));
    }

    /// Takes the first finished piece that is not empty.
    pub(super) fn take_piece(&mut self) -> Option<Bytes> {
        loop {
            let piece = self.pieces.pop_front()?;
            if !piece.is_empty() {
                return Some(piece);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::piece_buffers::SMALL_BYTES;

    #[test]
    fn bytes_when_written_and_shared_then_come_in_their_order_and_none_is_empty() {
        let mut rope = Rope::default();
        let written = |rope: &mut Rope, text: &[u8]| {
            rope.make_room(text.len());
            rope.room()[..text.len()].copy_from_slice(text);
            rope.advance(text.len());
        };
        rope.make_room(100);
        rope.share(Bytes::from_static(b"a"));
        written(&mut rope, b"bc");
        rope.share(Bytes::from_static(b"d"));
        rope.share(Bytes::from_static(b"e"));
        written(&mut rope, b"f");
        assert_eq!((rope.bytes(), rope.take_piece()), (6, None));
        rope.flush();
        rope.flush();
        written(&mut rope, b"g");
        rope.flush();
        let pieces: Vec<Bytes> = std::iter::from_fn(|| rope.take_piece()).collect();
        assert_eq!(pieces, ["a", "bc", "d", "e", "f", "g"]);
        assert_eq!((rope.bytes(), rope.holds()), (0, 2 * SMALL_BYTES));
    }
}
