//! Costs in bytes: reading one log among many, writing, keeping what is hidden, starting.

use super::harness::{World, append, batch, create, id, read_all, small, try_append};
use crate::space::grace::FREED_AFTER;
use crate::{Durability, Journal, Options};
use millstream_env::Call;
use millstream_store::store::{LogStore, Offset};

const MIB: u64 = 1024 * 1024;

fn with_segments_of(mib: u64) -> World {
    let options = Options {
        segment_bytes_max: mib * MIB,
        ..small()
    };
    World {
        options,
        ..World::inline(1)
    }
}

/// A record of `log` that no other log and no other round has.
fn record(log: u32, round: u32, bytes: usize) -> Vec<u8> {
    let mut record = [log.to_le_bytes(), round.to_le_bytes()].concat();
    record.resize(bytes, log as u8);
    record
}

/// One record in each of this many logs, over and over, in the same order.
async fn interleave(journal: &Journal, logs: u32, rounds: u32, bytes: usize) {
    for round in 0..rounds {
        let records = (0..logs).map(|log| (id(log), batch(&[record(log, round, bytes)])));
        let results = journal.append_many(records.collect()).await;
        assert!(results.iter().all(Result::is_ok));
    }
}

/// Bytes read from the disk while all of a log is read, by a journal that has nothing in memory.
async fn cold_read_bytes(world: &World, log: u32, rounds: u32, bytes: usize) -> u64 {
    let journal = world.kill();
    let before = world.disk.read_bytes();
    let records = read_all(&journal, log).await.unwrap();
    let read = world.disk.read_bytes() - before;
    assert_eq!(records.len() as u32, rounds);
    for (round, (_, found)) in (0..).zip(records) {
        assert_eq!(found, record(log, round, bytes));
    }
    read
}

#[tokio::test]
async fn a_log_among_twenty_thousand_when_sorted_then_is_read_with_few_bytes_of_others() {
    const LOGS: u32 = 20_000;
    let world = with_segments_of(16);
    let journal = world.open();
    create(&journal, LOGS + 1).await;
    interleave(&journal, LOGS, 8, 500).await;
    // The open segment is sorted once it is sealed.
    while journal.disk_bytes() < 120 * MIB {
        append(&journal, LOGS, &vec![0; 4 << 20]).await;
    }
    journal.maintain().await;
    let own = 8 * 500;
    for log in [0, 7_777, 19_999] {
        let sorted = cold_read_bytes(&world, log, 8, 500).await;
        assert!(sorted <= 4 * own, "{sorted} bytes were read for {own}");
    }
    let journal = world.lose_power();
    assert_eq!(append(&journal, 7_777, b"on").await.first, Offset(8));
}

#[tokio::test]
async fn segments_when_sorted_once_or_of_large_blocks_then_are_not_written_again() {
    let world = with_segments_of(1);
    let journal = world.open();
    create(&journal, 40).await;
    interleave(&journal, 30, 100, 1_000).await;
    journal.maintain().await;
    let written = world.disk.written_bytes();
    journal.maintain().await;
    assert_eq!(world.disk.written_bytes(), written, "each once");
    for at in 0..60 {
        append(&journal, 30 + at % 2, &[1; 50_000]).await;
    }
    let before = world.segments();
    journal.maintain().await;
    let stay = before.iter().rev().take(3);
    for segment in stay {
        assert!(world.segments().contains(segment), "{segment:?}");
    }
}

#[tokio::test]
async fn a_segment_when_sorted_then_is_read_by_stretches_as_often_as_memory_needs() {
    for (held_bytes, passes) in [(8 * MIB, 1), (MIB / 2, 3)] {
        let mut world = with_segments_of(4);
        world.options.copy_bytes_max = held_bytes as usize;
        let journal = world.open();
        create(&journal, 101).await;
        let segment_bytes = 100 * 100 * (100 + 52);
        interleave(&journal, 100, 100, 100).await;
        let calls = || world.disk.calls(millstream_env::Call::Read);
        let (before, before_bytes) = (calls(), world.disk.read_bytes());
        append(&journal, 100, &vec![0; 4 << 20]).await;
        journal.maintain().await;
        let (reads, read_bytes) = (calls() - before, world.disk.read_bytes() - before_bytes);
        // For each stretch, the block lists and what freeing looks at.
        assert!(reads <= 8 * passes, "{reads} reads of 10 000 blocks");
        let most = passes * segment_bytes / 10 * 12;
        assert!(read_bytes <= most, "{read_bytes} bytes of {segment_bytes}");
        for log in [0, 50, 99] {
            cold_read_bytes(&world, log, 100, 100).await;
        }
    }
}

