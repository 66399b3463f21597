//! Sealed records that were moved within the store: none is served.

use super::{Locked, SEALED};
use crate::world::{Caller, Start};
use millstream_protocol::ErrorCode;
use millstream_store::{Batch, Batches, LogId};
use std::time::Duration;

/// Appends bytes to a log, behind the engine's back.
async fn append(caller: &Caller, log: LogId, stored: &[u8]) {
    let batches = Batches::one(log, Batch::data(stored));
    caller
        .logs
        .append_many(batches)
        .await
        .pop()
        .unwrap()
        .unwrap();
}

/// What the last record of a shard answers, and how many were read before.
async fn last(caller: &Caller, shard: &str) -> (usize, ErrorCode) {
    let mut iterator = caller.iterator("s", shard, Start::Horizon).await.unwrap();
    let mut read = 0;
    loop {
        match caller.get(&iterator).await {
            Ok(got) => {
                assert!(!got.records.is_empty(), "it was never met");
                read += got.records.len();
                iterator = got.next_shard_iterator.unwrap();
            }
            Err(error) => return (read, error.code),
        }
    }
}

#[tokio::test]
async fn record_when_moved_to_another_shard_then_is_damage() {
    let locked = Locked::new();
    let caller = locked.world.open().await;
    caller.create("s", 2).await.unwrap();
    caller.encrypt("s", &locked.a).await;
    for nth in 0..20 {
        caller.put("s", &format!("key{nth}"), "data").await.unwrap();
    }
    let [first, second] = caller.shard_logs()[..] else {
        panic!("two shards have two logs");
    };
    let taken = caller.stored(first).await[0].clone();
    let before = caller.stored(second).await.len();
    append(&caller, second, &taken).await;
    let shard = "shardId-000000000001";
    assert_eq!(
        last(&caller, shard).await,
        (before, ErrorCode::InternalFailure)
    );
}

#[tokio::test]
async fn record_when_a_byte_of_it_is_another_then_is_damage() {
    let locked = Locked::new();
    let caller = locked.encrypted().await;
    caller.put("s", "key", "data").await.unwrap();
    let log = caller.shard_logs()[0];
    let mut forged = caller.stored(log).await[0].clone();
    assert_eq!(forged[0], SEALED);
    let place = forged.len() - 20;
    forged[place] ^= 1;
    append(&caller, log, &forged).await;
    let shard = "shardId-000000000000";
    assert_eq!(last(&caller, shard).await, (1, ErrorCode::InternalFailure));
}

/// Appends a record again, with the number of another data key.
async fn append_with_data_key(caller: &Caller, stored: &[u8], number: u8) {
    let mut forged = stored.to_vec();
    forged[1] = number;
    append(caller, caller.shard_logs()[0], &forged).await;
}

#[tokio::test]
async fn data_key_when_all_records_expired_that_may_need_it_then_is_dropped() {
    let locked = Locked::new();
    let caller = locked.encrypted().await;
    let day = Duration::from_hours(24);
    for _ in 0..4 {
        caller.put("s", "key", "data").await.unwrap();
        caller.engine.sweep().await;
        locked.pass(day).await;
    }
    caller.put("s", "key", "data").await.unwrap();
    caller.engine.sweep().await;
    let log = caller.shard_logs()[0];
    let stored = caller.stored(log).await.pop().unwrap();
    // Of the retention of a day and the 25 hours of each data key the first two are past: a record
    // of the third may have arrived 23 hours ago.
    for (number, is_asked_for) in [(3, true), (2, false), (1, false)] {
        let calls = locked.keys.calls().decrypt;
        append_with_data_key(&caller, &stored, number).await;
        let (read, ()) = tokio::join!(
            last(&caller, "shardId-000000000000"),
            locked.pass(Duration::from_secs(10)),
        );
        assert_eq!(read.1, ErrorCode::InternalFailure, "{number}");
        assert_eq!(
            locked.keys.calls().decrypt > calls,
            is_asked_for,
            "{number}"
        );
        // What was forged is not met again.
        let end = caller.logs.known_bounds(log).unwrap().end;
        caller.logs.trim(log, end).await.unwrap();
    }
}

#[tokio::test]
async fn record_when_of_a_data_key_that_there_is_not_then_is_damage_after_a_while() {
    let locked = Locked::new();
    let caller = locked.encrypted().await;
    caller.put("s", "key", "data").await.unwrap();
    let stored = caller.stored(caller.shard_logs()[0]).await;
    append_with_data_key(&caller, &stored[0], 9).await;
    let shard = "shardId-000000000000";
    let (read, ()) = tokio::join!(last(&caller, shard), locked.pass(Duration::from_secs(10)),);
    assert_eq!(read, (1, ErrorCode::InternalFailure));
}
