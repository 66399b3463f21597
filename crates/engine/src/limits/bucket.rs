//! A token bucket of one second's worth, kept as the moment at which it was (or will be) empty.

use env::Monotonic;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Fills at a steady rate up to one second's worth. It may be overdrawn: what is taken at once when
/// it is full may be more than it holds, and is paid off before anything else passes.
#[derive(Debug)]
pub(super) struct Bucket {
    per_second: u64,
    /// What it holds now is what flowed in since this moment; a later moment than now is a debt.
    empty_at: Duration,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(per_second: u64) -> Self {
        Self {
            per_second,
            empty_at: Duration::ZERO,
        }
    }

    /// Whether it holds so much; for more than it can hold, whether it is full.
    pub(super) fn has(&self, amount: u64, now: Monotonic) -> bool {
        let needed = self.flow_time(amount.min(self.per_second));
        shifted(now).saturating_sub(self.empty_at) >= needed
    }

    /// How long until it holds so much.
    pub(super) fn wait(&self, amount: u64, now: Monotonic) -> Duration {
        let needed = self.flow_time(amount.min(self.per_second));
        (self.empty_at + needed).saturating_sub(shifted(now))
    }

    /// Takes so much, whatever it holds.
    pub(super) fn take(&mut self, amount: u64, now: Monotonic) {
        let full_since = shifted(now) - SECOND;
        self.empty_at = self.empty_at.max(full_since) + self.flow_time(amount);
    }

    fn flow_time(&self, amount: u64) -> Duration {
        let nanos = u128::from(amount) * SECOND.as_nanos() / u128::from(self.per_second);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// A bucket made at the clock's start is full then: its clock runs a second ahead.
fn shifted(now: Monotonic) -> Duration {
    now.0 + SECOND
}
