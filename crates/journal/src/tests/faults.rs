//! What calls are told when the disk fails, and what is there afterwards.

use super::harness::{World, append, batch, create, id, read_all, tiny, try_append};
use millstream_env::{Call, Fault};
use millstream_store::store::{AppendError, LogStore, Offset, StoreError};

#[tokio::test]
async fn a_write_when_it_fails_then_is_taken_back_and_writing_goes_on() {
    for fault in [
        Fault::EIO,
        Fault::ENOSPC,
        Fault::Half(5),
        Fault::Half(28),
        Fault::Late(5),
    ] {
        let world = World::new(1);
        let journal = world.open();
        create(&journal, 1).await;
        append(&journal, 0, b"a").await;
        world.disk.fail_nth(Call::Write, 1, fault);
        let failed = try_append(&journal, 0, batch(&[vec![9; 5000]])).await;
        let is_full = matches!(fault, Fault::Errno(28) | Fault::Half(28));
        match failed {
            Err(AppendError::Full) => assert!(is_full),
            Err(AppendError::NotApplied(_)) => assert!(!is_full),
            other => panic!("{fault:?}: {other:?}"),
        }
        assert!(journal.is_writable());
        assert_eq!(append(&journal, 0, b"b").await.first, Offset(1));
        let expected = [(0, b"a".to_vec()), (1, b"b".to_vec())];
        assert_eq!(read_all(&journal, 0).await.unwrap(), expected);
        let journal = world.lose_power();
        assert_eq!(read_all(&journal, 0).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn a_refused_write_when_power_is_lost_next_then_leaves_no_trace() {
    for seed in 0..30 {
        let world = World::new(seed);
        let journal = world.open();
        create(&journal, 1).await;
        let fault = [Fault::Half(5), Fault::Late(5)][seed as usize % 2];
        world.disk.fail_nth(Call::Write, 1, fault);
        let refused = try_append(&journal, 0, batch(&[b"no"])).await.unwrap_err();
        assert!(matches!(refused, AppendError::NotApplied(_)), "{refused:?}");
        let journal = world.lose_power();
        assert_eq!(read_all(&journal, 0).await.unwrap(), []);
        assert_eq!(append(&journal, 0, b"yes").await.first, Offset(0));
    }
}

#[tokio::test]
async fn a_sync_when_it_fails_then_the_call_is_unknown_and_all_writing_ends() {
    fail_sync(World::new(1)).await;
}

pub(crate) async fn fail_sync(world: World) {
    let journal = world.open();
    create(&journal, 1).await;
    append(&journal, 0, b"a").await;
    world.disk.fail_nth(Call::SyncData, 1, Fault::EIO);
    let failed = try_append(&journal, 0, batch(&[b"b"])).await;
    assert!(matches!(failed, Err(AppendError::Unknown(_))), "{failed:?}");
    assert!(!journal.is_writable());
    let syncs = world.disk.calls(Call::SyncData);
    let refused = try_append(&journal, 0, batch(&[b"c"])).await;
    assert!(
        matches!(refused, Err(AppendError::NotApplied(_))),
        "{refused:?}"
    );
    let refused = journal.trim(id(0), Offset(1)).await;
    assert!(
        matches!(refused, Err(StoreError::NotApplied(_))),
        "{refused:?}"
    );
    assert_eq!(read_all(&journal, 0).await.unwrap(), [(0, b"a".to_vec())]);
    journal.shutdown().await;
    assert_eq!(
        world.disk.calls(Call::SyncData),
        syncs,
        "it never syncs again hoping"
    );
    let journal = world.lose_power();
    let records = read_all(&journal, 0).await.unwrap();
    assert!(records.len() <= 2 && records[0].1 == b"a");
}

#[tokio::test]
async fn a_full_disk_when_there_is_room_again_then_takes_writes_again() {
    let world = World::new(1);
    world.disk.set_capacity(Some(4 * 1024 * 1024));
    let journal = world.open();
    create(&journal, 1).await;
    let mut count = 0;
    let refused = loop {
        match try_append(&journal, 0, batch(&[vec![1; 50_000]])).await {
            Ok(_) => count += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, AppendError::Full);
    assert!(count > 30, "{count} records found room");
    assert_eq!(read_all(&journal, 0).await.unwrap().len(), count);
    world.disk.set_capacity(None);
    assert_eq!(append(&journal, 0, b"on").await.first, Offset(count as u64));
    let journal = world.lose_power();
    assert_eq!(read_all(&journal, 0).await.unwrap().len(), count + 1);
}

#[tokio::test]
async fn reads_when_the_device_fails_then_say_so_and_work_again_later() {
    let world = World::new(1);
    let journal = world.open();
    create(&journal, 1).await;
    append(&journal, 0, b"a").await;
    let journal = world.kill();
    // The window around the record, in a hurry and in patience, then the record alone.
    for nth in 1..=3 {
        world.disk.fail_nth(Call::Read, nth, Fault::EIO);
    }
    assert!(matches!(
        read_all(&journal, 0).await,
        Err(millstream_store::ReadError::Io(_))
    ));
    assert_eq!(read_all(&journal, 0).await.unwrap().len(), 1);
}

pub(crate) const KINDS: [Call; 12] = [
    Call::Open,
    Call::Rename,
    Call::Remove,
    Call::List,
    Call::SyncDirectory,
    Call::FreeBytes,
    Call::Read,
    Call::Write,
    Call::SyncData,
    Call::Allocate,
    Call::SetLength,
    Call::Length,
];

/// Every call of every kind fails once, in turn, while the journal is opened, filled and reopened:
/// what was acknowledged is there, what was refused is not.
#[tokio::test]
async fn any_call_when_it_fails_then_nothing_acknowledged_is_lost_and_nothing_refused_appears() {
    for kind in KINDS {
        for nth in 1..=20 {
            fill_through(World::new(nth), kind, nth, Fault::EIO).await;
        }
    }
}

/// The power fails at every call of every kind.
#[tokio::test]
async fn power_when_lost_at_any_call_then_the_journal_opens_with_all_that_was_acknowledged() {
    for kind in KINDS {
        // Each group writes and syncs; the calls of the keeper stand between.
        let is_frequent = matches!(kind, Call::Write | Call::SyncData);
        for nth in 1..=(if is_frequent { 70 } else { 12 }) {
            for seed in 0..3 {
                let world = World::new(nth * 10 + seed);
                fill_through(world, kind, nth, Fault::Death).await;
            }
        }
    }
}

/// The `nth` call of this kind fails, or the power with it.
pub(crate) async fn fill_through(world: World, kind: Call, nth: u64, fault: Fault) {
    let world = world.with(tiny());
    world.disk.fail_nth(kind, nth, fault);
    let Ok(journal) = world.try_open() else {
        return reopen_empty(&world).await;
    };
    let made = journal
        .create(vec![(id(0), millstream_store::LogSettings::default())])
        .await;
    let mut outcomes = Vec::new();
    for at in 0..60_u64 {
        if made.is_ok() {
            let record = [at.to_le_bytes().as_slice(), &[0; 6_000]].concat();
            outcomes.push(try_append(&journal, 0, batch(&[record])).await);
        }
    }
    world.disk.power_loss(&world.dice);
    // The fault may strike only now: then it is opened once more.
    let journal = match world.try_open() {
        Ok(journal) => journal,
        Err(_) => world.lose_power(),
    };
    world.disk.cancel_faults();
    let found = match journal.known_list().is_empty() {
        true => Vec::new(),
        false => read_all(&journal, 0).await.unwrap(),
    };
    let tag = |record: &[u8]| u64::from_le_bytes(record[..8].try_into().unwrap());
    let tags: Vec<u64> = found.iter().map(|(_, record)| tag(record)).collect();
    for (tag, outcome) in (0..).zip(outcomes) {
        match outcome {
            Ok(appended) => assert_eq!(tags[appended.first.0 as usize], tag, "{kind:?} {nth}"),
            Err(AppendError::Unknown(_)) => {}
            Err(_) => assert!(!tags.contains(&tag), "{kind:?} {nth}: {tag} was refused"),
        }
    }
    if !journal.known_list().is_empty() {
        // A failure is no damage: writing goes on.
        append(&journal, 0, b"on").await;
    }
}

async fn reopen_empty(world: &World) {
    world.disk.cancel_faults();
    let journal = world.lose_power();
    create(&journal, 1).await;
    append(&journal, 0, b"works").await;
}

/// After a crash the page cache can hold what no disk has: what is served from it must be made
/// durable first.
#[tokio::test]
async fn a_record_when_served_after_a_restart_then_survives_the_next_power_failure() {
    for seed in 0..20 {
        restart_then_lose_power(World::new(seed)).await;
    }
}

pub(crate) async fn restart_then_lose_power(world: World) {
    let journal = world.open();
    create(&journal, 1).await;
    world.disk.fail_nth(Call::SyncData, 1, Fault::EIO);
    let failed = try_append(&journal, 0, batch(&[b"unknown"])).await;
    let failed = failed.unwrap_err();
    assert!(matches!(failed, AppendError::Unknown(_)), "{failed:?}");
    let journal = world.kill();
    let expected = [(0, b"unknown".to_vec())];
    assert_eq!(read_all(&journal, 0).await.unwrap(), expected);
    let journal = world.lose_power();
    assert_eq!(read_all(&journal, 0).await.unwrap(), expected);
}
