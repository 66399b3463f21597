//! Records that were looked at one by one: their form is known, and how long they will be.

use super::encoded_runs::Runs;
use super::stored_records::StoredLengths;
use millstream_store::Run;
use millstream_streams::{KeyedIter, NumberedRun, Records, StoredIter, UnknownForm};

/// Records of one shard without a gap between them, ready to be encoded.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) runs: Vec<NumberedRun>,
    /// How many records there are.
    pub(super) count: usize,
    pub(super) lengths: StoredLengths,
}

impl Measured {
    /// Looks at records. Runs that are `known` are not looked at again.
    pub(super) fn new(records: Records, known: Option<&Runs>) -> Result<Self, UnknownForm> {
        let Records {
            log, runs, count, ..
        } = records;
        let mut lengths = StoredLengths::default();
        for NumberedRun { run, count, .. } in &runs {
            lengths += match known.and_then(|known| known.lengths(run, *count)) {
                Some(lengths) => lengths,
                None => lengths_of(run, *count).ok_or(UnknownForm { log })?,
            };
        }
        Ok(Self {
            runs,
            count,
            lengths,
        })
    }
}

/// The lengths of the first records of a run, each of which is validated; `None` if one has a form
/// unknown to this build.
pub(super) fn lengths_of(run: &Run, count: usize) -> Option<StoredLengths> {
    let lengths = StoredLengths::of(KeyedIter::new(&run.bytes).take(count));
    lengths.or_else(|| StoredLengths::of_mixed(StoredIter::new(&run.bytes).take(count)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::encoded_runs::EncodedRuns;
    use crate::encode::put_record::encryption_type;
    use crate::encode::record_pieces::RecordPieces;
    use crate::encode::stored_records::around_records;
    use millstream_env::Timestamp;
    use millstream_memory::Budget;
    use millstream_model::SequenceNumber;
    use millstream_protocol::operations::GetRecordsOutput;
    use millstream_protocol::{Protocol, types};
    use millstream_store::{BatchBuilder, LogId, Offset};
    use millstream_streams::{AtRest, StoredRecord};
    use proptest::prelude::*;
    use std::sync::Arc;

    const LOG: LogId = LogId { group: 1, index: 2 };

    type Stored = (Option<String>, Vec<u8>);
    /// Records of a run, as key and data, and the milliseconds since the previous run.
    type Given = (Vec<Stored>, u64);

    fn any_runs() -> impl Strategy<Value = Vec<Given>> {
        let data = prop_oneof![
            4 => proptest::collection::vec(any::<u8>(), 0..200),
            1 => (any::<u8>(), 3_000..80_000_usize).prop_map(|(byte, length)| vec![byte; length]),
        ];
        let key = prop_oneof!["[a-z0-9]{1,20}", ".{1,30}"];
        let key = prop_oneof![3 => key.prop_map(Some), 1 => Just(None)];
        let run = proptest::collection::vec((key, data), 1..6);
        proptest::collection::vec((run, 0..5000_u64), 0..5)
    }

    fn run_of(given: &[Stored], first: Offset, arrival: Timestamp) -> Run {
        let mut batch = BatchBuilder::default();
        for (partition_key, data) in given {
            let stored = StoredRecord {
                partition_key: partition_key.as_deref(),
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

    fn number(at: Offset, arrival: Timestamp) -> SequenceNumber {
        SequenceNumber {
            created_s: 1_600_000_000,
            // So that the counters cross from seven digits to eight.
            counter: 9_999_990 + at.0,
            arrival_s: arrival.0 / 1000,
            shard_index: 3,
        }
    }

    /// Those of some runs that stand before `end`.
    fn records(runs: &[Run], end: Offset) -> Records {
        let numbered = |run: &Run| NumberedRun {
            at_rest: at_rest(run.arrival),
            first: number(run.first, run.arrival),
            arrival: run.arrival,
            count: end.0.saturating_sub(run.first.0).min(run.count.into()) as usize,
            run: run.clone(),
        };
        let mut records = Records::none(LOG);
        records.runs = runs.iter().map(numbered).collect();
        records.count = records.runs.iter().map(|run| run.count).sum();
        records
    }

    /// Every other run was encrypted.
    fn at_rest(arrival: Timestamp) -> AtRest {
        match arrival.0 % 2 {
            0 => AtRest::Plain,
            _ => AtRest::Encrypted,
        }
    }

    proptest! {
        #[test]
        fn records_when_encoded_then_are_as_the_shapes_of_the_service_model(
            given in any_runs(), left_out in 0..3_u64, start in 0..1_000_000_u64,
        ) {
            let (mut runs, mut shapes) = (Vec::new(), Vec::new());
            let (mut next, mut arrival) = (Offset(start), Timestamp(1_700_000_000_000));
            let total: u64 = given.iter().map(|(records, _)| records.len() as u64).sum();
            let end = Offset(start + total.saturating_sub(left_out));
            for (given, later) in &given {
                arrival = Timestamp(arrival.0 + later);
                runs.push(run_of(given, next, arrival));
                for (partition_key, data) in given {
                    shapes.push(types::Record {
                        sequence_number: number(next, arrival).to_string(),
                        approximate_arrival_timestamp: Some(millstream_protocol::Timestamp(arrival.0 as i64)),
                        data: data.clone().into(),
                        partition_key: partition_key.clone(),
                        encryption_type: encryption_type(at_rest(arrival)),
                    });
                    next = next.plus(1);
                }
            }
            shapes.truncate((end.0 - start) as usize);
            let measured = Measured::new(records(&runs, end), None).unwrap();
            let bytes = |shape: &types::Record| {
                shape.data.len() + shape.partition_key.as_ref().map_or(0, String::len)
            };
            prop_assert_eq!(measured.count, shapes.len());
            prop_assert_eq!(measured.lengths.payload, shapes.iter().map(bytes).sum::<usize>());
            let (buffers, room) = (Arc::default(), Budget::new(0));
            for protocol in [Protocol::Json, Protocol::Cbor] {
                let mut theirs = Vec::new();
                millstream_protocol::encode(protocol, &shapes, &mut theirs);
                let taken = Measured::new(records(&runs, end), None).unwrap();
                prop_assert_eq!(RecordPieces::list(protocol, taken, &buffers), theirs);
                let expected = GetRecordsOutput {
                    records: shapes.clone(),
                    millis_behind_latest: Some(7),
                    ..GetRecordsOutput::default()
                };
                let mut whole = Vec::new();
                millstream_protocol::encode(protocol, &expected, &mut whole);
                let around = GetRecordsOutput { records: Vec::new(), ..expected };
                let encoded = Arc::new(EncodedRuns::default());
                // First from storage, then to be cached, then from the cache.
                for time in 1..4 {
                    let known = Runs { log: LOG, encoded: encoded.clone() };
                    let around = around_records(protocol, &around);
                    let taken = Measured::new(records(&runs, end), Some(&known)).unwrap();
                    let pieces = RecordPieces::pieces(protocol, (taken, room.share()), around, known, &buffers);
                    prop_assert_eq!(pieces.length, whole.len());
                    prop_assert!(pieces.collect::<Vec<_>>().concat() == whole, "time {}", time);
                }
            }
        }
    }

    #[test]
    fn record_when_of_an_unknown_form_then_is_not_taken() {
        let mut batch = BatchBuilder::default();
        batch.push(millstream_store::Kind::Data, &[b"\x07\x00\x00"]);
        let run = Run {
            first: Offset(0),
            count: 1,
            arrival: Timestamp(0),
            bytes: batch.finish().bytes().clone(),
        };
        assert!(Measured::new(records(&[run], Offset(1)), None).is_err());
    }
}
