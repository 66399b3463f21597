//! Coming back after a crash with what was acknowledged, and with nothing else in its place.

use super::harness::{World, append, batch, create, id, os, read_all, try_append};
use crate::{Journal, OpenError, Options};
use millstream_env::Call;
use millstream_store::batches::Batches;
use millstream_store::store::{AppendError, LogSettings, LogStore, Offset, Priority, StoreError};
use std::sync::Arc;
use std::time::Duration;

const SETTINGS: LogSettings = LogSettings {
    retention_ms: 77,
    priority: Priority::Reserved,
};

fn record(log: u32, at: u64, bytes: usize) -> Vec<u8> {
    let mut record = format!("{log}:{at}:").into_bytes();
    record.resize(record.len() + bytes, at as u8);
    record
}

/// Appends until some segments are full, to three logs by turns.
async fn fill(journal: &Arc<Journal>, from: u64, count: u64, bytes: usize) {
    for at in from..from + count {
        for log in 0..3 {
            append(journal, log, &record(log, at, bytes)).await;
        }
    }
}

async fn check_filled(journal: &Arc<Journal>, count: u64, bytes: usize) {
    for log in 0..3 {
        let records = read_all(journal, log).await.unwrap();
        assert_eq!(records.len() as u64, count);
        for (offset, found) in records {
            assert_eq!(found, record(log, offset, bytes));
        }
    }
}

/// Looks for room after which none will come.
const MAINTAINED_MAX: usize = 10_000;

#[tokio::test]
async fn many_segments_when_the_process_dies_again_and_again_then_all_is_there() {
    let world = World::new(1);
    let mut journal = world.open();
    create(&journal, 3).await;
    for round in 0..4 {
        fill(&journal, round * 40, 40, 10_000).await;
        journal = world.kill();
        check_filled(&journal, (round + 1) * 40, 10_000).await;
    }
    assert!(world.segments().len() >= 4, "{:?}", world.segments());
}

#[tokio::test]
async fn acknowledged_records_when_power_is_lost_then_remain_whatever_the_chance() {
    for seed in 0..30 {
        acknowledge_then_lose_power(World::new(seed)).await;
    }
}

pub(crate) async fn acknowledge_then_lose_power(world: World) {
    let mut journal = world.open();
    create(&journal, 3).await;
    for round in 0..4 {
        fill(&journal, round * 12, 12, 9_000).await;
        // Handed over and never waited for: each may be there afterwards, or not.
        drop(journal.append_many(Batches::one(id(3), batch(&[b"lost?"]))));
        journal = world.lose_power();
        check_filled(&journal, (round + 1) * 12, 9_000).await;
    }
}

#[tokio::test]
async fn an_unsynced_journal_when_power_is_lost_then_keeps_a_beginning_without_damage() {
    for seed in 0..30 {
        let world = World {
            options: os(),
            ..World::new(seed)
        };
        let journal = world.open();
        create(&journal, 3).await;
        fill(&journal, 0, 25, 10_000).await;
        // The MANIFEST that lists the second segment tells of records that no group has synced.
        while world.segments().len() < 2 {
            tokio::task::yield_now().await;
        }
        let journal = world.lose_power();
        for log in journal.known_list() {
            let records = read_all(&journal, log.index).await.unwrap();
            let kept = records.len() as u64;
            assert!(
                records
                    .iter()
                    .all(|(at, found)| *found == record(log.index, *at, 10_000))
            );
            let next = append(&journal, log.index, b"on").await;
            assert_eq!(next.first, Offset(kept));
        }
    }
}

#[tokio::test]
async fn appends_in_flight_when_power_is_lost_then_are_whole_or_absent() {
    for seed in 0..40 {
        let world = World::new(seed);
        let journal = world.open();
        create(&journal, 1).await;
        append(&journal, 0, b"first").await;
        let pending: Vec<_> = (0..8)
            .map(|at| try_append(&journal, 0, batch(&[record(0, at, 3_000)])))
            .map(Box::pin)
            .collect();
        // Half of them are polled, none is waited for to the end.
        for append in pending.into_iter().take(4) {
            tokio::select! { biased; _ = append => {}, () = std::future::ready(()) => {} }
        }
        let journal = world.lose_power();
        let records = read_all(&journal, 0).await.unwrap();
        assert_eq!(records[0].1, b"first");
        for (at, (_, found)) in (0..).zip(&records[1..]) {
            assert_eq!(*found, record(0, at, 3_000));
        }
    }
}

