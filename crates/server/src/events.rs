//! The body of a subscription: pieces of frames, as fast as the client takes them and no faster.
//!
//! The transport asks for a piece when it has room for one, and only when there is none left is the
//! subscription asked for its next frame. So a client that takes nothing holds one frame and one piece,
//! and its subscription does not read. After a while even the frame is let go: the stream is cut off,
//! and the client resumes from the last event that it has got.

use crate::answer::Held;
use crate::budget::Budget;
use crate::cut::Cut;
use crate::pieces::{SMALL_BYTES, counted};
use bytes::{Bytes, BytesMut};
use engine::{Engine, Subscription};
use env::{BoxFuture, Env, Monotonic};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use wire::event_stream::Frame;

/// What is handed over at once. It is a copy: the transport may hold it for as long as its client lets it
/// wait, while the frame's own memory is shared by all subscribers.
const PIECE_BYTES: usize = 32 * 1024;
/// How often it is looked whether the client takes anything. When memory is short, a client that has
/// taken nothing since the last look is cut off …
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// … and so is one that takes so long for one frame, however steadily: it holds what others wait for.
const FRAME_LASTS_WHEN_SHORT: Duration = Duration::from_secs(30);

/// The client takes nothing of its events, or all clients together leave too much to wait.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the client takes nothing of its events, or too much waits for clients")]
pub(crate) struct Stalled;

type Next = BoxFuture<(Box<Subscription>, Option<Frame>)>;

/// A body of events.
pub(crate) struct Events {
    env: Env,
    /// What pieces hold that the transport has not written yet.
    unwritten: Arc<Budget>,
    slot: Arc<Slot>,
    /// Absent once the subscription has ended.
    next: Option<Next>,
    _held: Held,
}

impl Events {
    /// A body of a subscription's frames.
    pub(crate) fn start(
        env: &Env,
        engine: &Arc<Engine>,
        patience: Duration,
        unwritten: &Arc<Budget>,
        subscription: Box<Subscription>,
        held: Held,
    ) -> Self {
        let slot = Arc::new(Slot::default());
        let watch = Watch {
            env: env.clone(),
            engine: Arc::clone(engine),
            patience,
            slot: Arc::downgrade(&slot),
            cut: Cut::own(),
        };
        env.tasks.spawn_request("subscriber", Box::pin(watch.run()));
        Self {
            env: env.clone(),
            unwritten: Arc::clone(unwritten),
            slot,
            next: Some(next_of(subscription)),
            _held: held,
        }
    }

    /// The next piece; none at the end.
    pub(crate) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Stalled>>> {
        loop {
            if let Some(piece) = self.slot.take(self.env.clock.monotonic()).transpose() {
                return Poll::Ready(Some(piece.and_then(|piece| self.counted(piece))));
            }
            let Some(next) = &mut self.next else {
                return Poll::Ready(None);
            };
            let (subscription, frame) = ready!(next.as_mut().poll(cx));
            self.next = match frame {
                None => None,
                Some(frame) => {
                    self.slot.fill(frame, self.env.clock.monotonic());
                    Some(next_of(subscription))
                }
            };
        }
    }

    /// Counts a piece until the transport has written it.
    fn counted(&self, piece: Bytes) -> Result<Bytes, Stalled> {
        if piece.len() <= SMALL_BYTES {
            return Ok(piece);
        }
        let mut share = self.unwritten.share();
        match share.grow_to(piece.len()) {
            true => Ok(counted(piece, share)),
            false => Err(Stalled),
        }
    }
}

fn next_of(mut subscription: Box<Subscription>) -> Next {
    Box::pin(async move {
        let frame = subscription.next().await;
        (subscription, frame)
    })
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

/// What is left of the frame that is being written.
#[derive(Default)]
struct Slot {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    parts: VecDeque<Bytes>,
    /// Since when there is a frame.
    filled: Monotonic,
    /// Since when the transport has a piece and has not come back.
    waits_since: Option<Monotonic>,
    is_cut: bool,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no code panics while it holds a slot")
    }

    fn fill(&self, frame: Frame, now: Monotonic) {
        let parts = frame.parts.into_iter().filter(|part| !part.is_empty());
        let mut state = self.lock();
        state.parts.extend(parts);
        state.filled = now;
    }

    /// The next piece, if there is anything left.
    fn take(&self, now: Monotonic) -> Result<Option<Bytes>, Stalled> {
        let mut state = self.lock();
        if state.is_cut {
            return Err(Stalled);
        }
        let piece = state.take_piece();
        state.waits_since = piece.as_ref().map(|_| now);
        Ok(piece)
    }

    /// Lets everything go if the transport has not come back for so long, or not taken all of a frame;
    /// answers whether it did.
    fn cut_if_stalled(&self, now: Monotonic, patience: &Patience) -> bool {
        let mut state = self.lock();
        let is_over = |since: Monotonic, limit: Duration| now.since(since) >= limit;
        let stalls = state
            .waits_since
            .is_some_and(|since| is_over(since, patience.piece));
        let crawls = !state.parts.is_empty() && is_over(state.filled, patience.frame);
        if stalls || crawls {
            state.is_cut = true;
            state.parts.clear();
        }
        state.is_cut
    }
}