#[tokio::test]
async fn sorted_logs_when_read_a_record_at_a_time_then_come_whole_and_in_order() {
    let world = with_segments_of(1);
    let journal = world.open();
    create(&journal, 12).await;
    for round in 0..200 {
        interleave_joined(&journal, round).await;
    }
    journal.maintain().await;
    let journal = world.kill();
    let limit = millstream_store::ReadLimit {
        records: 1,
        bytes: u64::MAX,
    };
    let mut from = Offset(0);
    for at in 0..600 {
        let slice = journal.read(id(5), from, limit).await.unwrap();
        let found = slice.records().next().unwrap();
        assert_eq!((found.offset.0, found.bytes[0]), (at, (at % 3) as u8));
        from = slice.next;
    }
}

/// Blocks of half a window, in steps that end inside them: each is read once, and no other log's.
#[tokio::test]
async fn large_blocks_when_read_in_small_steps_then_are_read_from_the_disk_once() {
    const BLOCKS: u64 = 20;
    let block = [1, 2, 3, 4, 5, 6, 7, 8_u8].map(|byte| vec![byte; 60_000]);
    let world = with_segments_of(32);
    let journal = world.open();
    create(&journal, 2).await;
    for _ in 0..BLOCKS {
        let batches = [0, 1].map(|log| (id(log), batch(&block)));
        let results = journal.append_many(batches.into_iter().collect()).await;
        assert!(results.iter().all(Result::is_ok));
    }
    let journal = world.kill();
    let before = world.disk.read_bytes();
    let limit = millstream_store::ReadLimit {
        records: 3,
        bytes: u64::MAX,
    };
    let mut next = Offset(0);
    while next < Offset(BLOCKS * 8) {
        let slice = journal.read(id(0), next, limit).await.unwrap();
        for record in slice.records() {
            assert_eq!(record.bytes, block[record.offset.0 as usize % 8]);
        }
        assert!(slice.next > next);
        next = slice.next;
    }
    let read = world.disk.read_bytes() - before;
    let own = BLOCKS * 8 * 60_000;
    assert!(read < own + own / 50, "{read} bytes were read for {own}");
}

async fn interleave_joined(journal: &Journal, round: u32) {
    let records = [0, 1, 2_u8].map(|at| vec![at; 300 + round as usize]);
    let batches = (0..12).map(|log| (id(log), batch(&records)));
    journal.append_many(batches.collect()).await;
}

/// A log that is kept for a day and one for a year, an hour's records at a time.
#[tokio::test]
async fn hidden_bytes_when_a_day_and_a_year_interleave_then_stay_under_a_quarter_and_two_segments()
{
    const HOUR_BYTES: u64 = 24 * 20_000;
    let world = with_segments_of(1);
    let journal = world.open();
    create(&journal, 2).await;
    for hour in 0..200_u64 {
        for at in 0..24 {
            append(&journal, 0, &[1; 20_000]).await;
            append(&journal, 1, &[at; 2_000]).await;
        }
        let expired = hour.saturating_sub(23) * 24;
        journal.trim(id(0), Offset(expired)).await.unwrap();
        world.clock.advance(FREED_AFTER);
        // Within ten minutes.
        journal.maintain().await;
        let live = (hour + 1).min(24) * HOUR_BYTES + (hour + 1) * HOUR_BYTES / 10;
        let dead_max = live / 4 + 2 * MIB;
        // One more hour is hidden and kept; two segments are preallocated, one is the rest of a
        // file.
        let slack = HOUR_BYTES + 3 * MIB + live / 100;
        let used = journal.disk_bytes();
        assert!(
            used <= live + dead_max + slack,
            "hour {hour}: {used} of {live}"
        );
    }
    assert_eq!(journal.known_bounds(id(1)).unwrap().first, Offset(0));
    let journal = world.lose_power();
    assert_eq!(read_all(&journal, 1).await.unwrap().len(), 200 * 24);
    assert_eq!(read_all(&journal, 0).await.unwrap().len(), 24 * 24);
}

#[tokio::test]
async fn batches_of_a_hundred_kibibytes_when_written_then_cost_a_tenth_more_at_most() {
    let world = with_segments_of(64);
    let journal = world.open();
    create(&journal, 1).await;
    let before = world.disk.written_bytes();
    let records: Vec<Vec<u8>> = (0..100).map(|at| record(at, 0, 1024 + 36)).collect();
    let mut data = 0;
    while data < 100 * MIB {
        try_append(&journal, 0, batch(&records)).await.unwrap();
        data += 100 * (1024 + 36);
    }
    journal.maintain().await;
    let written = world.disk.written_bytes() - before;
    assert!(written <= data / 10 * 11, "{written} bytes for {data}");
    let taken = journal.disk_bytes();
    let most = data / 10 * 11 + 2 * 64 * MIB;
    assert!(taken <= most, "{taken} bytes on the disk for {data}");
}

/// Mebibytes of records in the store that is started; a larger one by hand.
fn store_mib() -> u64 {
    let asked = std::env::var("MILLSTREAM_STORE_MIB").ok();
    asked.map_or(1024, |asked| asked.parse().unwrap())
}

