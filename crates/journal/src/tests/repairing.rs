//! A repair that is interrupted at any of its calls, and what is always there afterwards.

use super::harness::{DIRECTORY, World};
use super::inspecting::{judge_repaired, look, planned, repair};
use super::rot::{End, Files, LOGS, RECORDS, put, record, store, world};
use crate::OpenError;
use crate::format::segment::FRAMES_START;
use crate::inspect::What;
use millstream_env::{Call, Disk, Fault, OpenMode};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The calls that change anything.
const CHANGES: [Call; 8] = [
    Call::Open,
    Call::CreateDirectory,
    Call::Write,
    Call::SetLength,
    Call::SyncData,
    Call::Rename,
    Call::SyncDirectory,
    Call::Remove,
];

/// A store whose first segment has a rotten frame, whose second a rotten record.
async fn damaged() -> Files {
    let mut files = store(None, End::Stop).await;
    let mut segments = { files.iter_mut() }.filter(|(path, _)| is_segment(path));
    let (_, first) = segments.next().unwrap();
    first[FRAMES_START as usize + 40] ^= 1;
    let (_, second) = segments.next().unwrap();
    let at = { second.windows(8).rposition(|window| window == b"aaaaaaaa") }.unwrap_or(0);
    let at = at.max(FRAMES_START as usize + 120);
    second[at] ^= 1;
    files
}

fn is_segment(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "segment")
}

fn kept() -> BTreeMap<u32, (u64, u64)> {
    (0..LOGS)
        .map(|log| (log, (0, RECORDS[log as usize])))
        .collect()
}

/// The original bytes of every file of records are on the disk, under whatever name.
#[track_caller]
fn check_originals(world: &World, files: &Files, case: &str) {
    let names = world.disk.names();
    let there = names.iter().filter_map(|path| world.disk.contents(path));
    let there: Vec<Vec<u8>> = there.collect();
    for (path, bytes) in files {
        assert!(there.contains(bytes), "{case}: {} is gone", path.display());
    }
}

#[tokio::test]
async fn repair_when_power_is_lost_at_any_of_its_calls_then_can_be_run_again_and_nothing_is_gone() {
    let files = damaged().await;
    interrupt_everywhere(&files).await;
    // Nothing but the files tells what is the journal's and what a repair has made.
    let without = files.into_iter();
    let without: Files = without
        .filter(|(path, _)| !path.ends_with("MANIFEST"))
        .collect();
    interrupt_everywhere(&without).await;
}

async fn interrupt_everywhere(files: &Files) {
    let losses = {
        let world = world(None);
        put_durably(&world, files);
        planned(&world)
    };
    assert!(!losses.is_empty());
    let (mut cases, mut unfinished) = (0, 0);
    for call in CHANGES {
        for nth in 1.. {
            let world = world(None);
            put_durably(&world, files);
            world.disk.fail_nth(call, nth, Fault::Death);
            let first = repair(&world, "one");
            world.disk.cancel_faults();
            if world.disk.take_struck().is_empty() {
                assert!(matches!(first, Ok(Some(_))), "{first:?}");
                break;
            }
            cases += 1;
            let case = format!("{call:?} {nth}");
            world.disk.power_loss(&world.dice);
            check_originals(&world, files, &case);
            unfinished += u32::from(refuses_unfinished(&world, &case));
            if look(&world).unwrap().damage().is_empty() {
                assert_eq!(repair(&world, "two").unwrap(), None, "{case}");
                assert_eq!(look(&world).unwrap().damage().len(), 0, "{case}");
                continue;
            }
            assert_eq!(planned(&world), losses, "{case}");
            let wrong = judge_repaired(&world, "two", &kept(), record).await;
            assert_eq!(wrong, None, "{case}");
            check_originals(&world, files, &case);
        }
    }
    println!("{cases} interruptions, {unfinished} of them seen by the next start");
    assert!(cases > 40 && unfinished > 10, "{cases}, {unfinished}");
}

