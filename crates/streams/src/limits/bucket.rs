//! A token bucket with a capacity of one second, stored as the time at which it was (or will be)
//! empty.

use millstream_env::Monotonic;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Fills at a steady rate up to one second's worth. It may be overdrawn: a request against a full
/// bucket may exceed its capacity, and the debt is paid off before anything else passes.
#[derive(Debug)]
pub(super) struct Bucket {
    per_second: u64,
    /// Its content is what flowed in since this time; a time in the future is a debt.
    empty_at: Duration,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(per_second: u64) -> Self {
        Self {
            per_second,
            empty_at: Duration::ZERO,
        }
    }

    /// Whether it holds this much; for more than its capacity, whether it is full.
    pub(super) fn has(&self, amount: u64, now: Monotonic) -> bool {
        let needed = self.flow_time(amount.min(self.per_second));
        shifted(now).saturating_sub(self.empty_at) >= needed
    }

    /// How long until it holds this much.
    pub(super) fn wait(&self, amount: u64, now: Monotonic) -> Duration {
        let needed = self.flow_time(amount.min(self.per_second));
        (self.empty_at + needed).saturating_sub(shifted(now))
    }

    /// Takes this much, whatever it holds.
    pub(super) fn take(&mut self, amount: u64, now: Monotonic) {
        let full_since = shifted(now) - SECOND;
        self.empty_at = self.empty_at.max(full_since) + self.flow_time(amount);
    }

    fn flow_time(&self, amount: u64) -> Duration {
        let nanos = u128::from(amount) * SECOND.as_nanos() / u128::from(self.per_second);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// Shifts the clock by a second, so that a bucket created at the clock's start is full.
fn shifted(now: Monotonic) -> Duration {
    now.0 + SECOND
}
