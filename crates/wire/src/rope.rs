//! Bytes that follow one another: some written here, some shared with whoever wrote them before.
//!
//! What is written gathers in one piece until it is flushed, or until something shared follows.

use bytes::Bytes;
use std::collections::VecDeque;

/// Room that is made for what is written behind a shared piece.
const ROOM_BYTES: usize = 512;

/// Pieces of a body under construction.
#[derive(Debug, Default)]
pub struct Rope {
    filling: Vec<u8>,
    pieces: VecDeque<Bytes>,
}

impl From<Vec<u8>> for Rope {
    fn from(filling: Vec<u8>) -> Self {
        Self {
            filling,
            pieces: VecDeque::new(),
        }
    }
}

impl Rope {
    /// What is written is appended to this.
    #[inline]
    pub fn filling(&mut self) -> &mut Vec<u8> {
        &mut self.filling
    }

    /// Appends bytes that stand elsewhere.
    pub fn share(&mut self, bytes: Bytes) {
        self.flush();
        self.pieces.push_back(bytes);
        self.filling.reserve(ROOM_BYTES);
    }

    /// Makes a piece of what was written.
    pub fn flush(&mut self) {
        if !self.filling.is_empty() {
            let piece = std::mem::take(&mut self.filling);
            self.pieces.push_back(piece.into());
        }
    }

    /// The first finished piece, taken out.
    pub fn take_piece(&mut self) -> Option<Bytes> {
        self.pieces.pop_front()
    }
}
