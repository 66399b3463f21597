//! A token bucket, stored as the time at which it was (or will be) empty.

use millstream_env::Monotonic;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
/// No bucket takes longer to fill.
const FILLS_IN_MAX: Duration = Duration::from_secs(10);

/// Fills at a steady rate up to its capacity: one second's worth, unless it is resized. It may be
/// overdrawn: a request against a full bucket may exceed its capacity, and the debt is paid off
/// before anything else passes.
#[derive(Debug)]
pub(super) struct Bucket {
    per_second: u64,
    capacity: u64,
    /// How long the capacity takes to flow in.
    fills_in: Duration,
    /// Its content is what flowed in since this time; a time in the future is a debt.
    empty_at: Duration,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(per_second: u64) -> Self {
        Self {
            per_second,
            capacity: per_second,
            fills_in: SECOND,
            empty_at: Duration::ZERO,
        }
    }

    /// Sets its capacity. What flowed in counts up to the new one.
    #[inline]
    pub(super) fn resize(&mut self, capacity: u64) {
        if self.capacity != capacity {
            self.capacity = capacity;
            self.fills_in = self.flow_time(capacity).min(FILLS_IN_MAX);
        }
    }

    /// Whether it holds this much; for more than its capacity, whether it is full.
    pub(super) fn has(&self, amount: u64, now: Monotonic) -> bool {
        let needed = self.flow_time(amount.min(self.capacity));
        shifted(now).saturating_sub(self.empty_at) >= needed
    }

    /// How long until it holds this much.
    pub(super) fn wait(&self, amount: u64, now: Monotonic) -> Duration {
        let needed = self.flow_time(amount.min(self.capacity));
        (self.empty_at + needed).saturating_sub(shifted(now))
    }

    /// Takes this much, whatever it holds.
    pub(super) fn take(&mut self, amount: u64, now: Monotonic) {
        let full_since = shifted(now) - self.fills_in;
        self.empty_at = self.empty_at.max(full_since) + self.flow_time(amount);
    }

    /// How long its content took to flow in, in nanoseconds; a debt is below zero.
    pub(super) fn content_nanos(&self, now: Monotonic) -> i64 {
        let content = nanos(shifted(now)).saturating_sub(nanos(self.empty_at));
        content.min(self.fill_nanos())
    }

    /// How long its capacity takes to flow in, in nanoseconds.
    pub(super) fn fill_nanos(&self) -> i64 {
        nanos(self.fills_in)
    }

    fn flow_time(&self, amount: u64) -> Duration {
        flow_time(amount, self.per_second)
    }
}

/// How long this much takes to flow in, in nanoseconds.
pub(super) fn flow_nanos(amount: u64, per_second: u64) -> i64 {
    nanos(flow_time(amount, per_second))
}

fn flow_time(amount: u64, per_second: u64) -> Duration {
    let nanos = u128::from(amount) * SECOND.as_nanos() / u128::from(per_second);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// Shifts the clock, so that a bucket created at the clock's start is full.
fn shifted(now: Monotonic) -> Duration {
    now.0 + FILLS_IN_MAX
}
