//! A response body of known length that is encoded piece by piece, as it is sent.

use bytes::Bytes;
use millstream_memory::Share;
use std::fmt;

/// A body of known length whose bytes are produced piece by piece.
pub struct Pieces {
    /// Total length of the pieces.
    pub(crate) length: usize,
    /// Approximate memory that they hold until they are sent.
    pub(crate) holds: usize,
    /// Reserved response memory, until it is taken over.
    pub(crate) share: Option<Share>,
    /// Non-empty pieces.
    pub(crate) pieces: Box<dyn Iterator<Item = Bytes> + Send + Sync>,
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        self.pieces.next()
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces")
            .field("length", &self.length)
            .field("holds", &self.holds)
            .finish_non_exhaustive()
    }
}
