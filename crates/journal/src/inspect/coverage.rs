//! Which offsets of each log can be read, as intervals; what is not among them is lost.

use millstream_env::Timestamp;
use millstream_store::store::{LogId, Offset};
use std::collections::BTreeMap;

/// Offsets of one log that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) first: Offset,
    pub(crate) end: Offset,
    pub(crate) first_arrival: Timestamp,
    pub(crate) last_arrival: Timestamp,
}

/// Offsets that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) first: Offset,
    pub(crate) end: Offset,
    /// An arrival time that neither precedes those before nor follows those after.
    pub(crate) arrival: Timestamp,
}

/// The intervals of all logs. Adjacent ones are one.
#[derive(Debug, Default)]
pub(crate) struct Coverage(BTreeMap<LogId, Vec<Interval>>);

impl Coverage {
    /// Adds an interval.
    pub(crate) fn add(&mut self, log: LogId, added: Interval) {
        let intervals = self.0.entry(log).or_default();
        let at = intervals.partition_point(|known| known.first < added.first);
        intervals.insert(at, added);
        if let Some(next) = intervals
            .get(at + 1)
            .copied()
            .filter(|next| next.first <= added.end)
        {
            intervals[at] = added.joined(next);
            intervals.remove(at + 1);
        }
        let before = at.checked_sub(1);
        if let Some(before) = before.filter(|before| intervals[*before].end >= added.first) {
            intervals[before] = intervals[before].joined(intervals[at]);
            intervals.remove(at);
        }
    }

    /// The intervals of a log, by offset.
    pub(crate) fn of(&self, log: LogId) -> &[Interval] {
        self.0.get(&log).map_or(&[], Vec::as_slice)
    }

    /// What is missing of a log from `first` to `end`.
    pub(crate) fn gaps(&self, log: LogId, first: Offset, end: Offset) -> Vec<Gap> {
        let intervals = self.of(log);
        let (mut reached, mut gaps) = (first, Vec::new());
        let begin = intervals.first().map(|interval| interval.first_arrival);
        let mut arrival = begin.unwrap_or(Timestamp(0));
        for interval in intervals {
            if interval.first > reached {
                gaps.push(Gap {
                    first: reached,
                    end: interval.first.min(end),
                    arrival,
                });
            }
            reached = reached.max(interval.end);
            arrival = arrival.max(interval.last_arrival);
        }
        if reached < end {
            gaps.push(Gap {
                first: reached,
                end,
                arrival,
            });
        }
        gaps.retain(|gap| gap.first < gap.end);
        gaps
    }
}

impl Interval {
    /// Both, which touch or overlap.
    fn joined(self, later: Self) -> Self {
        Self {
            first: self.first.min(later.first),
            end: self.end.max(later.end),
            first_arrival: self.first_arrival.min(later.first_arrival),
            last_arrival: self.last_arrival.max(later.last_arrival),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: LogId = LogId { group: 1, index: 2 };

    fn interval(first: u64, end: u64) -> Interval {
        Interval {
            first: Offset(first),
            end: Offset(end),
            first_arrival: Timestamp(first),
            last_arrival: Timestamp(end - 1),
        }
    }

    #[test]
    fn intervals_when_added_in_any_order_then_are_joined_and_what_is_between_is_missing() {
        let parts = [(0, 3), (3, 5), (8, 9), (4, 6), (12, 20), (9, 10)];
        for turn in 0..parts.len() {
            let mut coverage = Coverage::default();
            let mut turned = parts;
            turned.rotate_left(turn);
            for (first, end) in turned {
                coverage.add(LOG, interval(first, end));
            }
            let joined = [interval(0, 6), interval(8, 10), interval(12, 20)];
            assert_eq!(coverage.of(LOG), joined, "turned by {turn}");
            let gaps = coverage.gaps(LOG, Offset(2), Offset(25));
            let gaps: Vec<_> = { gaps.iter() }
                .map(|gap| (gap.first.0, gap.end.0, gap.arrival.0))
                .collect();
            assert_eq!(gaps, [(6, 8, 5), (10, 12, 9), (20, 25, 19)]);
        }
        let none = Coverage::default();
        assert_eq!(none.gaps(LOG, Offset(3), Offset(3)), []);
        assert_eq!(none.gaps(LOG, Offset(3), Offset(5)).len(), 1);
    }
}
