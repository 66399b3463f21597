//! Engine, journal and clock together: expired records free their disk space, and cold ones are
//! read like hot ones.

use crate::world::{Start, World, until};
use millstream_env::MemoryDisk;
use millstream_journal::{Journal, Options};
use millstream_protocol::operations::GetRecordsInput;
use millstream_store::LogStore;
use millstream_streams::Settings;
use millstream_streams::operations::GetRecords;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);
const MIB: u64 = 1024 * 1024;

#[tokio::test]
async fn disk_when_records_have_expired_for_an_hour_then_has_its_space_back() {
    let mut world = World::without_limits();
    world.env.disk = Arc::new(MemoryDisk::new());
    let options = Options {
        segment_bytes_max: MIB,
        ..Options::default()
    };
    let journal = Journal::open(world.env.clone(), Path::new("/data"), options).unwrap();
    world.store = journal.clone();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let data = "x".repeat(100_000);
    for _ in 0..200 {
        caller.put("s", "k", &data).await.unwrap();
    }
    assert!(journal.disk_bytes() > 19 * MIB);
    world.clock.advance(24 * HOUR + Duration::from_millis(1));
    assert!(caller.read_all("s").await.is_empty(), "hidden at once");
    caller.engine.sweep().await;
    journal.maintain().await;
    assert!(journal.disk_bytes() > 19 * MIB, "but not freed yet");
    caller.put("s", "k", "fresh").await.unwrap();
    world.clock.advance(HOUR + Duration::from_millis(1));
    let is_freed = async || {
        journal.maintain().await;
        journal.disk_bytes() <= 4 * MIB
    };
    until(is_freed).await;
    assert_eq!(caller.read_all("s").await, ["fresh"]);
}

#[tokio::test]
async fn cold_records_when_read_after_a_restart_then_come_all_at_once_and_pause_nobody() {
    let mut world = World::new(Settings::default());
    world.env.disk = Arc::new(MemoryDisk::new());
    let open = || Journal::open(world.env.clone(), Path::new("/data"), Options::default()).unwrap();
    let journal = open();
    let caller = world.open_on(journal.clone()).await;
    caller.create("s", 1).await.unwrap();
    for _ in 0..60 {
        caller.put("s", "k", &"x".repeat(90_000)).await.unwrap();
        world.clock.advance(Duration::from_secs(1));
    }
    journal.shutdown().await;
    drop((caller, journal));
    let caller = world.open_on(open()).await;
    let first = caller.iterator("s", "0", Start::Horizon).await.unwrap();
    let two = GetRecordsInput {
        shard_iterator: first,
        limit: Some(2),
        ..Default::default()
    };
    let two = caller.call::<GetRecords>(two).await.unwrap();
    assert_eq!(two.records.len(), 2);
    let rest = caller.get(&two.next_shard_iterator.unwrap()).await.unwrap();
    assert_eq!(
        (rest.records.len(), rest.millis_behind_latest),
        (58, Some(0))
    );
    world.clock.advance(Duration::from_secs(4));
    caller
        .get(&rest.next_shard_iterator.unwrap())
        .await
        .unwrap();
}
