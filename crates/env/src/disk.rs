//! Disk: files by path, positional reads and writes, and explicit syncs.
//!
//! Calls block, except for [`File::try_read_exact_at`]; run them on a dedicated thread or through
//! [`crate::Tasks::run_blocking`]. Nothing is durable before the corresponding sync: `sync_data`
//! for a file's bytes and length, `sync_directory` for the entries of a directory (a created,
//! renamed or removed name). An error names its file.

use crate::private_file::Guard;
use crate::small_files::read_regular;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Reading only; the file must exist.
    Read,
    /// Reading and writing; the file must exist.
    Write,
    /// Reading and writing; the file must not exist.
    CreateNew,
}

/// The mode of new files: only the owner reads or writes them.
pub const PRIVATE_FILE_MODE: u32 = 0o600;

/// A tree of files.
pub trait Disk: Send + Sync + 'static {
    /// Opens a file.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>>;
    /// Renames a file atomically, replacing an existing one.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The entries of a directory, of any kind, sorted by name.
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>>;
    /// Creates a directory and its missing parents, durably; succeeds if it exists.
    fn create_directory(&self, path: &Path) -> io::Result<()>;
    /// Makes the entries of a directory durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Bytes available to unprivileged users on the file system that holds `path`. It may reserve
    /// more for root, which can still write when this is 0.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
    /// Takes an exclusive lock on a file (created if missing) or a directory until the guard is
    /// dropped; `WouldBlock` if it is held elsewhere. The lock is on the inode: removing the name
    /// does not release it. On a file system that cannot lock directories, locking one succeeds
    /// without effect.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>>;
    /// Takes a shared lock on an existing file or directory until the guard is dropped: many may
    /// hold one, and none while [`Disk::lock`] is held; `WouldBlock` then. It creates nothing and
    /// needs no permission to write.
    fn lock_shared(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>>;
    /// All bytes of a file; `FileTooLarge` if there are more than `bytes_max`. On the real disk it
    /// need not be a regular file: shells pass pipes. No more is read than tells whether it is too
    /// large, whatever the path refers to.
    fn read_whole(&self, path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
        read_regular(self, path, bytes_max)
    }
    /// The same of a file of secrets: a regular one that nobody but its owner has access to. What
    /// was read is overwritten when it is dropped.
    fn read_private(&self, path: &Path, bytes_max: u64) -> io::Result<Zeroizing<Vec<u8>>> {
        Guard::Private
            .check(self.mode(path)?)
            .map_err(|error| about(path, error))?;
        read_regular(self, path, bytes_max).map(Zeroizing::new)
    }
    /// The path behind all symbolic links. A double has none.
    fn behind_links(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }
    /// Gives a file the owner and the group of another one. A double without owners has nothing to
    /// do.
    fn set_owner_of(&self, path: &Path, _other: &Path) -> io::Result<()> {
        self.open(path, OpenMode::Read).map(drop)
    }
    /// The permission bits of a file. A double without permissions has those of new files.
    fn mode(&self, path: &Path) -> io::Result<u32> {
        self.open(path, OpenMode::Read).map(|_| PRIVATE_FILE_MODE)
    }
    /// Sets the permission bits of a file. A double without permissions ignores them.
    fn set_mode(&self, path: &Path, _mode: u32) -> io::Result<()> {
        self.open(path, OpenMode::Read).map(drop)
    }
}

/// An open file.
pub trait File: Send + Sync + 'static {
    /// Fills `buffer` from `position`; `UnexpectedEof` if the file ends earlier.
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()>;
    /// The same without blocking, so that any thread may call it: `WouldBlock` if the data is not
    /// cached, or if that is unknown.
    fn try_read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `position`.
    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()>;
    /// Makes the written bytes and the length durable (`fdatasync`).
    fn sync_data(&self) -> io::Result<()>;
    /// Reserves blocks up to `length` and makes the file at least that long (`fallocate`). A failed
    /// call has reserved nothing.
    fn allocate(&self, length: u64) -> io::Result<()>;
    /// Truncates or extends the file.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// The file's length in bytes.
    fn length(&self) -> io::Result<u64>;
}

/// An error, and the file that it concerns.
#[derive(Debug)]
struct About {
    path: PathBuf,
    error: io::Error,
}

impl fmt::Display for About {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path.display(), self.error)
    }
}

impl std::error::Error for About {}

/// The operating system's error number, also of an error that was wrapped to name its file.
pub fn raw_os_error(error: &io::Error) -> Option<i32> {
    let about = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<About>());
    about.map_or_else(|| error.raw_os_error(), |about| raw_os_error(&about.error))
}

/// Wraps an error to name its file; keeps its kind.
pub(crate) fn about(path: &Path, error: io::Error) -> io::Error {
    let kind = error.kind();
    let path = path.to_owned();
    io::Error::new(kind, About { path, error })
}
