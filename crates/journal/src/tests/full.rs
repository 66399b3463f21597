//! A full disk: ordinary appends are refused at once, operations that free space succeed, and once
//! there is room everything does.

use super::harness::{World, batch, create, id, read_all, try_append};
use crate::Journal;
use millstream_env::{Clock, Timestamp};
use millstream_store::batch::Batch;
use millstream_store::batches::Batches;
use millstream_store::store::{AppendError, LogId, LogSettings, LogStore, Offset, Priority};
use std::sync::Arc;
use std::time::Duration;

const MIB: u64 = 1024 * 1024;
static RECORD: [u8; 20_000] = [7; 20_000];

fn catalog() -> LogId {
    LogId { group: 0, index: 0 }
}

/// A journal on a small disk with a privileged log, filled by logs 0 to 2 in turns, and at last 3,
/// until it refuses; and how many records each of the former has.
async fn filled(world: &World, capacity_bytes: u64) -> (Arc<Journal>, u64) {
    world.disk.set_capacity(Some(capacity_bytes));
    let journal = world.open();
    let priority = Priority::Reserved;
    let settings = LogSettings {
        priority,
        ..LogSettings::default()
    };
    journal.create(vec![(catalog(), settings)]).await.unwrap();
    create(&journal, 4).await;
    let mut count = 0;
    loop {
        let batches = (0..3).map(|log| (id(log), batch(&[RECORD]))).collect();
        match journal.append_many(batches).await[0] {
            Ok(_) => count += 1,
            Err(AppendError::Full) => break,
            ref other => panic!("{other:?}"),
        }
    }
    // The rest of the open segment.
    while try_append(&journal, 3, batch(&[RECORD])).await.is_ok() {}
    (journal, count)
}

async fn append_to_catalog(journal: &Journal, bytes: &[u8]) -> Result<Offset, AppendError> {
    let batches = Batches::one(catalog(), Batch::data(bytes));
    let appended = journal.append_many(batches).await.remove(0);
    appended.map(|appended| appended.first)
}

async fn refuses_ordinary(journal: &Journal) {
    let refused = try_append(journal, 1, batch(&[RECORD])).await;
    assert_eq!(refused.err(), Some(AppendError::Full));
}

/// The disk has room again by itself: the cleaner is on its way.
async fn append_when_there_is_room(world: &World, journal: &Journal, log: u32) -> Offset {
    for _ in 0..100 {
        match try_append(journal, log, batch(&[RECORD])).await {
            Ok(appended) => return appended.first,
            Err(error) => assert_eq!(error, AppendError::Full),
        }
        // A minute at most, as the operator sees it.
        world.clock.advance(Duration::from_millis(600));
        journal.maintain().await;
    }
    panic!("there is no room after a minute");
}

#[tokio::test]
async fn a_full_disk_when_appended_to_then_refuses_and_still_reads_and_takes_what_is_privileged() {
    let world = World::inline(1);
    let (journal, count) = filled(&world, 12 * MIB).await;
    assert!(count > 120, "{count} records of each log found room");
    assert!(journal.is_writable());
    for round in 0..50_u64 {
        refuses_ordinary(&journal).await;
        let first = append_to_catalog(&journal, &[1; 3_000]).await;
        assert_eq!(first, Ok(Offset(round)));
    }
    assert_eq!(read_all(&journal, 0).await.unwrap().len() as u64, count);
    let sealed = journal.seal(id(0), b"closed").await;
    assert_eq!(sealed, Ok(Offset(count)), "a mark is taken");
    let late = try_append(&journal, 0, batch(&[RECORD])).await;
    assert_eq!(late, Err(AppendError::Sealed(Offset(count))), "full or not");
    let journal = world.lose_power();
    assert_eq!(read_all(&journal, 1).await.unwrap().len() as u64, count);
    assert_eq!(journal.known_bounds(catalog()).unwrap().end, Offset(50));
    assert_eq!(append_to_catalog(&journal, b"on").await, Ok(Offset(50)));
}

#[tokio::test]
async fn a_mixed_call_when_the_disk_is_full_then_is_refused_for_ordinary_logs_alone() {
    let world = World::inline(1);
    let (journal, count) = filled(&world, 12 * MIB).await;
    let mixed = [(id(0), batch(&[RECORD])), (catalog(), batch(&[b"command"]))];
    let results = journal.append_many(Batches::from_iter(mixed)).await;
    assert_eq!(results[0], Err(AppendError::Full));
    assert_eq!(results[1].clone().unwrap().first, Offset(0));
    assert_eq!(journal.known_bounds(id(0)).unwrap().end, Offset(count));
}

