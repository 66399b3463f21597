//! Bytes that are not what was written: found, named, never served, and never the end of a log.

use super::super::OpenError;
use super::super::segment::FRAMES_START;
use super::harness::{World, append, batch, create, id, read_all, tiny, try_append};
use crate::store::{AppendError, LogStore, ReadError};
use std::path::{Path, PathBuf};

fn tiny_world() -> World {
    World {
        options: tiny(),
        ..World::new(1)
    }
}

fn damage_of(result: Result<Vec<(u64, Vec<u8>)>, ReadError>) -> (String, u64) {
    match result {
        Err(ReadError::Damaged { file, position, .. }) => (file, position),
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
async fn damage_at_end(journal: &super::super::Journal) {
    let read = super::harness::read(journal, 0, 2).await;
    assert!(matches!(read, Err(ReadError::Damaged { .. })), "{read:?}");
}

async fn create_one(journal: &super::super::Journal, index: u32) {
    journal
        .create(vec![(id(index), crate::LogSettings::default())])
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
    env::Disk::remove(&world.disk, &segments[1]).unwrap();
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
    env::Disk::remove(&world.disk, &manifest).unwrap();
    for _ in 0..2 {
        let refused = world.try_open().err();
        assert!(
            matches!(refused, Some(OpenError::Damaged { .. })),
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

/// Every bit of a small store, flipped: served right, refused by name, or padding.
#[tokio::test]
async fn any_bit_when_it_flips_then_no_wrong_byte_is_served_and_no_record_is_missing() {
    let world = tiny_world();
    let segment = two_logs(&world).await;
    let contents = world.disk.contents(&segment).unwrap();
    let used = contents.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1;
    let used_bytes = (0..64).chain(u64::from(FRAMES_START)..used);
    for position in used_bytes {
        let mask = 1 << (position % 8);
        let copy = tiny_world();
        copy_store(&world, &copy);
        copy.disk.corrupt(&segment, position, mask);
        let journal = copy.open();
        for log in 0..2 {
            check_right_or_damaged(&journal, log, position).await;
        }
    }
}

#[tokio::test]
async fn a_file_when_cut_anywhere_then_no_record_is_silently_missing() {
    let world = tiny_world();
    let segment = two_logs(&world).await;
    let contents = world.disk.contents(&segment).unwrap();
    let used = contents.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1;
    for length in (0..used).step_by(13) {
        let copy = tiny_world();
        copy_store(&world, &copy);
        let file = env::Disk::open(&copy.disk, &segment, env::OpenMode::Write).unwrap();
        file.set_length(length).unwrap();
        let journal = copy.open();
        for log in 0..2 {
            check_right_or_damaged(&journal, log, length).await;
        }
    }
}

fn copy_store(from: &World, to: &World) {
    let directory = Path::new(super::harness::DIRECTORY);
    env::Disk::create_directory(&to.disk, directory).unwrap();
    for path in env::Disk::list(&from.disk, directory).unwrap() {
        let file = env::Disk::open(&to.disk, &path, env::OpenMode::CreateNew).unwrap();
        file.write_all_at(&from.disk.contents(&path).unwrap(), 0)
            .unwrap();
    }
}

async fn check_right_or_damaged(journal: &super::super::Journal, log: u32, position: u64) {
    let name = ["zero", "one"][log as usize];
    let expected = ["one", "two", "three"].map(|record| format!("log {name} {record}"));
    let mut from = 0;
    while from < 3 {
        match super::harness::read(journal, log, from).await {
            Ok(slice) => {
                assert!(
                    !slice.runs.is_empty(),
                    "byte {position}: {log} ends at {from}"
                );
                for record in slice.records() {
                    let wanted = expected[record.offset.0 as usize].as_bytes();
                    assert_eq!(record.bytes, wanted, "byte {position}");
                }
                from = slice.next.0;
            }
            Err(ReadError::Damaged { .. }) => return,
            // Its creation rotted, and with it the log: not an end of data, and not silence.
            Err(ReadError::NoSuchLog(missing)) => {
                assert_eq!(missing, id(log));
                return;
            }
            Err(other) => panic!("byte {position}: {other}"),
        }
    }
}
