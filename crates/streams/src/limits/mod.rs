//! AWS's rate limits: those of a shard, and of calls.
//!
//! Token buckets on the monotonic clock, in memory: after a restart they are full.

mod bucket;
mod calls;

pub use calls::Calls;

use bucket::{Bucket, flow_nanos};
use millstream_env::Monotonic;
use millstream_model::limits;
use std::time::Duration;

/// Bytes that a shard takes at once, which refill at its rate: a second's worth, or AWS's burst if
/// its stream takes large records.
pub fn burst_bytes(record_kib_max: u32) -> u64 {
    if record_kib_max > limits::RECORD_KIB_DEFAULT {
        limits::SHARD_BURST_BYTES
    } else {
        limits::SHARD_WRITE_BYTES_PER_SECOND
    }
}

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

    /// Sets how many bytes it lets pass at once.
    #[inline]
    pub fn set_burst(&mut self, burst_bytes: u64) {
        self.bytes.resize(burst_bytes);
    }

    /// What is left of it.
    pub fn room(&self, now: Monotonic) -> WriteRoom {
        WriteRoom {
            bytes: self.bytes.content_nanos(now),
            records: self.records.content_nanos(now),
            bytes_max: self.bytes.fill_nanos(),
            records_max: self.records.fill_nanos(),
            scale: self.bytes.fill_nanos() / self.records.fill_nanos(),
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

/// What a record takes of a write limit: the time in which that flows in.
#[derive(Clone, Copy, Debug)]
pub struct WriteNeed {
    bytes: i64,
    records: i64,
}

impl WriteNeed {
    /// Of a record of this size, partition key included.
    pub fn of(bytes: u64) -> Self {
        Self {
            bytes: flow_nanos(bytes, limits::SHARD_WRITE_BYTES_PER_SECOND),
            records: flow_nanos(1, limits::SHARD_WRITE_RECORDS_PER_SECOND),
        }
    }
}

/// What is left of a write limit, to compare shards of a stream by.
#[derive(Clone, Copy, Debug)]
pub struct WriteRoom {
    bytes: i64,
    records: i64,
    bytes_max: i64,
    records_max: i64,
    /// How much longer the bytes take to flow in than the records.
    scale: i64,
}

impl WriteRoom {
    /// What is left once a record is taken, of whichever budget is the scarcer: comparable between
    /// shards with the same burst. Below zero the record does not fit.
    #[inline]
    pub fn after(&self, need: WriteNeed) -> i64 {
        // Each as part of its capacity, on the scale of the bytes.
        let records = (self.records - need.records) * self.scale;
        (self.bytes - need.bytes).min(records)
    }

    /// Takes a record.
    pub fn take(&mut self, need: WriteNeed) {
        self.bytes -= need.bytes;
        self.records -= need.records;
    }

    /// Whether nothing was taken for a while: no shard of the stream has more left.
    pub fn is_full(&self) -> bool {
        self.bytes >= self.bytes_max && self.records >= self.records_max
    }

    /// Leaves nothing: another took it.
    pub fn clear(&mut self) {
        self.bytes = i64::MIN / 2;
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
    fn writes_when_the_burst_is_ten_mebibytes_then_use_it_and_refill_a_mebibyte_a_second() {
        let mut limit = WriteLimit::new();
        limit.set_burst(burst_bytes(1025));
        for _ in 0..10 {
            assert!(limit.try_take(MIB, at(0)));
        }
        assert!(!limit.try_take(1024, at(0)));
        assert!(limit.try_take(3 * MIB, at(3_000)));
        assert!(!limit.try_take(1024, at(3_000)));
        // Never more than the burst, however long nothing was put.
        assert!(limit.try_take(10 * MIB, at(3_600_000)));
        assert!(!limit.try_take(1024, at(3_600_000)));
    }

    #[test]
    fn writes_when_the_burst_changes_then_go_by_the_new_one() {
        let mut limit = WriteLimit::new();
        assert!(limit.try_take(MIB, at(60_000)));
        assert!(!limit.try_take(1024, at(60_000)));
        limit.set_burst(burst_bytes(10_240));
        assert!(
            !limit.try_take(1024, at(60_000)),
            "what was taken stays taken"
        );
        assert!(limit.try_take(9 * MIB, at(69_000)));
        limit.set_burst(burst_bytes(1024));
        assert!(limit.try_take(MIB, at(79_000)));
        assert!(!limit.try_take(1024, at(79_000)), "a second's worth again");
    }

    #[test]
    fn rooms_when_compared_then_the_scarcer_budget_decides() {
        let room = |records: u64, bytes: u64, burst: u32| {
            let mut limit = WriteLimit::new();
            limit.set_burst(burst_bytes(burst));
            assert!((0..records).all(|_| limit.try_take(bytes, at(0))));
            (limit.room(at(0)), WriteNeed::of(1024))
        };
        let after = |(room, need): (WriteRoom, WriteNeed)| room.after(need);
        for burst in [1024, 10_240] {
            assert!(room(0, 0, burst).0.is_full());
            assert!(!room(1, 0, burst).0.is_full());
            assert!(after(room(0, 0, burst)) > after(room(1, 1, burst)));
            assert!(after(room(1, 100 * 1024, burst)) > after(room(1, 200 * 1024, burst)));
            assert!(after(room(500, 1, burst)) > after(room(501, 1, burst)));
            assert!(after(room(1000, 1, burst)) < 0);
            assert!(after(room(999, 1, burst)) >= 0);
            let (mut taken, need) = room(0, 0, burst);
            taken.clear();
            assert!(taken.after(need) < after(room(1000, 1, burst)));
        }
        // Half of the bytes left is less than most of the records left, and more than a tenth.
        assert!(after(room(1, MIB / 2, 1024)) < after(room(400, 1, 1024)));
        assert!(after(room(1, 5 * MIB, 10_240)) > after(room(900, 1, 10_240)));
        assert!(after(room(1, MIB - 1024, 1024)) >= 0);
        assert!(after(room(1, MIB - 1023, 1024)) < 0);
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
