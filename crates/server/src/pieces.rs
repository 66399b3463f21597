//! Pieces of answers that the transport has: counted until it lets go of them, and since when it has them.
//!
//! A transport that has taken a piece has not written it: over HTTP/2 it keeps it for as long as its
//! client opens no window. So what counts is not when a piece was taken but when its memory is free.

use crate::activity::Activity;
use crate::budget::Share;
use bytes::Bytes;
use env::{Clock, Monotonic};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Answers and events of so many bytes are neither counted once they were taken nor watched: there are
/// at most a connection's streams of them.
pub(crate) const SMALL_BYTES: usize = 4 * 1024;

/// The pieces that a connection's transport has, of answers that are not small.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: u64,
    /// Numbers rise with time.
    since: BTreeMap<u64, Monotonic>,
}

impl Pieces {
    /// Since when the transport has had the piece that it has had for longest.
    pub(crate) fn oldest(&self) -> Option<Monotonic> {
        let state = self.state.lock();
        state.since.first_key_value().map(|(_, since)| *since)
    }

    fn begin(&self, now: Monotonic) -> u64 {
        let mut state = self.state.lock();
        let number = state.taken;
        state.taken += 1;
        state.since.insert(number, now);
        number
    }

    fn end(&self, number: u64) {
        self.state.lock().since.remove(&number);
    }
}

/// An answer on its way: its share of the budget is given back with its last piece.
pub(crate) struct Delivery {
    activity: Arc<Activity>,
    clock: Arc<dyn Clock>,
    _share: Option<Share>,
}

impl Delivery {
    /// An answer of which nothing was taken yet.
    pub(crate) fn new(
        activity: &Arc<Activity>,
        clock: &Arc<dyn Clock>,
        share: Option<Share>,
    ) -> Arc<Self> {
        Arc::new(Self {
            activity: Arc::clone(activity),
            clock: Arc::clone(clock),
            _share: share,
        })
    }

    /// Hands a piece to the transport.
    pub(crate) fn hand_over(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Piece {
            number: self.activity.pieces.begin(self.clock.monotonic()),
            bytes,
            delivery: Arc::clone(self),
        })
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Delivery")
    }
}

struct Piece {
    number: u64,
    bytes: Bytes,
    delivery: Arc<Delivery>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.delivery.activity.pieces.end(self.number);
    }
}

/// Bytes with their share of a budget, which they give back when the last of them has gone.
pub(crate) fn counted(bytes: Bytes, share: Share) -> Bytes {
    Bytes::from_owner(Counted {
        bytes,
        _share: share,
    })
}

struct Counted {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
