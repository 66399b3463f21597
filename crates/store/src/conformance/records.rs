//! The clauses about records: appending, reading, surviving.

use super::{ANY, End, Provider, append, batch, bounds, create, id, read, read_all};
use crate::batch::RECORD_BYTES_MAX;
use crate::batches::Batches;
use crate::store::{AppendError, Offset, ReadError, ReadLimit};
use millstream_env::Timestamp;

/// Clause 1.
pub async fn resolved_appends_survive(provider: &impl Provider, end: End) {
    let store = provider.open().await;
    create(&store, 3).await;
    for round in 0..20_u32 {
        let record = round.to_string();
        append(&store, round % 2, batch(&[record.as_bytes(), b"x"])).await;
    }
    let before = [read_all(&store, 0).await, read_all(&store, 1).await];
    let found = bounds(&store, 0).await;
    let Some(store) = provider.reopen(store, end).await else {
        return;
    };
    assert_eq!(
        [read_all(&store, 0).await, read_all(&store, 1).await],
        before
    );
    assert_eq!(bounds(&store, 0).await, found);
    assert_eq!(read_all(&store, 2).await, []);
    assert_eq!(
        append(&store, 0, batch(&[b"after"])).await.first,
        Offset(20)
    );
}

/// Clause 2.
pub async fn offsets_rise_without_gaps(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 1).await;
    let mut expected = 0;
    for count in [1, 3, 2, 500, 1] {
        let records: Vec<String> = (0..count)
            .map(|at: u64| (expected + at).to_string())
            .collect();
        assert_eq!(
            append(&store, 0, batch(&records)).await.first,
            Offset(expected)
        );
        expected += count;
    }
    for (offset, record) in read_all(&store, 0).await {
        assert_eq!(record, offset.to_string().as_bytes());
    }
}

/// Clause 3.
pub async fn reads_see_resolved_appends(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 1).await;
    for at in 0..50_u64 {
        append(&store, 0, batch(&[at.to_le_bytes()])).await;
        let slice = read(&store, 0, Offset(at), ANY).await;
        let seen: Vec<&[u8]> = slice.records().map(|record| record.bytes).collect();
        assert_eq!(seen, [at.to_le_bytes()]);
        assert_eq!((slice.next, slice.end), (Offset(at + 1), Offset(at + 1)));
    }
}

/// Clause 4.
pub async fn offset_and_arrival_are_what_readers_see(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 1).await;
    let mut appended = Vec::new();
    for at in 0..20_u64 {
        appended.push(append(&store, 0, batch(&[at.to_le_bytes()])).await);
    }
    let slice = read(&store, 0, Offset(0), ANY).await;
    let seen: Vec<(Offset, Timestamp)> = slice
        .records()
        .map(|record| (record.offset, record.arrival))
        .collect();
    let told: Vec<(Offset, Timestamp)> = appended
        .iter()
        .map(|appended| (appended.first, appended.arrival))
        .collect();
    assert_eq!(seen, told);
    assert!(
        told.is_sorted_by_key(|(_, arrival)| *arrival),
        "arrivals never fall"
    );
    let last = store
        .known_bounds(id(0))
        .expect("the log exists")
        .last_arrival;
    assert_eq!(last, told.last().map(|(_, arrival)| *arrival));
}

/// Clause 5.
pub async fn batches_fail_each_for_itself(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 2).await;
    let batches = [
        (id(0), batch(&[b"a"])),
        (id(9), batch(&[b"lost"])),
        (id(1), batch(&[b"b"])),
        (id(0), batch(&[b"c"])),
    ];
    let results = store.append_many(Batches::from_iter(batches)).await;
    assert!(matches!(results[1], Err(AppendError::NoSuchLog(missing)) if missing == id(9)));
    let firsts = [0, 2, 3].map(|at: usize| results[at].as_ref().map(|done| done.first.0));
    assert_eq!(firsts, [Ok(0), Ok(0), Ok(1)]);
    assert_eq!(
        read_all(&store, 0).await,
        [(0, b"a".to_vec()), (1, b"c".to_vec())]
    );
    assert_eq!(read_all(&store, 1).await, [(0, b"b".to_vec())]);
    assert!(store.append_many(Batches::default()).await.is_empty());
}

/// Clause 6.
pub async fn an_abandoned_append_goes_on(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 1).await;
    tokio::select! {
        biased;
        _ = store.append_many(Batches::one(id(0), batch(&[b"abandoned"]))) => {}
        () = std::future::ready(()) => {}
    }
    let mut tail = store.tail(id(0)).expect("the log exists");
    assert!(
        tail.reaches_past(Offset(0)).await,
        "the record arrives though nobody waits"
    );
    assert_eq!(read_all(&store, 0).await, [(0, b"abandoned".to_vec())]);
}

