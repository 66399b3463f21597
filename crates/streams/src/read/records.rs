//! Records that a read brought, where they are stored, each with its number.
//!
//! The bytes are shared with the store unless the records were sealed. Nobody has looked into them:
//! whoever encodes records finds out whether their form is known.

use crate::catalog::Shard;
use crate::record::{AtRest, payload_bytes};
use millstream_env::Timestamp;
use millstream_model::SequenceNumber;
use millstream_store::{LogId, Offset, Run};

/// Contiguous records of one shard.
#[derive(Debug)]
pub struct Records {
    /// The shard's log.
    pub log: LogId,
    /// Those that arrived together.
    pub runs: Vec<NumberedRun>,
    /// How many there are.
    pub count: usize,
    /// Bytes of keys and data, as limits count them.
    pub payload_bytes: usize,
    /// The data keys with which some were opened.
    pub(crate) data_keys: Vec<u32>,
}

/// Records with the same arrival time.
#[derive(Debug)]
pub struct NumberedRun {
    /// The first one's number; those that follow count up.
    pub first: SequenceNumber,
    /// Their arrival time.
    pub arrival: Timestamp,
    /// How many of the run's records are meant: the first ones.
    pub count: usize,
    /// Their bytes: opened, if they were sealed.
    pub run: Run,
    /// How they are stored.
    pub at_rest: AtRest,
}

impl NumberedRun {
    /// When they arrived, as a shape has it.
    #[inline]
    pub fn arrived(&self) -> millstream_protocol::Timestamp {
        crate::views::timestamp(self.arrival)
    }
}

impl Records {
    /// None of a shard's.
    pub fn none(log: LogId) -> Self {
        Self {
            log,
            runs: Vec::new(),
            count: 0,
            payload_bytes: 0,
            data_keys: Vec::new(),
        }
    }

    /// Takes the records of runs of a shard that stand before `end`.
    pub(crate) fn new(
        log: LogId,
        runs: impl ExactSizeIterator<Item = (Run, AtRest)>,
        end: Offset,
        shard: &Shard,
    ) -> Self {
        let mut records = Self {
            runs: Vec::with_capacity(runs.len()),
            ..Self::none(log)
        };
        for (run, at_rest) in runs {
            let count = end.0.saturating_sub(run.first.0).min(run.count.into()) as usize;
            records.payload_bytes += payload_bytes(&run, count);
            records.count += count;
            records.runs.push(NumberedRun {
                first: shard.sequence_number(run.first, run.arrival),
                arrival: run.arrival,
                count,
                run,
                at_rest,
            });
        }
        records
    }

    /// The arrival times of the first and the last; `None` if there are none.
    pub(crate) fn arrivals(&self) -> Option<(Timestamp, Timestamp)> {
        let mut arrivals = self.runs.iter().filter(|run| run.count > 0);
        let first = arrivals.next()?.arrival;
        Some((first, arrivals.last().map_or(first, |last| last.arrival)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::StoredRecord;
    use millstream_model::HashRange;
    use millstream_store::BatchBuilder;

    fn run(first: u64, keys: &[&str]) -> Run {
        let mut batch = BatchBuilder::default();
        for partition_key in keys {
            let data = b"payload";
            let stored = StoredRecord {
                partition_key: Some(partition_key),
                data,
            };
            stored.push_to(&mut batch);
        }
        Run {
            first: Offset(first),
            count: keys.len() as u32,
            arrival: Timestamp(1_700_000_000_000 + first),
            bytes: batch.finish().bytes().clone(),
        }
    }

    #[test]
    fn records_when_some_stand_behind_the_end_then_are_counted_without_them() {
        let shard = Shard {
            index: 3,
            range: HashRange::ALL,
            opened: Timestamp(1_600_000_000_000),
            created_s: 1_600_000_000,
            counter_base: 0,
            parent: None,
            adjacent_parent: None,
            closed: None,
        };
        let log = LogId { group: 1, index: 3 };
        let runs = || {
            let runs = [run(5, &["a", "bcd"]), run(7, &["ef", "g"]), run(9, &["h"])];
            runs.into_iter().map(|run| (run, AtRest::Plain))
        };
        let payload = |end, runs| Records::new(log, runs, Offset(end), &shard).payload_bytes;
        assert_eq!(payload(10, runs()), 5 * 7 + 8);
        assert_eq!(payload(8, runs()), 3 * 7 + 6);
        let records = Records::new(log, runs(), Offset(9), &shard);
        assert_eq!((records.count, records.runs[2].count), (4, 0));
        let arrivals = (records.runs[0].arrival, records.runs[1].arrival);
        assert_eq!(records.arrivals(), Some(arrivals));
        let none = Records::new(log, runs(), Offset(5), &shard);
        assert_eq!((none.count, none.arrivals()), (0, None));
    }
}
