//! The size of hyper's read buffer on an HTTP/1 connection, derived from the bytes that pass
//! through it.
//!
//! The buffer grows with an incomplete head, and hyper doubles its read size whenever a read fills
//! it. It never shrinks. So its size is a function of its input, and what exceeds each connection's
//! free part is charged to the budget of heads. Without budget, an incomplete head is not read
//! further, and a body is read in steps that let nothing grow.

use millstream_memory::{Budget, Share};
use std::sync::Arc;

/// Hyper's initial read size.
const FIRST_READ_BYTES: usize = 8 * 1024;
/// Amortized growth: the buffer's capacity may be twice what it needs.
const SLACK: usize = 2;
/// Buffer size included in each connection's free part: a head of [`FIRST_READ_BYTES`], and a read
/// of twice that.
pub(crate) const FREE_BYTES: usize = SLACK * 3 * FIRST_READ_BYTES;

/// How to read the next bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// As many as there is room for.
    Whole,
    /// At most this many.
    AtMost(usize),
}

/// What bytes belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// A head.
    Head,
    /// A body, or what follows it.
    Body,
}

/// The head may not continue: there is no budget for it.
#[derive(Debug, thiserror::Error)]
#[error("there is no room for a head as large as this")]
pub(crate) struct NoRoom;

/// The size of a read buffer, and its share of the budget.
#[derive(Debug)]
pub(crate) struct ReadBuffer {
    /// Hyper's read size, at most.
    asked: usize,
    asked_max: usize,
    /// Bytes of an incomplete head.
    head: usize,
    share: Share,
    is_short: bool,
}

impl ReadBuffer {
    /// An empty buffer whose read size never exceeds `asked_max`.
    pub(crate) fn new(asked_max: usize, heads: &Arc<Budget>) -> Self {
        Self {
            asked: FIRST_READ_BYTES,
            asked_max,
            head: 0,
            share: heads.share(),
            is_short: false,
        }
    }

    /// Notes that a head begins.
    pub(crate) fn begin_head(&mut self) {
        self.head = 0;
    }

    /// How to read next.
    pub(crate) fn step(&mut self) -> Step {
        if self.is_short && !self.charge() {
            Step::AtMost(FIRST_READ_BYTES - 1)
        } else {
            Step::Whole
        }
    }

    /// Notes that bytes were read.
    ///
    /// # Errors
    /// If they belong to a head that there is no budget for.
    pub(crate) fn note(&mut self, of: Of, bytes: usize) -> Result<(), NoRoom> {
        match of {
            Of::Body => self.head = 0,
            Of::Head => self.head += bytes,
        }
        if bytes >= self.asked {
            self.asked = (2 * self.asked).min(self.asked_max);
        }
        if !self.charge() && self.head > FIRST_READ_BYTES {
            self.share.budget().note_refusal();
            return Err(NoRoom);
        }
        Ok(())
    }

    fn charge(&mut self) -> bool {
        let held = SLACK * (self.head + self.asked);
        let has_room = held <= FREE_BYTES || self.share.grow_to(held - FREE_BYTES);
        self.is_short = !has_room;
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 64 * 1024;

    #[test]
    fn buffer_when_requests_are_small_then_takes_nothing_of_the_budget() {
        let heads = Budget::new(0);
        let mut buffer = ReadBuffer::new(MAX, &heads);
        for _ in 0..100 {
            buffer.begin_head();
            for (of, bytes) in [(Of::Head, 8191), (Of::Body, 8191), (Of::Body, 8191)] {
                assert_eq!(buffer.step(), Step::Whole);
                assert!(buffer.note(of, bytes).is_ok());
            }
        }
        assert_eq!(heads.taken(), 0);
    }

    #[test]
    fn head_when_it_grows_then_is_charged_until_its_connection_ends_or_refused() {
        let heads = Budget::new(2 * MAX);
        let mut buffer = ReadBuffer::new(MAX, &heads);
        for _ in 0..15 {
            assert!(buffer.note(Of::Head, 4000).is_ok());
        }
        let taken = heads.taken();
        assert_eq!(taken, 2 * (60_000 + 8192) - FREE_BYTES);
        buffer.begin_head();
        assert!(buffer.note(Of::Body, 10).is_ok());
        assert_eq!(heads.taken(), taken, "the buffer stays as large as it was");

        let mut second = ReadBuffer::new(MAX, &heads);
        let refused = (0..15).position(|_| second.note(Of::Head, 4000).is_err());
        assert!(refused.is_some_and(|step| step > 4), "{refused:?}");
        assert!(heads.taken() <= 2 * MAX);
        assert_eq!(heads.refused(), 1);
        drop((buffer, second));
        assert_eq!(heads.taken(), 0);
    }

    #[test]
    fn body_when_there_is_no_room_to_grow_then_is_read_in_small_steps_until_there_is() {
        let heads = Budget::new(MAX);
        let mut other = heads.share();
        assert!(other.grow_to(MAX));
        let mut buffer = ReadBuffer::new(MAX, &heads);
        for bytes in [8192, 16384] {
            assert_eq!(buffer.step(), Step::Whole);
            assert!(buffer.note(Of::Body, bytes).is_ok());
        }
        assert_eq!(buffer.step(), Step::AtMost(8191));
        assert!(buffer.note(Of::Body, 8191).is_ok());
        assert_eq!(buffer.step(), Step::AtMost(8191));
        drop(other);
        assert_eq!(buffer.step(), Step::Whole);
        assert_eq!(heads.taken(), 2 * 32 * 1024 - FREE_BYTES);
    }
}
