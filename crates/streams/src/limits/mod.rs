//! AWS's rate limits: those of a shard, and of calls.
//!
//! Token buckets on the monotonic clock, in memory: after a restart they are full.

mod bucket;
mod calls;

pub use calls::Calls;

use bucket::Bucket;
use millstream_env::Monotonic;
use millstream_model::limits;
use std::time::Duration;

/// Write limit of a shard: bytes and records per second.
#[derive(Debug)]
pub struct WriteLimit {
    bytes: Bucket,
    records: Bucket,
}

impl WriteLimit {
    /// A full budget.
    pub fn new() -> Self {
        Self {
            bytes: Bucket::new(limits::SHARD_WRITE_BYTES_PER_SECOND),
            records: Bucket::new(limits::SHARD_WRITE_RECORDS_PER_SECOND),
        }
    }

    /// Takes one record of this size (partition key included), or nothing if it does not fit.
    pub fn try_take(&mut self, bytes: u64, now: Monotonic) -> bool {
        let fits = self.bytes.has(bytes, now) && self.records.has(1, now);
        if fits {
            self.bytes.take(bytes, now);
            self.records.take(1, now);
        }
        fits
    }
}

/// How much of what it may bring an answer brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// So much that a record had to be left out.
    Full,
    /// Less.
    Partial,
}

/// Read limit of a shard: calls and bytes per second, and the pause after a full response.
#[derive(Debug)]
pub struct ReadLimit {
    bytes: Bucket,
    calls: Bucket,
    paused_until: Duration,
}

impl ReadLimit {
    /// A full budget.
    pub fn new() -> Self {
        Self {
            bytes: Bucket::new(limits::SHARD_READ_BYTES_PER_SECOND),
            calls: Bucket::new(limits::SHARD_READ_CALLS_PER_SECOND),
            paused_until: Duration::ZERO,
        }
    }

    /// Takes one call, or nothing if calls or bytes are used up.
    pub fn try_take_call(&mut self, now: Monotonic) -> bool {
        let fits = now.0 >= self.paused_until && self.bytes.has(1, now) && self.calls.has(1, now);
        if fits {
            self.calls.take(1, now);
        }
        fits
    }

    /// Takes what a call answered. A full answer pauses the shard's reads.
    pub fn take_answer(&mut self, bytes: u64, fill: Fill, now: Monotonic) {
        self.bytes.take(bytes, now);
        match fill {
            Fill::Full => {
                self.paused_until = now.0 + Duration::from_secs(limits::READ_PAUSE_SECONDS);
            }
            Fill::Partial => {}
        }
    }
}

/// Limit of a consumer at a shard: SubscribeToShard calls, and pushed bytes.
#[derive(Debug)]
pub struct SubscribeLimit {
    calls: Bucket,
    bytes: Bucket,
}

impl SubscribeLimit {
    /// A full budget.
    pub fn new() -> Self {
        Self {
            calls: Bucket::new(limits::SUBSCRIBE_CALLS_PER_SECOND),
            bytes: Bucket::new(limits::SUBSCRIPTION_BYTES_PER_SECOND),
        }
    }

    /// Takes one call, or nothing if they are used up.
    pub fn try_take_call(&mut self, now: Monotonic) -> bool {
        let fits = self.calls.has(1, now);
        if fits {
            self.calls.take(1, now);
        }
        fits
    }

    /// How long until something may be pushed.
    pub fn pause(&self, now: Monotonic) -> Duration {
        self.bytes.wait(1, now)
    }

    /// Takes pushed bytes.
    pub fn take_bytes(&mut self, bytes: u64, now: Monotonic) {
        self.bytes.take(bytes, now);
    }

    /// Whether it is as if never used.
    pub fn is_full(&self, now: Monotonic) -> bool {
        self.calls.has(u64::MAX, now) && self.bytes.has(u64::MAX, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn at(ms: u64) -> Monotonic {
        Monotonic(Duration::from_millis(ms))
    }

    #[test]
    fn writes_when_over_a_thousand_records_or_a_mebibyte_then_wait_for_the_refill() {
        let mut limit = WriteLimit::new();
        assert!((0..1000).all(|_| limit.try_take(100, at(0))));
        assert!(!limit.try_take(100, at(0)));
        assert!(limit.try_take(100, at(1)));
        assert!(!limit.try_take(100, at(1)));

        let mut limit = WriteLimit::new();
        assert!(limit.try_take(MIB, at(0)));
        assert!(!limit.try_take(1024, at(0)));
        assert!(limit.try_take(512 * 1024, at(500)));
    }

    #[test]
    fn a_record_above_the_budget_when_it_is_full_then_passes_and_is_paid_off() {
        let mut limit = WriteLimit::new();
        assert!(limit.try_take(10 * MIB, at(0)));
        assert!(!limit.try_take(1, at(8_999)));
        assert!(limit.try_take(1, at(9_001)));
    }

    #[test]
    fn reads_when_five_in_a_second_or_two_mebibytes_then_wait_for_the_refill() {
        let mut limit = ReadLimit::new();
        assert!((0..5).all(|_| limit.try_take_call(at(0))));
        assert!(!limit.try_take_call(at(199)));
        assert!(limit.try_take_call(at(200)));

        let mut limit = ReadLimit::new();
        assert!(limit.try_take_call(at(0)));
        limit.take_answer(3 * MIB, Fill::Partial, at(0));
        assert!(!limit.try_take_call(at(499)));
        assert!(limit.try_take_call(at(501)));
    }

    #[test]
    fn pushes_when_over_two_mebibytes_then_pause_until_they_are_paid_off() {
        let mut limit = SubscribeLimit::new();
        assert!(limit.is_full(at(0)));
        limit.take_bytes(2 * MIB - 1, at(0));
        assert_eq!(limit.pause(at(0)), Duration::ZERO);
        limit.take_bytes(MIB, at(0));
        assert!(!limit.is_full(at(0)));
        assert!((499..=500).contains(&limit.pause(at(0)).as_millis()));
        assert_eq!(limit.pause(at(501)), Duration::ZERO);
        assert!(limit.is_full(at(1501)));
        assert!(limit.try_take_call(at(1501)));
        assert!(!limit.try_take_call(at(2500)));
        assert!(limit.try_take_call(at(2501)));
    }

    #[test]
    fn reads_when_an_answer_was_full_then_pause_for_five_seconds() {
        let mut limit = ReadLimit::new();
        assert!(limit.try_take_call(at(0)));
        limit.take_answer(10 * MIB, Fill::Full, at(0));
        assert!(!limit.try_take_call(at(4_999)));
        assert!(limit.try_take_call(at(5_000)));
    }
}
