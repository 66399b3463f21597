//! What the in-memory disk keeps, tears and loses.

use super::*;
use crate::{SeededRandom, raw_os_error};

const DIRECTORY: &str = "/d";

fn disk() -> MemoryDisk {
    let disk = MemoryDisk::new();
    disk.create_directory(Path::new(DIRECTORY)).unwrap();
    disk
}

fn path(name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(name)
}

fn create(disk: &MemoryDisk, name: &str) -> Arc<dyn File> {
    disk.open(&path(name), OpenMode::CreateNew).unwrap()
}

/// The kind of the error of a call that must fail.
fn kind_of<T>(result: io::Result<T>) -> Option<io::ErrorKind> {
    result.err().map(|error| error.kind())
}

/// The error number of a call that must fail.
fn number_of<T>(result: io::Result<T>) -> Option<i32> {
    result.err().and_then(|error| raw_os_error(&error))
}

const EIO: Option<i32> = Some(5);

#[test]
fn synced_bytes_and_names_when_power_is_lost_then_always_remain() {
    for seed in 0..100 {
        let disk = disk();
        let file = create(&disk, "f");
        file.write_all_at(b"safe", 0).unwrap();
        file.sync_data().unwrap();
        disk.sync_directory(Path::new(DIRECTORY)).unwrap();
        file.write_all_at(b"lost?", 4).unwrap();
        disk.power_loss(&SeededRandom::new(seed));
        assert_eq!(&disk.contents(&path("f")).unwrap()[..4], b"safe");
    }
}

#[test]
fn unsynced_changes_when_power_is_lost_then_remain_torn_or_not_by_seed() {
    let outcome = |seed| {
        let disk = disk();
        let file = create(&disk, "f");
        disk.sync_directory(Path::new(DIRECTORY)).unwrap();
        file.write_all_at(&[7; 2048], 0).unwrap();
        disk.power_loss(&SeededRandom::new(seed));
        let bytes = disk.contents(&path("f")).unwrap();
        assert!(
            bytes
                .chunks(512)
                .all(|sector| sector.iter().all(|byte| *byte == sector[0]))
        );
        bytes
            .chunks(512)
            .map(|sector| sector[0])
            .collect::<Vec<_>>()
    };
    let outcomes: BTreeSet<Vec<u8>> = (0..100).map(outcome).collect();
    assert!(outcomes.contains(&vec![]) && outcomes.contains(&vec![7; 4]));
    assert!(outcomes.len() > 4, "torn writes among {outcomes:?}");
    assert_eq!(outcome(42), outcome(42));
}

#[test]
fn a_name_when_its_directory_was_not_synced_then_may_be_lost_or_kept() {
    let kept = |seed| {
        let disk = disk();
        create(&disk, "f").sync_data().unwrap();
        disk.power_loss(&SeededRandom::new(seed));
        disk.contents(&path("f")).is_some()
    };
    let kept: BTreeSet<bool> = (0..50).map(kept).collect();
    assert_eq!(kept.len(), 2);
}

#[test]
fn a_sync_when_it_failed_then_a_later_one_does_not_make_the_bytes_safe() {
    let remains = |seed| {
        let disk = disk();
        let file = create(&disk, "f");
        disk.sync_directory(Path::new(DIRECTORY)).unwrap();
        file.write_all_at(b"x", 0).unwrap();
        disk.fail_nth(Call::SyncData, 1, Fault::EIO);
        assert_eq!(number_of(file.sync_data()), EIO);
        assert!(file.sync_data().is_ok());
        disk.power_loss(&SeededRandom::new(seed));
        !disk.contents(&path("f")).unwrap().is_empty()
    };
    assert!((0..50).any(|seed| !remains(seed)));
}

#[test]
fn the_nth_call_when_ordered_to_fail_then_fails_alone() {
    let disk = disk();
    let file = create(&disk, "f");
    disk.fail_nth(Call::Write, 2, Fault::Half(28));
    file.write_all_at(b"aaaa", 0).unwrap();
    let error = file.write_all_at(b"bbbb", 0).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(disk.contents(&path("f")).unwrap(), b"bbaa");
    file.write_all_at(b"cccc", 0).unwrap();
    assert_eq!(disk.calls(Call::Write), 3);
}

