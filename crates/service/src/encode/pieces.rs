//! A response body of known length that is encoded piece by piece, as it is sent.

use bytes::Bytes;
use engine::Share;
use std::fmt;

/// A body whose length is known and whose bytes come one piece after another.
pub struct Pieces {
    /// How many bytes all pieces have together.
    pub(crate) length: usize,
    /// How many bytes of memory they hold, about, until they are sent.
    pub(crate) holds: usize,
    /// What is taken of the room for answers, for as long as nobody has taken that over.
    pub(crate) share: Option<Share>,
    /// None is empty.
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
