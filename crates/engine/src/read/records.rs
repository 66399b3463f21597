//! Records that a read brought, checked and ready to be encoded from where they are stored.
//!
//! The bytes are shared with the store; nothing is copied or made text before it is encoded.

use crate::catalog::Shard;
use crate::record::StoredRecord;
use crate::views;
use env::Timestamp;
use log::batch::RecordIter;
use log::{Offset, Run};
use model::SequenceNumber;
use wire::writer::Writer;
use wire::{Encode, StoredParts, StoredRecords};

/// Records of one shard without a gap between them; encodes as a list of the service model's.
#[derive(Debug, Default)]
pub(crate) struct Records {
    runs: Vec<Numbered>,
    /// How many.
    pub count: usize,
    /// Bytes of keys and data.
    pub bytes: usize,
}

/// Records that arrived together.
#[derive(Debug)]
struct Numbered {
    first: SequenceNumber,
    arrival: Timestamp,
    count: usize,
    run: Run,
}

impl Records {
    /// Takes the records of runs of a shard that stand before `end`; `None` if one has a form that
    /// this build does not know.
    pub(crate) fn new(runs: Vec<Run>, end: Offset, shard: &Shard) -> Option<Self> {
        let mut records = Self::default();
        for run in runs {
            let count = end.0.saturating_sub(run.first.0).min(run.count.into()) as usize;
            for (_, stored) in RecordIter::new(&run.bytes).take(count) {
                records.bytes += StoredRecord::payload_bytes(stored)?;
            }
            records.count += count;
            records.runs.push(Numbered {
                first: shard.sequence_number(run.first, run.arrival),
                arrival: run.arrival,
                count,
                run,
            });
        }
        Some(records)
    }

    /// When the first and the last arrived; `None` if there are none.
    pub(crate) fn arrivals(&self) -> Option<(Timestamp, Timestamp)> {
        let mut arrivals = self.runs.iter().filter(|run| run.count > 0);
        let first = arrivals.next()?.arrival;
        Some((first, arrivals.last().map_or(first, |last| last.arrival)))
    }
}

impl Encode for Records {
    fn encode<W: Writer>(&self, writer: &mut W) {
        writer.begin_list();
        let mut records = StoredRecords::new::<W>();
        for numbered in &self.runs {
            records.arrived::<W>(views::timestamp(numbered.arrival));
            let mut digits = numbered.first.rising_digits();
            let stored = RecordIter::new(&numbered.run.bytes).take(numbered.count);
            for (_, stored) in stored {
                let (partition_key, data) =
                    StoredRecord::split(stored).expect("it was looked at when it was read");
                let parts = StoredParts {
                    sequence_number: digits.next_digits(),
                    data,
                    partition_key,
                };
                records.write(writer, &parts);
            }
        }
        writer.end_list();
    }

    fn bytes_expected(&self) -> usize {
        StoredParts::bytes_expected(self.count, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::BatchBuilder;
    use model::HashRange;
    use proptest::prelude::*;
    use wire::{Protocol, types};

    /// Records of a run, as key and data, and the milliseconds between the run before and it.
    type Given = (Vec<(String, Vec<u8>)>, u64);

    fn any_runs() -> impl Strategy<Value = Vec<Given>> {
        let data = proptest::collection::vec(any::<u8>(), 0..200);
        let key = prop_oneof!["[a-z0-9]{1,20}", ".{1,30}"];
        let run = proptest::collection::vec((key, data), 1..6);
        proptest::collection::vec((run, 0..5000_u64), 0..5)
    }

    fn run_of(given: &[(String, Vec<u8>)], first: Offset, arrival: Timestamp) -> Run {
        let mut batch = BatchBuilder::default();
        for (partition_key, data) in given {
            let stored = StoredRecord {
                partition_key,
                data,
            };
            stored.push_to(&mut batch);
        }
        Run {
            first,
            count: given.len() as u32,
            arrival,
            bytes: batch.finish().bytes().clone(),
        }
    }

    fn shard() -> Shard {
        Shard {
            index: 3,
            range: HashRange::ALL,
            opened: Timestamp(1_600_000_000_000),
            created_s: 1_600_000_000,
            // So that the counters cross from seven digits to eight and on.
            counter_base: 9_999_990,
            parent: None,
            adjacent_parent: None,
            closed: None,
        }
    }

    proptest! {
        #[test]
        fn records_when_encoded_then_are_as_the_shapes_of_the_service_model(
            given in any_runs(), left_out in 0..3_u64, start in 0..1_000_000_u64,
        ) {
            let shard = shard();
            let (mut runs, mut shapes) = (Vec::new(), Vec::new());
            let (mut next, mut arrival) = (Offset(start), Timestamp(1_700_000_000_000));
            let total: u64 = given.iter().map(|(records, _)| records.len() as u64).sum();
            let end = Offset(start + total.saturating_sub(left_out));
            for (records, later) in &given {
                arrival = Timestamp(arrival.0 + later);
                runs.push(run_of(records, next, arrival));
                for (partition_key, data) in records {
                    shapes.push(types::Record {
                        sequence_number: shard.sequence_number(next, arrival).to_string(),
                        approximate_arrival_timestamp: Some(views::timestamp(arrival)),
                        data: data.clone().into(),
                        partition_key: Some(partition_key.clone()),
                        encryption_type: None,
                    });
                    next = next.plus(1);
                }
            }
            shapes.truncate((end.0 - start) as usize);
            let records = Records::new(runs, end, &shard).unwrap();
            let bytes = |shape: &types::Record| {
                shape.data.len() + shape.partition_key.as_ref().unwrap().len()
            };
            prop_assert_eq!(records.count, shapes.len());
            prop_assert_eq!(records.bytes, shapes.iter().map(bytes).sum::<usize>());
            for protocol in [Protocol::Json, Protocol::Cbor] {
                let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                wire::encode(protocol, &records, &mut ours);
                wire::encode(protocol, &shapes, &mut theirs);
                prop_assert_eq!(ours, theirs);
            }
        }
    }

    #[test]
    fn record_when_of_an_unknown_form_then_is_not_taken() {
        let mut batch = BatchBuilder::default();
        batch.push(log::Kind::Data, &[b"\x07\x00\x00"]);
        let run = Run {
            first: Offset(0),
            count: 1,
            arrival: Timestamp(0),
            bytes: batch.finish().bytes().clone(),
        };
        assert!(Records::new(vec![run], Offset(1), &shard()).is_none());
    }
}
