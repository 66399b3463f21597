//! The clause about owners: epochs, and appends under lower ones.

use super::{Provider, append, batch, create, id, read_all, try_append};
use crate::store::{AppendError, Epoch, Offset};

/// Clause 13.
pub async fn higher_claims_fence_lower_ones(provider: &impl Provider) {
    let store = provider.open().await;
    create(&store, 2).await;
    append(&store, 0, batch(&[b"unclaimed"])).await;
    for _ in 0..2 {
        assert_eq!(store.claim(id(0), Epoch(1)).await, Ok(()));
        append(&store, 0, batch(&[b"first"])).await;
    }
    let missing = store.claim(id(5), Epoch(1)).await;
    assert_eq!(missing, Err(AppendError::NoSuchLog(id(5))));
    let Some(other) = provider.beside().await else {
        return;
    };
    assert_eq!(other.claim(id(0), Epoch(2)).await, Ok(()));
    let taken = append(&other, 0, batch(&[b"second"])).await;
    assert_eq!(taken.first, Offset(3));
    let late = try_append(&store, 0, batch(&[b"late"])).await;
    assert_eq!(late, Err(AppendError::Fenced));
    let third = provider.beside().await.expect("there may be several");
    let unclaimed = try_append(&third, 0, batch(&[b"late"])).await;
    assert_eq!(unclaimed, Err(AppendError::Fenced), "the lowest of all");
    append(&store, 1, batch(&[b"another log"])).await;
    // It comes back, under an even higher claim.
    assert_eq!(store.claim(id(0), Epoch(3)).await, Ok(()));
    append(&store, 0, batch(&[b"third"])).await;
    let late = try_append(&other, 0, batch(&[b"late"])).await;
    assert_eq!(late, Err(AppendError::Fenced));
    assert_eq!(other.seal(id(0), b"end").await, Ok(Offset(5)));
    for handle in [&store, &other, &third] {
        let late = try_append(handle, 0, batch(&[b"late"])).await;
        assert_eq!(late, Err(AppendError::Sealed(Offset(5))));
        let records = read_all(handle, 0).await;
        let texts: Vec<Vec<u8>> = records.into_iter().map(|record| record.1).collect();
        let expected = ["unclaimed", "first", "first", "second", "third", "end"];
        assert_eq!(texts, expected.map(|text| text.as_bytes().to_vec()));
    }
}
