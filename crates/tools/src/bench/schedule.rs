//! When requests begin, which of them count, and when there are no more.
//!
//! Without a rate the loop is closed: whoever has its response begins the next request. With a rate
//! it is open: arrivals have their times whatever the endpoint does, and a latency begins at the
//! arrival, so that a stall is in the latency of every request that was due meanwhile, and not of
//! one alone.

use millstream_env::{Clock, Monotonic};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How late timers are: so much after its arrival a request may begin without it being the
/// endpoint's fault.
const TIMER_GRAIN: Duration = Duration::from_millis(1);
const NANOS: u128 = 1_000_000_000;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// What begins in this time.
    Time(Duration),
    /// So many requests.
    Requests(u64),
}

/// When requests begin.
#[derive(Debug)]
pub(super) struct Schedule {
    begun: Monotonic,
    /// The end of the warm-up.
    counted_from: Monotonic,
    extent: Extent,
    rate: Option<NonZeroU32>,
    arrivals: AtomicU64,
    counted: AtomicU64,
}

/// A request's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// When its latency begins.
    pub(super) from: Monotonic,
    /// Whether it is after the warm-up.
    pub(super) is_counted: bool,
}

impl Schedule {
    /// A schedule that begins now.
    pub(super) fn begin(
        warm_up: Duration,
        extent: Extent,
        rate: Option<NonZeroU32>,
        clock: &dyn Clock,
    ) -> Self {
        let begun = clock.monotonic();
        Self {
            begun,
            counted_from: Monotonic(begun.0 + warm_up),
            extent,
            rate,
            arrivals: AtomicU64::new(0),
            counted: AtomicU64::new(0),
        }
    }

    /// The end of the warm-up.
    pub(super) fn counted_from(&self) -> Monotonic {
        self.counted_from
    }

    /// Whether requests arrive whatever the endpoint does.
    pub(super) fn is_open(&self) -> bool {
        self.rate.is_some()
    }

    /// The next request's turn, once it has come; `None` if there are no more.
    pub(super) async fn next(&self, clock: &dyn Clock) -> Option<Turn> {
        let (due, from) = match self.rate {
            None => {
                let now = clock.monotonic();
                (now, now)
            }
            Some(rate) => self.arrival(rate, clock).await?,
        };
        let is_counted = due >= self.counted_from;
        let is_left = !self.is_over(due) && (!is_counted || self.take());
        is_left.then_some(Turn { from, is_counted })
    }

    /// The next arrival, and when its request's latency begins.
    async fn arrival(&self, rate: NonZeroU32, clock: &dyn Clock) -> Option<(Monotonic, Monotonic)> {
        let number = self.arrivals.fetch_add(1, Ordering::Relaxed);
        let after = u128::from(number) * NANOS / u128::from(rate.get());
        let after = Duration::from_nanos(u64::try_from(after).unwrap_or(u64::MAX));
        let due = Monotonic(self.begun.0.saturating_add(after));
        if self.is_over(due) {
            return None;
        }
        let now = clock.monotonic();
        if now >= due {
            // All that may be in flight was: the wait belongs to the latency.
            return (!self.is_over(now)).then_some((due, due));
        }
        clock.sleep(due.since(now)).await;
        let latest = Monotonic(due.0.saturating_add(TIMER_GRAIN));
        Some((due, clock.monotonic().min(latest)))
    }

    fn is_over(&self, at: Monotonic) -> bool {
        match self.extent {
            Extent::Time(time) => at.0 >= self.counted_from.0 + time,
            Extent::Requests(_) => false,
        }
    }

    /// Takes one of the requests that count, if any are left.
    fn take(&self) -> bool {
        let taken = self.counted.fetch_add(1, Ordering::Relaxed);
        match self.extent {
            Extent::Time(_) => true,
            Extent::Requests(most) => taken < most,
        }
    }

    /// How much of it is done: a number from 0 to 1000.
    pub(super) fn permille(&self, now: Monotonic) -> u64 {
        let (done, all) = match self.extent {
            Extent::Time(time) => (now.since(self.counted_from).as_millis(), time.as_millis()),
            Extent::Requests(all) => {
                let counted = self.counted.load(Ordering::Relaxed);
                (u128::from(counted), u128::from(all))
            }
        };
        u64::try_from(done * 1000 / all.max(1)).map_or(1000, |permille| permille.min(1000))
    }

