//! A consumer's seat at a shard: one subscription at a time, one call a second, a byte rate.
//!
//! Kept in memory, like the other rate limits. A seat outlives its subscription for a moment, since
//! calls right after a successful one are refused whatever became of it.

use crate::limits::SubscribeLimit;
use crate::settings::Limits;
use millstream_env::Monotonic;
use millstream_model::{ConsumerName, limits};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long after a successful call another one is refused.
const EXCLUSIVE: Duration = Duration::from_secs(limits::SUBSCRIBE_EXCLUSIVE_SECONDS);

/// A consumer: its name, and the second in its ARN.
type Key = (ConsumerName, u64);

/// Why a subscription is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Another subscription was made a moment ago.
    InUse,
    /// Calls come too fast.
    TooFast,
}

/// The seats at one shard.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    by_consumer: Mutex<BTreeMap<Key, Arc<Seat>>>,
}

impl Seats {
    /// A consumer's seat. Unused seats without state are dropped.
    pub(crate) fn of(&self, consumer: Key, now: Monotonic) -> Arc<Seat> {
        let mut seats = self.by_consumer.lock();
        seats.retain(|_, seat| Arc::strong_count(seat) > 1 || seat.remembers(now));
        Arc::clone(seats.entry(consumer).or_default())
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        self.by_consumer.lock().len()
    }
}

/// One consumer's seat at one shard.
#[derive(Debug)]
pub(crate) struct Seat {
    state: Mutex<State>,
    /// How often it was taken; the last taker has it.
    taken: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    limit: SubscribeLimit,
    taken_at: Option<Monotonic>,
}

impl Default for Seat {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                limit: SubscribeLimit::new(),
                taken_at: None,
            }),
            taken: watch::Sender::new(0),
        }
    }
}

impl State {
    fn is_exclusive(&self, now: Monotonic) -> bool {
        self.taken_at.is_some_and(|at| now.since(at) < EXCLUSIVE)
    }
}

impl Seat {
    fn remembers(&self, now: Monotonic) -> bool {
        let state = self.state.lock();
        state.is_exclusive(now) || !state.limit.is_full(now)
    }

    /// Counts a call, before the rest of it is validated.
    pub(crate) fn try_call(&self, now: Monotonic, limits: Limits) -> Result<(), Refusal> {
        let mut state = self.state.lock();
        if state.is_exclusive(now) {
            return Err(Refusal::InUse);
        }
        if limits == Limits::Off || state.limit.try_take_call(now) {
            Ok(())
        } else {
            Err(Refusal::TooFast)
        }
    }

    /// Takes the seat over from its holder.
    pub(crate) fn try_take(self: &Arc<Self>, now: Monotonic) -> Result<TakenSeat, Refusal> {
        let mut state = self.state.lock();
        // Of two concurrent calls, the second gets here after the first has it.
        if state.is_exclusive(now) {
            return Err(Refusal::InUse);
        }
        state.taken_at = Some(now);
        self.taken.send_modify(|taken| *taken += 1);
        let mut taken = self.taken.subscribe();
        let own = *taken.borrow_and_update();
        drop(state);
        Ok(TakenSeat {
            seat: Arc::clone(self),
            own,
            taken,
        })
    }
}

/// A taken seat, which another call may take over.
#[derive(Debug)]
pub(crate) struct TakenSeat {
    seat: Arc<Seat>,
    own: u64,
    taken: watch::Receiver<u64>,
}

impl TakenSeat {
    /// Whether it was taken over.
    pub(crate) fn is_lost(&self) -> bool {
        *self.taken.borrow() != self.own
    }

    /// Resolves once it is taken over.
    pub(crate) async fn lost(&self) {
        let own = self.own;
        // The sender is in the seat that this holds, so there is no error.
        let _ = self.taken.clone().wait_for(|taken| *taken != own).await;
    }

    /// How long to wait until bytes may be pushed again.
    pub(crate) fn pause(&self, now: Monotonic) -> Duration {
        self.seat.state.lock().limit.pause(now)
    }

    /// Counts pushed bytes.
    pub(crate) fn take_bytes(&self, bytes: u64, now: Monotonic) {
        self.seat.state.lock().limit.take_bytes(bytes, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Monotonic {
        Monotonic(Duration::from_millis(ms))
    }

    fn consumer(name: &str) -> Key {
        (ConsumerName::parse(name).unwrap(), 1)
    }

    #[test]
    fn calls_when_they_follow_each_other_then_are_in_use_too_fast_or_take_over() {
        let seat = Arc::new(Seat::default());
        // A failed call counts, too.
        assert_eq!(seat.try_call(at(0), Limits::Aws), Ok(()));
        assert_eq!(seat.try_call(at(999), Limits::Aws), Err(Refusal::TooFast));
        assert_eq!(seat.try_call(at(999), Limits::Off), Ok(()));
        assert_eq!(seat.try_call(at(1000), Limits::Aws), Ok(()));
        let first = seat.try_take(at(1000)).unwrap();
        assert_eq!(seat.try_take(at(1000)).unwrap_err(), Refusal::InUse);
        assert_eq!(seat.try_call(at(5999), Limits::Aws), Err(Refusal::InUse));
        assert!(!first.is_lost());
        assert_eq!(seat.try_call(at(6000), Limits::Aws), Ok(()));
        let second = seat.try_take(at(6000)).unwrap();
        assert!(first.is_lost() && !second.is_lost());
    }

    #[test]
    fn seats_when_nobody_uses_them_then_are_forgotten_after_a_while() {
        let seats = Seats::default();
        let held = seats.of(consumer("a"), at(0));
        seats.of(consumer("b"), at(0)).try_take(at(0)).unwrap();
        seats.of(consumer("c"), at(4_999));
        assert_eq!(seats.count(), 3, "one is held, one was taken of late");
        seats.of(consumer("d"), at(5_000));
        assert_eq!(seats.count(), 2, "the held one and the new one");
        drop(held);
    }
}
