//! A world that misleads the journal: a disk and a clock in front of the real ones, which do what a
//! mistake of the journal's would do.
//!
//! Each planted bug of this kind is one method here; what it does not concern goes through.

use crate::format::manifest::{MANIFEST_NAME, Manifest, TEMPORARY_NAME};
use crate::format::segment::{is_making_name, number_of_segment};
use crate::planted::PlantedBug;
use crate::write::writer::WITNESS_AFTER;
use millstream_env::{BoxFuture, Clock, Disk, Env, File, Monotonic, OpenMode, Timestamp};
use millstream_store::store::Offset;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The environment of a journal in this directory that has the bug.
pub(crate) fn mislead(env: Env, bug: Option<PlantedBug>, directory: &Path) -> Env {
    let Some(bug) = bug else {
        return env;
    };
    if bug == PlantedBug::RemoveUnlisted {
        remove_unlisted(&*env.disk, directory);
    }
    Env {
        disk: Arc::new(MisledDisk {
            disk: env.disk,
            bug,
            has_new_manifest: AtomicBool::new(false),
        }),
        clock: Arc::new(MisledClock {
            clock: env.clock,
            bug,
        }),
        ..env
    }
}

/// What the bug does at a start, before anything else.
fn remove_unlisted(disk: &dyn Disk, directory: &Path) {
    let Some(listed) = listed(disk, directory) else {
        return;
    };
    for path in disk.list(directory).unwrap_or_default() {
        let number = number_of_segment(&name(&path));
        if number.is_some_and(|number| !listed.contains(&number)) {
            drop(disk.remove(&path));
        }
    }
}

/// The segments that a MANIFEST lists, if there is one that holds.
fn listed(disk: &dyn Disk, directory: &Path) -> Option<BTreeSet<u64>> {
    let file = disk.open(&directory.join(MANIFEST_NAME), OpenMode::Read);
    let file = file.ok()?;
    let mut bytes = vec![0; file.length().ok()? as usize];
    file.read_exact_at(&mut bytes, 0).ok()?;
    let segments = Manifest::decode(&bytes).ok()?.segments;
    Some(segments.iter().map(|entry| entry.number).collect())
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(OsStr::new(""));
    name.to_string_lossy().into_owned()
}

/// A disk with a bug in front of it.
struct MisledDisk {
    disk: Arc<dyn Disk>,
    bug: PlantedBug,
    /// Whether a MANIFEST got its name, and no directory was synced since.
    has_new_manifest: AtomicBool,
}

impl Disk for MisledDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let (file, name) = (self.disk.open(path, mode)?, name(path));
        let is_segment = number_of_segment(&name).is_some() || is_making_name(&name);
        Ok(Arc::new(MisledFile {
            file,
            bug: self.bug,
            is_segment,
            is_manifest: name == TEMPORARY_NAME,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)?;
        if name(to) == MANIFEST_NAME {
            self.has_new_manifest.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        self.disk.list(directory)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.disk.create_directory(path)
    }

    /// Forgotten after a MANIFEST got its name.
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let is_new = self.has_new_manifest.swap(false, Ordering::Relaxed);
        match is_new && self.bug == PlantedBug::ForgetDirectorySync {
            true => Ok(()),
            false => self.disk.sync_directory(path),
        }
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        self.disk.free_bytes(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        self.disk.lock(path)
    }

    fn lock_shared(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        self.disk.lock_shared(path)
    }
}

/// A file with a bug in front of it.
struct MisledFile {
    file: Arc<dyn File>,
    bug: PlantedBug,
    is_segment: bool,
    /// Whether it is to be the next MANIFEST.
    is_manifest: bool,
}

impl MisledFile {
    fn has(&self, bug: PlantedBug) -> bool {
        self.is_segment && self.bug == bug
    }

    /// Whether the file says these bytes already.
    fn holds(&self, bytes: &[u8], position: u64) -> bool {
        let mut found = vec![0; bytes.len()];
        let read = self.file.read_exact_at(&mut found, position);
        read.is_ok() && found == bytes
    }
}

/// A MANIFEST that does not tell where logs end.
fn without_ends(bytes: &[u8]) -> Vec<u8> {
    let Ok(mut manifest) = Manifest::decode(bytes) else {
        return bytes.to_vec();
    };
    let logs = manifest.logs.iter_mut();
    logs.for_each(|log| log.end = Offset(0));
    manifest.encode()
}

impl File for MisledFile {
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, position)
    }

    fn try_read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.file.try_read_exact_at(buffer, position)
    }

    /// Skipped where it would change nothing; a MANIFEST forgets where logs end.
    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        if self.has(PlantedBug::SkipRewrite) && self.holds(bytes, position) {
            return Ok(());
        }
        if self.is_manifest && self.bug == PlantedBug::ReuseOffset {
            return self.file.write_all_at(&without_ends(bytes), position);
        }
        self.file.write_all_at(bytes, position)
    }

    /// Left out, or tried again if it fails.
    fn sync_data(&self) -> io::Result<()> {
        if self.has(PlantedBug::NoSync) {
            return Ok(());
        }
        let synced = self.file.sync_data();
        match self.has(PlantedBug::RetrySync) {
            true => synced.or_else(|_| self.file.sync_data()),
            false => synced,
        }
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        self.file.allocate(length)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.set_length(length)
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
}

/// A clock with a bug in front of it.
struct MisledClock {
    clock: Arc<dyn Clock>,
    bug: PlantedBug,
}

impl Clock for MisledClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn monotonic(&self) -> Monotonic {
        self.clock.monotonic()
    }

    /// It is never quiet for long enough to write a witness.
    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        match self.bug == PlantedBug::NoWitness && duration == WITNESS_AFTER {
            true => Box::pin(std::future::pending()),
            false => self.clock.sleep(duration),
        }
    }
}
