//! Calls of operations against one thing: an account, a stream, a shard.
//!
//! There is a bucket for each operation that was called of late; full ones are dropped.

use super::bucket::Bucket;
use millstream_env::Monotonic;
use millstream_protocol::{Period, Rate};
use std::collections::VecDeque;
use std::time::Duration;

const DAY: Duration = Duration::from_hours(24);

/// What is counted of operations, by their names.
#[derive(Debug, Default)]
pub struct Calls {
    counts: Vec<(&'static str, Count)>,
}

#[derive(Debug)]
enum Count {
    OfSecond(Bucket),
    /// When those of the last 24 hours were.
    OfDay(VecDeque<Monotonic>),
}

impl Calls {
    /// Counts a call of an operation, or nothing if its rate does not allow one. An operation is
    /// always counted at the same rate.
    pub fn try_take(&mut self, operation: &'static str, rate: Rate, now: Monotonic) -> bool {
        let place = self.counts.iter().position(|(name, _)| *name == operation);
        let place = place.unwrap_or_else(|| {
            self.counts.retain(|(_, count)| !count.is_as_new(now));
            self.counts.push((operation, Count::new(rate)));
            self.counts.len() - 1
        });
        self.counts[place].1.try_take(rate, now)
    }

    /// Whether it is as if there had been no calls.
    pub fn is_as_new(&self, now: Monotonic) -> bool {
        self.counts.iter().all(|(_, count)| count.is_as_new(now))
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.counts.len()
    }
}

impl Count {
    fn new(rate: Rate) -> Self {
        match rate.period {
            Period::Second => Self::OfSecond(Bucket::new(u64::from(rate.calls))),
            Period::Day => Self::OfDay(VecDeque::new()),
        }
    }

    fn try_take(&mut self, rate: Rate, now: Monotonic) -> bool {
        match self {
            Self::OfSecond(bucket) => {
                let has = bucket.has(1, now);
                if has {
                    bucket.take(1, now);
                }
                has
            }
            Self::OfDay(times) => {
                while times.front().is_some_and(|at| now.since(*at) >= DAY) {
                    times.pop_front();
                }
                let has = times.len() < rate.calls as usize;
                if has {
                    times.push_back(now);
                }
                has
            }
        }
    }

    fn is_as_new(&self, now: Monotonic) -> bool {
        match self {
            Self::OfSecond(bucket) => bucket.has(u64::MAX, now),
            Self::OfDay(times) => times.back().is_none_or(|at| now.since(*at) >= DAY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_protocol::{Scope, Source};

    fn rate(calls: u32, period: Period) -> Rate {
        Rate {
            calls,
            period,
            scope: Scope::Stream,
            source: Source::Documented,
        }
    }

    fn at(ms: u64) -> Monotonic {
        Monotonic(Duration::from_millis(ms))
    }

    #[test]
    fn calls_when_a_seconds_worth_came_at_once_then_come_one_by_one() {
        let (mut calls, rate) = (Calls::default(), rate(5, Period::Second));
        assert!((0..5).all(|_| calls.try_take("A", rate, at(0))));
        assert!(!calls.try_take("A", rate, at(199)));
        assert!(calls.try_take("B", rate, at(199)), "another operation");
        assert!(calls.try_take("A", rate, at(200)));
        assert!(!calls.try_take("A", rate, at(200)), "one came in, and went");
    }

    #[test]
    fn changes_when_so_many_were_within_a_day_then_wait_for_the_first_to_be_over() {
        const HOUR: u64 = 3_600_000;
        let (mut calls, rate) = (Calls::default(), rate(2, Period::Day));
        assert!(calls.try_take("A", rate, at(0)));
        assert!(calls.try_take("A", rate, at(HOUR)));
        assert!(!calls.try_take("A", rate, at(24 * HOUR - 1)));
        assert!(calls.try_take("A", rate, at(24 * HOUR)));
        assert!(!calls.try_take("A", rate, at(25 * HOUR - 1)));
        assert!(!calls.is_as_new(at(48 * HOUR - 1)));
        assert!(calls.is_as_new(at(48 * HOUR)));
    }

    #[test]
    fn counts_when_they_are_as_new_then_make_room_for_others() {
        let (mut calls, rate) = (Calls::default(), rate(5, Period::Second));
        calls.try_take("A", rate, at(0));
        calls.try_take("B", rate, at(100));
        assert!(!calls.is_as_new(at(299)));
        calls.try_take("C", rate, at(200));
        assert_eq!(calls.len(), 2, "the first is full again");
        assert!(calls.is_as_new(at(400)));
    }
}
