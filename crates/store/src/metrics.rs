//! Metrics of a store, for its operator: numbers with names and help texts.
//!
//! This is the vocabulary of the contract, independent of any monitoring system: the exporter
//! encodes the numbers. A provider names its own series, since what matters about a disk differs
//! from what matters about a broker. What always holds: the number of series does not depend on the
//! number of logs, and an observation takes a few relaxed atomic additions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The current value of a series, or of a few that differ in one label.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name, with the unit last; counters without the `_total` that some formats require.
    pub name: &'static str,
    /// Help text.
    pub help: &'static str,
    /// The value.
    pub value: Value,
}

/// The value of a series.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A counter, monotonic while the process lives.
    Counter(u64),
    /// A counter for each value of a label.
    Counters {
        /// The label's name.
        label: &'static str,
        /// The label's values, with their counts.
        counts: Vec<(&'static str, u64)>,
    },
    /// A current value that may go up and down.
    Gauge(u64),
    /// A distribution of observed sizes.
    Histogram(Distribution),
}

/// The observations of a [`Histogram`].
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// Upper bounds, ascending, the last one infinite ([`f64::INFINITY`]), each with the number of
    /// observations in its bucket (not cumulative).
    pub buckets: Vec<(f64, u64)>,
    /// Sum of all observations.
    pub sum: f64,
}

impl Distribution {
    /// Number of observations.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}

/// Number of bounded buckets of a histogram; an unbounded one follows.
const BUCKETS: usize = 18;
const NANOS_PER_SECOND: f64 = 1e9;

/// A histogram whose bucket bounds double.
#[derive(Debug)]
pub struct Histogram {
    /// The first bucket's bound.
    first: u64,
    /// Observed units per displayed unit.
    per_shown: f64,
    buckets: [AtomicU64; BUCKETS + 1],
    sum: AtomicU64,
}

impl Histogram {
    /// A histogram of numbers whose first bucket ends at `first` (inclusive; not 0).
    pub fn of_numbers(first: u64) -> Self {
        Self::new(first, 1.0)
    }

    /// A histogram of durations, displayed in seconds, whose first bucket ends at `first`
    /// (inclusive; not 0).
    pub fn of_durations(first: Duration) -> Self {
        Self::new(nanos(first), NANOS_PER_SECOND)
    }

    fn new(first: u64, per_shown: f64) -> Self {
        assert_ne!(first, 0, "a bucket holds something");
        Self {
            first,
            per_shown,
            buckets: Default::default(),
            sum: AtomicU64::new(0),
        }
    }

    /// Observes a number.
    pub fn observe(&self, number: u64) {
        let over = number.saturating_sub(1) / self.first;
        let place = u64::BITS - over.leading_zeros();
        let place = usize::try_from(place).map_or(BUCKETS, |place| place.min(BUCKETS));
        self.buckets[place].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    /// Observes a duration.
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(nanos(duration));
    }

    /// The observations so far.
    pub fn distribution(&self) -> Distribution {
        let bounds = (0..BUCKETS).map(|place| (self.first << place) as f64 / self.per_shown);
        let counts = self
            .buckets
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        Distribution {
            buckets: bounds.chain([f64::INFINITY]).zip(counts).collect(),
            sum: self.sum.load(Ordering::Relaxed) as f64 / self.per_shown,
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The non-empty buckets, as bounds and counts.
    fn filled(histogram: &Histogram) -> Vec<(f64, u64)> {
        let buckets = histogram.distribution().buckets.into_iter();
        buckets.filter(|(_, count)| *count > 0).collect()
    }

    #[test]
    fn numbers_when_observed_then_are_in_the_first_bucket_whose_bound_they_do_not_exceed() {
        let histogram = Histogram::of_numbers(10);
        for number in [0, 1, 10, 11, 20, 21, 40, 41] {
            histogram.observe(number);
        }
        let counts = [(10.0, 3), (20.0, 2), (40.0, 2), (80.0, 1)];
        assert_eq!(filled(&histogram), counts);
        let distribution = histogram.distribution();
        assert_eq!((distribution.sum, distribution.count()), (144.0, 8));
    }

    #[test]
    fn numbers_when_above_all_bounds_then_are_in_the_last_bucket() {
        let histogram = Histogram::of_numbers(1);
        let last = 1 << (BUCKETS - 1);
        for number in [last, last + 1, u64::MAX - last] {
            histogram.observe(number);
        }
        assert_eq!(filled(&histogram), [(last as f64, 1), (f64::INFINITY, 2)]);
    }

    #[test]
    fn durations_when_observed_then_are_shown_in_seconds() {
        let histogram = Histogram::of_durations(Duration::from_millis(1));
        histogram.observe_duration(Duration::from_micros(1_500));
        assert_eq!(filled(&histogram), [(0.002, 1)]);
        assert_eq!(histogram.distribution().sum, 0.0015);
    }
}