#[tokio::test]
async fn a_second_opener_when_the_first_is_open_then_is_refused_until_it_stops() {
    let world = World::new(1);
    let journal = world.open();
    assert!(matches!(world.try_open(), Err(OpenError::Locked(_))));
    journal.shutdown().await;
    assert!(world.try_open().is_ok());
}

#[tokio::test]
async fn a_stopped_journal_when_used_then_refuses_writes_and_still_reads() {
    let world = World::new(1);
    let journal = world.open();
    create(&journal, 1).await;
    append(&journal, 0, b"a").await;
    journal.shutdown().await;
    assert!(!journal.is_writable());
    let refused = try_append(&journal, 0, batch(&[b"b"])).await.unwrap_err();
    assert!(matches!(refused, AppendError::NotApplied(_)), "{refused:?}");
    assert_eq!(read_all(&journal, 0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn large_records_when_written_then_stand_alone_and_come_back() {
    let world = World::new(1);
    let journal = world.open();
    create(&journal, 2).await;
    let large = vec![7; 12 * 1024 * 1024];
    for _ in 0..2 {
        append(&journal, 0, b"small").await;
        append(&journal, 1, &large).await;
    }
    let journal = world.kill();
    let records = read_all(&journal, 1).await.unwrap();
    assert!(records.len() == 2 && records.iter().all(|(_, record)| *record == large));
    assert_eq!(read_all(&journal, 0).await.unwrap().len(), 2);
}

#[tokio::test]
async fn thousands_of_logs_when_reopened_then_each_has_its_own() {
    let world = World::new(1);
    let mut journal = world.open();
    create(&journal, 3000).await;
    for round in 0..2_u32 {
        let batches = (0..3000).map(|log| (id(log), batch(&[(log + round).to_le_bytes()])));
        let results = journal.append_many(batches.collect()).await;
        assert!(results.iter().all(Result::is_ok));
        journal = world.kill();
    }
    journal.delete((0..1000).map(id).collect()).await.unwrap();
    let journal = world.lose_power();
    assert_eq!(journal.known_list().len(), 2000);
    for log in (1000..3000).step_by(97) {
        let expected =
            [0_u32, 1].map(|round| (u64::from(round), (log + round).to_le_bytes().to_vec()));
        assert_eq!(read_all(&journal, log).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn changes_of_old_segments_when_those_are_freed_then_still_hold() {
    free_then_lose_power(World::new(1)).await;
}

pub(crate) async fn free_then_lose_power(world: World) {
    let journal = world.open();
    create(&journal, 5).await;
    journal.configure(id(4), SETTINGS).await.unwrap();
    append(&journal, 4, b"catalog").await;
    fill(&journal, 0, 130, 10_000).await;
    journal.trim(id(4), Offset(1)).await.unwrap();
    journal.delete(vec![id(3)]).await.unwrap();
    for log in 0..3 {
        journal.trim(id(log), Offset(130)).await.unwrap();
    }
    // Then the trims stand in an old segment too, and the MANIFEST alone tells where log 4 ends.
    for at in 130..260 {
        append(&journal, 2, &record(2, at, 10_000)).await;
    }
    let before = journal.disk_bytes();
    world.clock.advance(crate::space::grace::FREED_AFTER);
    // The keeper may be at a footer just now, without which a segment stays.
    for _ in 0..MAINTAINED_MAX {
        journal.maintain().await;
        if journal.disk_bytes() < before {
            break;
        }
    }
    assert!(journal.disk_bytes() < before, "the old segments have gone");
    let journal = world.lose_power();
    assert_eq!(journal.settings(id(4)), Some(SETTINGS));
    assert_eq!(journal.known_bounds(id(4)).unwrap().end, Offset(1));
    assert_eq!(journal.known_list(), [0, 1, 2, 4].map(id));
    assert_eq!(append(&journal, 0, b"next").await.first, Offset(130));
    let again = journal.create(vec![(id(4), LogSettings::default())]).await;
    assert_eq!(again, Err(StoreError::Exists(id(4))));
}

#[tokio::test]
async fn a_clean_stop_when_something_was_written_then_leaves_one_witness() {
    let world = World::new(1);
    let journal = world.open();
    create(&journal, 1).await;
    append(&journal, 0, b"a").await;
    let syncs = world.disk.calls(Call::SyncData);
    journal.shutdown().await;
    assert_eq!(
        world.disk.calls(Call::SyncData),
        syncs + 2,
        "the witness of a clean stop, and the MANIFEST that tells where logs end"
    );
    let journal = world.open();
    let syncs = world.disk.calls(Call::SyncData);
    journal.shutdown().await;
    assert_eq!(
        world.disk.calls(Call::SyncData),
        syncs,
        "nothing new to witness"
    );
}

#[tokio::test]
async fn a_quiet_journal_when_time_passes_then_writes_its_witness_without_being_asked() {
    let world = World::new(1);
    let journal = world.open();
    create(&journal, 1).await;
    append(&journal, 0, b"a").await;
    let syncs = world.disk.calls(Call::SyncData);
    // The writer goes to sleep on a thread of its own: time passes until it has.
    while world.disk.calls(Call::SyncData) == syncs {
        world.clock.advance(Duration::from_millis(50));
        tokio::task::yield_now().await;
    }
    journal.shutdown().await;
    assert_eq!(
        world.disk.calls(Call::SyncData),
        syncs + 2,
        "one is enough; and the MANIFEST of a clean stop"
    );
}

#[tokio::test]
async fn a_new_store_when_opened_then_makes_one_small_file() {
    let world = World {
        options: Options::default(),
        ..World::new(1)
    };
    let journal = world.open();
    assert_eq!(world.segments().len(), 1);
    assert_eq!(journal.disk_bytes(), 4 * 1024 * 1024);
}

#[tokio::test]
async fn a_long_segment_when_reopened_then_is_read_from_its_last_checkpoint() {
    let options = Options {
        segment_bytes_max: 64 * 1024 * 1024,
        ..super::harness::small()
    };
    // On one thread: the footers of the full ones are written when the process dies.
    let world = World {
        options,
        ..World::inline(1)
    };
    let journal = world.open();
    create(&journal, 3).await;
    // Segments grow: 4, 8, 16 and 32 MiB; the fourth is left open with a checkpoint in it.
    for at in 0..150 {
        let batches = (0..3)
            .map(|log| (id(log), batch(&[record(log, at, 110_000)])))
            .collect();
        journal.append_many(batches).await;
    }
    let before = world.disk.read_bytes();
    let journal = world.kill();
    let read = world.disk.read_bytes() - before;
    check_filled(&journal, 150, 110_000).await;
    let open = world
        .segments()
        .last()
        .and_then(|path| world.disk.contents(path))
        .unwrap()
        .len();
    assert!(open >= 32 << 20, "a segment of {open} bytes is open");
    assert!(read < open as u64, "{read} bytes were read of {open}");
}

/// As a copy of the file has it that was begun before the last of them were written.
#[tokio::test]
async fn a_segment_when_its_first_page_is_older_than_its_frames_then_all_of_them_count() {
    let options = Options {
        segment_bytes_max: 64 * 1024 * 1024,
        ..super::harness::small()
    };
    let world = World {
        options,
        ..World::inline(1)
    };
    let journal = world.open();
    create(&journal, 1).await;
    // 4 and 8 MiB are full then; the page of the third is kept when it has just begun.
    let mut count = 0;
    let open = loop {
        append(&journal, 0, &record(0, count, 100_000)).await;
        count += 1;
        if journal.segments.active() == 3 {
            break world.segments().remove(2);
        }
    };
    let page = world.disk.contents(&open).unwrap()[..4096].to_vec();
    for _ in 0..120 {
        append(&journal, 0, &record(0, count, 100_000)).await;
        count += 1;
    }
    world.disk.process_death();
    let mut copy = world.disk.contents(&open).unwrap();
    assert_ne!(copy[..4096], page, "more than one limit was written");
    copy[..4096].copy_from_slice(&page);
    world.disk.put_back(&open, &copy);
    for start in 0..2 {
        let journal = world.kill();
        let records = read_all(&journal, 0).await.unwrap();
        assert_eq!(records.len() as u64, count, "start {start}");
        append(&journal, 0, &record(0, count, 100_000)).await;
        count += 1;
    }
}
