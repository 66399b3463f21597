//! What hyper's read buffer of an HTTP/1 connection may hold, known from the bytes that go into it.
//!
//! The buffer grows with a head that is not whole yet, and it doubles what it asks for whenever it
//! got all that it asked for. It never gives memory back. So its size follows from what it was
//! given, and what is beyond the part that each connection has free is charged to the budget of
//! heads. Without room there, a head is not read on, and a body is read in steps that let nothing
//! grow.

use crate::receive::budget::{Budget, Share};
use std::sync::Arc;

/// What hyper asks for at first.
const FIRST_READ_BYTES: usize = 8 * 1024;
/// The buffer may have twice what it needs, as vectors have.
const SLACK: usize = 2;
/// A buffer as large as this is in what each connection has anyway: one head of
/// [`FIRST_READ_BYTES`], and one read of twice that.
pub(crate) const FREE_BYTES: usize = SLACK * 3 * FIRST_READ_BYTES;

/// How the next bytes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// As many as there is room for.
    Whole,
    /// At most so many.
    AtMost(usize),
}

/// What bytes are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// A head.
    Head,
    /// A body, or what comes after it.
    Body,
}

/// A head may not go on: there is no room for it.
#[derive(Debug, thiserror::Error)]
#[error("there is no room for a head as large as this")]
pub(crate) struct NoRoom;

/// The size of one read buffer, and its share of the budget.
#[derive(Debug)]
pub(crate) struct ReadBuffer {
    /// What hyper asks for, at most.
    asked: usize,
    asked_max: usize,
    /// Bytes of a head that is not whole yet.
    head: usize,
    share: Share,
    is_short: bool,
}

impl ReadBuffer {
    /// A buffer that holds nothing; it will never ask for more than `asked_max`.
    pub(crate) fn new(asked_max: usize, heads: &Arc<Budget>) -> Self {
        Self {
            asked: FIRST_READ_BYTES,
            asked_max,
            head: 0,
            share: heads.share(),
            is_short: false,
        }
    }

    /// A head begins.
    pub(crate) fn begin_head(&mut self) {
        self.head = 0;
    }

    /// How to read next.
    pub(crate) fn step(&mut self) -> Step {
        match self.is_short && !self.charge() {
            false => Step::Whole,
            true => Step::AtMost(FIRST_READ_BYTES - 1),
        }
    }

    /// Notes that bytes were read.
    ///
    /// # Errors
    /// If they are of a head that there is no room for.
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