#[test]
fn a_disk_when_full_then_refuses_growth_and_takes_overwriting() {
    let disk = disk();
    let file = create(&disk, "f");
    // The block that holds the name.
    disk.set_capacity(Some(1024 + 10));
    file.allocate(8).unwrap();
    assert_eq!(disk.free_bytes(Path::new(DIRECTORY)).unwrap(), 2);
    assert_eq!(
        kind_of(file.write_all_at(b"123", 8)),
        Some(io::ErrorKind::StorageFull)
    );
    file.write_all_at(b"12", 8).unwrap();
    file.write_all_at(b"1234567890", 0).unwrap();
}

#[test]
fn a_disk_when_some_of_it_is_kept_then_does_not_call_that_free_and_takes_it() {
    let disk = disk();
    let file = create(&disk, "f");
    disk.set_capacity(Some(1024 + 10));
    disk.set_kept(6);
    assert_eq!(disk.free_bytes(Path::new(DIRECTORY)).unwrap(), 4);
    file.allocate(10).unwrap();
    assert_eq!(disk.free_bytes(Path::new(DIRECTORY)).unwrap(), 0);
}

#[test]
fn a_full_directory_when_it_needs_a_block_then_takes_no_more_names() {
    let disk = disk();
    create(&disk, "f");
    disk.set_capacity(Some(1024));
    let refused = (0..100).find(|name| {
        let made = disk.open(&path(&name.to_string()), OpenMode::CreateNew);
        made.is_err_and(|error| error.kind() == io::ErrorKind::StorageFull)
    });
    assert_eq!(refused, Some(27));
}

#[test]
fn a_process_when_it_has_too_many_files_open_then_opens_no_more_until_one_is_closed() {
    let disk = disk();
    let file = create(&disk, "f");
    disk.set_files_max(Some(1));
    let refused = |error: io::Error| crate::raw_os_error(&error) == Some(24);
    assert!(disk.open(&path("f"), OpenMode::Read).is_err_and(refused));
    assert!(disk.list(Path::new(DIRECTORY)).is_err_and(refused));
    drop(file);
    assert!(disk.list(Path::new(DIRECTORY)).is_ok());
}

#[test]
fn a_process_when_it_dies_then_its_files_and_locks_are_gone_and_bytes_remain() {
    let disk = disk();
    let file = create(&disk, "f");
    file.write_all_at(b"kept", 0).unwrap();
    let held = disk.lock(&path("LOCK")).unwrap();
    let taken = kind_of(disk.lock(&path("LOCK")));
    assert_eq!(taken, Some(io::ErrorKind::WouldBlock));
    let booted = disk.boot();
    disk.process_death();
    assert_eq!(number_of(booted.list(Path::new(DIRECTORY))), EIO);
    assert!(disk.boot().list(Path::new(DIRECTORY)).is_ok());
    assert_eq!(number_of(file.write_all_at(b"late", 0)), EIO);
    let again = disk.lock(&path("LOCK")).unwrap();
    drop(held);
    assert_eq!(
        kind_of(disk.lock(&path("LOCK"))),
        Some(io::ErrorKind::WouldBlock),
        "a dead process does not release another's lock"
    );
    drop(again);
    assert_eq!(disk.contents(&path("f")).unwrap(), b"kept");
}

#[test]
fn the_process_when_it_dies_at_a_call_then_that_and_all_later_calls_do_nothing() {
    let disk = disk();
    let file = create(&disk.boot(), "f");
    disk.fail_nth(Call::Write, 2, Fault::Death);
    file.write_all_at(b"a", 0).unwrap();
    assert_eq!(number_of(file.write_all_at(b"b", 0)), EIO);
    assert_eq!(number_of(file.write_all_at(b"c", 0)), EIO);
    assert_eq!(number_of(file.sync_data()), EIO);
    assert_eq!(disk.contents(&path("f")).unwrap(), b"a");
}

#[test]
fn a_disk_when_it_lies_about_syncs_then_loses_what_it_said_was_safe() {
    let is_lost = |seed| {
        let disk = disk();
        let file = create(&disk, "f");
        disk.sync_directory(Path::new(DIRECTORY)).unwrap();
        disk.lie_about_syncs();
        file.write_all_at(b"x", 0).unwrap();
        file.sync_data().unwrap();
        disk.power_loss(&SeededRandom::new(seed));
        disk.contents(&path("f")).unwrap().is_empty()
    };
    assert!((0..20).any(is_lost));
}

