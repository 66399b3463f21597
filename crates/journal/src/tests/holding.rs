//! Memory that a read keeps alive, for all layouts of blocks.
//!
//! Memory of buffers is counted where it is lent, once the journal and with it all caches have
//! gone: what is still in use then is what the answer alone keeps. Frames are counted together.

use super::harness::{World, batch, create, id, small, try_append};
use crate::read::holding::SLACK_BYTES;
use crate::{Journal, Options};
use fastrand::Rng;
use millstream_store::store::{LogStore, Offset, ReadLimit, Slice};
use std::sync::Arc;

const MIB: usize = 1024 * 1024;
/// Beyond twice its bytes and the slack, what an answer may keep: memory for copies that is not
/// full yet.
const COPIES_SLACK_BYTES: usize = 128 * 1024;
const LOGS: u32 = 3;

/// How long records are in a stretch of the journal.
fn record_bytes(rng: &mut Rng, log: u32) -> usize {
    match (log, rng.u32(..12)) {
        (0, 0) => rng.usize(20_000..80_000),
        (0, _) => rng.usize(..40),
        (_, 0) => rng.usize(..2_000_000),
        (_, 1..4) => rng.usize(..300_000),
        (_, _) => rng.usize(..3_000),
    }
}

/// Records of all sizes in some logs, of which the first has small ones.
async fn fill(journal: &Journal, rng: &mut Rng, bytes_max: usize) {
    let mut bytes = 0;
    while bytes < bytes_max {
        let log = rng.u32(..LOGS);
        let records: Vec<Vec<u8>> = (0..rng.usize(1..4))
            .map(|_| vec![log as u8; record_bytes(rng, log)])
            .collect();
        bytes += records.iter().map(Vec::len).sum::<usize>() + 100;
        try_append(journal, log, batch(&records)).await.unwrap();
    }
}

/// Reads on, and says what the answer keeps once the journal has gone.
async fn held_by(
    journal: Arc<Journal>,
    log: u32,
    from: Offset,
    limit: ReadLimit,
) -> (Slice, usize) {
    let slice = journal.read(id(log), from, limit).await.unwrap();
    journal.shutdown().await;
    let in_use = Arc::clone(journal.reads.cache().cold_in_use());
    let reads = Arc::downgrade(&journal.reads);
    drop(journal);
    assert_eq!(reads.strong_count(), 0, "its tasks have ended");
    (slice, in_use.bytes())
}

fn bytes_of(slice: &Slice) -> usize {
    slice.runs.iter().map(|run| run.bytes.len()).sum()
}

#[track_caller]
fn check(slice: &Slice, held: usize) {
    let bytes = bytes_of(slice);
    assert!(
        held <= slice.held_bytes,
        "{held} are kept, {} told",
        slice.held_bytes
    );
    let most = 2 * bytes + SLACK_BYTES + COPIES_SLACK_BYTES;
    assert!(
        slice.held_bytes <= most,
        "{} are kept for {bytes}",
        slice.held_bytes
    );
}

#[tokio::test]
async fn a_read_of_any_layout_when_answered_then_keeps_about_its_own_bytes() {
    // Of the blocks that were read, from how many windows, spans and frames they came: so that the
    // layouts are such that would keep too much.
    let mut most = 0;
    for seed in 0..60 {
        let mut rng = Rng::with_seed(seed);
        let world = World::inline(seed).with(Options {
            segment_bytes_max: [1, 4, 32][rng.usize(..3)] * MIB as u64,
            cache_bytes_max: [64 * 1024, 16 * MIB][rng.usize(..2)],
            ..small()
        });
        let mut journal = world.open();
        create(&journal, LOGS).await;
        let bytes_max = rng.usize(1..16) * MIB;
        fill(&journal, &mut rng, bytes_max).await;
        if rng.bool() {
            journal.maintain().await;
        }
        if rng.bool() {
            journal.shutdown().await;
            drop(journal);
            journal = world.open();
        }
        let (log, end) = (rng.u32(..LOGS), journal.known_bounds(id(0)).unwrap().end);
        let from = Offset(if rng.bool() { 0 } else { rng.u64(..=end.0) });
        let limit = ReadLimit {
            records: [10_000, rng.u32(1..50)][rng.usize(..2)],
            bytes: [10 * MIB as u64, rng.u64(..100_000)][rng.usize(..2)],
        };
        let (slice, held) = held_by(journal, log, from, limit).await;
        check(&slice, held);
        most = most.max(held.saturating_sub(2 * bytes_of(&slice)));
    }
    assert!(
        most > SLACK_BYTES / 2,
        "none kept much beside its bytes: {most}"
    );
}