/// Clause 7.
pub async fn refused_appends_leave_no_trace(provider: &impl Provider) {
    let store = provider.open().await;
    let early = Batches::one(id(0), batch(&[b"early"]));
    let results = store.append_many(early).await;
    assert_eq!(results, [Err(AppendError::NoSuchLog(id(0)))]);
    create(&store, 1).await;
    assert_eq!(read_all(&store, 0).await, []);
    let store = match provider.reopen(store.clone(), End::Stop).await {
        Some(reopened) => reopened,
        None => store,
    };
    assert_eq!(append(&store, 0, batch(&[b"first"])).await.first, Offset(0));
    assert_eq!(read_all(&store, 0).await, [(0, b"first".to_vec())]);
}

/// Clause 8.
pub async fn reads_keep_to_the_bounds(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 1).await;
    append(&store, 0, batch(&[b"0", b"1", b"2", b"3"])).await;
    store
        .trim(id(0), Offset(2))
        .await
        .expect("a log can be trimmed");
    let low = read(&store, 0, Offset(0), ANY).await;
    assert_eq!(
        low.records()
            .map(|record| record.offset.0)
            .collect::<Vec<_>>(),
        [2, 3]
    );
    let found = bounds(&store, 0).await;
    assert_eq!((found.first, found.end), (Offset(2), Offset(4)));
    for from in [4, 5, 1000] {
        let high = read(&store, 0, Offset(from), ANY).await;
        assert!(high.runs.is_empty() && high.next == Offset(from) && high.end >= high.next);
    }
    store
        .trim(id(0), Offset(1000))
        .await
        .expect("trimming past the end hides all");
    let found = bounds(&store, 0).await;
    assert_eq!((found.first, found.end), (Offset(4), Offset(4)));
    let missing = store.read(id(5), Offset(0), ANY).await;
    assert_eq!(missing.err(), Some(ReadError::NoSuchLog(id(5))));
}

/// A read returns at most what was asked for, and at least one record.
pub async fn read_limits_hold(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 1).await;
    for _ in 0..5 {
        append(&store, 0, batch(&[[1; 10], [2; 10], [3; 10]])).await;
    }
    let cases = [
        ((4, 1000), 4),
        ((1000, 45), 4),
        ((1000, 1), 1),
        ((3, 30), 3),
        ((99, 999), 13),
    ];
    for ((records, bytes), expected) in cases {
        let limit = ReadLimit { records, bytes };
        let slice = read(&store, 0, Offset(2), limit).await;
        assert_eq!(slice.records().count(), expected, "{limit:?}");
        assert_eq!(slice.next, Offset(2 + expected as u64));
    }
}

/// An empty record and the longest one come back unchanged.
pub async fn records_of_every_size_come_back(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 1).await;
    let lengths = [0, 1, 511, 512, 4096, 1 << 20, RECORD_BYTES_MAX];
    for (at, length) in (0_u8..).zip(lengths) {
        append(&store, 0, batch(&[vec![at; length]])).await;
    }
    let records = read_all(&store, 0).await;
    assert_eq!(records.len(), lengths.len());
    for (offset, record) in records {
        assert_eq!(record.len(), lengths[offset as usize]);
        assert!(record.iter().all(|byte| *byte == offset as u8));
    }
}

/// Searching by time finds the first kept record at or after it.
pub async fn offset_at_finds_the_first_at_or_after(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 1).await;
    let at = |time| store.offset_at(id(0), time);
    assert_eq!(at(Timestamp(0)).await, Ok(Offset(0)));
    let mut appended = Vec::new();
    for _ in 0..10 {
        appended.push(append(&store, 0, batch(&[b"a", b"b"])).await);
    }
    for one in &appended {
        let same = |other: &&crate::store::Appended| other.arrival >= one.arrival;
        let first = appended.iter().find(same).expect("it is among them").first;
        assert_eq!(at(one.arrival).await, Ok(first));
        let later = Timestamp(one.arrival.0 + 1);
        let next = appended.iter().find(|other| other.arrival >= later);
        assert_eq!(
            at(later).await,
            Ok(next.map_or(Offset(20), |next| next.first))
        );
    }
    store
        .trim(id(0), Offset(7))
        .await
        .expect("a log can be trimmed");
    assert_eq!(at(Timestamp(0)).await, Ok(Offset(7)));
    let missing = store.offset_at(id(3), Timestamp(0)).await;
    assert_eq!(missing, Err(ReadError::NoSuchLog(id(3))));
}

/// A tail moves with appends and ends with its log.
pub async fn tails_follow_appends(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 1).await;
    let mut tail = store.tail(id(0)).expect("the log exists");
    assert_eq!(tail.end(), Offset(0));
    let appending = append(&store, 0, batch(&[b"a", b"b"]));
    let (_, moved) = tokio::join!(appending, tail.reaches_past(Offset(1)));
    assert!(moved && tail.end() == Offset(2));
    store
        .delete(vec![id(0)])
        .await
        .expect("a log can be deleted");
    assert!(
        !tail.reaches_past(Offset(2)).await,
        "the tail of a deleted log ends"
    );
    let gone = store.tail(id(0)).err();
    assert_eq!(gone, Some(ReadError::NoSuchLog(id(0))));
}
