//! Latencies in bounded memory: a high dynamic range histogram, its quantiles and its buckets.
//!
//! Values are microseconds with three significant digits, up to an hour; what is longer counts as
//! an hour. The bounds of buckets are the same in every run, so that runs can be compared.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest latency that is told apart: an hour.
const MICROS_MAX: u64 = 3_600_000_000;
/// Significant digits of a latency.
const DIGITS: u8 = 3;
/// The bounds of buckets within a decade, from ten microseconds on.
pub(super) const STEPS: [u64; 10] = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80];

/// Latencies of many things of one kind.
#[derive(Clone, Debug)]
pub(super) struct Latencies(Histogram<u64>);

/// How many latencies are from one bound up to another, which is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Bucket {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) count: u64,
}

/// What is reported of latencies, in microseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Summary {
    pub(super) count: u64,
    pub(super) min: u64,
    pub(super) mean: f64,
    pub(super) p50: u64,
    pub(super) p90: u64,
    pub(super) p99: u64,
    #[serde(rename = "P99.9")]
    pub(super) p99_9: u64,
    pub(super) max: u64,
    /// Buckets that are not empty, in ascending order.
    pub(super) buckets: Vec<Bucket>,
}

impl Latencies {
    /// None yet.
    pub(super) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, MICROS_MAX, DIGITS);
        Self(histogram.expect("the bounds are constants"))
    }

    /// Counts one.
    pub(super) fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros.max(1));
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The buckets that are not empty.
    pub(super) fn buckets(&self) -> Vec<Bucket> {
        let mut buckets: Vec<Bucket> = Vec::new();
        let mut bounds = bounds().peekable();
        let mut from = 0;
        for recorded in self.0.iter_recorded() {
            let (micros, count) = (recorded.value_iterated_to(), recorded.count_at_value());
            while let Some(bound) = bounds.next_if(|bound| *bound <= micros) {
                from = bound;
            }
            match buckets.last_mut() {
                Some(last) if last.from == from => last.count += count,
                Some(_) | None => {
                    let to = bounds.peek().copied().unwrap_or(MICROS_MAX);
                    buckets.push(Bucket { from, to, count });
                }
            }
        }
        buckets
    }

    /// What is reported; `None` if there are none.
    pub(super) fn summary(&self) -> Option<Summary> {
        let quantile = |quantile| self.0.value_at_quantile(quantile);
        (self.count() > 0).then(|| Summary {
            count: self.count(),
            min: self.0.min(),
            mean: self.0.mean(),
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            p99_9: quantile(0.999),
            max: self.0.max(),
            buckets: self.buckets(),
        })
    }
}

/// The lower bounds of all buckets but the first, which begins at zero.
fn bounds() -> impl Iterator<Item = u64> {
    let decades = std::iter::successors(Some(1_u64), |decade| decade.checked_mul(10));
    let all = decades.flat_map(|decade| STEPS.map(|step| step.saturating_mul(decade)));
    all.take_while(|bound| *bound <= MICROS_MAX)
}

/// A latency in three significant digits: `850 µs`, `1.25 ms`, `12.5 s`.
pub(super) fn shown(micros: u64) -> String {
    let (number, unit) = match micros {
        0..1000 => return format!("{micros} µs"),
        1000..1_000_000 => (micros as f64 / 1e3, "ms"),
        _ => (micros as f64 / 1e6, "s"),
    };
    let decimals = match number {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{number:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_when_recorded_then_every_one_is_in_a_bucket_and_quantiles_are_near() {
        let mut latencies = Latencies::new();
        assert_eq!(latencies.summary(), None);
        for micros in 1..=100_000 {
            latencies.record(Duration::from_micros(micros));
        }
        latencies.record(Duration::ZERO);
        latencies.record(Duration::from_hours(5));
        let summary = latencies.summary().unwrap();
        assert_eq!(summary.count, 100_002);
        let sum: u64 = summary.buckets.iter().map(|bucket| bucket.count).sum();
        assert_eq!(sum, summary.count);
        for pair in summary.buckets.windows(2) {
            assert!(pair[0].from < pair[0].to && pair[0].to <= pair[1].from);
        }
        assert_eq!((summary.min, summary.max), (1, latencies.0.max()));
        for (found, expected) in [
            (summary.p50, 50_000_u64),
            (summary.p90, 90_000),
            (summary.p99, 99_000),
            (summary.p99_9, 99_900),
        ] {
            assert!(found.abs_diff(expected) <= expected / 500, "{found}");
        }
    }

    #[test]
    fn bucket_when_a_latency_is_at_its_bound_then_begins_with_it() {
        let mut latencies = Latencies::new();
        for micros in [9, 10, 11, 12, 100, 119, 120] {
            latencies.record(Duration::from_micros(micros));
        }
        let found = latencies.buckets();
        let found: Vec<_> = found.iter().map(|it| (it.from, it.to, it.count)).collect();
        let expected = [
            (0, 10, 1),
            (10, 12, 2),
            (12, 15, 1),
            (100, 120, 2),
            (120, 150, 1),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn latency_when_shown_then_has_three_digits_and_a_unit() {
        for (micros, expected) in [
            (7, "7 µs"),
            (999, "999 µs"),
            (1000, "1.00 ms"),
            (9_999, "10.0 ms"),
            (12_345, "12.3 ms"),
            (99_960, "100 ms"),
            (1_250_000, "1.25 s"),
            (3_600_000_000, "3600 s"),
        ] {
            assert_eq!(shown(micros), expected);
        }
    }
}
