//! Preflight: accepts a directory that holds a journal or is empty, and takes the lock that
//! excludes other processes.
//!
//! Foreign files beside a journal are ignored. Without a journal, a foreign file means that the
//! directory has another purpose, or that its path is wrong: nothing is created there.

use crate::format::manifest::{MANIFEST_NAME, TEMPORARY_NAME};
use crate::format::segment::{is_making_name, is_spare_name, number_of_segment};
use crate::open_error::OpenError;
use crate::recover::unfinished::{name_of, undone};
use crate::space::reserve::RESERVE_NAME;
use crate::state::lifecycle::DirectoryLock;
use millstream_env::Disk;
use std::io;
use std::path::Path;

/// The file whose lock excludes a second journal from the directory.
const LOCK_NAME: &str = "LOCK";
/// The directory that a new file system contains.
const LOST_AND_FOUND: &str = "lost+found";

/// Rejects a directory that is used for something else.
pub(crate) fn check(disk: &dyn Disk, directory: &Path) -> Result<(), OpenError> {
    let entries = disk.list(directory).map_err(OpenError::reading)?;
    let names = entries.iter().filter_map(|path| path.file_name());
    // A name that is not text is foreign, too.
    let names: Vec<_> = names.map(std::ffi::OsStr::to_string_lossy).collect();
    let is_journal = |name: &str| name == MANIFEST_NAME || number_of_segment(name).is_some();
    if names.iter().any(|name| is_journal(name)) {
        return Ok(());
    }
    match names.into_iter().find(|name| !is_of_beginning(name)) {
        None => Ok(()),
        Some(strange) => Err(OpenError::Strange {
            directory: directory.to_owned(),
            entry: strange.into_owned(),
        }),
    }
}

/// Locks the directory itself, so that removing the lock file does not admit a second journal, and
/// the lock file, for file systems that cannot lock directories.
pub(crate) fn lock(disk: &dyn Disk, directory: &Path) -> Result<DirectoryLock, OpenError> {
    let take = |path: &Path| {
        disk.lock(path).map_err(|error| {
            if error.kind() == io::ErrorKind::WouldBlock {
                return OpenError::Locked(directory.to_owned());
            }
            OpenError::writing(error)
        })
    };
    let both = (take(directory)?, take(&directory.join(LOCK_NAME))?);
    Ok(Box::new(both))
}

/// Rejects a directory with a repair in it that did not end: what it took out is missing.
pub(crate) fn refuse_unfinished(disk: &dyn Disk, directory: &Path) -> Result<(), OpenError> {
    match undone(disk, directory).map_err(OpenError::reading)? {
        None => Ok(()),
        Some(undone) => Err(OpenError::Unfinished {
            directory: directory.to_owned(),
            folder: name_of(&undone.folder),
        }),
    }
}

/// Rejects a directory in which no journal was ever begun.
pub(crate) fn expect_some(disk: &dyn Disk, directory: &Path) -> Result<(), OpenError> {
    let entries = disk.list(directory).map_err(OpenError::reading)?;
    let names = entries.iter().filter_map(|path| path.file_name());
    let is_own = |name: &str| {
        name != LOST_AND_FOUND && (is_of_journal(name) || number_of_segment(name).is_some())
    };
    let mut names = names.map(std::ffi::OsStr::to_string_lossy);
    match names.any(|name| is_own(&name)) {
        true => Ok(()),
        false => Err(OpenError::NoJournal(directory.to_owned())),
    }
}

/// Takes the lock that other readers may hold, too, but no journal that is open. Nothing is
/// written.
pub(crate) fn lock_shared(disk: &dyn Disk, directory: &Path) -> Result<DirectoryLock, OpenError> {
    let take = |path: &Path| match disk.lock_shared(path) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(OpenError::Locked(directory.to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        locked => locked.map(Some).map_err(OpenError::reading),
    };
    let both = (take(directory)?, take(&directory.join(LOCK_NAME))?);
    Ok(Box::new(both))
}

/// Whether the journal gives this name to a file, other than to a segment.
pub(crate) fn is_of_journal(name: &str) -> bool {
    is_of_beginning(name) || name == MANIFEST_NAME
}

/// Whether a name may exist before the first MANIFEST does.
fn is_of_beginning(name: &str) -> bool {
    let known = [LOCK_NAME, TEMPORARY_NAME, RESERVE_NAME, LOST_AND_FOUND];
    known.contains(&name) || is_making_name(name) || is_spare_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_env::{MemoryDisk, OpenMode};

    fn with(names: &[&str]) -> MemoryDisk {
        let disk = MemoryDisk::new();
        let directory = Path::new("/data");
        disk.create_directory(directory).unwrap();
        for name in names {
            match name.strip_suffix('/') {
                Some(name) => disk.create_directory(&directory.join(name)).unwrap(),
                None => drop(disk.open(&directory.join(name), OpenMode::CreateNew)),
            }
        }
        disk
    }

    #[test]
    fn directory_when_empty_begun_or_a_journals_then_is_taken() {
        let segment = "0000000000000001.segment";
        for names in [
            &[][..],
            &["lost+found/"],
            &["LOCK", "RESERVE", "MANIFEST.new", "0000000000000001.new"],
            // A journal, if perhaps a damaged one.
            &[segment, "notes"],
            &["MANIFEST", segment, "notes", "tls/"],
        ] {
            assert!(check(&with(names), Path::new("/data")).is_ok(), "{names:?}");
        }
    }

    #[test]
    fn directory_when_it_is_anothers_then_is_refused_and_told_by_what() {
        for (names, strange) in [
            (&["notes"][..], "notes"),
            (&["lost+found/", "photos/"], "photos"),
            (&["CURRENT", "LOCK", "MANIFEST-000001"], "CURRENT"),
            (&["zzzz.segment"], "zzzz.segment"),
            (&["000000000000000A.segment"], "000000000000000A.segment"),
            (&["1.spare", "RESERVE"], "1.spare"),
        ] {
            let refused = check(&with(names), Path::new("/data")).unwrap_err();
            let text = format!(
                "/data holds no journal, but {strange:?}; an empty directory is expected, or one with a journal"
            );
            assert_eq!(refused.to_string(), text);
        }
    }
}
