//! Corruption: detected, named, never served, and never the end of a log.

use super::harness::{World, append, batch, create, id, place_in_file, read_all, tiny, try_append};
use crate::OpenError;
use crate::format::frame::FRAME_HEADER_BYTES;
use crate::format::segment::FRAMES_START;
use millstream_store::store::{AppendError, LogStore, ReadError};
use std::path::{Path, PathBuf};

fn tiny_world() -> World {
    World {
        options: tiny(),
        ..World::new(1)
    }
}

fn damage_of(result: Result<Vec<(u64, Vec<u8>)>, ReadError>) -> (String, u64) {
    match result {
        Err(ReadError::Damaged { at, .. }) => place_in_file(&at),
        other => panic!("no damage, but {other:?}"),
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> u64 {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
        .unwrap() as u64
}

/// A store of two logs in one segment, closed by a witness; gives the segment's file.
async fn two_logs(world: &World) -> PathBuf {
    let journal = world.open();
    create(&journal, 2).await;
    for record in ["one", "two", "three"] {
        append(&journal, 0, format!("log zero {record}").as_bytes()).await;
        append(&journal, 1, format!("log one {record}").as_bytes()).await;
    }
    journal.shutdown().await;
    world.segments().remove(0)
}

#[tokio::test]
async fn a_record_when_it_rots_then_its_log_is_damaged_there_and_others_are_not() {
    let world = World::new(1);
    let segment = two_logs(&world).await;
    let position = find(&world.disk.contents(&segment).unwrap(), b"log zero two");
    world.disk.corrupt(&segment, position + 4, 0x10);
    let journal = world.open();
    let slice = super::harness::read(&journal, 0, 0).await.unwrap();
    assert_eq!(
        slice.records().count(),
        1,
        "what stands before the damage is readable"
    );
    let (file, at) = damage_of(read_all(&journal, 0).await);
    assert_eq!(Some(file.as_str()), segment.file_name().unwrap().to_str());
    assert_eq!(
        at,
        position - 4,
        "the block begins with the record's length"
    );
    assert_eq!(read_all(&journal, 1).await.unwrap().len(), 3);
    assert!(
        append(&journal, 0, b"on").await.first.0 == 3,
        "the end is known"
    );
}

#[tokio::test]
async fn a_frame_header_when_it_rots_then_logs_that_may_have_lost_their_end_refuse_appends() {
    let world = World::new(1);
    let segment = two_logs(&world).await;
    let contents = world.disk.contents(&segment).unwrap();
    // The frame of the last record of log 0: header and one entry stand before its payload.
    let payload = find(&contents, b"log zero three") - 4;
    world.disk.corrupt(&segment, payload - 48 - 32 + 8, 1);
    let journal = world.open();
    let slice = super::harness::read(&journal, 0, 0).await.unwrap();
    assert_eq!(slice.records().count(), 2);
    damage_at_end(&journal).await;
    let refused = try_append(&journal, 0, batch(&[b"on"])).await;
    assert!(
        matches!(refused, Err(AppendError::NotApplied(_))),
        "{refused:?}"
    );
    assert_eq!(
        read_all(&journal, 1).await.unwrap().len(),
        3,
        "log 1 goes on after it"
    );
    for _ in 0..4 {
        try_append(&journal, 1, batch(&[vec![0; 500_000]]))
            .await
            .unwrap();
    }
    create_one(&journal, 2).await;
    // The second time it is found again, though newer segments stand after it.
    let journal = world.kill();
    assert!(world.segments().len() > 1);
    damage_at_end(&journal).await;
    assert_eq!(read_all(&journal, 1).await.unwrap().len(), 7);
    append(&journal, 2, b"made after the damage").await;
}

/// Nobody knows whether log 0 ends after two records.
async fn damage_at_end(journal: &crate::Journal) {
    let read = super::harness::read(journal, 0, 2).await;
    assert!(matches!(read, Err(ReadError::Damaged { .. })), "{read:?}");
}

async fn create_one(journal: &crate::Journal, index: u32) {
    journal
        .create(vec![(id(index), millstream_store::LogSettings::default())])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_segment_when_it_is_missing_then_the_damage_has_its_name() {
    let world = World::new(1);
    let journal = world.open();
    create(&journal, 2).await;
    append(&journal, 1, b"before").await;
    for _ in 0..80 {
        append(&journal, 0, &[1; 30_000]).await;
    }
    journal.shutdown().await;
    let segments = world.segments();
    assert!(segments.len() >= 3);
    millstream_env::Disk::remove(&world.disk, &segments[1]).unwrap();
    let journal = world.open();
    let (file, _) = damage_of(read_all(&journal, 0).await);
    assert_eq!(
        Some(file.as_str()),
        segments[1].file_name().unwrap().to_str()
    );
    let slice = super::harness::read(&journal, 0, 0).await.unwrap();
    assert!(slice.records().count() > 10, "up to it all can be read");
}

#[tokio::test]
async fn a_manifest_when_it_is_damaged_or_missing_then_the_journal_does_not_open() {
    let world = World::new(1);
    let segment = two_logs(&world).await;
    let manifest = Path::new(super::harness::DIRECTORY).join("MANIFEST");
    world.disk.corrupt(&manifest, 20, 1);
    let refused = world.try_open().err();
    assert!(
        matches!(refused, Some(OpenError::Damaged { .. })),
        "{refused:?}"
    );
    millstream_env::Disk::remove(&world.disk, &manifest).unwrap();
    for _ in 0..2 {
        let refused = world.try_open().err();
        assert!(
            matches!(refused, Some(OpenError::Stray { .. })),
            "{refused:?}"
        );
        // Not even with a header that rotted is it taken for a new store.
        world.disk.corrupt(&segment, 9, 1);
    }
}

#[tokio::test]
async fn a_footer_when_it_is_damaged_then_the_frames_serve() {
    let world = World::new(1);
    let journal = world.open();
    create(&journal, 1).await;
    for _ in 0..60 {
        append(&journal, 0, &[1; 30_000]).await;
    }
    journal.maintain().await;
    journal.shutdown().await;
    let first = world.segments().remove(0);
    let length = world.disk.contents(&first).unwrap().len() as u64;
    assert!(
        length < 1024 * 1024,
        "a sealed segment ends with its footer"
    );
    for back in (1..400).step_by(11) {
        let copy = World::new(1);
        copy_store(&world, &copy);
        copy.disk.corrupt(&first, length - back, 4);
        let journal = copy.open();
        assert_eq!(
            read_all(&journal, 0).await.unwrap().len(),
            60,
            "{back} bytes from the end"
        );
    }
}

/// The last frame and its witness rot together: the first page alone tells that they were synced.
#[tokio::test]
async fn a_tail_when_it_rots_with_its_witness_then_is_damage_and_stays_as_it_is() {
    let world = tiny_world();
    let segment = two_logs(&world).await;
    let contents = world.disk.contents(&segment).unwrap();
    let last = find(&contents, b"log one three") - 4 - 32 - 48;
    let end = (contents.iter().rposition(|byte| *byte != 0).unwrap() as u64).next_multiple_of(8);
    for position in last..end {
        world.disk.corrupt(&segment, position, 0x55);
    }
    let rotten = world.disk.contents(&segment).unwrap();
    for _ in 0..2 {
        let journal = world.open();
        let slice = super::harness::read(&journal, 1, 0).await.unwrap();
        assert_eq!(slice.records().count(), 2);
        match super::harness::read(&journal, 1, 2).await {
            Err(ReadError::Damaged { at, .. }) => assert_eq!(place_in_file(&at).1, last),
            other => panic!("no damage, but {other:?}"),
        }
        journal.shutdown().await;
        let now = world.disk.contents(&segment).unwrap();
        let synced = FRAMES_START as usize..end as usize - FRAME_HEADER_BYTES;
        assert!(
            now[synced.clone()] == rotten[synced],
            "it is left to be looked into"
        );
    }
}

fn copy_store(from: &World, to: &World) {
    let directory = Path::new(super::harness::DIRECTORY);
    millstream_env::Disk::create_directory(&to.disk, directory).unwrap();
    for path in millstream_env::Disk::list(&from.disk, directory).unwrap() {
        let file = millstream_env::Disk::open(&to.disk, &path, millstream_env::OpenMode::CreateNew)
            .unwrap();
        file.write_all_at(&from.disk.contents(&path).unwrap(), 0)
            .unwrap();
    }
}

#[tokio::test]
async fn a_log_when_its_end_is_lost_then_a_read_before_it_does_not_say_that_it_is_the_end() {
    let world = World::new(1);
    let segment = two_logs(&world).await;
    let contents = world.disk.contents(&segment).unwrap();
    let frame = find(&contents, b"log zero three") - 4 - 48 - FRAME_HEADER_BYTES as u64;
    world.disk.corrupt(&segment, frame + 16, 0x08);
    let journal = world.open();
    let slice = super::harness::read(&journal, 0, 0).await.unwrap();
    assert_eq!((slice.records().count(), slice.next.0), (2, 2));
    assert!(slice.end > slice.next);
    damage_of(read_all(&journal, 0).await);
}
