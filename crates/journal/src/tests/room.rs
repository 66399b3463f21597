//! Giving back space: an hour after hiding, whole segments, and not while clocks jump.

use super::harness::{World, append, create, id, read_all, tiny};
use crate::space::grace::FREED_AFTER;
use millstream_env::{Clock, Timestamp};
use millstream_store::store::{LogStore, Offset};
use std::time::Duration;

const SEGMENT: u64 = 1024 * 1024;

async fn filled(world: &World) -> std::sync::Arc<crate::Journal> {
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
    let files =
        millstream_env::Disk::list(&world.disk, std::path::Path::new(super::harness::DIRECTORY));
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

#[tokio::test]
async fn segments_when_something_in_them_is_still_kept_then_stay() {
    trim_half(World::new(1)).await;
}

/// Whoever looks for room looks at many logs, one after the other; meanwhile segments are sealed,
/// some of them with records of logs that were looked at before.
#[tokio::test]
async fn segments_when_sealed_while_others_are_looked_at_then_stay() {
    const LOGS: u32 = 3_000;
    const ROUNDS: u64 = 400;
    let world = World::new(1).with(tiny());
    let journal = world.open();
    create(&journal, LOGS).await;
    let maintained = async {
        loop {
            journal.maintain().await;
        }
    };
    let appended = async {
        for round in 0..ROUNDS {
            let index = round as u32 % LOGS;
            append(&journal, index, &[1; 30_000]).await;
        }
    };
    tokio::select! {
        biased;
        () = appended => {}
        () = maintained => {}
    }
    for index in 0..ROUNDS as u32 {
        let found = read_all(&journal, index).await.unwrap();
        assert_eq!(found.len(), 1, "of log {index}");
    }
}

pub(crate) async fn trim_half(world: World) {
    let journal = filled(&world).await;
    let full = journal.disk_bytes();
    journal.trim(id(0), Offset(75)).await.unwrap();
    world.clock.advance(FREED_AFTER);
    journal.maintain().await;
    let left = journal.disk_bytes();
    assert!(
        left < full && left >= 75 * 30_000,
        "{left} of {full} bytes are left"
    );
    let journal = world.lose_power();
    assert_eq!(read_all(&journal, 0).await.unwrap().len(), 75);
}

/// A lasting log, a few bytes of it in every segment, and one that is hidden.
async fn interleaved(world: &World) -> std::sync::Arc<crate::Journal> {
    let journal = world.open();
    create(&journal, 3).await;
    for at in 0..200_u64 {
        append(&journal, 0, &vec![1; world.record_bytes()]).await;
        append(&journal, 1, &at.to_le_bytes()).await;
    }
    journal.trim(id(0), Offset(200)).await.unwrap();
    journal.trim(id(1), Offset(3)).await.unwrap();
    journal.maintain().await;
    journal
}

async fn check_lasting(journal: &std::sync::Arc<crate::Journal>) {
    let kept = read_all(journal, 1).await.unwrap();
    let expected: Vec<(u64, Vec<u8>)> = (3..200_u64)
        .map(|at| (at, at.to_le_bytes().to_vec()))
        .collect();
    assert_eq!(kept, expected);
}

#[tokio::test]
async fn a_lasting_log_when_it_pins_hidden_segments_then_is_copied_out_of_them() {
    for seed in 0..5 {
        let world = World::new(seed);
        let journal = interleaved(&world).await;
        let full = journal.disk_bytes();
        world.clock.advance(FREED_AFTER);
        journal.maintain().await;
        let left = journal.disk_bytes();
        assert!(
            full > 5 * SEGMENT && left <= 4 * SEGMENT,
            "{left} of {full} bytes are left"
        );
        check_lasting(&journal).await;
        let journal = world.lose_power();
        check_lasting(&journal).await;
        assert_eq!(append(&journal, 1, b"next").await.first, Offset(200));
        assert_eq!(append(&journal, 0, b"next").await.first, Offset(200));
        // What was copied once can be copied again.
        journal.trim(id(1), Offset(150)).await.unwrap();
        let journal = world.kill();
        assert_eq!(read_all(&journal, 1).await.unwrap().len(), 51);
    }
}

#[tokio::test]
async fn the_cleaner_when_power_is_lost_at_any_of_its_calls_then_nothing_kept_is_lost() {
    use millstream_env::{Call, Fault};
    let kinds = [
        Call::Open,
        Call::Write,
        Call::SyncData,
        Call::SyncDirectory,
        Call::Rename,
    ];
    for kind in kinds {
        for case in 0..30 {
            let (nth, options) = (1 + case % 5, tiny());
            let world = World {
                options,
                ..World::new(case)
            };
            let journal = interleaved(&world).await;
            world.clock.advance(FREED_AFTER);
            world.disk.fail_nth(kind, nth, Fault::Death);
            journal.maintain().await;
            world.disk.cancel_faults();
            let journal = world.lose_power();
            check_lasting(&journal).await;
        }
    }
}

#[tokio::test]
async fn damage_when_the_cleaner_meets_it_then_is_not_copied_and_stays_damage() {
    let world = World::new(1);
    let journal = interleaved(&world).await;
    journal.shutdown().await;
    let segment = world.segments().remove(1);
    let contents = world.disk.contents(&segment).unwrap();
    let wanted = [8_u64.to_le_bytes()[0], 0, 0, 0];
    // The first small record in the segment: its length, then its number.
    let at = contents.windows(4).enumerate().skip(4096);
    let (position, _) = at
        .into_iter()
        .find(|(_, window)| *window == wanted)
        .unwrap();
    world.disk.corrupt(&segment, position as u64 + 4, 0x80);
    let journal = world.open();
    journal.maintain().await;
    world.clock.advance(FREED_AFTER);
    journal.maintain().await;
    let damaged = read_all(&journal, 1).await;
    assert!(
        matches!(damaged, Err(millstream_store::ReadError::Damaged { .. })),
        "{damaged:?}"
    );
}