/// The journal's own index is written every 16 MiB, and a limit stands at most 8 MiB ahead of what
/// is written; a group is at most 2 MiB and a piece that is read 1 MiB.
const TAIL_BYTES_MAX: u64 = (16 + 2 + 1) * MIB;
const LIMIT_AHEAD: u64 = 8 * MIB;

#[tokio::test]
async fn a_large_store_when_started_then_reads_its_newest_tail_and_the_footers() {
    let largest = if store_mib() > 500 { 128 } else { 32 };
    let mut world = with_segments_of(largest);
    world.options.cache_bytes_max = 1024 * 1024;
    let journal = world.open();
    create(&journal, 10).await;
    let rounds = store_mib() as u32;
    for round in 0..rounds {
        interleave_at(&journal, round).await;
    }
    let footers_max = world.segments().len() as u64 * 16 * 1024;

    let before = world.disk.read_bytes();
    let journal = world.lose_power();
    let crashed = world.disk.read_bytes() - before;
    assert!(
        crashed <= TAIL_BYTES_MAX + LIMIT_AHEAD + footers_max,
        "{crashed} bytes were read after a crash"
    );
    append(&journal, 0, b"on").await;
    journal.shutdown().await;

    let before = world.disk.read_bytes();
    let journal = world.open();
    let stopped = world.disk.read_bytes() - before;
    println!("read at start of {rounds} MiB: {crashed} after a crash, {stopped} after a stop");
    assert!(
        stopped <= TAIL_BYTES_MAX + footers_max,
        "{stopped} bytes were read after a stop"
    );
    for log in 0..10 {
        let end = journal.known_bounds(id(log)).unwrap().end;
        assert_eq!(end.0, u64::from(rounds) + u64::from(log == 0));
    }
}

async fn interleave_at(journal: &Journal, round: u32) {
    let batches = (0..10).map(|log| (id(log), batch(&[record(log, round, 104_000)])));
    let results = journal.append_many(batches.collect()).await;
    assert!(results.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_segment_without_its_footer_when_started_then_is_read_from_its_last_checkpoint() {
    let world = with_segments_of(64);
    let journal = world.open();
    create(&journal, 10).await;
    // 4, 8, 16, 32 MiB, then one of 64; the crash comes before the footer of the fourth.
    let mut round = 0;
    while world.segments().len() < 5 {
        interleave_at(&journal, round).await;
        round += 1;
    }
    world.disk.fail_nth(
        millstream_env::Call::SetLength,
        1,
        millstream_env::Fault::EIO,
    );
    let fourth = world.segments().remove(3);
    while world.disk.calls(millstream_env::Call::SetLength) < 4 {
        interleave_at(&journal, round).await;
        round += 1;
    }
    // Not even the trailer of what was written remains.
    let length = world.disk.contents(&fourth).unwrap().len() as u64;
    assert_eq!(length, 32 * MIB, "the file was not cut at its footer");
    let before = world.disk.read_bytes();
    let journal = world.kill();
    let read = world.disk.read_bytes() - before;
    assert!(
        read <= 2 * TAIL_BYTES_MAX + LIMIT_AHEAD,
        "{read} bytes were read"
    );
    for log in 0..10 {
        let records = read_all(&journal, log).await.unwrap();
        assert_eq!(records.len() as u32, round);
        for (at, (_, found)) in (0..).zip(records) {
            assert_eq!(found, record(log, at, 104_000));
        }
    }
}

/// How a journal ended before it is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Stop,
    Death,
}

/// Starts a journal; answers how often and how much it read.
async fn start_cost(world: &World, journal: std::sync::Arc<Journal>, end: End) -> (u64, u64) {
    match end {
        End::Stop => journal.shutdown().await,
        End::Death => world.disk.process_death(),
    }
    let counts = || (world.disk.calls(Call::Read), world.disk.read_bytes());
    let before = counts();
    let journal = world.open();
    let (calls, bytes) = (counts().0 - before.0, counts().1 - before.1);
    journal.shutdown().await;
    (calls, bytes)
}

#[tokio::test]
async fn a_segment_of_many_small_frames_when_started_then_is_read_once_in_few_pieces() {
    const PUTS: u64 = 20_000;
    for durability in [Durability::Fsync, Durability::Os] {
        for end in [End::Stop, End::Death] {
            let mut world = with_segments_of(4);
            world.options.durability = durability;
            let journal = world.open();
            create(&journal, 1).await;
            for _ in 0..PUTS {
                append(&journal, 0, b"1").await;
            }
            let file_bytes = world.disk.contents(&world.segments()[0]).unwrap().len() as u64;
            let (calls, bytes) = start_cost(&world, journal, end).await;
            // Once to find the frames, and once to write again what may not be on the disk.
            let most = 2 * file_bytes + MIB / 4;
            let what = format!("{durability:?} {end:?}: {bytes} bytes in {calls} reads");
            assert!(bytes <= most, "{what} of {file_bytes}");
            assert!(calls <= 20, "{what}");
            assert_eq!(read_all(&world.open(), 0).await.unwrap().len() as u64, PUTS);
        }
    }
}
