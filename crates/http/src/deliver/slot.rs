//! The rest of an event that is being written, and the progress of its client.
//!
//! The transport is given one piece at a time, and makes progress when that piece's memory is
//! released: a piece that it has taken is not written yet, over HTTP/2 for as long as its client
//! opens no window. The next event is requested only when all of this one is written, so that a
//! stalled client requests nothing.

use bytes::{Bytes, BytesMut};
use millstream_env::{Clock, Monotonic};
use millstream_protocol::event_stream::Frame;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Size of a piece. It is a copy: the transport may hold it for as long as its client stalls, while
/// the frame's own memory is shared by all subscribers.
const PIECE_BYTES: usize = 32 * 1024;
/// Pieces up to this size are not counted: there is one per subscription at each stage of the
/// transport. Nor are they awaited, apart from the first.
const SMALL_BYTES: usize = crate::deliver::pieces::SMALL_BYTES;
/// Total size of unwritten pieces.
const UNWRITTEN_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Divisor that bounds a piece by what is left of the total: when many clients stall, pieces get
/// smaller, and none is starved.
const PARTS: usize = 1024;

/// The client takes nothing of its events.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the client takes nothing of its events")]
pub(crate) struct Stalled;

/// Time limits for a client.
pub(crate) struct Patience {
    /// For a piece.
    pub(crate) piece: Duration,
    /// For a whole frame, however steadily it comes.
    pub(crate) frame: Duration,
}

/// Bytes of all subscriptions' pieces until they are written.
#[derive(Debug, Default)]
pub(crate) struct Unwritten {
    bytes: AtomicUsize,
}

impl Unwritten {
    /// The maximum size of the next piece.
    fn piece_bytes(&self) -> usize {
        let left = UNWRITTEN_BYTES_MAX.saturating_sub(self.bytes.load(Ordering::Relaxed));
        (left / PARTS).clamp(SMALL_BYTES, PIECE_BYTES)
    }
}

/// The rest of a frame.
#[derive(Default)]
pub(crate) struct Slot {
    unwritten: Arc<Unwritten>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    parts: VecDeque<Bytes>,
    /// When the frame was put in.
    filled: Monotonic,
    /// Since when the transport has had something without making progress.
    waits_since: Option<Monotonic>,
    /// Number of awaited pieces that are not written: one at most.
    unwritten: usize,
    /// The waker to notify when they are written.
    waker: Option<Waker>,
    /// Whether a piece was handed over.
    has_begun: bool,
    is_cut: bool,
}

impl Slot {
    pub(crate) fn new(unwritten: &Arc<Unwritten>) -> Arc<Self> {
        Arc::new(Self {
            unwritten: Arc::clone(unwritten),
            state: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no code panics while it holds a slot")
    }

    pub(crate) fn fill(&self, frame: Frame, now: Monotonic) {
        let parts = frame.parts.into_iter().filter(|part| !part.is_empty());
        let mut state = self.lock();
        state.parts.extend(parts);
        state.filled = now;
    }

    /// The next piece; `None` if the frame is finished and all of it is written.
    pub(crate) fn poll_piece(
        self: &Arc<Self>,
        cx: &mut Context<'_>,
        clock: &Arc<dyn Clock>,
    ) -> Poll<Result<Option<Bytes>, Stalled>> {
        let mut state = self.lock();
        if state.is_cut {
            return Poll::Ready(Err(Stalled));
        }
        if state.unwritten > 0 {
            state.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let Some(bytes) = state.take_piece(self.unwritten.piece_bytes()) else {
            state.waits_since = None;
            return Poll::Ready(Ok(None));
        };
        state.waits_since = Some(clock.monotonic());
        // Whatever its size, the first piece is written before anything follows: there are clients
        // that expect the frame that opens a subscription in a read of its own.
        let is_first = !std::mem::replace(&mut state.has_begun, true);
        if bytes.len() <= SMALL_BYTES && !is_first {
            return Poll::Ready(Ok(Some(bytes)));
        }
        state.unwritten += 1;
        drop(state);
        let counted = match bytes.len() {
            0..=SMALL_BYTES => 0,
            length => length,
        };
        self.unwritten.bytes.fetch_add(counted, Ordering::Relaxed);
        Poll::Ready(Ok(Some(Bytes::from_owner(Piece {
            bytes,
            counted,
            slot: Arc::clone(self),
            clock: Arc::clone(clock),
        }))))
    }

    fn note_written(&self, bytes: usize, now: Monotonic) {
        self.unwritten.bytes.fetch_sub(bytes, Ordering::Relaxed);
        let mut state = self.lock();
        state.unwritten -= 1;
        state.waits_since = (!state.parts.is_empty()).then_some(now);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Releases everything if there was no progress for too long, or the frame takes too long;
    /// returns whether it did.
    pub(crate) fn cut_if_stalled(&self, now: Monotonic, patience: &Patience) -> bool {
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

impl State {
    fn take_piece(&mut self, most: usize) -> Option<Bytes> {
        let first = self.parts.front()?;
        // Most frames are small, in one part, and not shared.
        if self.parts.len() == 1 && first.len() <= most {
            return self.parts.pop_front();
        }
        let left: usize = self.parts.iter().map(Bytes::len).sum();
        let length = left.min(most);
        let mut piece = BytesMut::with_capacity(length);
        while piece.len() < length {
            let Some(part) = self.parts.front_mut() else {
                break;
            };
            let count = part.len().min(length - piece.len());
            piece.extend_from_slice(&part.split_to(count));
            if part.is_empty() {
                self.parts.pop_front();
            }
        }
        Some(piece.freeze())
    }
}

/// A piece that the transport holds; dropped when it is written.
struct Piece {
    bytes: Bytes,
    counted: usize,
    slot: Arc<Slot>,
    clock: Arc<dyn Clock>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let now = self.clock.monotonic();
        self.slot.note_written(self.counted, now);
    }
}

#[cfg(test)]
mod tests;
