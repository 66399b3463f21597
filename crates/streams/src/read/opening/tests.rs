//! Runs of plain and sealed records, opened.

use super::*;
use crate::record::{StoredIter, StoredRecord};
use millstream_auth::Secret;
use millstream_env::Timestamp;
use millstream_store::BatchBuilder;
use proptest::prelude::*;

const LOG: LogId = LogId { group: 3, index: 4 };
const START: Offset = Offset(1 << 40);

/// A record to be: its key and data, and the number of the data key that seals it, if one does.
type Given = (Option<String>, Vec<u8>, Option<u32>);

fn any_runs() -> impl Strategy<Value = Vec<Vec<Given>>> {
    let key = proptest::option::of("[a-z]{1,20}");
    let data = proptest::collection::vec(any::<u8>(), 0..50);
    let data_key = proptest::option::of(1..4_u32);
    let run = proptest::collection::vec((key, data, data_key), 1..8);
    proptest::collection::vec(run, 0..6)
}

fn keys() -> Keys {
    let key = |number: u32| Arc::new(RecordKey::new(&Secret::from([number as u8; 32])));
    (1..4).map(|number| (number, key(number))).collect()
}

/// Runs as they stand in the log, from `START` on.
fn stored(given: &[Vec<Given>]) -> Vec<Run> {
    let (keys, mut next, mut counter) = (keys(), START, 0);
    let mut runs = Vec::new();
    for records in given {
        let mut batch = BatchBuilder::default();
        for (key, data, data_key) in records {
            let partition_key = key.as_deref();
            let record = StoredRecord {
                partition_key,
                data,
            };
            let place = Place {
                log: LOG,
                range: Offset(START.0 - 5),
            };
            match data_key {
                Some(number) => {
                    keys[number].push((*number, counter), &record, place, &mut batch);
                    counter += 1;
                }
                None => record.push_to(&mut batch),
            }
        }
        runs.push(Run {
            first: next,
            count: records.len() as u32,
            arrival: Timestamp(next.0),
            bytes: batch.finish().bytes().clone(),
        });
        next = next.plus(records.len() as u64);
    }
    runs
}

fn opening<'a>(keys: &'a Keys, needs: &Needs) -> Opening<'a> {
    Opening {
        log: LOG,
        keys,
        buffer: BytesMut::with_capacity(needs.bytes),
        opened: Vec::new(),
        next: START,
    }
}

/// A record as readers see it, with its offset, its arrival time, and how it is stored.
type Seen = (Offset, Timestamp, AtRest, Option<String>, Vec<u8>);

fn seen(opened: &[(Run, AtRest)]) -> Vec<Seen> {
    let mut seen = Vec::new();
    for (run, at_rest) in opened {
        let records = StoredIter::new(&run.bytes).map(Option::unwrap);
        assert_eq!(records.clone().count(), run.count as usize);
        for (parts, offset) in records.zip(run.first.0..) {
            let key = parts.partition_key();
            let key = key.map(|key| String::from_utf8(key.to_vec()).unwrap());
            let data = parts.data().to_vec();
            seen.push((Offset(offset), run.arrival, *at_rest, key, data));
        }
    }
    seen
}

proptest! {
    #[test]
    fn runs_when_plain_and_sealed_records_are_mixed_then_are_opened_in_their_places(
        given in any_runs(), left_out in 0..4_u64,
    ) {
        let runs = stored(&given);
        let count: u64 = given.iter().map(|run| run.len() as u64).sum();
        let end = Offset(START.0 + count.saturating_sub(left_out));
        let needs = Needs::of(&runs, end);
        let keys = keys();
        let mut opening = opening(&keys, &needs);
        for run in &runs {
            opening.take(run, end).unwrap();
        }
        let records = given.iter().zip(&runs).flat_map(|(given, run)| {
            given.iter().map(|(key, data, data_key)| {
                let at_rest = match data_key {
                    Some(_) => AtRest::Encrypted,
                    None => AtRest::Plain,
                };
                (run.arrival, at_rest, key.clone(), data.clone())
            })
        });
        let expected: Vec<_> = records
            .zip(START.0..end.0)
            .map(|((arrival, at_rest, key, data), offset)| {
                (Offset(offset), arrival, at_rest, key, data)
            })
            .collect();
        prop_assert_eq!(seen(&opening.opened), expected);
        let of_sealed = |(run, at_rest): &(Run, AtRest)| match at_rest {
            AtRest::Encrypted => run.bytes.len(),
            AtRest::Plain => 0,
        };
        let opened_bytes: usize = opening.opened.iter().map(of_sealed).sum();
        prop_assert_eq!(opened_bytes, needs.bytes, "as much as was reserved");
    }

    #[test]
    fn records_when_one_is_damaged_or_without_key_then_those_before_it_are_taken(
        given in any_runs(), damaged: bool,
    ) {
        let runs = stored(&given);
        let end = Offset(u64::MAX >> 1);
        let (needs, mut keys) = (Needs::of(&runs, end), keys());
        let log = if damaged { LogId { group: 9, ..LOG } } else { LOG };
        if !damaged {
            keys.clear();
        }
        let mut opening = Opening { log, ..opening(&keys, &needs) };
        let stopped = runs.iter().try_for_each(|run| opening.take(run, end));
        let mut flat = given.iter().flatten();
        match flat.position(|(_, _, data_key)| data_key.is_some()) {
            None => prop_assert!(stopped.is_ok()),
            Some(first) => {
                match stopped {
                    Err(Stopped::NoKey) => prop_assert!(!damaged),
                    Err(Stopped::Damaged(_)) => prop_assert!(damaged),
                    Ok(()) => prop_assert!(false, "it was opened"),
                }
                prop_assert_eq!(opening.next, START.plus(first as u64));
                prop_assert_eq!(seen(&opening.opened).len(), first);
            }
        }
    }
}

#[test]
fn damage_when_told_then_names_the_record() {
    let runs = stored(&[vec![(None, b"data".to_vec(), Some(1))]]);
    let (keys, needs) = (keys(), Needs::of(&runs, Offset::MAX));
    let elsewhere = Run {
        first: Offset(17),
        ..runs[0].clone()
    };
    let stopped = opening(&keys, &needs).take(&elsewhere, Offset::MAX);
    let Err(Stopped::Damaged(error)) = stopped else {
        panic!("{stopped:?}");
    };
    let text = error.to_string();
    assert_eq!(
        text,
        "damage in log 3/4, record 17: a record does not fit its seal"
    );
}
