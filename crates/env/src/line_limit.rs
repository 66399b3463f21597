//! A rate limit for log lines, with a count of those that were suppressed.
//!
//! It is for lines that every request may cause while something is wrong: under overload, logging
//! would otherwise be most of the work. It reads no clock itself.

use crate::Monotonic;
use std::sync::atomic::{AtomicU64, Ordering};

/// A limit on lines per second of the monotonic clock.
#[derive(Debug)]
pub struct LineLimit {
    per_second: u64,
    /// The second that `passed` counts.
    second: AtomicU64,
    passed: AtomicU64,
    kept_back: AtomicU64,
}

impl LineLimit {
    /// A limit of `per_second` lines per second.
    pub const fn new(per_second: u64) -> Self {
        Self {
            per_second,
            second: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            kept_back: AtomicU64::new(0),
        }
    }

    /// Asks for a line. If it may be written, returns how many were suppressed since the last one;
    /// otherwise counts it as suppressed. At the turn of a second, racing callers may get one line
    /// too many.
    pub fn pass(&self, now: Monotonic) -> Option<u64> {
        let second = now.0.as_secs();
        if self.second.swap(second, Ordering::Relaxed) != second {
            self.passed.store(0, Ordering::Relaxed);
        }
        if self.passed.fetch_add(1, Ordering::Relaxed) < self.per_second {
            return Some(self.kept_back.swap(0, Ordering::Relaxed));
        }
        self.kept_back.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn lines_when_too_many_in_a_second_then_are_counted_and_told_with_the_next() {
        let limit = LineLimit::new(2);
        let at = |ms| limit.pass(Monotonic(Duration::from_millis(ms)));
        assert_eq!(
            [at(0), at(10), at(20), at(999)],
            [Some(0), Some(0), None, None]
        );
        assert_eq!([at(1000), at(1001), at(1002)], [Some(2), Some(0), None]);
        assert_eq!(at(60_000), Some(1));
    }
}
