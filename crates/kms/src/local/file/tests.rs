//! A keyring's file on a disk that fails, loses power, and has other users.

use super::*;
use crate::BUILT_IN_ALIAS;
use crate::local::codec::tests::example;
use crate::local::keyring::Change;
use crate::{KeyArn, KeyId};
use millstream_env::{Call, Fault, MemoryDisk, RealDisk, SeededRandom, Timestamp};

const NOW: Timestamp = Timestamp(1_764_511_200_000);
const FILE: &str = "/folder/keyring.json";
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

fn file(disk: &MemoryDisk) -> KeyringFile {
    KeyringFile::new(Arc::new(disk.boot()), PathBuf::from(FILE))
}

fn create(file: &KeyringFile, missing: Missing) -> Result<KeyArn, KeyringError> {
    let random = SeededRandom::new(7);
    let place = example().keys.keys().next().unwrap().place().clone();
    let change = Change {
        now: NOW,
        random: &random,
    };
    let made = file.change(missing, |keyring| keyring.create(place, change));
    made.map(|(arn, _)| arn)
}

#[test]
fn keyring_when_it_is_not_there_then_is_made_if_that_is_meant() {
    let disk = disk();
    let file = file(&disk);
    let said = "there is no keyring /folder/keyring.json; `millstream keys create` makes one";
    assert_eq!(file.read().unwrap_err().to_string(), said);
    let refused = create(&file, Missing::Refused).unwrap_err();
    assert_eq!(refused.to_string(), said);
    let arn = create(&file, Missing::Made).unwrap();
    assert!(file.read().unwrap().key(&arn, NOW).is_some());
}

#[test]
fn keyring_when_the_power_is_lost_in_a_change_then_is_the_old_one_or_the_new_one() {
    for seed in 0..20 {
        for call in CALLS {
            let disk = disk();
            let first = create(&file(&disk), Missing::Made).unwrap();
            // Reading opens the file and asks for its mode, too.
            let is_read = matches!(call, Call::Open | Call::Mode);
            let nth = if is_read { 2 } else { 1 };
            disk.fail_nth(call, nth, Fault::Death);
            let told = file(&disk).change(Missing::Refused, |keyring| {
                keyring.set_alias(&first, "orders", NOW)
            });
            told.unwrap_err();
            disk.power_loss(&SeededRandom::new(seed));
            let found = file(&disk).read().unwrap();
            assert!(found.key(&first, NOW).is_some(), "{call:?}");
            file(&disk)
                .change(Missing::Refused, |keyring| {
                    keyring.set_alias(&first, BUILT_IN_ALIAS, NOW)
                })
                .unwrap();
            disk.power_loss(&SeededRandom::new(seed));
            let found = file(&disk).read().unwrap();
            let place = first.place();
            assert_eq!(found.aliased(place, BUILT_IN_ALIAS, NOW), Some(&first));
        }
    }
}

#[test]
fn keyring_when_it_is_damaged_or_emptied_then_is_not_changed_nor_made_anew() {
    for bytes in [&b""[..], b"{}", b"[[users]]"] {
        let disk = disk();
        let (file, path) = (file(&disk), Path::new(FILE));
        replace_file(&disk, path, bytes, FileMode::Private).unwrap();
        for missing in [Missing::Made, Missing::Refused] {
            let refused = create(&file, missing).unwrap_err().to_string();
            assert!(
                refused.starts_with("/folder/keyring.json: it is "),
                "{refused}"
            );
            assert_eq!(disk.contents(path).as_deref(), Some(bytes));
        }
    }
}

#[test]
fn keyring_when_a_change_fails_then_is_as_before_and_not_written() {
    let disk = disk();
    let file = file(&disk);
    create(&file, Missing::Made).unwrap();
    let before = file.read_bytes().unwrap();
    let unknown = KeyId::parse("nothing").unwrap();
    let refused = file.change(Missing::Refused, |keyring| {
        let arn = keyring.keys.keys().next().unwrap().clone();
        keyring.set_alias(&arn, "orders", NOW)?;
        keyring.meant(&unknown, NOW)
    });
    assert_eq!(refused.unwrap_err().to_string(), "there is no key nothing");
    assert_eq!(file.read_bytes().unwrap(), before);
    // What changes nothing writes nothing.
    disk.fail_nth(Call::Write, 1, Fault::EIO);
    file.change(Missing::Refused, |_| Ok(())).unwrap();
}

#[test]
fn keyring_when_another_process_changes_it_then_is_busy() {
    let disk = disk();
    let file = file(&disk);
    create(&file, Missing::Made).unwrap();
    let lock = disk.lock(Path::new("/folder")).unwrap();
    let busy = create(&file, Missing::Refused).unwrap_err();
    let said = "another command changes files in /folder: try again in a moment";
    assert_eq!(busy.to_string(), said);
    drop(lock);
    create(&file, Missing::Refused).unwrap();
    let during = file.change(Missing::Refused, |_| {
        Ok(create(&file, Missing::Refused).unwrap_err().to_string())
    });
    assert_eq!(during.unwrap().0, said);
}

#[test]
fn keyring_when_behind_a_link_or_open_to_others_then_is_replaced_there_or_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("real");
    RealDisk.create_directory(&real).unwrap();
    let (link, path) = (folder.path().join("link"), real.join("keyring.json"));
    symlink(&path, &link).unwrap();
    let at = |path: &Path| KeyringFile::new(Arc::new(RealDisk), path.to_owned());
    let first = create(&at(&path), Missing::Made).unwrap();
    at(&link)
        .change(Missing::Refused, |keyring| {
            keyring.set_alias(&first, "a", NOW)
        })
        .unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert!(at(&path).read().unwrap().keys[&first].aliases.contains("a"));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    RealDisk.set_mode(&path, 0o644).unwrap();
    let refused = at(&link).read().unwrap_err().to_string();
    assert!(refused.ends_with("(mode 644); chmod 600 it"), "{refused}");
}
