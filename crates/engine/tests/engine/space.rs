//! Retention gives the disk space back: engine, journal and clock together.

use crate::world::{World, until};
use env::MemoryDisk;
use log::{Journal, Options};
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