/// A quiet log beside a busy one: each small block has a window, or a frame, almost for itself.
#[tokio::test]
async fn a_quiet_log_when_read_beside_a_busy_one_then_keeps_no_window_for_each_of_its_records() {
    const RECORDS: u64 = 100;
    for (is_cold, busy_bytes) in [(true, 1_000_000), (true, 60_000), (false, 1_000_000)] {
        let world = World::inline(1).with(Options {
            segment_bytes_max: 64 * MIB as u64,
            cache_bytes_max: 256 * MIB,
            ..small()
        });
        let mut journal = world.open();
        create(&journal, 2).await;
        for at in 0..RECORDS {
            let batches = [
                (id(0), batch(&[[at as u8]])),
                (id(1), batch(&[vec![1; busy_bytes]])),
            ];
            let results = journal.append_many(batches.into_iter().collect()).await;
            assert!(results.iter().all(Result::is_ok));
        }
        if is_cold {
            journal = world.kill();
        }
        let limit = ReadLimit {
            records: 10_000,
            bytes: 10 * MIB as u64,
        };
        let (slice, held) = held_by(journal, 0, Offset(0), limit).await;
        assert_eq!(slice.next, Offset(RECORDS));
        for record in slice.records() {
            assert_eq!(record.bytes, [record.offset.0 as u8]);
        }
        check(&slice, held);
    }
}

/// Part of a block that has a buffer, or a frame, of its own.
#[tokio::test]
async fn a_record_of_a_huge_block_when_read_then_does_not_keep_the_block() {
    for is_cold in [true, false] {
        let world = World::inline(1).with(Options {
            segment_bytes_max: 64 * MIB as u64,
            cache_bytes_max: 64 * MIB,
            ..small()
        });
        let mut journal = world.open();
        create(&journal, 1).await;
        let records: Vec<Vec<u8>> = (0..100).map(|at| vec![at; 100_000]).collect();
        try_append(&journal, 0, batch(&records)).await.unwrap();
        if is_cold {
            journal = world.kill();
        }
        let one = ReadLimit {
            records: 1,
            bytes: 0,
        };
        let (slice, held) = held_by(journal, 0, Offset(50), one).await;
        assert_eq!(slice.records().next().unwrap().bytes, [50; 100_000]);
        check(&slice, held);
    }
}

/// Every answer is kept, and each has one small record of a frame that is larger than the slack.
#[tokio::test]
async fn frames_when_answers_hold_a_part_of_each_then_are_kept_up_to_a_bound() {
    const FRAME_BYTES: usize = 2_000_000;
    const RING_BYTES: usize = 10 * FRAME_BYTES;
    let world = World::inline(1).with(Options {
        segment_bytes_max: 64 * MIB as u64,
        cache_bytes_max: RING_BYTES,
        ..small()
    });
    let journal = world.open();
    create(&journal, 2).await;
    let limit = ReadLimit {
        records: 10,
        bytes: 1000,
    };
    let (mut answers, mut most) = (Vec::new(), 0);
    for at in 0..50 {
        let batches = [
            (id(0), batch(&[[at]])),
            (id(1), batch(&[vec![1; FRAME_BYTES]])),
        ];
        let results = journal.append_many(batches.into_iter().collect()).await;
        assert!(results.iter().all(Result::is_ok));
        let from = Offset(u64::from(at));
        let slice = journal.read(id(0), from, limit).await.unwrap();
        assert_eq!(slice.records().next().unwrap().bytes, [at]);
        answers.push(slice);
        most = most.max(journal.memory_bytes());
    }
    let bound = 2 * RING_BYTES + RING_BYTES / 4 + 2 * FRAME_BYTES;
    assert!(most <= bound, "{most} of {bound}");
    assert!(
        most > RING_BYTES + FRAME_BYTES,
        "some are shared beside the ring: {most}"
    );
    drop(answers);
    assert!(journal.memory_bytes() <= RING_BYTES + FRAME_BYTES);
}
