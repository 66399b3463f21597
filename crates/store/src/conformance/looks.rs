//! The clause about looks: what a handle knows, and what it finds when it looks.

use super::{ANY, Provider, append, batch, bounds, create, id, list, read_all, try_append};
use crate::store::{AppendError, LogStore, Offset, ReadError};
use std::sync::Arc;

/// Checks that the handle knows the current state, since no other handle did anything.
async fn knows_what_is(store: &Arc<dyn LogStore>, logs: &[u32]) {
    assert_eq!(store.known_list(), list(store).await);
    for log in logs {
        let known = store.known_bounds(id(*log));
        assert_eq!(known, Ok(bounds(store, *log).await));
    }
}

/// Clause 14, for one handle.
pub async fn known_looks_cover_what_was_done(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 3).await;
    knows_what_is(&store, &[0, 1, 2]).await;
    for _ in 0..3 {
        append(&store, 0, batch(&[b"a", b"b"])).await;
        knows_what_is(&store, &[0]).await;
    }
    let trimmed = store.trim(id(0), Offset(2)).await;
    trimmed.expect("a log can be trimmed");
    knows_what_is(&store, &[0]).await;
    let sealed = store.seal(id(0), b"end").await;
    sealed.expect("a log can be sealed");
    knows_what_is(&store, &[0, 1]).await;
    let deleted = store.delete(vec![id(1)]).await;
    deleted.expect("a log can be deleted");
    knows_what_is(&store, &[0, 2]).await;
    let missing = Err(ReadError::NoSuchLog(id(1)));
    assert_eq!(store.known_bounds(id(1)), missing);
    assert_eq!(store.fresh_bounds(id(1)).await, missing);
}

/// Clause 14, for several handles.
pub async fn fresh_looks_see_what_others_did(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 1).await;
    append(&store, 0, batch(&[b"a"])).await;
    let Some(other) = provider.beside().await else {
        return;
    };
    let opened = other.known_bounds(id(0)).expect("it was there before");
    assert_eq!(opened.end, Offset(1));
    append(&store, 0, batch(&[b"b", b"c"])).await;
    create(&store, 0).await;
    let more = vec![(id(5), crate::store::LogSettings::default())];
    store
        .create(more)
        .await
        .expect("a fresh log can be created");
    assert_eq!(bounds(&other, 0).await, bounds(&store, 0).await);
    assert_eq!(list(&other).await, [id(0), id(5)]);
    // A look updates the handle's knowledge.
    let known = other.known_bounds(id(0)).expect("the log exists");
    assert_eq!(known.end, Offset(3));
    append(&store, 0, batch(&[b"d"])).await;
    let read = read_all(&other, 0).await;
    let known = other.known_bounds(id(0)).expect("the log exists");
    assert_eq!(
        (read.len(), known.end),
        (4, Offset(4)),
        "what was read is known"
    );
    let sealed = store.seal(id(0), b"end").await;
    let late = try_append(&other, 0, batch(&[b"late"])).await;
    assert_eq!(late, Err(AppendError::Sealed(Offset(4))));
    let known = other.known_bounds(id(0)).expect("the log exists");
    assert_eq!(
        known.first_control,
        Some(Offset(4)),
        "what was told is known"
    );
    assert_eq!(bounds(&other, 0).await.first_control, sealed.ok());
    let ahead = other.read(id(5), Offset(0), ANY).await;
    assert!(ahead.is_ok_and(|slice| slice.runs.is_empty()));
    let deleted = store.delete(vec![id(5)]).await;
    deleted.expect("a log can be deleted");
    assert_eq!(list(&other).await, [id(0)]);
}
