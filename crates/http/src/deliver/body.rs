//! The body of an answer, as the transport asks for it.

use crate::connection::activity::InFlight;
use crate::deliver::events::Events;
use crate::deliver::parts::Parts;
use crate::deliver::pieces::{Delivery, SMALL_BYTES};
use crate::deliver::slot::Stalled;
use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};
use millstream_env::Clock;
use millstream_service::Pieces;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What a request holds until its response is written.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) in_flight: InFlight,
    /// `None` for a response that is not small: its bytes hold their share themselves.
    pub(crate) answer: Option<millstream_memory::Share>,
}

/// Size of the pieces handed to the transport. The rest waits, and is counted, until the client has
/// taken them.
const PIECE_BYTES: usize = 256 * 1024;

/// Maximum number of parts that the transport writes with one vectored call.
const PARTS_MAX: usize = 48;
/// Smallest piece that is watched. Anything less ends a response.
const COUNTED_BYTES_MIN: usize = 1024;

/// The body of a response.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    /// A body that is available completely.
    Whole(Whole),
    /// A stream of events.
    Events(Events),
}

/// A complete body, and what it holds.
#[derive(Debug)]
pub(crate) struct Whole {
    /// The encoded bytes so far.
    bytes: Bytes,
    /// Encodes the rest.
    more: Option<Pieces>,
    left: usize,
    delivery: Option<Arc<Delivery>>,
    held: Held,
}

impl Whole {
    /// A body from its start: the encoded bytes, the rest, and their total length.
    pub(crate) fn new(
        (bytes, more): (Bytes, Option<Pieces>),
        left: usize,
        mut held: Held,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let is_small = left <= SMALL_BYTES;
        let activity = held.in_flight.activity();
        let delivery = (!is_small).then(|| Delivery::new(activity, clock, held.answer.take()));
        Self {
            bytes,
            more,
            left,
            delivery,
            held,
        }
    }

    /// The next parts to hand over; empty at the end.
    fn take(&mut self) -> Parts {
        let mut parts = Parts::default();
        while parts.remaining() < PIECE_BYTES && parts.count() < PARTS_MAX {
            let part = self.take_part();
            if part.is_empty() {
                break;
            }
            parts.push(part);
        }
        self.left = self.left.saturating_sub(parts.remaining());
        if let Some(delivery) = &self.delivery
            && parts.remaining() >= COUNTED_BYTES_MIN
        {
            parts.hand_over(delivery.hand_over());
        }
        if self.delivery.is_none() && self.left == 0 {
            parts.hold(self.held.in_flight.hand_over_stream());
        }
        parts
    }

    /// The next part of a piece; empty at the end.
    fn take_part(&mut self) -> Bytes {
        if self.bytes.is_empty() {
            self.bytes = self
                .more
                .as_mut()
                .and_then(Pieces::next)
                .unwrap_or_default();
        }
        if self.bytes.len() <= PIECE_BYTES {
            std::mem::take(&mut self.bytes)
        } else {
            self.bytes.split_to(PIECE_BYTES)
        }
    }
}

impl Body for AnswerBody {
    type Data = Parts;
    type Error = Stalled;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Parts>, Stalled>>> {
        match &mut *self {
            Self::Whole(whole) => {
                let parts = whole.take();
                Poll::Ready(parts.has_remaining().then(|| Ok(Frame::data(parts))))
            }
            Self::Events(events) => events
                .poll_piece(cx)
                .map(|next| next.map(|piece| piece.map(|bytes| Frame::data(bytes.into())))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.left == 0,
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => SizeHint::with_exact(whole.left as u64),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::activity::Activity;
    use millstream_env::{ManualClock, Timestamp};
    use millstream_memory::Budget;
    use std::task::Waker;
    use std::time::Duration;

    fn next(body: &mut AnswerBody) -> Option<Parts> {
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(body).poll_frame(&mut cx) {
            Poll::Ready(frame) => frame.map(|frame| frame.unwrap().into_data().unwrap()),
            Poll::Pending => panic!("all of it is there"),
        }
    }

    #[test]
    fn body_when_taken_then_comes_in_pieces_and_is_counted_until_the_last_has_gone() {
        const LENGTH: usize = 2 * PIECE_BYTES + 88;
        let budget = Budget::new(LENGTH);
        let mut share = budget.share();
        assert!(share.resize(LENGTH));
        let activity = Activity::for_test();
        let clock = Arc::new(ManualClock::new(Timestamp(0)));
        let held = Held {
            in_flight: activity.begin(),
            answer: Some(share),
        };
        let shared = Arc::clone(&clock) as Arc<dyn Clock>;
        let mut body = AnswerBody::Whole(Whole::new(
            (vec![7; LENGTH].into(), None),
            LENGTH,
            held,
            &shared,
        ));
        assert_eq!(body.size_hint().exact(), Some(LENGTH as u64));
        let first = next(&mut body).unwrap();
        assert!(!body.is_end_stream());
        let is_old = || {
            activity
                .pieces
                .are_unread(clock.monotonic(), Duration::from_secs(100))
        };
        clock.advance(Duration::from_secs(1));
        let rest = [next(&mut body).unwrap(), next(&mut body).unwrap()];
        let lengths = [&first, &rest[0], &rest[1]].map(Buf::remaining);
        assert_eq!(lengths, [PIECE_BYTES, PIECE_BYTES, 88]);
        assert!(body.is_end_stream() && next(&mut body).is_none());
        assert_eq!((budget.taken(), activity.is_busy()), (LENGTH, true));
        drop(body);
        assert_eq!((budget.taken(), activity.is_busy()), (LENGTH, false));
        clock.advance(Duration::from_secs(99));
        assert!(is_old());
        drop(first);
        assert_eq!((budget.taken(), is_old()), (LENGTH, false));
        clock.advance(Duration::from_secs(401));
        assert!(is_old());
        drop(rest);
        assert!(!is_old());
        assert_eq!((budget.taken(), activity.is_busy()), (0, false));
    }
}
