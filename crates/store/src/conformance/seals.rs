//! The clauses about the end of a log: sealing, and later appends.

use super::{ANY, End, Provider, append, batch, bounds, create, id, read, read_all, try_append};
use crate::batch::{Batch, BatchBuilder, Kind};
use crate::batches::Batches;
use crate::store::{AppendError, Appended, LogStore, Offset};
use std::sync::Arc;

async fn kinds(store: &Arc<dyn LogStore>, index: u32) -> Vec<Kind> {
    let slice = read(store, index, Offset(0), ANY).await;
    slice.records().map(|record| record.kind).collect()
}

/// Clause 11.
pub async fn sealing_appends_one_control_record(provider: &impl Provider, end: End) {
    let store = provider.open().await;
    create(&store, 2).await;
    append(&store, 0, batch(&[b"a", b"b"])).await;
    assert_eq!(store.seal(id(0), b"end").await, Ok(Offset(2)));
    for again in [&b"end"[..], b"another end"] {
        assert_eq!(store.seal(id(0), again).await, Ok(Offset(2)));
    }
    assert_eq!(store.seal(id(1), b"").await, Ok(Offset(0)), "an empty log");
    let missing = store.seal(id(5), b"end").await;
    assert_eq!(missing, Err(AppendError::NoSuchLog(id(5))));
    let store = match provider.reopen(store.clone(), end).await {
        Some(reopened) => reopened,
        None => store,
    };
    assert_eq!(store.seal(id(0), b"late").await, Ok(Offset(2)));
    assert_eq!(
        kinds(&store, 0).await,
        [Kind::Data, Kind::Data, Kind::Control]
    );
    assert_eq!(read_all(&store, 0).await[2], (2, b"end".to_vec()));
    assert_eq!(kinds(&store, 1).await, [Kind::Control]);
}

/// Clause 12, sequentially.
pub async fn sealed_logs_take_no_more(provider: &impl Provider, end: End) {
    let store = provider.open().await;
    create(&store, 3).await;
    append(&store, 0, batch(&[b"a"])).await;
    assert_eq!(store.seal(id(0), b"end").await, Ok(Offset(1)));
    // However it got there: the rest of its own batch stays, too.
    let mut mixed = BatchBuilder::default();
    mixed.push(Kind::Data, &[b"a"]);
    mixed.push(Kind::Data, &[b"b"]);
    mixed.push(Kind::Control, &[b"end"]);
    mixed.push(Kind::Data, &[b"behind"]);
    let calls = [
        (id(2), mixed.finish()),
        (id(2), batch(&[b"late"])),
        (id(0), batch(&[b"late"])),
        (id(1), batch(&[b"open"])),
    ];
    let results = store.append_many(Batches::from_iter(calls)).await;
    assert!(results[0].is_ok() && results[3].is_ok());
    assert_eq!(results[1], Err(AppendError::Sealed(Offset(2))));
    assert_eq!(results[2], Err(AppendError::Sealed(Offset(1))));
    let store = match provider.reopen(store.clone(), end).await {
        Some(reopened) => reopened,
        None => store,
    };
    for (log, at, records) in [(0, 1, 2), (2, 2, 4)] {
        let refused = Err(AppendError::Sealed(Offset(at)));
        assert_eq!(try_append(&store, log, batch(&[b"later"])).await, refused);
        assert_eq!(try_append(&store, log, Batch::control(b"x")).await, refused);
        assert_eq!(kinds(&store, log).await.len(), records, "no trace");
        let trimmed = store.trim(id(log), Offset(9)).await;
        trimmed.expect("a sealed log can be trimmed");
        assert_eq!(try_append(&store, log, batch(&[b"last"])).await, refused);
        assert_eq!(bounds(&store, log).await.first_control, Some(Offset(at)));
    }
    assert_eq!(append(&store, 1, batch(&[b"on"])).await.first, Offset(1));
}

/// Clause 12, concurrently.
pub async fn seals_and_appends_in_flight_have_one_order(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 1).await;
    let (a, b, one, two) = tokio::join!(
        produce(&store),
        produce(&store),
        seal_after(&store, 9),
        seal_after(&store, 11)
    );
    assert_eq!(one, two, "a log ends once");
    let mut applied = 0;
    for result in a.into_iter().chain(b) {
        match result {
            Ok(appended) => {
                applied += 2;
                assert!(appended.first < one, "it stands before the end");
            }
            Err(error) => assert_eq!(error, AppendError::Sealed(one)),
        }
    }
    assert_eq!(one, Offset(applied));
    let found = bounds(&store, 0).await;
    assert_eq!((found.end, found.first_control), (one.plus(1), Some(one)));
}

async fn produce(store: &Arc<dyn LogStore>) -> Vec<Result<Appended, AppendError>> {
    let mut results = Vec::new();
    for _ in 0..20 {
        results.push(try_append(store, 0, batch(&[b"1", b"2"])).await);
        tokio::task::yield_now().await;
    }
    results
}

async fn seal_after(store: &Arc<dyn LogStore>, turns: u32) -> Offset {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
    let sealed = store.seal(id(0), b"end").await;
    sealed.expect("a log can be sealed")
}
