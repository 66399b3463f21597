//! The operating system's files: [`Disk`] and [`File`] over system calls.
//!
//! Interrupted calls are retried, nothing else is; in particular, a failed sync is reported as it
//! is, once. New files and directories are accessible to their owner only: they contain keys and
//! customers' data.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the door to the real disk"
)]

use crate::disk::{Disk, File, OpenMode, PRIVATE_FILE_MODE, about};
use crate::private_file::read_private;
use crate::small_files::too_large;
use rustix::fs::{FallocateFlags, FlockOperation, fallocate, fdatasync, flock, statvfs};
use rustix::io::{Errno, ReadWriteFlags, preadv2, retry_on_intr};
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, IoSliceMut, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The bits of a mode that are permissions.
const MODE_BITS: u32 = 0o7777;
/// The mode of new directories.
const DIRECTORY_MODE: u32 = 0o700;

/// The operating system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

struct RealFile {
    file: fs::File,
    /// The path it was opened by.
    path: PathBuf,
}

/// Holds the lock for as long as the descriptor is open.
struct LockGuard {
    _file: fs::File,
}

impl Disk for RealDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let mut options = OpenOptions::new();
        match mode {
            OpenMode::Read => options.read(true),
            OpenMode::Write => options.read(true).write(true),
            OpenMode::CreateNew => {
                let options = options.read(true).write(true).create_new(true);
                options.mode(PRIVATE_FILE_MODE)
            }
        };
        let file = options.open(path).map_err(|error| about(path, error))?;
        let path = path.to_owned();
        Ok(Arc::new(RealFile { file, path }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to).map_err(|error| about(from, error))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path).map_err(|error| about(path, error))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(directory).and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect()
        });
        let mut entries: Vec<PathBuf> = entries.map_err(|error| about(directory, error))?;
        entries.sort();
        Ok(entries)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let missing: Vec<&Path> = path
            .ancestors()
            .take_while(|level| !level.is_dir())
            .collect();
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(DIRECTORY_MODE).create(path);
        made.map_err(|error| about(path, error))?;
        for parent in missing.into_iter().filter_map(Path::parent) {
            // The first component of a relative path is in the current directory.
            let is_here = parent.as_os_str().is_empty();
            self.sync_directory(if is_here { Path::new(".") } else { parent })?;
        }
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let opened = OpenOptions::new().read(true).open(path);
        let synced = opened.and_then(|directory| directory.sync_all());
        synced.map_err(|error| about(path, error))
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let volume = retry_on_intr(|| statvfs(path)).map_err(|error| about(path, error.into()))?;
        Ok(volume.f_bavail.saturating_mul(volume.f_frsize))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let is_directory = path.is_dir();
        let mut options = OpenOptions::new();
        options.read(true);
        if !is_directory {
            let options = options.write(true).create(true).truncate(false);
            options.mode(PRIVATE_FILE_MODE);
        }
        let file = options.open(path).map_err(|error| about(path, error))?;
        match retry_on_intr(|| flock(&file, FlockOperation::NonBlockingLockExclusive)) {
            // NFS, for one, locks only files that are open for writing.
            Err(Errno::BADF | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) if is_directory => {}
            locked => locked.map_err(|error| about(path, error.into()))?,
        }
        Ok(Box::new(LockGuard { _file: file }))
    }

    fn lock_shared(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let is_directory = path.is_dir();
        let opened = OpenOptions::new().read(true).open(path);
        let file = opened.map_err(|error| about(path, error))?;
        match retry_on_intr(|| flock(&file, FlockOperation::NonBlockingLockShared)) {
            Err(Errno::BADF | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) if is_directory => {}
            locked => locked.map_err(|error| about(path, error.into()))?,
        }
        Ok(Box::new(LockGuard { _file: file }))
    }

    fn read_whole(&self, path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
        let read = || {
            let mut bytes = Vec::new();
            let file = fs::File::open(path)?;
            let limit = bytes_max.saturating_add(1);
            file.take(limit).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes: Vec<u8> = read().map_err(|error| about(path, error))?;
        match bytes.len() as u64 > bytes_max {
            true => Err(too_large(path, bytes_max)),
            false => Ok(bytes),
        }
    }

    fn read_private(&self, path: &Path, bytes_max: u64) -> io::Result<Zeroizing<Vec<u8>>> {
        read_private(path, bytes_max).map_err(|error| about(path, error))
    }

    fn behind_links(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path).map_err(|error| about(path, error))
    }

    fn set_owner_of(&self, path: &Path, other: &Path) -> io::Result<()> {
        let owner = |path: &Path| {
            let found = fs::metadata(path).map_err(|error| about(path, error))?;
            Ok::<_, io::Error>((found.uid(), found.gid()))
        };
        let (uid, gid) = owner(other)?;
        if owner(path)? == (uid, gid) {
            return Ok(());
        }
        let set = std::os::unix::fs::chown(path, Some(uid), Some(gid));
        set.map_err(|error| about(path, error))
    }

    fn mode(&self, path: &Path) -> io::Result<u32> {
        let found = fs::metadata(path).map_err(|error| about(path, error))?;
        Ok(found.permissions().mode() & MODE_BITS)
    }

    fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()> {
        let set = fs::set_permissions(path, Permissions::from_mode(mode));
        set.map_err(|error| about(path, error))
    }
}

