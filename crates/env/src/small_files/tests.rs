//! Small files on a disk that loses what is not synced, and on the real one.

use super::*;
use crate::{Call, Fault, MemoryDisk, PRIVATE_FILE_MODE, RealDisk, SeededRandom};

const FILE: &str = "/folder/file";
const NEW: &str = "/folder/file.new";
/// The calls of a replacement.
const CALLS: [Call; 6] = [
    Call::Open,
    Call::Write,
    Call::Mode,
    Call::SyncData,
    Call::Rename,
    Call::SyncDirectory,
];

fn disk() -> MemoryDisk {
    let disk = MemoryDisk::new();
    disk.create_directory(Path::new("/folder")).unwrap();
    disk
}

fn replace(disk: &MemoryDisk, bytes: &[u8]) -> io::Result<()> {
    replace_file(&disk.boot(), Path::new(FILE), bytes, FileMode::Kept)
}

fn read(disk: &MemoryDisk) -> Vec<u8> {
    disk.boot().read_whole(Path::new(FILE), 100).unwrap()
}

#[test]
fn file_when_the_power_is_lost_after_it_was_replaced_then_is_the_new_one() {
    for seed in 0..20 {
        let disk = disk();
        for bytes in [&b"old"[..], b"newer"] {
            replace(&disk, bytes).unwrap();
            disk.power_loss(&SeededRandom::new(seed));
            assert_eq!(read(&disk), bytes);
        }
    }
}

#[test]
fn file_when_the_power_is_lost_at_any_call_then_is_the_old_one_or_the_new_one() {
    for seed in 0..40 {
        for call in CALLS {
            let disk = disk();
            replace(&disk, b"old").unwrap();
            disk.fail_nth(call, 1, Fault::Death);
            replace(&disk, b"newer").unwrap_err();
            disk.power_loss(&SeededRandom::new(seed));
            let found = read(&disk);
            assert!([&b"old"[..], b"newer"].contains(&&found[..]), "{call:?}");
            // What the first left does not hinder the next.
            replace(&disk, b"newest").unwrap();
            disk.power_loss(&SeededRandom::new(seed));
            assert_eq!(read(&disk), b"newest", "{call:?}");
        }
    }
}

#[test]
fn file_when_a_call_fails_then_is_whole_and_nothing_is_left_beside_it() {
    for call in CALLS {
        let disk = disk();
        replace(&disk, b"old").unwrap();
        disk.fail_nth(call, 1, Fault::ENOSPC);
        replace(&disk, b"newer").unwrap_err();
        let found = read(&disk);
        assert!([&b"old"[..], b"newer"].contains(&&found[..]), "{call:?}");
        assert_eq!(disk.contents(Path::new(NEW)), None, "{call:?}");
    }
}

#[test]
fn lock_when_its_file_is_replaced_then_still_excludes_others() {
    let disk = disk();
    let path = Path::new(FILE);
    let lock = lock_beside(&disk, path).unwrap();
    replace(&disk, b"bytes").unwrap();
    let refused = lock_beside(&disk, path).err().unwrap();
    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
    drop(lock);
    lock_beside(&disk, path).unwrap();
}

#[test]
fn mode_when_a_file_is_replaced_then_is_kept_or_the_given_one() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("file");
    let memory = disk();
    let disks: [(&dyn Disk, &Path); 2] = [(&memory, Path::new(FILE)), (&RealDisk, &real)];
    for (disk, path) in disks {
        let mode_after = |mode: FileMode| {
            replace_file(disk, path, b"bytes", mode).unwrap();
            disk.mode(path).unwrap()
        };
        assert_eq!(mode_after(FileMode::Kept), PRIVATE_FILE_MODE);
        assert_eq!(mode_after(FileMode::Given(0o644)), 0o644);
        assert_eq!(mode_after(FileMode::Kept), 0o644);
        disk.set_mode(path, 0o640).unwrap();
        assert_eq!(mode_after(FileMode::Kept), 0o640);
        assert_eq!(mode_after(FileMode::Private), PRIVATE_FILE_MODE);
        disk.remove(path).unwrap();
        assert_eq!(mode_after(FileMode::Private), PRIVATE_FILE_MODE);
    }
}

#[test]
fn file_when_it_is_too_large_or_has_no_end_then_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("file");
    let memory = disk();
    let endless = Path::new("/dev/zero");
    let disks: [(&dyn Disk, &Path); 2] = [(&memory, Path::new(FILE)), (&RealDisk, &real)];
    for (disk, path) in disks {
        let missing = disk.read_whole(path, 100).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        replace_file(disk, path, &[b'x'; 100], FileMode::Kept).unwrap();
        assert_eq!(disk.read_whole(path, 100).unwrap(), [b'x'; 100]);
    }
    let disks = [disks[0], disks[1], (&RealDisk, endless)];
    for (disk, path) in disks {
        let error = disk.read_whole(path, 99).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        let text = format!("{}: larger than 99 bytes", path.display());
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn folder_when_a_path_names_none_then_is_the_current_one() {
    for (path, expected) in [("file", "."), ("a/file", "a"), ("/file", "/")] {
        assert_eq!(folder_of(Path::new(path)), Path::new(expected));
    }
}