/// Whether a repair is known not to have ended; then no start makes anything of what is there.
#[track_caller]
fn refuses_unfinished(world: &World, case: &str) -> bool {
    let seen = look(world).unwrap();
    let is_told = { seen.findings.iter() }.any(|found| found.what == What::Unfinished);
    if is_told {
        let before = world.disk.names();
        let refused = world.try_open().err();
        let is_refused = matches!(refused, Some(OpenError::Unfinished { .. }));
        assert!(is_refused, "{case}: {refused:?}");
        let mut after = world.disk.names();
        after.retain(|path| before.contains(path) || !path.ends_with("LOCK"));
        assert_eq!(after, before, "{case}");
    }
    is_told
}

#[tokio::test]
async fn repair_when_a_call_fails_then_says_so_and_can_be_run_again() {
    let files = damaged().await;
    for call in CHANGES {
        for nth in 1.. {
            let world = world(None);
            put_durably(&world, &files);
            world.disk.fail_nth(call, nth, Fault::ENOSPC);
            let first = repair(&world, "one");
            world.disk.cancel_faults();
            if world.disk.take_struck().is_empty() {
                break;
            }
            let case = format!("{call:?} {nth}: {first:?}");
            check_originals(&world, &files, &case);
            if first.is_ok() {
                continue;
            }
            if look(&world).unwrap().damage().is_empty() {
                continue;
            }
            let wrong = judge_repaired(&world, "two", &kept(), record).await;
            assert_eq!(wrong, None, "{case}");
            check_originals(&world, &files, &case);
        }
    }
}

/// Puts files on a disk as something that was there long before.
fn put_durably(world: &World, files: &Files) {
    put(world, files);
    let directory = Path::new(DIRECTORY);
    for (path, _) in files {
        let file = world.disk.open(path, OpenMode::Write).unwrap();
        file.sync_data().unwrap();
    }
    world.disk.sync_directory(directory).unwrap();
}

#[tokio::test]
async fn journal_when_sound_then_is_called_so_and_a_repair_changes_nothing() {
    for end in [End::Stop, End::Death] {
        let world = world(None);
        put(&world, &store(None, end).await);
        let before = names(&world);
        let changes = || {
            CHANGES[1..]
                .iter()
                .map(|call| world.disk.calls(*call))
                .sum::<u64>()
        };
        let changed = changes();
        assert_eq!(look(&world).unwrap().findings, []);
        assert_eq!(names(&world), before, "not even a lock");
        assert_eq!(changes(), changed, "nothing that a read-only disk refuses");
        assert_eq!(repair(&world, "one").unwrap(), None);
        let after: Vec<_> = { names(&world).into_iter() }
            .filter(|path| !path.ends_with("LOCK"))
            .collect();
        assert_eq!(after, before);
    }
}

fn names(world: &World) -> Vec<PathBuf> {
    Disk::list(&world.disk, Path::new(DIRECTORY)).unwrap()
}

#[tokio::test]
async fn journal_when_open_or_absent_then_is_not_looked_at() {
    let world = world(None);
    let directory = Path::new(DIRECTORY);
    assert!(matches!(
        look(&world),
        Err(OpenError::Io { .. } | OpenError::NoJournal(_))
    ));
    world.disk.create_directory(directory).unwrap();
    assert!(matches!(look(&world), Err(OpenError::NoJournal(_))));
    let strange = directory.join("notes");
    world.disk.open(&strange, OpenMode::CreateNew).unwrap();
    assert!(matches!(look(&world), Err(OpenError::Strange { .. })));
    world.disk.remove(&strange).unwrap();
    let journal = world.open();
    assert!(matches!(look(&world), Err(OpenError::Locked(_))));
    assert!(matches!(repair(&world, "one"), Err(OpenError::Locked(_))));
    millstream_store::LogStore::shutdown(&*journal).await;
    assert_eq!(look(&world).unwrap().findings, []);
    world.disk.open(&strange, OpenMode::CreateNew).unwrap();
    let found = look(&world).unwrap();
    assert!(
        found.damage().is_empty() && found.findings.len() == 1,
        "{found:?}"
    );
}
