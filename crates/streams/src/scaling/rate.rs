//! A rate of writes, and how many shards it takes.

use crate::catalog::Peak;
use crate::runtime::Incomings;
use millstream_model::limits::{
    ON_DEMAND_PEAK_TIMES, ON_DEMAND_SPLIT_BYTES_PER_SECOND, ON_DEMAND_SPLIT_RECORDS_PER_SECOND,
    SHARD_WRITE_BYTES_PER_SECOND, SHARD_WRITE_RECORDS_PER_SECOND,
};
use std::time::Duration;

/// A shard whose rate is at most this part of the one that splits a shard is quiet: two of them
/// that become one are far from being split again.
const QUIET_PART: u64 = 4;

/// Writes per second, over some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) bytes_per_second: u64,
    pub(super) records_per_second: u64,
}

impl Rate {
    /// The rate at which a sum grew; `None` if no time passed.
    pub(super) fn between(before: Incomings, now: Incomings, elapsed: Duration) -> Option<Self> {
        let per_second = |before: u64, now: u64| {
            let grown = u128::from(now.saturating_sub(before)) * Duration::from_secs(1).as_nanos();
            let rate = grown.checked_div(elapsed.as_nanos())?;
            Some(u64::try_from(rate).unwrap_or(u64::MAX))
        };
        Some(Self {
            bytes_per_second: per_second(before.bytes, now.bytes)?,
            records_per_second: per_second(before.records, now.records)?,
        })
    }

    /// Whether a shard with this rate is to be split.
    pub(super) fn is_hot(self) -> bool {
        self.bytes_per_second > ON_DEMAND_SPLIT_BYTES_PER_SECOND
            || self.records_per_second > ON_DEMAND_SPLIT_RECORDS_PER_SECOND
    }

    /// Whether a shard with this rate may be merged with another such.
    pub(super) fn is_quiet(self) -> bool {
        self.bytes_per_second <= ON_DEMAND_SPLIT_BYTES_PER_SECOND / QUIET_PART
            && self.records_per_second <= ON_DEMAND_SPLIT_RECORDS_PER_SECOND / QUIET_PART
    }

    /// The part of a shard's limits that it takes, in thousandths: of bytes or of records,
    /// whichever is more.
    pub(super) fn load(self) -> u64 {
        let part = |rate: u64, of_shard: u64| rate.saturating_mul(1_000) / of_shard;
        let bytes = part(self.bytes_per_second, SHARD_WRITE_BYTES_PER_SECOND);
        bytes.max(part(
            self.records_per_second,
            SHARD_WRITE_RECORDS_PER_SECOND,
        ))
    }

    /// The number of shards that have the room that AWS promises a stream that reached this rate.
    pub(super) fn shards(self) -> u32 {
        let count = |rate: u64, of_shard: u64| {
            let shards = rate.saturating_mul(ON_DEMAND_PEAK_TIMES).div_ceil(of_shard);
            u32::try_from(shards).unwrap_or(u32::MAX)
        };
        let bytes = count(self.bytes_per_second, SHARD_WRITE_BYTES_PER_SECOND);
        bytes.max(count(
            self.records_per_second,
            SHARD_WRITE_RECORDS_PER_SECOND,
        ))
    }
}

impl From<&Peak> for Rate {
    fn from(peak: &Peak) -> Self {
        Self {
            bytes_per_second: peak.bytes_per_second,
            records_per_second: peak.records_per_second,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(bytes_per_second: u64, records_per_second: u64) -> Rate {
        Rate {
            bytes_per_second,
            records_per_second,
        }
    }

    #[test]
    fn rate_when_of_bytes_or_of_records_then_asks_for_the_shards_of_the_greater() {
        const MIB: u64 = 1024 * 1024;
        for (rate, shards) in [
            (rate(0, 0), 0),
            (rate(1, 0), 1),
            (rate(MIB / 2, 500), 1),
            (rate(MIB / 2 + 1, 0), 2),
            (rate(0, 501), 2),
            (rate(3 * MIB, 500), 6),
            (rate(MIB, 10_000), 20),
            (rate(u64::MAX, 0), u32::MAX),
        ] {
            assert_eq!(rate.shards(), shards, "{rate:?}");
        }
    }

    #[test]
    fn shard_when_above_half_of_either_limit_then_is_hot_and_below_an_eighth_of_both_is_quiet() {
        const HALF: u64 = 512 * 1024;
        for (rate, is_hot, is_quiet) in [
            (rate(HALF, 500), false, false),
            (rate(HALF + 1, 0), true, false),
            (rate(0, 501), true, false),
            (rate(HALF / 4, 125), false, true),
            (rate(HALF / 4 + 1, 0), false, false),
            (rate(0, 126), false, false),
        ] {
            assert_eq!(
                (rate.is_hot(), rate.is_quiet()),
                (is_hot, is_quiet),
                "{rate:?}"
            );
        }
    }

    #[test]
    fn sums_when_no_time_passed_or_they_began_anew_then_give_no_rate_or_none_below_zero() {
        let sum = |bytes, records| Incomings { records, bytes };
        let over =
            |millis| Rate::between(sum(100, 10), sum(1_100, 30), Duration::from_millis(millis));
        assert_eq!(over(0), None);
        assert_eq!(over(500), Some(rate(2_000, 40)));
        let second = Duration::from_secs(1);
        let anew = Rate::between(sum(100, 10), sum(7, 1), second);
        assert_eq!(anew, Some(rate(0, 0)));
    }
}
