//! The exact boundaries of the rules about several shards: closed ones, their descendants, lists of
//! them.

use super::boundaries::{acked, number, open, record, span, tail};
use crate::{
    Event, HashKey, HashKeyRange, History, Kind, Lineage, List, ListedShard, Open, Outcome, Put,
    Read, ShardId, Span, Start, judge,
};

const RING: HashKeyRange = HashKeyRange {
    first: HashKey(0),
    last: HashKey(u128::MAX),
};

/// The shard of the `index`-th generation, from number `first` on; closed if it has a `last`.
fn shard(index: u32, first: u64, last: Option<u64>) -> ListedShard {
    let parents = index.checked_sub(1).map(ShardId).into_iter().collect();
    let (first, last) = (number(first), last.map(number));
    ListedShard {
        shard: ShardId(index),
        parents,
        range: RING,
        first,
        last,
    }
}

fn list(span: Span, shards: Vec<ListedShard>) -> Event {
    Event::List(List { span, shards })
}

fn acked_in(index: u32, op: u64, span: Span) -> Event {
    let outcome = Outcome::Acked {
        shard: ShardId(index),
        sequence_number: number(op),
    };
    Event::Put(Put {
        span,
        record: record(op),
        request: op,
        hash_key: Some(HashKey(0)),
        outcome,
    })
}

fn open_in(index: u32, session: u64, span: Span) -> Event {
    let (start, lineage) = (Start::TrimHorizon, Lineage::ParentsFirst);
    Event::Open(Open {
        span,
        session,
        consumer: 0,
        shard: ShardId(index),
        start,
        lineage,
    })
}

fn end(session: u64, ops: std::ops::Range<u64>, span: Span) -> Event {
    let Event::Read(read) = tail(session, ops, span) else {
        unreachable!("a tail is a read")
    };
    Event::Read(Read {
        shard_end: true,
        ..read
    })
}

fn found(events: Vec<Event>) -> Vec<Kind> {
    let verdict = judge(&History { events }).unwrap();
    verdict
        .anomalies()
        .iter()
        .map(|anomaly| anomaly.kind)
        .collect()
}

#[test]
fn record_when_at_its_shards_first_or_last_number_then_is_inside() {
    let history = |first, last| {
        let shards = vec![shard(0, first, Some(last)), shard(1, 9, None)];
        let writes = (0..3).map(|op| acked(op, span(op, op)));
        let reads = [
            open(1, Start::TrimHorizon, span(5, 5)),
            end(1, 0..3, span(6, 6)),
        ];
        writes
            .chain(reads)
            .chain([list(span(9, 9), shards)])
            .collect()
    };
    assert_eq!(found(history(0, 2)), []);
    assert_eq!(found(history(1, 2)), [Kind::OutsideShard]);
    assert_eq!(found(history(0, 1)), [Kind::OutsideShard]);
}

#[test]
fn acknowledgement_when_its_number_is_behind_the_end_then_is_outside_though_unread() {
    let shards = vec![shard(0, 0, Some(4)), shard(1, 9, None)];
    let events = vec![acked(5, span(1, 2)), list(span(9, 9), shards)];
    assert_eq!(found(events), [Kind::Unseen, Kind::OutsideShard]);
}

#[test]
fn acknowledged_record_when_the_shard_had_ended_before_then_is_lost() {
    let shards = vec![shard(0, 0, Some(4)), shard(1, 9, None)];
    let reads = [
        open(1, Start::TrimHorizon, span(0, 0)),
        end(1, 0..0, span(1, 1)),
    ];
    let events = [acked(0, span(5, 6)), list(span(9, 9), shards)];
    assert_eq!(
        found(events.into_iter().chain(reads).collect()),
        [Kind::LostWrite]
    );
}

#[test]
fn lists_when_they_overlap_then_may_show_either_state() {
    let history = |begin| {
        let new = vec![shard(0, 0, Some(4)), shard(1, 9, None)];
        let old = vec![shard(0, 0, None)];
        vec![list(span(10, 20), new), list(span(begin, 25), old)]
    };
    assert_eq!(found(history(20)), []);
    assert_eq!(found(history(21)), [Kind::StaleList, Kind::StaleList]);
}

#[test]
fn open_shard_when_its_range_is_empty_then_breaks_the_cover() {
    let key = |key| HashKey(key);
    let ranges = [(0, 9), (10, 9), (10, u128::MAX)];
    let shards = (0..).zip(ranges).map(|(index, (first, last))| ListedShard {
        parents: vec![],
        range: HashKeyRange {
            first: key(first),
            last: key(last),
        },
        ..shard(index, 0, None)
    });
    assert_eq!(
        found(vec![list(span(1, 2), shards.collect())]),
        [Kind::BrokenCover]
    );
}

#[test]
fn write_to_a_grandparent_when_it_begins_after_the_childs_end_then_is_an_inversion() {
    let history = |begin| {
        let parents = [shard(0, 0, Some(3)), shard(1, 4, Some(6))];
        let shards = parents.into_iter().chain([shard(2, 7, None)]).collect();
        let writes = [
            acked_in(0, 1, span(begin, 30)),
            acked_in(2, 8, span(10, 20)),
        ];
        let mut events = vec![list(span(90, 90), shards)];
        events.extend(writes);
        events.extend([open_in(0, 1, span(50, 50)), end(1, 1..2, span(51, 51))]);
        events.extend([open_in(1, 2, span(52, 52)), end(2, 0..0, span(53, 53))]);
        events.extend([open_in(2, 3, span(54, 54)), tail(3, 8..9, span(55, 55))]);
        events
    };
    assert_eq!(found(history(20)), []);
    assert_eq!(found(history(21)), [Kind::LineageInversion]);
}

#[test]
fn child_when_its_parents_end_is_met_again_later_then_was_drained_the_first_time() {
    let history = |first_end| {
        let shards = vec![shard(0, 0, Some(3)), shard(1, 4, None)];
        let mut events = vec![list(span(90, 90), shards), open_in(1, 3, span(54, 54))];
        events.extend([
            open_in(0, 1, span(50, 50)),
            end(1, 0..0, span(51, first_end)),
        ]);
        events.extend([open_in(0, 2, span(60, 60)), end(2, 0..0, span(61, 61))]);
        events
    };
    assert_eq!(found(history(54)), []);
    assert_eq!(found(history(55)), [Kind::ParentNotDrained]);
}
