//! The exact boundaries of the rules, by hand: one shard, few events.

use crate::{
    Event, HashKey, HashKeyRange, History, HistoryError, Kind, Lineage, List, ListedShard, Open,
    Outcome, Put, Read, RecordId, Seen, SequenceNumber, ShardId, Span, Start, judge,
};

pub(super) const SHARD: ShardId = ShardId(0);

pub(super) fn span(started: u64, finished: u64) -> Span {
    Span { started, finished }
}

pub(super) fn number(index: u64) -> SequenceNumber {
    (index + 1).to_string().parse().unwrap()
}

pub(super) fn record(op: u64) -> RecordId {
    RecordId {
        client: 1,
        op,
        attempt: 0,
    }
}

pub(super) fn acked(op: u64, span: Span) -> Event {
    let outcome = Outcome::Acked {
        shard: SHARD,
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

pub(super) fn open(session: u64, start: Start, span: Span) -> Event {
    let (consumer, shard, lineage) = (0, SHARD, Lineage::Any);
    Event::Open(Open {
        span,
        session,
        consumer,
        shard,
        start,
        lineage,
    })
}

pub(super) fn tail(session: u64, ops: std::ops::Range<u64>, span: Span) -> Event {
    let seen = |op| Seen {
        sequence_number: number(op),
        record: Some(record(op)),
    };
    let records = ops.map(seen).collect();
    Event::Read(Read {
        span,
        session,
        records,
        reached_tail: true,
        shard_end: false,
    })
}

pub(super) fn list() -> Event {
    let range = HashKeyRange {
        first: HashKey(0),
        last: HashKey(u128::MAX),
    };
    let first = SequenceNumber::ZERO;
    let shards = vec![ListedShard {
        shard: SHARD,
        parents: vec![],
        range,
        first,
        last: None,
    }];
    Event::List(List {
        span: span(0, 0),
        shards,
    })
}

/// What is found in these events, after one reader has read `count` records at the end.
fn found(mut events: Vec<Event>, count: u64) -> Vec<Kind> {
    events.extend([list(), open(99, Start::TrimHorizon, span(1000, 1001))]);
    events.push(tail(99, 0..count, span(1002, 1003)));
    let verdict = judge(&History { events }).unwrap();
    verdict
        .anomalies()
        .iter()
        .map(|anomaly| anomaly.kind)
        .collect()
}

#[test]
fn write_when_it_begins_at_the_end_of_a_later_one_then_is_concurrent() {
    let history = |begin| vec![acked(0, span(begin, 30)), acked(1, span(10, 20))];
    assert_eq!(found(history(20), 2), []);
    assert_eq!(found(history(21), 2), [Kind::RealtimeInversion]);
}

#[test]
fn tail_read_when_it_begins_at_the_end_of_an_unseen_write_then_is_concurrent() {
    let history = |begin| {
        let first = open(1, Start::TrimHorizon, span(0, 0));
        vec![
            acked(0, span(10, 20)),
            first,
            tail(1, 0..0, span(begin, 30)),
        ]
    };
    assert_eq!(found(history(20), 1), []);
    assert_eq!(found(history(21), 1), [Kind::StaleRead]);
}

#[test]
fn latest_when_nothing_is_seen_then_only_writes_after_it_count() {
    let history = |begin| {
        let first = open(1, Start::Latest, span(0, 15));
        vec![
            acked(0, span(begin, 20)),
            first,
            tail(1, 0..0, span(21, 30)),
        ]
    };
    assert_eq!(found(history(15), 1), []);
    assert_eq!(found(history(16), 1), [Kind::StaleRead]);
}

#[test]
fn latest_when_an_earlier_write_is_seen_then_it_began_too_early_or_late() {
    let history = |begin| {
        let latest = open(1, Start::Latest, span(begin, begin));
        let read = tail(1, 1..2, span(40, 41));
        vec![acked(0, span(5, 20)), acked(1, span(10, 20)), latest, read]
    };
    assert_eq!(found(history(20), 2), []);
    // The write of record 1 had ended when the session began behind record 0 only.
    assert_eq!(found(history(21), 2), [Kind::StaleRead]);
    // Record 0 was not written yet when the session began behind it.
    assert_eq!(found(history(4), 2), [Kind::RealtimeInversion]);
}

#[test]
fn write_when_read_before_it_began_then_is_an_inversion() {
    let history = |finished| {
        let first = open(1, Start::TrimHorizon, span(0, 0));
        vec![
            acked(0, span(10, 20)),
            first,
            tail(1, 0..1, span(1, finished)),
        ]
    };
    assert_eq!(found(history(10), 1), []);
    assert_eq!(found(history(9), 1), [Kind::RealtimeInversion]);
}

#[test]
fn acknowledged_record_when_the_final_read_began_before_its_end_then_is_only_unseen() {
    assert_eq!(found(vec![acked(0, span(10, 1001))], 0), [Kind::LostWrite]);
    assert_eq!(found(vec![acked(0, span(10, 1002))], 0), [Kind::Unseen]);
}

/// A read of these records that says nothing about the tail.
fn read(session: u64, ops: &[u64], span: Span) -> Event {
    let seen = |op: &u64| Seen {
        sequence_number: number(*op),
        record: Some(record(*op)),
    };
    let records = ops.iter().map(seen).collect();
    Event::Read(Read {
        span,
        session,
        records,
        reached_tail: false,
        shard_end: false,
    })
}

fn found_without_final_read(mut events: Vec<Event>) -> Vec<Kind> {
    events.push(list());
    let verdict = judge(&History { events }).unwrap();
    verdict
        .anomalies()
        .iter()
        .map(|anomaly| anomaly.kind)
        .collect()
}

#[test]
fn acknowledged_record_when_sessions_went_past_its_place_then_is_lost() {
    let history = |starts: [(Start, &[u64]); 2]| {
        let mut events: Vec<_> = (0..6).map(|op| acked(op, span(op, op))).collect();
        for (session, (start, ops)) in (0..).zip(starts) {
            events.push(open(session, start, span(10, 10)));
            events.push(read(session, ops, span(11, 11)));
        }
        found_without_final_read(events)
    };
    let at = |op| Start::At(number(op));
    // Two stretches that meet: what is missing from the second is lost.
    let meeting = history([(at(0), &[0, 1, 2]), (at(2), &[2, 4, 5])]);
    assert_eq!(meeting, [Kind::LostWrite]);
    // Two that leave a gap, in which nothing is known.
    assert_eq!(
        history([(at(0), &[0, 1, 2]), (at(4), &[4, 5])]),
        [Kind::Unseen]
    );
    // A session that began anywhere counts from its first record on.
    let anywhere = history([(Start::Timestamp, &[1, 3, 4]), (at(5), &[5])]);
    assert_eq!(anywhere, [Kind::Unseen, Kind::LostWrite]);
}

#[test]
fn acknowledged_record_when_its_bytes_are_damaged_then_is_not_called_lost_too() {
    let mut damaged = read(1, &[0], span(6, 7));
    if let Event::Read(read) = &mut damaged {
        read.records[0].record = None;
    }
    let events = vec![
        acked(0, span(1, 2)),
        open(1, Start::TrimHorizon, span(5, 5)),
        damaged,
    ];
    assert_eq!(found_without_final_read(events), [Kind::Damaged]);
}

#[test]
fn at_and_after_when_the_number_is_a_record_then_only_at_includes_it() {
    let history = |start, from| {
        let first = open(1, start, span(50, 50));
        let writes = (0..3).map(|op| acked(op, span(op, op)));
        writes
            .chain([first, tail(1, from..3, span(51, 52))])
            .collect::<Vec<_>>()
    };
    assert_eq!(found(history(Start::At(number(1)), 1), 3), []);
    assert_eq!(found(history(Start::After(number(1)), 2), 3), []);
    assert_eq!(found(history(Start::At(number(1)), 2), 3), [Kind::PollSkip]);
    assert_eq!(
        found(history(Start::At(number(1)), 0), 3)[0],
        Kind::NonmonotonicPoll
    );
    assert_eq!(
        found(history(Start::After(number(1)), 1), 3)[0],
        Kind::NonmonotonicPoll
    );
}

#[test]
fn reads_when_one_begins_at_the_instant_of_another_then_the_shorter_is_first() {
    let first = open(1, Start::TrimHorizon, span(20, 20));
    let (instant, next) = (tail(1, 0..1, span(20, 20)), tail(1, 1..2, span(20, 25)));
    let writes = [acked(0, span(0, 1)), acked(1, span(20, 22))];
    let events = writes.into_iter().chain([first, next, instant]).collect();
    assert_eq!(found(events, 2), []);
}

/// Two records of one call, read in the other order.
#[test]
fn records_of_a_call_when_the_service_distributes_them_then_have_no_order_among_them() {
    let found_with = |hash_key: Option<HashKey>| {
        let put = |op: u64| {
            let Event::Put(mut put) = acked(op, span(1, 2)) else {
                unreachable!("it is a put");
            };
            put.request = 7;
            put.record = record(1 - op);
            put.hash_key = hash_key;
            Event::Put(put)
        };
        let mut events = vec![put(0), put(1), open(1, Start::TrimHorizon, span(5, 6))];
        let mut both = tail(1, 0..2, span(7, 8));
        if let Event::Read(read) = &mut both {
            (0..)
                .zip(&mut read.records)
                .for_each(|(op, seen)| seen.record = Some(record(1 - op)));
        }
        events.push(both);
        found_without_final_read(events)
    };
    assert_eq!(found_with(Some(HashKey(0))), [Kind::RequestReordered]);
    assert_eq!(found_with(None), []);
}

/// A shard takes what its range has; and whatever the service distributes.
#[test]
fn record_when_the_service_distributes_it_then_is_right_in_any_shard() {
    let found_with = |hash_key: Option<HashKey>| {
        let Event::Put(mut put) = acked(0, span(1, 2)) else {
            unreachable!("it is a put");
        };
        put.hash_key = hash_key;
        let Event::List(mut list) = list() else {
            unreachable!("it is a list");
        };
        list.shards[0].range.last = HashKey(9);
        list.shards.push(ListedShard {
            shard: ShardId(1),
            range: HashKeyRange {
                first: HashKey(10),
                last: HashKey(u128::MAX),
            },
            ..list.shards[0].clone()
        });
        let events = vec![
            Event::Put(put),
            Event::List(list),
            open(1, Start::TrimHorizon, span(5, 6)),
            tail(1, 0..1, span(7, 8)),
        ];
        let verdict = judge(&History { events }).unwrap();
        let kinds = verdict.anomalies().iter().map(|anomaly| anomaly.kind);
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(found_with(Some(HashKey(9))), []);
    assert_eq!(found_with(Some(HashKey(10))), [Kind::Misrouted]);
    assert_eq!(found_with(None), []);
}

#[test]
fn history_when_it_contradicts_itself_then_is_not_judged() {
    let error = |events| judge(&History { events }).unwrap_err();
    let (put, first) = (acked(0, span(1, 2)), open(1, Start::Latest, span(5, 6)));
    assert_eq!(
        error(vec![put.clone(), put]),
        HistoryError::RecordIdReused(record(0))
    );
    assert_eq!(
        error(vec![first.clone(), first.clone()]),
        HistoryError::SessionReused(1)
    );
    assert_eq!(
        error(vec![tail(2, 0..0, span(1, 2))]),
        HistoryError::NoSuchSession(2)
    );
    let early = tail(1, 0..0, span(5, 9));
    assert_eq!(error(vec![first, early]), HistoryError::SessionOverlaps(1));
    assert_eq!(
        error(vec![acked(0, span(2, 1))]),
        HistoryError::Backwards(span(2, 1))
    );
}
