//! The highest write rates of an on-demand stream in the last 30 days.
//!
//! The highest of a window that slides, to a day: one peak for each day, which counts for 30 days
//! from the last time that the catalog was told of one on that day. A rate that a later one reaches
//! in bytes and in records says nothing any more.

use super::codec;
use millstream_env::Timestamp;
use millstream_model::limits;
use minicbor::{Decode, Encode};
use std::time::Duration;

/// How long a peak counts.
const COUNTED: Duration = Duration::from_hours(24 * limits::ON_DEMAND_PEAK_DAYS);
/// Maximum number of peaks: one for each day that counts, whatever the clock does. With more, the
/// two that are oldest become one.
const PEAKS_MAX: usize = limits::ON_DEMAND_PEAK_DAYS as usize + 2;
const DAY_MS: u64 = 24 * 3_600_000;

/// A write rate that a stream reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Peak {
    /// When.
    #[cbor(n(0), with = "codec::timestamp")]
    pub at: Timestamp,
    /// Bytes put per second.
    #[n(1)]
    pub bytes_per_second: u64,
    /// Records put per second.
    #[n(2)]
    pub records_per_second: u64,
}

/// Peaks, by rising time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peaks(Vec<Peak>);

impl Peak {
    fn reaches(&self, other: &Self) -> bool {
        self.bytes_per_second >= other.bytes_per_second
            && self.records_per_second >= other.records_per_second
    }

    fn day(&self) -> u64 {
        self.at.millis() / DAY_MS
    }

    /// The higher rates of two, which count as long as the later.
    fn and(self, other: &Self) -> Self {
        Self {
            at: self.at.max(other.at),
            bytes_per_second: self.bytes_per_second.max(other.bytes_per_second),
            records_per_second: self.records_per_second.max(other.records_per_second),
        }
    }

    fn counts_at(&self, now: Timestamp) -> bool {
        now < self.at.plus(COUNTED)
    }
}

impl Peaks {
    /// Those that count at a given time, by rising time.
    pub fn at(&self, now: Timestamp) -> impl Iterator<Item = &Peak> {
        self.0.iter().filter(move |peak| peak.counts_at(now))
    }

    /// Adds a peak, and forgets those that it reaches and those that count no longer. A clock that
    /// was set back does not shorten how long a rate counts.
    pub(super) fn add(&mut self, peak: Peak) {
        let goes_into = |there: &Peak| peak.reaches(there) || peak.day() == there.day();
        let joined = self.0.iter().filter(|there| goes_into(there));
        let joined = joined.fold(peak, |peak, there| peak.and(there));
        self.0
            .retain(|there| there.counts_at(peak.at) && !goes_into(there));
        let place = self.0.partition_point(|there| there.at <= joined.at);
        self.0.insert(place, joined);
        if self.0.len() > PEAKS_MAX {
            let oldest = self.0.remove(0);
            self.0[0] = self.0[0].and(&oldest);
        }
    }
}

/// The encoding in a snapshot: the list, or nothing if it is empty.
impl<C> Encode<C> for Peaks {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        self.0.encode(e, ctx)
    }

    fn is_nil(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'b, C> Decode<'b, C> for Peaks {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        Option::<Vec<Peak>>::decode(d, ctx).map(|peaks| Self(peaks.unwrap_or_default()))
    }

    fn nil() -> Option<Self> {
        Some(Self::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peak(day: u64, bytes_per_second: u64, records_per_second: u64) -> Peak {
        Peak {
            at: Timestamp(day * 86_400_000),
            bytes_per_second,
            records_per_second,
        }
    }

    fn at(peaks: &Peaks, day: u64) -> Vec<(u64, u64)> {
        let now = Timestamp(day * 86_400_000);
        let rates = |peak: &Peak| (peak.bytes_per_second, peak.records_per_second);
        peaks.at(now).map(rates).collect()
    }

    #[test]
    fn peaks_when_thirty_days_old_then_give_way_to_the_highest_after_them() {
        let mut peaks = Peaks::default();
        for (day, bytes) in [(0, 100), (3, 50), (5, 70), (9, 60)] {
            peaks.add(peak(day, bytes, 1));
        }
        assert_eq!(
            at(&peaks, 10),
            [(100, 1), (70, 1), (60, 1)],
            "50 says nothing"
        );
        assert_eq!(at(&peaks, 30), [(70, 1), (60, 1)]);
        assert_eq!(at(&peaks, 35), [(60, 1)]);
        assert_eq!(at(&peaks, 39), []);
        peaks.add(peak(36, 1, 1));
        assert_eq!(peaks.0.len(), 2, "what counts no longer is forgotten");
    }

    #[test]
    fn peaks_when_of_bytes_and_of_records_then_are_both_kept() {
        let mut peaks = Peaks::default();
        peaks.add(peak(0, 100, 1));
        peaks.add(peak(1, 1, 100));
        assert_eq!(at(&peaks, 2), [(100, 1), (1, 100)]);
        peaks.add(peak(2, 100, 100));
        assert_eq!(at(&peaks, 2), [(100, 100)]);
    }

    #[test]
    fn peak_when_the_clock_was_set_back_then_counts_as_long_as_those_that_it_reaches() {
        let mut peaks = Peaks::default();
        peaks.add(peak(5, 10, 10));
        peaks.add(peak(0, 20, 20));
        assert_eq!(at(&peaks, 34), [(20, 20)]);
        peaks.add(peak(1, 5, 5));
        assert_eq!(at(&peaks, 2), [(5, 5), (20, 20)], "by time");
    }

    #[test]
    fn peaks_when_they_fall_by_the_hour_then_a_few_tell_each_for_a_day_too_long_at_most() {
        let mut peaks = Peaks::default();
        for hour in 0..30 * 24 {
            peaks.add(Peak {
                at: Timestamp(hour * 3_600_000),
                bytes_per_second: 10_000 - hour,
                records_per_second: 7,
            });
            assert!(peaks.0.len() <= 30);
        }
        for day in 0..30 {
            let highest = at(&peaks, 30 + day)[0];
            assert_eq!(highest, (10_000 - day * 24, 7), "day {day}");
        }
    }

    #[test]
    fn peaks_when_the_clock_jumps_about_then_are_few_and_the_highest_is_among_them() {
        let mut peaks = Peaks::default();
        for step in 0..1_000 {
            // Back by a day each time, and lower in one of the rates.
            peaks.add(peak(2_000 - step, step, 2_000 - step));
            assert!(peaks.0.len() <= PEAKS_MAX);
        }
        let highest = |rate: fn(&Peak) -> u64| peaks.0.iter().map(rate).max();
        assert_eq!(highest(|peak| peak.bytes_per_second), Some(999));
        assert_eq!(highest(|peak| peak.records_per_second), Some(2_000));
    }

    #[test]
    fn peaks_when_encoded_then_are_decoded_and_an_empty_list_is_absent() {
        let mut peaks = Peaks::default();
        assert!(minicbor::Encode::<()>::is_nil(&peaks));
        peaks.add(peak(1, 2, 3));
        let bytes = minicbor::to_vec(&peaks).unwrap();
        assert_eq!(minicbor::decode::<Peaks>(&bytes).unwrap(), peaks);
        let null = minicbor::to_vec(None::<u8>).unwrap();
        assert_eq!(minicbor::decode::<Peaks>(&null).unwrap(), Peaks::default());
    }
}
