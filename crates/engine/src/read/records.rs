//! Records that a read brought, checked and ready to be encoded from where they are stored.
//!
//! The bytes are shared with the store; nothing is copied or made text before it is encoded.

use super::encoded_runs::Runs;
use super::piece_buffers::PieceBuffers;
use super::record_pieces::RecordPieces;
use crate::catalog::Shard;
use crate::record::StoredRecord;
use bytes::Bytes;
use env::Timestamp;
use log::batch::RecordIter;
use log::{Offset, Run};
use model::SequenceNumber;
use std::sync::Arc;
use wire::{Protocol, StoredLengths};

/// Records of one shard without a gap between them.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(super) runs: Vec<Numbered>,
    /// How many.
    pub count: usize,
    pub(super) lengths: StoredLengths,
}

/// Records that arrived together.
#[derive(Debug)]
pub(super) struct Numbered {
    pub(super) first: SequenceNumber,
    pub(super) arrival: Timestamp,
    pub(super) count: usize,
    pub(super) run: Run,
}

impl Records {
    /// Takes the records of runs of a shard that stand before `end`; `None` if one has a form that
    /// this build does not know. Runs that are `known` are not looked at again.
    pub(crate) fn new(
        runs: Vec<Run>,
        end: Offset,
        shard: &Shard,
        known: Option<&Runs>,
    ) -> Option<Self> {
        let mut records = Self {
            runs: Vec::with_capacity(runs.len()),
            ..Self::default()
        };
        for run in runs {
            let count = end.0.saturating_sub(run.first.0).min(run.count.into()) as usize;
            records.lengths += match known.and_then(|known| known.lengths(&run, count)) {
                Some(lengths) => lengths,
                None => lengths_of(&run, count)?,
            };
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

    /// Bytes of keys and data.
    pub(crate) fn payload_bytes(&self) -> usize {
        self.lengths.payload
    }

    /// When the first and the last arrived; `None` if there are none.
    pub(crate) fn arrivals(&self) -> Option<(Timestamp, Timestamp)> {
        let mut arrivals = self.runs.iter().filter(|run| run.count > 0);
        let first = arrivals.next()?.arrival;
        Some((first, arrivals.last().map_or(first, |last| last.arrival)))
    }

    /// All of them as a list.
    pub(crate) fn encode(self, protocol: Protocol, buffers: &Arc<PieceBuffers>) -> Bytes {
        RecordPieces::list(protocol, self, buffers)
    }
}

/// The lengths of the first records of a run, each of which is looked at; `None` if one has a form
/// that this build does not know.
pub(super) fn lengths_of(run: &Run, count: usize) -> Option<StoredLengths> {
    let stored = RecordIter::new(&run.bytes).take(count);
    StoredLengths::of(stored.map(|(_, stored)| StoredRecord::parts(stored)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{EncodedRuns, Runs};
    use crate::room::Room;
    use crate::views;
    use log::{BatchBuilder, LogId};
    use model::HashRange;
    use proptest::prelude::*;
    use wire::operations::GetRecordsOutput;
    use wire::types;

    /// Records of a run, as key and data, and the milliseconds between the run before and it.
    type Given = (Vec<(String, Vec<u8>)>, u64);

    fn any_runs() -> impl Strategy<Value = Vec<Given>> {
        let data = prop_oneof![
            4 => proptest::collection::vec(any::<u8>(), 0..200),
            1 => (any::<u8>(), 3_000..80_000_usize).prop_map(|(byte, length)| vec![byte; length]),
        ];
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
            let records = Records::new(runs.clone(), end, &shard, None).unwrap();
            let bytes = |shape: &types::Record| {
                shape.data.len() + shape.partition_key.as_ref().unwrap().len()
            };
            prop_assert_eq!(records.count, shapes.len());
            prop_assert_eq!(records.payload_bytes(), shapes.iter().map(bytes).sum::<usize>());
            let (buffers, room) = (Arc::default(), Room::new(0));
            for protocol in [Protocol::Json, Protocol::Cbor] {
                let mut theirs = Vec::new();
                wire::encode(protocol, &shapes, &mut theirs);
                let taken = Records::new(runs.clone(), end, &shard, None).unwrap();
                prop_assert_eq!(taken.encode(protocol, &buffers), theirs);
                let expected = GetRecordsOutput {
                    records: shapes.clone(),
                    millis_behind_latest: Some(7),
                    ..GetRecordsOutput::default()
                };
                let mut whole = Vec::new();
                wire::encode(protocol, &expected, &mut whole);
                let around = GetRecordsOutput { records: Vec::new(), ..expected };
                let encoded = Arc::new(EncodedRuns::default());
                // The first time as it is stored, the second time to be kept, then as it was kept.
                for time in 1..4 {
                    let known = Runs { log: LogId { group: 1, index: 2 }, encoded: encoded.clone() };
                    let around = wire::around_records(protocol, &around);
                    let taken = Records::new(runs.clone(), end, &shard, Some(&known)).unwrap();
                    let body = RecordPieces::body(protocol, (taken, room.share()), around, known, &buffers);
                    prop_assert_eq!(body.length(), whole.len());
                    prop_assert!(body.into_bytes().unwrap() == whole, "time {}", time);
                }
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
        assert!(Records::new(vec![run], Offset(1), &shard(), None).is_none());
    }
}
