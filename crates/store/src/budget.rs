//! The remaining budget of a read: cuts runs to a [`ReadLimit`].

use crate::batch::{RECORD_OVERHEAD_BYTES, RecordIter};
use crate::store::{Offset, ReadLimit, Run};

/// What is left of a [`ReadLimit`] while a read goes through runs.
pub struct Budget {
    records: u64,
    bytes: u64,
    is_untouched: bool,
}

impl Budget {
    /// The whole of a limit.
    pub fn new(limit: ReadLimit) -> Self {
        // The first record is always returned, so a limit of no records means one.
        Self {
            records: u64::from(limit.records.max(1)),
            bytes: limit.bytes,
            is_untouched: true,
        }
    }

    /// Whether the budget is used up.
    pub fn is_spent(&self) -> bool {
        self.records == 0 || (self.bytes == 0 && !self.is_untouched)
    }

    /// Number of records left; one if the budget is used up.
    pub fn records_left(&self) -> usize {
        self.records.max(1) as usize
    }

    /// How many of these adjacent pieces, given as (records, bytes), fit at least in part; one if
    /// nothing does.
    pub fn pieces(&self, pieces: impl Iterator<Item = (u64, u64)>) -> usize {
        let (mut records, mut bytes) = (0, 0);
        let within = pieces.take_while(|(count, length)| {
            let is_wanted = records < self.records && bytes < self.bytes;
            records += count;
            bytes += length;
            is_wanted
        });
        within.count().max(1)
    }

    /// Takes the part of `run` at and after `from` that fits. `None` if nothing fits, which uses up
    /// the budget.
    pub fn take(&mut self, run: &Run, from: Offset) -> Option<Run> {
        if self.take_whole(run, from) {
            Some(run.clone())
        } else {
            self.cut(run, from)
        }
    }

    /// Takes all of `run` if it fits; otherwise takes nothing and returns `false`.
    pub fn take_whole(&mut self, run: &Run, from: Offset) -> bool {
        let data_bytes = run.bytes.len() - run.count as usize * RECORD_OVERHEAD_BYTES;
        let is_whole = from <= run.first
            && u64::from(run.count) <= self.records
            && data_bytes as u64 <= self.bytes;
        if is_whole {
            self.spend(u64::from(run.count), data_bytes as u64);
        }
        is_whole
    }

    /// The slow path of [`Budget::take`]: the part of a run that fits.
    pub fn cut(&mut self, run: &Run, from: Offset) -> Option<Run> {
        let skip = from.0.saturating_sub(run.first.0);
        let (mut start, mut end, mut count) = (0, 0, 0);
        for (at, (_, record)) in (0..).zip(RecordIter::new(&run.bytes)) {
            let length = record.len() + RECORD_OVERHEAD_BYTES;
            if at < skip {
                start += length;
                end = start;
                continue;
            }
            let fits = self.records > 0 && record.len() as u64 <= self.bytes;
            if !fits && !self.is_untouched {
                self.records = 0;
                break;
            }
            self.spend(1, record.len() as u64);
            end += length;
            count += 1;
        }
        let first = Offset(run.first.0.max(from.0));
        let bytes = run.bytes.slice(start..end);
        (count > 0).then_some(Run {
            first,
            count,
            arrival: run.arrival,
            bytes,
        })
    }

    fn spend(&mut self, records: u64, bytes: u64) {
        self.records = self.records.saturating_sub(records);
        self.bytes = self.bytes.saturating_sub(bytes);
        self.is_untouched = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{BatchBuilder, Kind};
    use millstream_env::Timestamp;

    fn run(lengths: &[usize]) -> Run {
        let mut builder = BatchBuilder::default();
        for length in lengths {
            builder.push(Kind::Data, &[&vec![0; *length]]);
        }
        let bytes = builder.finish().bytes().clone();
        Run {
            first: Offset(10),
            count: lengths.len() as u32,
            arrival: Timestamp(1),
            bytes,
        }
    }

    #[track_caller]
    fn check(lengths: &[usize], from: u64, limit: (u32, u64), expected: Option<(u64, u32)>) {
        let limit = ReadLimit {
            records: limit.0,
            bytes: limit.1,
        };
        let taken = Budget::new(limit).take(&run(lengths), Offset(from));
        assert_eq!(taken.as_ref().map(|run| (run.first.0, run.count)), expected);
        if let Some(run) = taken {
            assert_eq!(RecordIter::new(&run.bytes).count(), run.count as usize);
        }
    }

    #[test]
    fn a_run_when_cut_then_holds_what_the_limit_lets_through() {
        check(&[5, 5, 5], 0, (10, 100), Some((10, 3)));
        check(&[5, 5, 5], 11, (10, 100), Some((11, 2)));
        check(&[5, 5, 5], 13, (10, 100), None);
        check(&[5, 5, 5], 10, (2, 100), Some((10, 2)));
        check(&[5, 5, 5], 10, (10, 14), Some((10, 2)));
        check(&[5, 5, 5], 10, (10, 15), Some((10, 3)));
        check(&[5, 0, 5], 11, (10, 4), Some((11, 1)));
    }

    #[test]
    fn the_first_record_when_over_the_limit_then_comes_alone() {
        check(&[50, 5, 5], 10, (10, 3), Some((10, 1)));
        check(&[50, 5, 5], 10, (0, 0), Some((10, 1)));
    }

    #[test]
    fn a_budget_when_a_record_did_not_fit_then_is_spent() {
        let mut budget = Budget::new(ReadLimit {
            records: 10,
            bytes: 6,
        });
        budget.take(&run(&[5, 5]), Offset(10));
        assert!(budget.is_spent());
    }
}
