//! Runs of plain and sealed records, opened.

use super::plan::Content;
use super::*;
use crate::encryption::{Place, RecordKey, push_sealed};
use crate::record::{AtRest, StoredIter, StoredRecord};
use millstream_auth::Secret;
use millstream_env::Timestamp;
use millstream_store::batch::RecordIter;
use millstream_store::budget::Budget;
use millstream_store::{BatchBuilder, LogId};
use proptest::prelude::*;
use std::ops::Range;
use std::sync::Arc;

const LOG: LogId = LogId { group: 3, index: 4 };
const START: Offset = Offset(1 << 40);

/// A record to be: its key and data.
type Given = (Option<String>, Vec<u8>);

/// Records that are sealed together, with the number of their data key, or plain.
type GivenGroup = (Option<u32>, Vec<Given>);

fn any_runs() -> impl Strategy<Value = Vec<Vec<GivenGroup>>> {
    let key = proptest::option::of("[a-z]{1,20}");
    let data = proptest::collection::vec(any::<u8>(), 0..50);
    let records = proptest::collection::vec((key, data), 1..6);
    let group = (proptest::option::weighted(0.8, 1..4_u32), records);
    let run = proptest::collection::vec(group, 1..4);
    proptest::collection::vec(run, 1..5)
}

fn keys() -> Keys {
    let key = |number: u32| Arc::new(RecordKey::new(&Secret::from([number as u8; 32])));
    (1..4).map(|number| (number, key(number))).collect()
}

/// Runs as they stand in the log, from `START` on.
fn stored(given: &[Vec<GivenGroup>]) -> Vec<Run> {
    let (keys, mut next, mut counter) = (keys(), START, 0);
    let place = Place {
        log: LOG,
        range: Offset(START.0 - 5),
    };
    let mut runs = Vec::new();
    for groups in given {
        let mut batch = BatchBuilder::default();
        for (data_key, records) in groups {
            let records: Vec<_> = records
                .iter()
                .map(|(key, data)| StoredRecord {
                    partition_key: key.as_deref(),
                    data,
                })
                .collect();
            match data_key {
                Some(number) => push_sealed(records.iter(), &mut batch, |count, text| {
                    counter += 1;
                    keys[number].seal((*number, counter), place, count, text)
                }),
                None => records.iter().for_each(|record| record.push_to(&mut batch)),
            }
        }
        let batch = batch.finish();
        runs.push(Run {
            first: next,
            count: batch.count(),
            arrival: Timestamp(next.0),
            bytes: batch.bytes().clone(),
        });
        next = next.plus(batch.count().into());
    }
    runs
}

/// What a read of some of the records brings.
struct Read {
    runs: Vec<Run>,
    /// The first record of the group within which it begins.
    first: Option<Run>,
    wanted: Range<Offset>,
}

impl Read {
    /// Of all these runs.
    fn all(runs: &[Run]) -> Self {
        let last = runs.last().unwrap();
        Self::of(runs, START..last.first.plus(last.count.into()))
    }

    fn of(runs: &[Run], wanted: Range<Offset>) -> Self {
        let read = within(runs, &wanted);
        let first = first_sealed(&read[0].bytes).and_then(|sealed| match sealed {
            Sealed::First(..) => None,
            Sealed::Following(index) => {
                let first = Offset(wanted.start.0 - u64::from(index));
                Some(within(runs, &(first..first.plus(1))).remove(0))
            }
        });
        Self {
            runs: read,
            first,
            wanted,
        }
    }

    fn plan(&self, log: LogId, opened: &OpenedRuns) -> Plan {
        Plan::of(
            log,
            self.first.as_ref(),
            &self.runs,
            self.wanted.end,
            opened,
        )
    }

    /// What is opened of it, where it goes on, and why it ended early.
    fn open(&self, opened: &OpenedRuns, keys: &Keys, log: LogId) -> Opened {
        let plan = self.plan(log, opened);
        let mut opening = Opening::new(log, keys, &plan);
        let mut pieces = plan.pieces.iter();
        let stopped = pieces.try_for_each(|piece| opening.take(piece)).err();
        let (runs, next) = opening.finish(&self.runs, self.wanted.start);
        opened.keep(&plan.wanted, &runs);
        Opened {
            seen: seen(&runs),
            next,
            stopped,
            plan,
        }
    }
}

struct Opened {
    seen: Vec<Seen>,
    next: Offset,
    stopped: Option<Stopped>,
    plan: Plan,
}

