//! Logs with very many blocks in a segment: what is read of their lists, and what is held of them.

use super::harness::{World, append, create, id, small};
use crate::format::long_list::PART_BLOCKS;
use crate::{Journal, Options};
use millstream_env::Timestamp;
use millstream_store::store::{LogStore, Offset, ReadLimit};
use std::sync::Arc;

/// Two and a half parts.
const BLOCKS: u64 = PART_BLOCKS as u64 * 5 / 2;
const ONE: ReadLimit = ReadLimit {
    records: 1,
    bytes: 0,
};

/// A log whose blocks stand in one sealed segment, one record each; the n-th arrived n milliseconds
/// after the first.
async fn journal_of_many_blocks(world: &World) -> (Arc<Journal>, Timestamp) {
    let journal = world.open();
    create(&journal, 2).await;
    let began = append(&journal, 0, &0_u64.to_le_bytes()).await.arrival;
    for at in 1..BLOCKS {
        world.clock.advance(std::time::Duration::from_millis(1));
        append(&journal, 0, &at.to_le_bytes()).await;
    }
    for _ in 0..5 {
        append(&journal, 1, &vec![0; 1 << 20]).await;
    }
    journal.maintain().await;
    journal.shutdown().await;
    drop(journal);
    (world.open(), began)
}

fn world() -> World {
    World::inline(1).with(Options {
        segment_bytes_max: 4 * 1024 * 1024,
        ..small()
    })
}

#[tokio::test]
async fn a_log_of_very_many_blocks_when_read_anywhere_then_brings_what_stands_there() {
    let world = world();
    let (journal, began) = journal_of_many_blocks(&world).await;
    let edges = [0, 1, PART_BLOCKS as u64, BLOCKS - 1];
    let near = edges
        .iter()
        .flat_map(|edge| edge.saturating_sub(2)..edge + 2);
    for at in near
        .chain((0..BLOCKS).step_by(997))
        .filter(|at| *at < BLOCKS)
    {
        let slice = journal.read(id(0), Offset(at), ONE).await.unwrap();
        let record = slice.records().next().unwrap();
        assert_eq!(
            (record.offset, record.bytes),
            (Offset(at), &at.to_le_bytes()[..])
        );
        let time = Timestamp(began.0 + at);
        assert_eq!(journal.offset_at(id(0), time).await.unwrap(), Offset(at));
    }
    let all = ReadLimit {
        records: u32::MAX,
        bytes: u64::MAX,
    };
    let slice = journal.read(id(0), Offset(0), all).await.unwrap();
    assert_eq!(slice.next, Offset(BLOCKS));
    assert!(
        slice
            .records()
            .all(|record| record.bytes == record.offset.0.to_le_bytes())
    );
}

#[tokio::test]
async fn a_long_block_list_when_read_from_one_end_to_the_other_then_is_read_about_twice() {
    let world = world();
    let (journal, _) = journal_of_many_blocks(&world).await;
    let before = world.disk.read_bytes();
    let limit = ReadLimit {
        records: 100,
        bytes: u64::MAX,
    };
    let mut next = Offset(0);
    while next < Offset(BLOCKS) {
        next = journal.read(id(0), next, limit).await.unwrap().next;
    }
    // At most 12 bytes a block in the list, and the frames: 32 + 48 + 12 and a little.
    let (list, frames) = (BLOCKS * 12, BLOCKS * 100 + (2 << 20));
    let read = world.disk.read_bytes() - before;
    assert!(
        read <= 2 * list + frames,
        "{read} bytes for {BLOCKS} blocks"
    );
}

#[tokio::test]
async fn a_long_block_list_when_it_rots_then_the_frames_say_the_same() {
    let world = world();
    let (journal, _) = journal_of_many_blocks(&world).await;
    journal.shutdown().await;
    drop(journal);
    let segments = world.segments();
    let length = |path| world.disk.contents(path).unwrap().len();
    // Somewhere in the list of the segment with all the blocks: before its directory and trailer.
    let path = segments
        .iter()
        .find(|path| length(path) > BLOCKS as usize * 90);
    let path = path.unwrap();
    let bytes = length(path) as u64;
    for (place, from) in [(bytes - 2_000, 0), (bytes - BLOCKS * 8, BLOCKS - 1)] {
        world.disk.corrupt(path, place, 1);
        let journal = world.open();
        let slice = journal.read(id(0), Offset(from), ONE).await.unwrap();
        assert_eq!(slice.records().next().unwrap().bytes, from.to_le_bytes());
        journal.shutdown().await;
        drop(journal);
        world.disk.corrupt(path, place, 1);
    }
}