/// How long a client may take.
struct Patience {
    piece: Duration,
    frame: Duration,
}

impl State {
    fn take_piece(&mut self) -> Option<Bytes> {
        let first = self.parts.front()?;
        // Most frames are small, in one part, and nobody else's.
        if self.parts.len() == 1 && first.len() <= PIECE_BYTES {
            return self.parts.pop_front();
        }
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        while piece.len() < PIECE_BYTES {
            let Some(part) = self.parts.front_mut() else {
                break;
            };
            let count = part.len().min(PIECE_BYTES - piece.len());
            piece.extend_from_slice(&part.split_to(count));
            if part.is_empty() {
                self.parts.pop_front();
            }
        }
        Some(piece.freeze())
    }
}

/// Looks now and then whether the client takes anything, for as long as there is a body.
struct Watch {
    env: Env,
    engine: Arc<Engine>,
    patience: Duration,
    slot: Weak<Slot>,
    cut: Option<Cut>,
}

impl Watch {
    async fn run(self) {
        let every = LOOK_EVERY.min(self.patience);
        loop {
            self.env.clock.sleep(every).await;
            let Some(slot) = self.slot.upgrade() else {
                return;
            };
            let patience = match self.engine.is_pushing_too_much() {
                true => Patience {
                    piece: every,
                    frame: FRAME_LASTS_WHEN_SHORT,
                },
                false => Patience {
                    piece: self.patience,
                    frame: Duration::MAX,
                },
            };
            if slot.cut_if_stalled(self.env.clock.monotonic(), &patience) {
                tracing::debug!("a subscriber that takes nothing is cut off");
                if let Some(cut) = &self.cut {
                    cut.cut();
                }
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Monotonic {
        Monotonic(Duration::from_millis(ms))
    }

    fn filled(sizes: [usize; 3]) -> Slot {
        let slot = Slot::default();
        let part = |size: usize| Bytes::from(vec![b'x'; size]);
        let parts = sizes.map(part);
        slot.fill(Frame { parts }, at(0));
        slot
    }

    #[test]
    fn frame_when_taken_then_comes_in_pieces_without_a_byte_missing() {
        for (sizes, expected) in [
            ([100, 0, 0], vec![100]),
            ([10, 20, 30], vec![60]),
            ([10, PIECE_BYTES, 10], vec![PIECE_BYTES, 20]),
            ([1, 3 * PIECE_BYTES - 1, 0], vec![PIECE_BYTES; 3]),
        ] {
            let slot = filled(sizes);
            let taken = std::iter::from_fn(|| slot.take(at(0)).unwrap());
            let taken: Vec<usize> = taken.map(|piece| piece.len()).collect();
            assert_eq!(taken, expected);
        }
    }

    #[test]
    fn client_when_it_takes_nothing_for_too_long_then_is_cut_off_and_the_frame_let_go() {
        let patience = &Patience {
            piece: Duration::from_millis(100),
            frame: Duration::MAX,
        };
        let slot = filled([PIECE_BYTES, PIECE_BYTES, 0]);
        assert!(!slot.cut_if_stalled(at(1000), patience), "nobody has begun");
        slot.take(at(1000)).unwrap();
        assert!(!slot.cut_if_stalled(at(1099), patience));
        slot.take(at(1099)).unwrap();
        assert!(!slot.cut_if_stalled(at(1198), patience));
        assert_eq!(slot.take(at(1198)).unwrap(), None);
        assert!(!slot.cut_if_stalled(at(9999), patience), "it waits for us");

        let slot = filled([PIECE_BYTES, PIECE_BYTES, 0]);
        slot.take(at(0)).unwrap();
        assert!(slot.cut_if_stalled(at(100), patience));
        assert!(slot.lock().parts.is_empty());
        assert!(slot.take(at(100)).is_err());
    }

    #[test]
    fn client_when_it_takes_a_piece_now_and_then_then_has_so_long_for_a_frame() {
        let patience = &Patience {
            piece: Duration::from_millis(100),
            frame: Duration::from_millis(150),
        };
        let slot = filled([PIECE_BYTES, PIECE_BYTES, PIECE_BYTES]);
        slot.take(at(0)).unwrap();
        assert!(!slot.cut_if_stalled(at(99), patience));
        slot.take(at(99)).unwrap();
        assert!(slot.cut_if_stalled(at(150), patience));

        let slot = filled([PIECE_BYTES, PIECE_BYTES, 0]);
        slot.take(at(0)).unwrap();
        slot.take(at(99)).unwrap();
        assert!(!slot.cut_if_stalled(at(150), patience), "it has all of it");
    }
}
