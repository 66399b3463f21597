//! Memory for responses, from before their records are read until their last byte is sent.
//!
//! It is one budget for the whole server. A read that waits for the disk reserves memory before
//! anything is read, and returns what turns out not to be needed; cached data reserves memory when
//! it is available. Taking never waits by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Default size of the budget.
pub const ROOM_BYTES: usize = 256 * 1024 * 1024;
/// Shares up to this size are small …
const SMALL_BYTES: usize = 1024 * 1024;
/// … and the last quarter of the budget is for small ones alone: clients that leave large responses
/// unread do not block the others.
const LARGE_QUARTERS: usize = 3;

/// A bounded number of bytes.
#[derive(Debug)]
pub struct Room {
    taken: AtomicUsize,
    max: AtomicUsize,
    /// Number of waiters.
    waiting: AtomicUsize,
    freed: Notify,
}

impl Room {
    /// A budget with nothing taken.
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: AtomicUsize::new(0),
            max: AtomicUsize::new(max),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        })
    }

    /// Changes the size of the budget; what is taken stays taken.
    pub fn resize(&self, max: usize) {
        self.max.store(max, Ordering::Relaxed);
    }

    /// The size of the budget.
    pub fn max(&self) -> usize {
        self.max.load(Ordering::Relaxed)
    }

    /// Bytes currently taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// An empty share, to be grown.
    pub fn share(self: &Arc<Self>) -> Share {
        Share {
            room: Arc::clone(self),
            bytes: 0,
        }
    }

    /// Resolves once `share` has grown to `bytes` with no more than `max` taken in total.
    pub(crate) async fn wait(&self, share: &mut Share, bytes: usize, max: usize) {
        let _waiting = Waiting::new(&self.waiting);
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Registers for notifications before checking.
            freed.as_mut().enable();
            if share.grow_within(bytes, max) {
                return;
            }
            freed.await;
        }
    }

    fn give_back(&self, bytes: usize) {
        self.taken.fetch_sub(bytes, Ordering::SeqCst);
        if bytes > 0 && self.waiting.load(Ordering::SeqCst) > 0 {
            self.freed.notify_waiters();
        }
    }
}

/// Counts a waiter.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Bytes that are taken until this is dropped.
#[derive(Debug)]
pub struct Share {
    room: Arc<Room>,
    bytes: usize,
}

impl Share {
    /// Their number.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Resizes the share; returns `false` and leaves it unchanged if too few bytes are left.
    #[must_use]
    pub fn resize(&mut self, bytes: usize) -> bool {
        if bytes <= self.bytes {
            self.shrink_to(bytes);
            return true;
        }
        let max = if bytes > SMALL_BYTES {
            self.room.max() / 4 * LARGE_QUARTERS
        } else {
            self.room.max()
        };
        self.grow_within(bytes, max)
    }

    /// Grows the share to `bytes` if no more than `max` are then taken in total.
    #[must_use]
    pub(crate) fn grow_within(&mut self, bytes: usize, max: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let taken = self.room.taken.fetch_add(more, Ordering::SeqCst);
        if taken.saturating_add(more) > max {
            // No waiter is affected by this.
            self.room.taken.fetch_sub(more, Ordering::SeqCst);
            return false;
        }
        self.bytes += more;
        true
    }

    /// Returns the surplus.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        self.bytes -= less;
        self.room.give_back(less);
    }

    /// Merges another share of the same budget.
    pub(crate) fn join(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Waker};

    #[test]
    fn room_when_shares_come_and_go_then_is_never_more_than_there_is() {
        let room = Room::new(100);
        let mut first = room.share();
        assert!(first.resize(60));
        let mut second = room.share();
        assert!(!second.resize(41));
        assert_eq!((room.taken(), second.bytes()), (60, 0));
        assert!(second.resize(40));
        assert!(first.resize(50), "less needs no room");
        assert_eq!((room.taken(), first.bytes()), (90, 50));
        first.join(second);
        assert_eq!((room.taken(), first.bytes()), (90, 90));
        drop(first);
        assert_eq!(room.taken(), 0);
        assert!(room.share().resize(100));
        room.resize(10);
        assert!(!room.share().resize(11));
    }

    #[test]
    fn room_when_large_shares_fill_their_part_then_small_ones_have_the_rest() {
        let room = Room::new(16 * SMALL_BYTES);
        let mut large: Vec<Share> = (0..3).map(|_| room.share()).collect();
        assert!(large.iter_mut().all(|share| share.resize(4 * SMALL_BYTES)));
        assert!(!room.share().resize(SMALL_BYTES + 1));
        let mut small: Vec<Share> = (0..4).map(|_| room.share()).collect();
        assert!(small.iter_mut().all(|share| share.resize(SMALL_BYTES)));
        assert!(!room.share().resize(1));
    }

    #[test]
    fn who_waits_for_room_when_some_is_given_back_then_gets_it_and_never_above_its_bound() {
        let room = Room::new(100);
        let mut held = room.share();
        assert!(held.resize(80));
        let mut share = room.share();
        let mut waiting = Box::pin(room.wait(&mut share, 30, 75));
        let mut cx = Context::from_waker(Waker::noop());
        for (held_bytes, is_there) in [(60, false), (46, false), (45, true)] {
            assert!(waiting.as_mut().poll(&mut cx).is_pending());
            held.shrink_to(held_bytes);
            if is_there {
                assert!(waiting.as_mut().poll(&mut cx).is_ready());
            }
        }
        drop(waiting);
        assert_eq!((share.bytes(), room.taken()), (30, 75));
        assert_eq!(room.waiting.load(Ordering::Relaxed), 0);
    }
}
