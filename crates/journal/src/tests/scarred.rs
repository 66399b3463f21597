//! A journal that goes on with damage in it: what is lost stays named, the rest is served and
//! written, at this start and at the next.

use super::harness::{
    DIRECTORY, World, append, batch, create, id, read, read_all, tiny, try_append,
};
use crate::format::footer::TRAILER_BYTES;
use crate::format::frame::FRAME_MAGIC;
use crate::format::segment_index::IMAGE_HEAD_BYTES;
use millstream_env::{Clock, Disk, Timestamp};
use millstream_store::store::{LogStore, Offset, ReadError};
use std::path::{Path, PathBuf};
use std::time::Duration;

const RECORD_BYTES: usize = 8_000;

fn world() -> World {
    World::new(1).with(tiny())
}

fn is_damage<T>(result: &Result<T, ReadError>) -> bool {
    matches!(result, Err(ReadError::Damaged { .. }))
}

/// Where the frames of a segment begin.
fn frames(contents: &[u8]) -> Vec<usize> {
    let magic = FRAME_MAGIC.to_le_bytes();
    let windows = contents.windows(magic.len()).enumerate();
    let found = windows.filter(|(_, window)| *window == magic);
    found.map(|(at, _)| at).collect()
}

#[tokio::test]
async fn a_log_when_its_list_and_one_of_its_frames_rotted_then_is_damaged_wherever_it_is_asked() {
    for rotten in [1, 3] {
        let world = world();
        let journal = world.open();
        create(&journal, 1).await;
        for _ in 0..40 {
            append(&journal, 0, &[1; RECORD_BYTES]).await;
            world.clock.advance(Duration::from_millis(1));
        }
        journal.maintain().await;
        journal.shutdown().await;
        let segment = world.segments().remove(0);
        let contents = world.disk.contents(&segment).unwrap();
        let trailer = contents.len() - TRAILER_BYTES;
        let frames_end = contents[trailer + 16..trailer + 20].try_into().unwrap();
        let list = u64::from(u32::from_le_bytes(frames_end)) + IMAGE_HEAD_BYTES as u64;
        let frame = frames(&contents)[rotten] as u64;
        world.disk.corrupt(&segment, list, 0x01);
        world.disk.corrupt(&segment, frame + 16, 0x08);

        let journal = world.open();
        assert!(is_damage(&read_all(&journal, 0).await), "frame {rotten}");
        for from in 0..5 {
            let found = read(&journal, 0, from).await;
            assert!(is_damage(&found), "frame {rotten}, from {from}");
        }
        let time = Timestamp(Clock::now(&*world.clock).0 - 30);
        let found = journal.offset_at(id(0), time).await;
        assert!(is_damage(&found), "frame {rotten}: {found:?}");
    }
}

/// Three logs of small records, most of them in a sorted copy, whose file it answers.
async fn sorted(world: &World) -> PathBuf {
    let journal = world.open();
    create(&journal, 3).await;
    for _ in 0..60 {
        for log in 0..3 {
            append(&journal, log, &[2; 1_000]).await;
        }
    }
    journal.maintain().await;
    for log in 0..3 {
        append(&journal, log, b"after sorting").await;
    }
    journal.shutdown().await;
    let segments = journal.segments.all();
    let copy = segments.values().find(|segment| segment.is_sorted);
    copy.unwrap().path(Path::new(DIRECTORY))
}

#[tokio::test]
async fn a_sorted_copy_when_it_is_missing_then_its_logs_still_take_appends() {
    let world = world();
    let copy = sorted(&world).await;
    world.disk.boot().remove(&copy).unwrap();
    for start in 1..4 {
        let journal = world.open();
        for log in 0..3 {
            assert!(is_damage(&read(&journal, log, 0).await), "start {start}");
            append(&journal, log, b"more").await;
            let end = journal.known_bounds(id(log)).unwrap().end;
            let last = read(&journal, log, end.0 - 1).await.unwrap();
            assert_eq!(last.records().count(), 1);
        }
        journal.shutdown().await;
    }
}

#[tokio::test]
async fn an_old_segment_when_it_is_missing_then_every_start_finds_the_same() {
    let world = world();
    let journal = world.open();
    create(&journal, 2).await;
    for _ in 0..40 {
        append(&journal, 0, &[3; RECORD_BYTES]).await;
    }
    journal.maintain().await;
    journal.shutdown().await;
    world.disk.boot().remove(&world.segments()[0]).unwrap();
    for start in 1..4 {
        let journal = world.open();
        assert!(is_damage(&read(&journal, 0, 0).await), "start {start}");
        for _ in 0..20 {
            append(&journal, 0, &[3; RECORD_BYTES]).await;
        }
        // Nothing was ever appended to it.
        let idle = journal.known_bounds(id(1)).unwrap();
        assert_eq!(idle.end, Offset(0), "start {start}");
        assert!(read(&journal, 1, 0).await.is_ok(), "start {start}");
        journal.maintain().await;
        journal.shutdown().await;
    }
    let journal = world.open();
    let first = try_append(&journal, 1, batch(&[b"first"])).await;
    assert_eq!(first.unwrap().first, Offset(0));
}
