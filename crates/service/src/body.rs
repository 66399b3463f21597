//! What a handler's answer becomes: bytes, all at once or piece by piece, or frames as they come.

use crate::encode::{Frames, Pieces};
use bytes::Bytes;
use engine::Share;

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
