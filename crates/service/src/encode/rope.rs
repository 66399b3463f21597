//! Bytes that follow one another: some written here, some shared with whoever wrote them before.
//!
//! What is written gathers in one piece until it is flushed; what is shared is remembered by its
//! place between, so that a hundred records whose data are shared take one piece for what stands
//! around them.

use super::piece_buffers::{Piece, PieceBuffers};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// Pieces of a body under construction.
#[derive(Debug, Default)]
pub(super) struct Rope {
    buffers: Arc<PieceBuffers>,
    filling: Piece,
    /// What stands elsewhere, and before which byte of what is written.
    shared: Vec<(usize, Bytes)>,
    shared_bytes: usize,
    pieces: VecDeque<Bytes>,
    holds: usize,
}

impl Rope {
    /// A rope of nothing, whose pieces are made of these buffers.
    pub(super) fn new(buffers: Arc<PieceBuffers>) -> Self {
        Self {
            buffers,
            ..Self::default()
        }
    }

    /// Where to write on.
    #[inline]
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.filling.room()
    }

    /// So many bytes of [`Rope::room`] were written.
    #[inline]
    pub(super) fn advance(&mut self, bytes: usize) {
        self.filling.advance(bytes);
    }

    /// Makes room for at least so many bytes, in another piece if there is less.
    pub(super) fn make_room(&mut self, bytes: usize) {
        if self.filling.room().len() < bytes {
            self.flush();
            self.filling = self.buffers.piece(bytes);
            self.holds += self.filling.holds();
        }
    }

    /// Appends bytes that stand elsewhere.
    pub(super) fn share(&mut self, bytes: Bytes) {
        self.shared_bytes += bytes.len();
        self.shared.push((self.filling.length(), bytes));
    }

    /// Bytes that were not flushed yet.
    pub(super) fn bytes(&self) -> usize {
        self.filling.length() + self.shared_bytes
    }

    /// How much memory was taken for all that was written.
    pub(super) fn holds(&self) -> usize {
        self.holds
    }

    /// Makes pieces of what was written and shared.
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

    /// The first finished piece that is not empty, taken out.
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
