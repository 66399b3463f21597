//! What a handler's answer becomes: bytes, all at once or piece by piece, or frames as they come.

use crate::encode::Frames;
use bytes::Bytes;
use engine::Share;
use std::fmt;

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// All of it is there.
    Whole(Bytes),
    /// It is made as it is sent.
    Pieces(Pieces),
    /// Frames, as they come; nobody knows how many.
    Events(Box<Frames>),
}

impl Body {
    /// How many bytes will be sent; none is known of before its events have come.
    pub fn length(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            Self::Pieces(pieces) => pieces.length,
            Self::Events(_) => 0,
        }
    }

    /// All of it in one piece.
    ///
    /// # Errors
    /// The frames, if it comes in events.
    pub fn into_bytes(self) -> Result<Bytes, Box<Frames>> {
        match self {
            Self::Whole(bytes) => Ok(bytes),
            Self::Pieces(pieces) => Ok(pieces.collect::<Vec<_>>().concat().into()),
            Self::Events(frames) => Err(frames),
        }
    }

    /// Takes out the room that was taken before it was read.
    pub fn take_share(&mut self) -> Option<Share> {
        match self {
            Self::Whole(_) | Self::Events(_) => None,
            Self::Pieces(pieces) => pieces.share.take(),
        }
    }

    /// How many bytes of memory it may hold, about, until it is sent. What events hold is counted
    /// as they come.
    pub fn holds(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            Self::Pieces(pieces) => pieces.holds,
            Self::Events(_) => 0,
        }
    }
}

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
