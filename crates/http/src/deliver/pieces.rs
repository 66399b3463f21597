//! Pieces of responses that the transport holds: counted until it releases them, with the time
//! since when.
//!
//! A piece that the transport has taken is not written yet: over HTTP/2 it is queued for as long as
//! its client opens no window. So what counts is not when a piece was taken but when its memory is
//! released.

use crate::connection::activity::Activity;
use millstream_env::{Clock, Monotonic};
use millstream_memory::Share;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Responses and events up to this size are neither watched nor counted once they were taken: their
/// number is bounded by a connection's streams.
pub(crate) const SMALL_BYTES: usize = 4 * 1024;

/// Factor on the patience for an unread piece while the client reads others: they may share a slow
/// link.
const PATIENCE_BESIDE_OTHERS: u32 = 5;

/// The pieces that a connection's transport holds, of responses that are not small.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: u64,
    /// Numbers increase with time.
    since: BTreeMap<u64, Monotonic>,
    /// When a piece was last written.
    written: Monotonic,
}

impl Pieces {
    /// Whether the client has left a piece unread for too long.
    pub(crate) fn are_unread(&self, now: Monotonic, patience: Duration) -> bool {
        let state = self.state.lock();
        let patience = if now.since(state.written) < patience {
            patience * PATIENCE_BESIDE_OTHERS
        } else {
            patience
        };
        let oldest = state.since.first_key_value();
        oldest.is_some_and(|(_, since)| now.since(*since) >= patience)
    }

    fn begin(&self, now: Monotonic) -> u64 {
        let mut state = self.state.lock();
        let number = state.taken;
        state.taken += 1;
        state.since.insert(number, now);
        number
    }

    fn end(&self, number: u64, now: Monotonic) {
        let mut state = self.state.lock();
        state.since.remove(&number);
        state.written = now;
    }
}

/// A response being delivered: its share of the budget is returned with its last piece.
pub(crate) struct Delivery {
    activity: Arc<Activity>,
    clock: Arc<dyn Clock>,
    _share: Option<Share>,
}

impl Delivery {
    /// A response from its start.
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

    /// Records that the transport has a piece from now on.
    pub(crate) fn hand_over(self: &Arc<Self>) -> HandedOver {
        HandedOver {
            number: self.activity.pieces.begin(self.clock.monotonic()),
            delivery: Arc::clone(self),
        }
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Delivery")
    }
}

/// A guard for a piece that the transport holds, dropped with it.
#[derive(Debug)]
pub(crate) struct HandedOver {
    number: u64,
    delivery: Arc<Delivery>,
}

impl Drop for HandedOver {
    fn drop(&mut self) {
        let Delivery {
            activity, clock, ..
        } = &*self.delivery;
        activity.pieces.end(self.number, clock.monotonic());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Monotonic {
        Monotonic(Duration::from_secs(seconds))
    }

    #[test]
    fn piece_when_unread_then_is_waited_for_longer_while_others_are_read() {
        let patience = Duration::from_secs(60);
        let pieces = Pieces::default();
        assert!(!pieces.are_unread(at(1000), patience));
        pieces.begin(at(1000));
        assert!(!pieces.are_unread(at(1059), patience));
        assert!(pieces.are_unread(at(1060), patience));
        let other = pieces.begin(at(1050));
        pieces.end(other, at(1050));
        assert!(!pieces.are_unread(at(1109), patience));
        assert!(pieces.are_unread(at(1110), patience));
        for second in 1050..1300 {
            assert!(!pieces.are_unread(at(second), patience));
            let other = pieces.begin(at(second));
            pieces.end(other, at(second));
        }
        assert!(pieces.are_unread(at(1300), patience));
    }
}