#[tokio::test]
async fn a_log_when_deleted_on_a_full_disk_then_makes_room_at_once() {
    for capacity_mib in [6, 12, 6, 12, 40] {
        // With real threads: writer, keeper and cleaner compete for what room there is.
        let world = World::new(capacity_mib);
        let (journal, count) = filled(&world, capacity_mib * MIB).await;
        journal.delete(vec![id(0), id(2)]).await.unwrap();
        let next = append_when_there_is_room(&world, &journal, 1).await;
        assert_eq!(next, Offset(count));
        for _ in 0..count / 2 {
            append_when_there_is_room(&world, &journal, 1).await;
        }
        let journal = world.lose_power();
        let kept = read_all(&journal, 1).await.unwrap();
        assert_eq!(kept.len() as u64, count + 1 + count / 2);
        assert!(kept.iter().all(|(_, record)| *record == RECORD));
    }
}

#[tokio::test]
async fn logs_when_trimmed_on_a_full_disk_then_make_room_at_once() {
    let world = World::inline(1);
    let (journal, count) = filled(&world, 12 * MIB).await;
    for log in 0..3 {
        journal.trim(id(log), Offset(count / 2)).await.unwrap();
    }
    let next = append_when_there_is_room(&world, &journal, 0).await;
    assert_eq!(next, Offset(count));
    for _ in 0..count / 4 {
        append_when_there_is_room(&world, &journal, 0).await;
    }
    let journal = world.lose_power();
    let kept = read_all(&journal, 1).await.unwrap();
    assert_eq!(kept.len() as u64, count - count / 2);
}

#[tokio::test]
async fn trimmed_records_when_the_wall_clock_was_set_then_are_kept_even_on_a_full_disk() {
    let world = World::inline(1);
    let (journal, count) = filled(&world, 12 * MIB).await;
    journal.maintain().await;
    let full = journal.disk_bytes();
    let wrong = Timestamp(world.clock.now().0 + 86_400_000);
    world.clock.set_wall(wrong);
    for log in 0..3 {
        journal.trim(id(log), Offset(count)).await.unwrap();
    }
    journal.maintain().await;
    assert!(journal.disk_bytes() >= full, "nothing is freed");
    refuses_ordinary(&journal).await;
    // Deleting is no matter of time.
    journal.delete(vec![id(0), id(1), id(2)]).await.unwrap();
    create_more(&journal).await;
    let next = append_when_there_is_room(&world, &journal, 5).await;
    assert_eq!(next, Offset(0));
}

async fn create_more(journal: &Journal) {
    let logs = (4..6).map(|log| (id(log), LogSettings::default()));
    journal.create(logs.collect()).await.unwrap();
}

#[tokio::test]
async fn the_last_byte_when_it_is_taken_by_others_then_deleting_still_makes_room() {
    let world = World::inline(1);
    let (journal, count) = filled(&world, 12 * MIB).await;
    // Somebody else fills what the journal left.
    let free = millstream_env::Disk::free_bytes(&world.disk, std::path::Path::new("/")).unwrap();
    let path = std::path::Path::new(super::harness::DIRECTORY).join("others");
    let file = millstream_env::Disk::open(&world.disk, &path, millstream_env::OpenMode::CreateNew)
        .unwrap();
    file.allocate(free).unwrap();
    refuses_ordinary(&journal).await;
    journal.delete(vec![id(0), id(2)]).await.unwrap();
    let next = append_when_there_is_room(&world, &journal, 1).await;
    assert_eq!(next, Offset(count));
}

#[tokio::test]
async fn a_full_store_when_reopened_then_is_still_full_and_still_deletes() {
    let world = World::inline(1);
    let (journal, count) = filled(&world, 12 * MIB).await;
    append_to_catalog(&journal, &[1; 60_000]).await.unwrap();
    drop(journal);
    let journal = world.kill();
    // What the command's segment has left, if the reserve found room again.
    let mut more = 0;
    while try_append(&journal, 1, batch(&[RECORD])).await.is_ok() {
        more += 1;
    }
    assert!(more < 20, "{more} records more");
    refuses_ordinary(&journal).await;
    journal.delete(vec![id(0), id(2)]).await.unwrap();
    let next = append_when_there_is_room(&world, &journal, 1).await;
    assert_eq!(next, Offset(count + more));
}
