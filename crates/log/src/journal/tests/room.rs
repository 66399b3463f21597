//! Giving back space: an hour after hiding, whole segments, and not while clocks jump.

use super::super::space::FREED_AFTER;
use super::harness::{World, append, create, id, read_all};
use crate::store::{LogStore, Offset};
use env::{Clock, Timestamp};
use std::time::Duration;

const SEGMENT: u64 = 1024 * 1024;

async fn filled(world: &World) -> std::sync::Arc<super::super::Journal> {
    let journal = world.open();
    create(&journal, 2).await;
    for _ in 0..150 {
        append(&journal, 0, &[1; 30_000]).await;
    }
    journal.maintain().await;
    journal
}

#[tokio::test]
async fn trimmed_segments_when_an_hour_has_passed_then_give_their_space_back() {
    let world = World::new(1);
    let journal = filled(&world).await;
    let full = journal.disk_bytes();
    assert!(full > 4 * SEGMENT);
    journal.trim(id(0), Offset(150)).await.unwrap();
    world.clock.advance(FREED_AFTER - Duration::from_secs(1));
    journal.maintain().await;
    assert_eq!(journal.disk_bytes(), full, "not before the hour is over");
    world.clock.advance(Duration::from_secs(1));
    journal.maintain().await;
    assert!(
        journal.disk_bytes() <= 2 * SEGMENT,
        "{} bytes are left",
        journal.disk_bytes()
    );
    append(&journal, 0, b"on").await;
    let journal = world.lose_power();
    assert_eq!(
        read_all(&journal, 0).await.unwrap(),
        [(150, b"on".to_vec())]
    );
}

#[tokio::test]
async fn deleted_logs_when_an_hour_has_passed_then_give_their_space_back() {
    let world = World::new(1);
    let journal = filled(&world).await;
    journal.delete(vec![id(0)]).await.unwrap();
    world.clock.advance(FREED_AFTER);
    journal.maintain().await;
    assert!(journal.disk_bytes() <= 2 * SEGMENT);
}

#[tokio::test]
async fn space_when_hidden_before_a_restart_then_is_given_back_an_hour_after_it() {
    let world = World::new(1);
    let journal = filled(&world).await;
    journal.delete(vec![id(0)]).await.unwrap();
    drop(journal);
    let journal = world.kill();
    journal.maintain().await;
    assert!(journal.disk_bytes() > 4 * SEGMENT);
    world.clock.advance(FREED_AFTER);
    journal.maintain().await;
    assert!(journal.disk_bytes() <= 2 * SEGMENT);
}

#[tokio::test]
async fn space_when_the_wall_clock_was_set_then_is_kept_for_an_hour_more() {
    let world = World::new(1);
    let journal = filled(&world).await;
    journal.trim(id(0), Offset(150)).await.unwrap();
    let full = journal.disk_bytes();
    world.clock.advance(FREED_AFTER);
    world
        .clock
        .set_wall(Timestamp(world.clock.now().0 + 86_400_000));
    journal.maintain().await;
    assert_eq!(journal.disk_bytes(), full);
    world.clock.advance(FREED_AFTER);
    journal.maintain().await;
    assert!(journal.disk_bytes() < full);
}

#[tokio::test]
async fn freed_files_when_there_are_many_then_two_are_kept_for_writing_over() {
    let world = World::new(1);
    let journal = filled(&world).await;
    journal.trim(id(0), Offset(150)).await.unwrap();
    world.clock.advance(FREED_AFTER);
    journal.maintain().await;
    let files = env::Disk::list(&world.disk, std::path::Path::new(super::harness::DIRECTORY));
    let files = files.unwrap();
    let is_spare = |path: &&std::path::PathBuf| path.extension().is_some_and(|e| e == "spare");
    assert!(files.iter().filter(is_spare).count() <= 2);
    for _ in 0..150 {
        append(&journal, 0, &[2; 30_000]).await;
    }
    let journal = world.kill();
    let records = read_all(&journal, 0).await.unwrap();
    assert!(records.len() == 150 && records.iter().all(|(_, record)| record[0] == 2));
}
