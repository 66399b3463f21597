//! The clauses about the set of logs: create, configure, trim, delete.

use super::{End, Provider, append, batch, create, id, is_missing, list, read_all};
use crate::store::{LogSettings, LogStore, Offset, ReadError, StoreError};
use std::sync::Arc;

/// Creation is all or nothing, and refuses existing logs.
pub async fn create_is_all_or_none(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 2).await;
    let settings = LogSettings::default();
    let again = store
        .create(vec![(id(5), settings), (id(1), settings)])
        .await;
    assert_eq!(again, Err(StoreError::Exists(id(1))));
    assert_eq!(list(&store).await, [id(0), id(1)]);
    let twice = store
        .create(vec![(id(6), settings), (id(6), settings)])
        .await;
    assert_eq!(twice, Err(StoreError::Exists(id(6))));
    assert_eq!(list(&store).await, [id(0), id(1)]);
    store
        .create(vec![(id(5), settings)])
        .await
        .expect("what was refused left no trace");
}

/// Clause 9.
pub async fn changes_are_durable_and_harmless_to_repeat(provider: &impl Provider, end: End) {
    let store = provider.open().await;
    create(&store, 4).await;
    append(&store, 0, batch(&[b"0", b"1", b"2"])).await;
    for _ in 0..2 {
        store
            .delete(vec![id(1), id(2)])
            .await
            .expect("deleting again is harmless");
        store
            .trim(id(0), Offset(2))
            .await
            .expect("trimming again is harmless");
        let settings = LogSettings {
            retention_ms: 1000,
            ..LogSettings::default()
        };
        store
            .configure(id(3), settings)
            .await
            .expect("configuring again is harmless");
    }
    store
        .trim(id(0), Offset(1))
        .await
        .expect("going back is ignored");
    assert!(is_missing(store.trim(id(1), Offset(0)).await));
    assert!(is_missing(
        store.configure(id(1), LogSettings::default()).await
    ));
    let store = match provider.reopen(store.clone(), end).await {
        Some(reopened) => reopened,
        None => store,
    };
    assert_eq!(list(&store).await, [id(0), id(3)]);
    assert_eq!(read_all(&store, 0).await, [(2, b"2".to_vec())]);
    let again = store.create(vec![(id(3), LogSettings::default())]).await;
    assert_eq!(again, Err(StoreError::Exists(id(3))));
}

/// Clause 10.
pub async fn trimmed_and_deleted_stay_gone(provider: &impl Provider, end: End) {
    let store = provider.open().await;
    create(&store, 4).await;
    for index in 0..3 {
        append(&store, index, batch(&[b"0", b"1"])).await;
    }
    store
        .trim(id(0), Offset(2))
        .await
        .expect("a log can be trimmed");
    store
        .trim(id(1), Offset(1))
        .await
        .expect("a log can be trimmed");
    store
        .delete(vec![id(2), id(3)])
        .await
        .expect("a log can be deleted");
    stay_taken(&store).await;
    let store = match provider.reopen(store.clone(), end).await {
        Some(reopened) => reopened,
        None => store,
    };
    stay_taken(&store).await;
    assert_eq!(read_all(&store, 0).await, []);
    assert_eq!(read_all(&store, 1).await, [(1, b"1".to_vec())]);
    let gone = store.fresh_bounds(id(2)).await;
    assert_eq!(gone, Err(ReadError::NoSuchLog(id(2))));
    assert_eq!(append(&store, 0, batch(&[b"2"])).await.first, Offset(2));
    assert_eq!(read_all(&store, 0).await, [(2, b"2".to_vec())]);
}

/// The ids of logs that were just deleted, one of which never held anything.
async fn stay_taken(store: &Arc<dyn LogStore>) {
    for index in [2, 3] {
        let again = store.create(vec![(id(index), LogSettings::default())]);
        assert_eq!(again.await, Err(StoreError::Exists(id(index))));
    }
}