/// The records of runs within a range.
fn within(runs: &[Run], wanted: &Range<Offset>) -> Vec<Run> {
    let of_run = |run: &Run| {
        let count = wanted.end.0.saturating_sub(run.first.0.max(wanted.start.0));
        let limit = ReadLimit {
            records: u32::try_from(count).unwrap(),
            bytes: u64::MAX,
        };
        let ends_before = run.first.plus(run.count.into()) <= wanted.start;
        (count > 0 && !ends_before).then(|| Budget::new(limit).take(run, wanted.start))?
    };
    runs.iter().filter_map(of_run).collect()
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

/// What readers are to see of all records.
fn expected(given: &[Vec<GivenGroup>], runs: &[Run]) -> Vec<Seen> {
    let mut expected = Vec::new();
    for (groups, run) in given.iter().zip(runs) {
        let mut offsets = run.first.0..;
        for (data_key, records) in groups {
            let at_rest = match data_key {
                Some(_) => AtRest::Encrypted,
                None => AtRest::Plain,
            };
            for (key, data) in records {
                let offset = Offset(offsets.next().unwrap());
                expected.push((offset, run.arrival, at_rest, key.clone(), data.clone()));
            }
        }
    }
    expected
}

/// Where the first group begins that has this property, seen from `START`.
fn first_group(given: &[Vec<GivenGroup>], is_it: impl Fn(Option<u32>) -> bool) -> Option<usize> {
    let mut at = 0;
    for (data_key, records) in given.iter().flatten() {
        if is_it(*data_key) {
            return Some(at);
        }
        at += records.len();
    }
    None
}

proptest! {
    #[test]
    fn runs_when_read_from_anywhere_to_anywhere_then_are_opened_in_their_places(
        given in any_runs(), one: prop::sample::Index, other: prop::sample::Index,
    ) {
        let runs = stored(&given);
        let expected = expected(&given, &runs);
        let (one, other) = (one.index(expected.len()), other.index(expected.len()));
        let (from, to) = (one.min(other), one.max(other) + 1);
        let read = Read::of(&runs, START.plus(from as u64)..START.plus(to as u64));
        let opened = OpenedRuns::default();
        for _ in 0..4 {
            let opened = read.open(&opened, &keys(), LOG);
            prop_assert!(opened.stopped.is_none(), "{:?}", opened.stopped);
            prop_assert_eq!(&opened.seen[..], &expected[from..to]);
            prop_assert_eq!(opened.next, read.wanted.end);
        }
    }

    #[test]
    fn records_when_a_group_is_damaged_or_without_key_then_those_before_it_are_taken(
        given in any_runs(), without: bool, number in 1..4_u32,
    ) {
        let runs = stored(&given);
        let (read, mut keys) = (Read::all(&runs), keys());
        let is_it = |data_key: Option<u32>| if without { data_key == Some(number) } else { data_key.is_some() };
        let log = if without { LOG } else { LogId { group: 9, ..LOG } };
        if without {
            keys.remove(&number);
        }
        let opened = read.open(&OpenedRuns::default(), &keys, log);
        let all = expected(&given, &runs);
        match (first_group(&given, is_it), &opened.stopped) {
            (None, None) => prop_assert_eq!(opened.seen, all),
            (Some(first), Some(stopped)) => {
                prop_assert_eq!(matches!(stopped, Stopped::NoKey), without);
                prop_assert_eq!(opened.next, START.plus(first as u64));
                prop_assert_eq!(&opened.seen[..], &all[..first]);
            }
            (first, stopped) => prop_assert!(false, "{:?} {:?}", first, stopped),
        }
    }

    #[test]
    fn group_when_a_record_is_missing_or_out_of_its_place_then_is_damage(
        count in 3..8_usize, one: prop::sample::Index, other: prop::sample::Index, repeats: bool,
    ) {
        let record = |place: usize| (None, vec![place as u8; 20]);
        let records = (0..count).map(record).collect();
        let behind = vec![(None, b"behind".to_vec())];
        let runs = stored(&[vec![(Some(1), records), (Some(2), behind)]]);
        let mut records: Vec<_> = RecordIter::new(&runs[0].bytes).map(|it| it.1).collect();
        let (one, other) = (one.index(count), other.index(count));
        if one == other {
            records.remove(one);
        } else if repeats {
            records[one] = records[other];
        } else {
            records.swap(one, other);
        }
        let mut batch = BatchBuilder::default();
        records.iter().for_each(|record| batch.push(millstream_store::Kind::Data, &[record]));
        let batch = batch.finish();
        let run = Run { count: batch.count(), bytes: batch.bytes().clone(), ..runs[0].clone() };
        let read = Read { runs: vec![run], first: None, wanted: START..START.plus(9) };
        let opened = read.open(&OpenedRuns::default(), &keys(), LOG);
        prop_assert!(matches!(opened.stopped, Some(Stopped::Damaged(_))));
        // No record is passed on that is another's.
        for (place, (offset, _, _, _, data)) in opened.seen.iter().enumerate() {
            prop_assert_eq!((offset.0 - START.0, &data[..]), (place as u64, &[place as u8; 20][..]));
        }
    }
}

#[test]
fn damage_when_told_then_names_the_first_record_of_its_group() {
    let records = vec![(None, b"data".to_vec()); 2];
    let runs = stored(&[vec![(Some(1), records)]]);
    let elsewhere = LogId { group: 5, ..LOG };
    let opened = Read::all(&runs).open(&OpenedRuns::default(), &keys(), elsewhere);
    let Some(Stopped::Damaged(error)) = opened.stopped else {
        panic!("{:?}", opened.stopped);
    };
    let text = error.to_string();
    assert_eq!(
        text,
        "damage in log 5/4, record 1099511627776: a record does not fit its seal"
    );
}

/// Two runs that are large enough to be cached, each with groups of 40 records by these data keys.
fn large_runs(data_keys: &[Option<u32>]) -> Vec<Run> {
    let records = vec![(Some("key".to_owned()), vec![7; 100]); 40];
    let group = |number: &Option<u32>| (*number, records.clone());
    let run: Vec<GivenGroup> = data_keys.iter().map(group).collect();
    stored(&[run.clone(), run])
}

fn is_kept(plan: &Plan) -> bool {
    let is_kept = |piece: &plan::Piece| matches!(piece.content, Content::Kept(_));
    plan.pieces.iter().all(is_kept)
}

#[test]
fn runs_when_read_again_then_are_opened_no_more_and_are_what_they_were() {
    let (runs, keys) = (large_runs(&[Some(1), Some(2)]), keys());
    for wanted in [0..160, 10..160, 0..150, 90..95, 100..130] {
        let opened = OpenedRuns::default();
        let read = Read::of(&runs, START.plus(wanted.start)..START.plus(wanted.end));
        let reads: Vec<_> = (0..3).map(|_| read.open(&opened, &keys, LOG)).collect();
        let kept: Vec<bool> = reads.iter().map(|read| is_kept(&read.plan)).collect();
        let is_small = wanted.end - wanted.start < 20;
        assert_eq!(kept, [false, false, !is_small], "{wanted:?}");
        for read in &reads {
            let count = (wanted.end - wanted.start) as usize;
            assert_eq!((read.seen.len(), &read.seen), (count, &reads[0].seen));
        }
    }
}

#[test]
fn run_when_cached_and_one_of_its_keys_may_not_be_used_then_is_left_out() {
    let runs = large_runs(&[Some(1), Some(2)]);
    // Its first group begins in front of it.
    for wanted in [START..START.plus(160), START.plus(10)..START.plus(80)] {
        let (opened, read) = (OpenedRuns::default(), Read::of(&runs, wanted));
        for _ in 0..3 {
            read.open(&opened, &keys(), LOG);
        }
        let mut keys = keys();
        keys.remove(&1);
        let left = read.open(&opened, &keys, LOG);
        assert!(is_kept(&left.plan));
        assert!(matches!(left.stopped, Some(Stopped::NoKey)));
        assert_eq!((left.seen, left.next), (vec![], read.wanted.start));
    }
}

#[test]
fn run_when_partly_plain_then_is_not_cached() {
    let runs = large_runs(&[Some(1), None]);
    let (opened, read) = (OpenedRuns::default(), Read::all(&runs));
    for _ in 0..4 {
        let read = read.open(&opened, &keys(), LOG);
        assert!(!is_kept(&read.plan));
        assert_eq!(read.seen.len(), 160);
    }
}

/// A run is opened for itself only if no group reaches beyond it.
#[test]
fn run_when_its_group_goes_on_in_the_next_then_is_passed_on_from_the_cache_only_as_the_last() {
    let runs = large_runs(&[Some(1), Some(1)]);
    let opened = OpenedRuns::default();
    let first = Read::of(&runs[..1], START..START.plus(60));
    for _ in 0..3 {
        first.open(&opened, &keys(), LOG);
    }
    assert!(is_kept(&first.plan(LOG, &opened)));
    // The same records, and then the others of the group in a run of their own.
    let mut divided = Read::of(&runs[..1], START..START.plus(80));
    let rest = within(&runs[..1], &(START.plus(60)..START.plus(80)));
    divided.runs = [first.runs.clone(), rest].concat();
    let divided = divided.open(&opened, &keys(), LOG);
    assert!(divided.stopped.is_none());
    assert_eq!(divided.seen.len(), 80);
}
