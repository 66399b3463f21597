//! Shards whose logs hold records after a CLOSE, as journals of earlier versions may.

use super::world::{Start, World, text};
use millstream_store::{BatchBuilder, Batches, Kind, LogId, LogStore};

/// Appends to a shard's log a record, a CLOSE, and records of the same form behind it.
async fn append_behind_a_close(store: &dyn LogStore, log: LogId, record: &[u8]) {
    let mut batch = BatchBuilder::default();
    batch.push(Kind::Data, &[record]);
    batch.push(Kind::Control, &[&[1]]);
    batch.push(Kind::Data, &[record]);
    batch.push(Kind::Control, &[&[1]]);
    batch.push(Kind::Data, &[record]);
    let appended = store.append_many(Batches::one(log, batch.finish())).await;
    appended[0].as_ref().unwrap();
}

#[tokio::test]
async fn shard_when_records_stand_behind_its_first_close_then_ends_there_for_every_reader() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let put = caller.put("s", "k", "first").await.unwrap();
    let is_shard = |log: &LogId| log.group != u64::MAX;
    let log = world.store.known_list().into_iter().find(is_shard).unwrap();
    // Form 0, a key of one byte, the data.
    append_behind_a_close(&*world.store, log, b"\0\x01\0klast").await;
    let found = async |start| {
        let (records, is_over) = caller.read("s", "0", start).await;
        let texts: Vec<String> = records.iter().map(text).collect();
        (texts, is_over)
    };
    // Not complete yet: the shard is open in the catalog, and nothing behind the CLOSE is shown.
    assert_eq!(found(Start::Horizon).await.0, ["first", "last"]);
    assert_eq!(found(Start::After(&put.sequence_number)).await.0, ["last"]);
    assert!(found(Start::Latest).await.0.is_empty());
    caller.split("s", "0", 1 << 127).await.unwrap();
    let texts = ["first".to_owned(), "last".to_owned()];
    assert_eq!(found(Start::Horizon).await, (texts.to_vec(), true));
    caller.put("s", "k", "child").await.unwrap();
    assert_eq!(caller.read_all("s").await, ["first", "last", "child"]);
}