#[test]
fn writes_when_power_is_lost_then_are_torn_only_if_asked_for() {
    let torn = |seed, tearing| {
        let disk = disk();
        let file = create(&disk, "f");
        disk.sync_directory(Path::new(DIRECTORY)).unwrap();
        file.write_all_at(&[7; 4096], 0).unwrap();
        let torn = disk.power_loss_with(&SeededRandom::new(seed), tearing);
        let bytes = disk.contents(&path("f")).unwrap();
        let is_whole = bytes.is_empty() || bytes == [7; 4096];
        assert!(is_whole || torn == 1);
        torn
    };
    let count = |tearing| (0..50).map(|seed| torn(seed, tearing)).sum::<u64>();
    assert_eq!(count(Tearing::Never), 0);
    assert!(count(Tearing::Sectors) > 0);
}

#[test]
fn a_write_whose_sync_failed_when_its_place_is_synced_anew_then_never_comes_back() {
    for seed in 0..50 {
        let disk = disk();
        let file = create(&disk, "f");
        disk.sync_directory(Path::new(DIRECTORY)).unwrap();
        file.write_all_at(b"oooooo", 0).unwrap();
        disk.fail_nth(Call::SyncData, 1, Fault::EIO);
        assert_eq!(number_of(file.sync_data()), EIO);
        file.write_all_at(b"nn", 2).unwrap();
        file.sync_data().unwrap();
        disk.power_loss(&SeededRandom::new(seed));
        let bytes = disk.contents(&path("f")).unwrap();
        let found = std::str::from_utf8(&bytes).unwrap();
        let possible = ["\0\0nn", "\0\0nnoo", "oonn", "oonnoo"];
        assert!(possible.contains(&found), "{found:?}");
    }
}

#[test]
fn a_lock_when_its_file_is_removed_then_a_new_file_of_that_name_is_not_locked_and_the_directory_is()
{
    let disk = disk();
    let (_file, _directory) = (
        disk.lock(&path("LOCK")).unwrap(),
        disk.lock(Path::new(DIRECTORY)).unwrap(),
    );
    disk.remove(&path("LOCK")).unwrap();
    assert!(disk.lock(&path("LOCK")).is_ok());
    let refused = disk.lock(Path::new(DIRECTORY)).err().unwrap();
    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn a_file_when_put_back_taken_away_or_made_unreadable_then_is_so_after_a_power_failure_too() {
    let disk = disk();
    for name in ["old", "gone", "closed", "broken"] {
        create(&disk, name).write_all_at(b"new", 0).unwrap();
    }
    disk.sync_directory(Path::new(DIRECTORY)).unwrap();
    disk.put_back(&path("old"), b"before");
    disk.take_away(&path("gone"));
    disk.make_unreadable(&path("closed"), Unreadable::FORBIDDEN);
    disk.make_unreadable(&path("broken"), Unreadable::BROKEN);
    disk.power_loss(&SeededRandom::new(1));
    assert_eq!(disk.contents(&path("old")).unwrap(), b"before");
    let kind = |error: Option<io::Error>, name: &str| {
        let error = error.unwrap();
        assert!(
            error.to_string().starts_with(&format!("/d/{name}: ")),
            "{error}"
        );
        error.kind()
    };
    let gone = disk.open(&path("gone"), OpenMode::Read).err();
    assert_eq!(kind(gone, "gone"), io::ErrorKind::NotFound);
    let closed = disk.open(&path("closed"), OpenMode::Write).err();
    assert_eq!(kind(closed, "closed"), io::ErrorKind::PermissionDenied);
    let broken = disk.open(&path("broken"), OpenMode::Read).unwrap();
    kind(broken.read_exact_at(&mut [0], 0).err(), "broken");
    disk.make_readable();
    assert!(disk.open(&path("closed"), OpenMode::Read).is_ok());
}

#[test]
fn a_directory_when_it_has_the_name_of_a_file_then_is_no_file() {
    let disk = disk();
    disk.create_directory(&path("sub")).unwrap();
    create(&disk, "f");
    let failed = [
        disk.open(&path("sub"), OpenMode::Read).err(),
        disk.rename(&path("f"), &path("sub")).err(),
        disk.remove(&path("sub")).err(),
    ];
    for error in failed {
        assert_eq!(error.unwrap().kind(), io::ErrorKind::IsADirectory);
    }
}
