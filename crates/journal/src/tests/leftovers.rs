//! Failures leave no file behind: whichever call fails, and however often, the directory has what
//! the MANIFEST lists, and briefly at most one file more.

use super::faults::KINDS;
use super::harness::{DIRECTORY, World, append, batch, create, id, tiny, try_append};
use super::refilled::{catalog, unexpected, verify_files};
use millstream_env::{Call, Fault};
use millstream_store::batch::Batch;
use millstream_store::batches::Batches;
use millstream_store::store::{AppendError, LogSettings, LogStore, Priority};
use std::path::Path;

const FAULTS: [Fault; 3] = [Fault::EIO, Fault::ENOSPC, Fault::EMFILE];

#[tokio::test]
async fn any_call_when_it_fails_while_records_are_put_then_leaves_no_file() {
    for kind in KINDS {
        for nth in 1..=20 {
            for fault in FAULTS {
                fail_one(kind, nth, fault).await;
            }
        }
    }
}

async fn fail_one(kind: Call, nth: u64, fault: Fault) {
    let what = format!("{fault:?} at {kind:?} {nth}");
    let world = World::inline(nth).with(tiny());
    let journal = world.open();
    create(&journal, 2).await;
    world.disk.fail_nth(kind, nth, fault);
    for at in 0..80_u32 {
        drop(try_append(&journal, at % 2, batch(&[[7; 6_000]])).await);
        let left = unexpected(&world, &journal);
        assert!(left.len() <= 1, "{what}: {left:?}");
        if at == 40 {
            drop(journal.delete(vec![id(1)]).await);
            world.clock.advance(crate::space::grace::FREED_AFTER);
            journal.maintain().await;
        }
    }
    world.disk.cancel_faults();
    if !journal.is_writable() {
        return;
    }
    journal.maintain().await;
    append(&journal, 0, b"on").await;
    journal.maintain().await;
    verify_files(&world, &journal);
}

/// Each try fails at the same step, as with a device or a directory that is not well.
#[tokio::test]
async fn a_call_when_it_fails_again_and_again_then_leaves_no_more_files_than_once() {
    for kind in [
        Call::Open,
        Call::Rename,
        Call::SyncDirectory,
        Call::Allocate,
        Call::Length,
    ] {
        for fault in FAULTS {
            let what = format!("{fault:?} at {kind:?}");
            let world = World::inline(1).with(tiny());
            let journal = world.open();
            create(&journal, 1).await;
            (1..=2_000).for_each(|nth| world.disk.fail_nth(kind, nth, fault));
            let mut refused = 0;
            for _ in 0..120 {
                let put = try_append(&journal, 0, batch(&[[7; 6_000]])).await;
                match put {
                    Ok(_) => {}
                    Err(AppendError::Full | AppendError::NotApplied(_)) => refused += 1,
                    Err(other) => panic!("{what}: {other}"),
                }
                let left = unexpected(&world, &journal);
                assert!(left.len() <= 1, "{what}: {left:?}");
            }
            assert!(refused > 60, "{what}: {refused} puts refused");
            world.disk.cancel_faults();
            journal.maintain().await;
            append(&journal, 0, b"on").await;
            verify_files(&world, &journal);
        }
    }
}

#[tokio::test]
async fn descriptors_when_there_are_no_more_then_what_makes_room_still_has_some() {
    let world = World::inline(1).with(tiny());
    world.disk.set_files_max(Some(24));
    let journal = world.open();
    let settings = LogSettings {
        priority: Priority::Reserved,
        ..LogSettings::default()
    };
    journal.create(vec![(catalog(), settings)]).await.unwrap();
    create(&journal, 2).await;
    // A stream each in segments of its own, until there are no more files to be had.
    let mut log = 0;
    let mut count = 0;
    let refused = loop {
        match try_append(&journal, log, batch(&[[7; 6_000]])).await {
            Ok(_) => count += 1,
            Err(error) => break error,
        }
        log = u32::from(count > 150);
    };
    assert!(matches!(refused, AppendError::NotApplied(_)), "{refused:?}");
    let files = millstream_env::Disk::list(&world.disk, Path::new(DIRECTORY));
    assert!(files.is_ok(), "one for the directory is left");
    for _ in 0..60 {
        let refused = try_append(&journal, 1, batch(&[[7; 6_000]])).await;
        let refused = refused.unwrap_err();
        assert!(matches!(refused, AppendError::NotApplied(_)), "{refused:?}");
        assert_eq!(unexpected(&world, &journal), Vec::<String>::new());
    }
    for _ in 0..20 {
        // As many as a segment holds, so that the next one is needed.
        let command = Batches::one(catalog(), Batch::data(&[7; 6_000]));
        let taken = journal.append_many(command).await.remove(0);
        taken.expect("a command is taken");
    }
    journal.delete(vec![id(0)]).await.unwrap();
    journal.maintain().await;
    for _ in 0..60 {
        append(&journal, 1, &[7; 6_000]).await;
    }
    journal.shutdown().await;
    verify_files(&world, &journal);
}