impl RealFile {
    fn about(&self, error: impl Into<io::Error>) -> io::Error {
        about(&self.path, error.into())
    }
}

impl File for RealFile {
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let read = self.file.read_exact_at(buffer, position);
        read.map_err(|error| self.about(error))
    }

    fn try_read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let wanted = buffer.len();
        let mut parts = [IoSliceMut::new(buffer)];
        let read =
            retry_on_intr(|| preadv2(&self.file, &mut parts, position, ReadWriteFlags::NOWAIT));
        match read {
            Ok(read) if read == wanted => Ok(()),
            // Not all of it is cached, the file ends, or the file system does not support the flag.
            Ok(_) | Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS) => {
                Err(io::ErrorKind::WouldBlock.into())
            }
            Err(error) => Err(self.about(error)),
        }
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let written = self.file.write_all_at(bytes, position);
        written.map_err(|error| self.about(error))
    }

    fn sync_data(&self) -> io::Result<()> {
        retry_on_intr(|| fdatasync(&self.file)).map_err(|error| self.about(error))
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        let now = self.length()?;
        match retry_on_intr(|| fallocate(&self.file, FallocateFlags::empty(), 0, length.max(1))) {
            // Not every file system can reserve blocks; there the length has to do.
            Err(Errno::OPNOTSUPP) if now < length => self.set_length(length),
            Err(Errno::OPNOTSUPP) => Ok(()),
            Err(error) => {
                // Releases the blocks reserved before space ran out.
                self.set_length(now)?;
                Err(self.about(error))
            }
            Ok(()) => Ok(()),
        }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let set = self.file.set_len(length);
        set.map_err(|error| self.about(error))
    }

    fn length(&self) -> io::Result<u64> {
        let found = self.file.metadata().map_err(|error| self.about(error))?;
        Ok(found.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_when_written_and_allocated_then_reads_back_and_keeps_its_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let file = RealDisk.open(&path, OpenMode::CreateNew).unwrap();
        file.write_all_at(b"hello", 3).unwrap();
        file.allocate(4096).unwrap();
        file.sync_data().unwrap();
        let mut bytes = [9; 9];
        file.read_exact_at(&mut bytes, 0).unwrap();
        assert_eq!(&bytes, b"\0\0\0hello\0");
        let mut again = [9; 9];
        match file.try_read_exact_at(&mut again, 0) {
            Ok(()) => assert_eq!(again, bytes),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
        assert_eq!(file.length().unwrap(), 4096);
        file.set_length(5).unwrap();
        let short = file.read_exact_at(&mut bytes, 0).unwrap_err();
        assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
        let short = file.try_read_exact_at(&mut bytes, 0).unwrap_err();
        assert_eq!(short.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn files_and_directories_when_made_then_are_their_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let sub = directory.path().join("a/b");
        RealDisk.create_directory(&sub).unwrap();
        RealDisk
            .open(&sub.join("file"), OpenMode::CreateNew)
            .unwrap();
        drop(RealDisk.lock(&sub.join("LOCK")).unwrap());
        let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
        let directories = [directory.path().join("a"), sub.clone()].map(mode);
        assert_eq!(directories, [0o700, 0o700]);
        assert_eq!(
            ["file", "LOCK"].map(|name| mode(sub.join(name))),
            [0o600; 2]
        );
    }

    #[test]
    fn create_new_when_the_name_is_taken_then_fails() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        RealDisk.open(&path, OpenMode::CreateNew).unwrap();
        let taken = RealDisk.open(&path, OpenMode::CreateNew).err().unwrap();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn names_when_renamed_and_removed_then_list_shows_it() {
        let directory = tempfile::tempdir().unwrap();
        let sub = directory.path().join("a/b");
        RealDisk.create_directory(&sub).unwrap();
        RealDisk.open(&sub.join("x"), OpenMode::CreateNew).unwrap();
        RealDisk.open(&sub.join("y"), OpenMode::CreateNew).unwrap();
        RealDisk.rename(&sub.join("x"), &sub.join("z")).unwrap();
        RealDisk.remove(&sub.join("y")).unwrap();
        RealDisk.sync_directory(&sub).unwrap();
        assert_eq!(RealDisk.list(&sub).unwrap(), [sub.join("z")]);
        let parent = sub.parent().unwrap();
        assert_eq!(RealDisk.list(parent).unwrap(), [&*sub], "of whatever kind");
        assert!(RealDisk.free_bytes(&sub).unwrap() > 0);
    }

    #[test]
    fn a_lock_when_held_then_nobody_else_gets_it_until_it_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("LOCK");
        let held = RealDisk.lock(&path).unwrap();
        let refused = RealDisk.lock(&path).err().unwrap();
        assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
        drop(held);
        assert!(RealDisk.lock(&path).is_ok());
    }

    #[test]
    fn a_lock_when_shared_then_others_share_it_and_nobody_has_it_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("LOCK");
        let missing = RealDisk.lock_shared(&path).err().unwrap();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert!(!path.exists(), "nothing is created");
        drop(RealDisk.lock(&path).unwrap());
        for path in [directory.path(), &path] {
            let shared = [0; 2].map(|_| RealDisk.lock_shared(path).unwrap());
            let refused = RealDisk.lock(path).err().unwrap();
            assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
            drop(shared);
            let _alone = RealDisk.lock(path).unwrap();
            let refused = RealDisk.lock_shared(path).err().unwrap();
            assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
        }
    }

    #[test]
    fn a_directory_when_locked_then_nobody_else_gets_it_whatever_is_removed_in_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("LOCK");
        let held = RealDisk.lock(directory.path()).unwrap();
        for _ in 0..2 {
            let refused = RealDisk.lock(directory.path()).err().unwrap();
            assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
            drop(RealDisk.lock(&path).unwrap());
            RealDisk.remove(&path).unwrap();
        }
        drop(held);
        assert!(RealDisk.lock(directory.path()).is_ok());
    }

    #[test]
    fn an_error_when_a_call_fails_then_has_the_name_of_its_file_and_its_kind() {
        let directory = tempfile::tempdir().unwrap();
        let (file, sub) = (directory.path().join("file"), directory.path().join("sub"));
        RealDisk.create_directory(&sub).unwrap();
        let empty = RealDisk.open(&file, OpenMode::CreateNew).unwrap();
        let missing = directory.path().join("missing");
        let (gone, folder) = (io::ErrorKind::NotFound, io::ErrorKind::IsADirectory);
        let failed = [
            (
                RealDisk.open(&missing, OpenMode::Read).err(),
                &missing,
                gone,
            ),
            (RealDisk.open(&sub, OpenMode::Write).err(), &sub, folder),
            (RealDisk.rename(&missing, &file).err(), &missing, gone),
            (RealDisk.remove(&missing).err(), &missing, gone),
            (RealDisk.remove(&sub).err(), &sub, folder),
            (RealDisk.list(&missing).err(), &missing, gone),
            (RealDisk.sync_directory(&missing).err(), &missing, gone),
            (RealDisk.free_bytes(&missing).err(), &missing, gone),
            (RealDisk.lock(&missing.join("LOCK")).err(), &missing, gone),
        ];
        for (error, path, kind) in failed {
            let error = error.unwrap();
            let name = path.display().to_string();
            assert!(error.to_string().starts_with(&name), "{error}");
            assert_eq!(error.kind(), kind, "{error}");
        }
        let mut byte = [0];
        let error = empty.read_exact_at(&mut byte, 0).unwrap_err();
        let name = file.display().to_string();
        assert!(error.to_string().starts_with(&name), "{error}");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
