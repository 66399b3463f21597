//! Bytes in several parts, handed to the transport together for one vectored write.

use crate::connection::activity::Stream;
use crate::deliver::pieces::HandedOver;
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io::IoSlice;

/// Consecutive parts; none is empty.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    parts: VecDeque<Bytes>,
    remaining: usize,
    _handed_over: Option<HandedOver>,
    _stream: Option<Stream>,
}

impl Parts {
    /// Attaches a guard that lives until the transport releases the parts. They are never taken
    /// apart afterwards.
    pub(crate) fn hand_over(&mut self, handed_over: HandedOver) {
        self._handed_over = Some(handed_over);
    }

    /// Attaches what the stream holds to the last parts of a small response, until they are
    /// written.
    pub(crate) fn hold(&mut self, stream: Option<Stream>) {
        self._stream = stream;
    }

    /// Appends a part.
    pub(crate) fn push(&mut self, part: Bytes) {
        if !part.is_empty() {
            self.remaining += part.len();
            self.parts.push_back(part);
        }
    }

    /// Number of parts.
    pub(crate) fn count(&self) -> usize {
        self.parts.len()
    }
}

impl From<Bytes> for Parts {
    fn from(part: Bytes) -> Self {
        let mut parts = Self::default();
        parts.push(part);
        parts
    }
}

impl Buf for Parts {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.parts.front().map_or(&[], Bytes::as_ref)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let filled = slices.iter_mut().zip(&self.parts);
        filled
            .map(|(slice, part)| *slice = IoSlice::new(part))
            .count()
    }

    fn advance(&mut self, count: usize) {
        self.remaining = self
            .remaining
            .checked_sub(count)
            .expect("nobody goes beyond what remains");
        let mut left = count;
        while let Some(part) = self.parts.front_mut() {
            if left < part.len() {
                part.advance(left);
                return;
            }
            left -= part.len();
            self.parts.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_when_taken_in_any_steps_then_are_the_bytes_in_their_order() {
        let whole = b"abcdefghij";
        for step in 1..=whole.len() {
            let mut parts = Parts::default();
            for part in [&whole[..3], b"", &whole[3..4], &whole[4..]] {
                parts.push(Bytes::copy_from_slice(part));
            }
            assert_eq!(parts.count(), 3);
            let mut slices = [IoSlice::new(&[]); 2];
            assert_eq!(parts.chunks_vectored(&mut slices), 2);
            assert_eq!(slices.map(|slice| slice.len()), [3, 1]);
            let mut taken = Vec::new();
            while parts.has_remaining() {
                let now = step.min(parts.remaining());
                taken.extend_from_slice(&parts.copy_to_bytes(now));
            }
            assert_eq!(taken, whole, "in steps of {step}");
            assert_eq!(parts.count(), 0);
        }
    }
}
