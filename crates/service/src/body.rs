//! The body of a handler's output: bytes, all at once or in pieces, or frames as they come.

use crate::encode::{Frames, Pieces};
use bytes::Bytes;
use millstream_memory::Share;

/// The body of a response.
#[derive(Debug)]
pub enum Body {
    /// Complete bytes.
    Whole(Bytes),
    /// Encoded as it is sent.
    Pieces(Pieces),
    /// A stream of frames of unknown length.
    Events(Box<Frames>),
}

impl Body {
    /// Number of bytes to be sent; 0 for events.
    pub fn length(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            Self::Pieces(pieces) => pieces.length,
            Self::Events(_) => 0,
        }
    }

    /// All of it in one buffer.
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

    /// Takes the memory that was reserved before it was read.
    pub fn take_share(&mut self) -> Option<Share> {
        match self {
            Self::Whole(_) | Self::Events(_) => None,
            Self::Pieces(pieces) => pieces.share.take(),
        }
    }

    /// Approximate memory that it may hold until it is sent. Events are accounted as they come.
    pub fn holds(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            Self::Pieces(pieces) => pieces.holds,
            Self::Events(_) => 0,
        }
    }
}