    /// How many requests that count were due until the end and never began, as the endpoint does
    /// not keep up with the rate.
    pub(super) fn never_begun(&self) -> u64 {
        let (Some(rate), Extent::Time(time)) = (self.rate, self.extent) else {
            return 0;
        };
        let due_before = |at: Duration| {
            let arrivals = at.as_nanos() * u128::from(rate.get());
            u64::try_from(arrivals.div_ceil(NANOS)).unwrap_or(u64::MAX)
        };
        let warm_up = self.counted_from.since(self.begun);
        let due = due_before(warm_up + time) - due_before(warm_up);
        due.saturating_sub(self.counted.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::{ManualClock, Timestamp};
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    const SECOND: Duration = Duration::from_secs(1);

    fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    /// The turn that comes at once, as milliseconds; `None` if it does not come at once.
    fn at_once(schedule: &Schedule, clock: &ManualClock) -> Option<Option<(u128, bool)>> {
        let turn = poll(pin!(schedule.next(clock)));
        turn.map(|turn| turn.map(|turn| (turn.from.0.as_millis(), turn.is_counted)))
    }

    fn rate(rate: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(rate)
    }

    #[test]
    fn closed_loop_when_time_passes_then_counts_after_the_warm_up_and_ends() {
        let clock = ManualClock::new(Timestamp(0));
        let schedule = Schedule::begin(SECOND, Extent::Time(2 * SECOND), None, &clock);
        assert_eq!(at_once(&schedule, &clock), Some(Some((0, false))));
        clock.advance(SECOND);
        assert_eq!(at_once(&schedule, &clock), Some(Some((1000, true))));
        clock.advance(SECOND);
        assert_eq!(schedule.permille(clock.monotonic()), 500);
        assert_eq!(at_once(&schedule, &clock), Some(Some((2000, true))));
        clock.advance(SECOND);
        assert_eq!(at_once(&schedule, &clock), Some(None));
        assert_eq!(schedule.never_begun(), 0);
    }

    #[test]
    fn requests_when_they_are_numbered_then_those_of_the_warm_up_are_not_among_them() {
        let clock = ManualClock::new(Timestamp(0));
        let schedule = Schedule::begin(SECOND, Extent::Requests(2), None, &clock);
        assert_eq!(at_once(&schedule, &clock), Some(Some((0, false))));
        clock.advance(SECOND);
        assert_eq!(at_once(&schedule, &clock), Some(Some((1000, true))));
        assert_eq!(at_once(&schedule, &clock), Some(Some((1000, true))));
        assert_eq!(at_once(&schedule, &clock), Some(None));
    }

    #[test]
    fn open_loop_when_the_endpoint_stalls_then_latencies_begin_when_requests_were_due() {
        let clock = ManualClock::new(Timestamp(0));
        let extent = Extent::Time(SECOND);
        let schedule = Schedule::begin(Duration::ZERO, extent, rate(10), &clock);
        assert_eq!(at_once(&schedule, &clock), Some(Some((0, true))));
        // Nobody asks for half a second.
        clock.advance(SECOND / 2);
        for millis in [100, 200, 300, 400, 500] {
            assert_eq!(at_once(&schedule, &clock), Some(Some((millis, true))));
        }
        let mut next = pin!(schedule.next(&clock));
        assert_eq!(poll(next.as_mut()), None);
        clock.advance(SECOND / 10);
        let turn = poll(next).unwrap().unwrap();
        assert_eq!(turn.from, Monotonic(Duration::from_millis(600)));
        assert_eq!(schedule.never_begun(), 3);
        clock.advance(SECOND);
        assert_eq!(at_once(&schedule, &clock), Some(None));
        assert_eq!(schedule.never_begun(), 3);
    }

    #[test]
    fn request_when_its_timer_is_late_then_that_is_not_its_latency_up_to_the_grain() {
        for (late, expected) in [
            (300, 100_300),
            (900, 100_900),
            (1_000, 101_000),
            (5_000, 101_000),
        ] {
            let clock = ManualClock::new(Timestamp(0));
            let extent = Extent::Time(SECOND);
            let schedule = Schedule::begin(Duration::ZERO, extent, rate(10), &clock);
            assert!(at_once(&schedule, &clock).is_some());
            let mut next = pin!(schedule.next(&clock));
            assert_eq!(poll(next.as_mut()), None);
            clock.advance(Duration::from_micros(100_000 + late));
            let turn = poll(next).unwrap().unwrap();
            assert_eq!(turn.from.0.as_micros(), expected);
        }
    }

    #[test]
    fn rate_when_it_does_not_divide_a_second_then_is_kept_over_the_whole_time() {
        let clock = ManualClock::new(Timestamp(0));
        let extent = Extent::Time(3 * SECOND);
        let schedule = Schedule::begin(SECOND, extent, rate(7), &clock);
        clock.advance(4 * SECOND - Duration::from_nanos(1));
        let turns = std::iter::from_fn(|| at_once(&schedule, &clock).flatten());
        let turns: Vec<_> = turns.collect();
        let counted = turns.iter().filter(|(_, is_counted)| *is_counted).count();
        assert_eq!((turns.len(), counted), (28, 21));
        assert_eq!(schedule.never_begun(), 0);
    }
}
