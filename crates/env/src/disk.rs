//! Disk: files by path, read and written at positions, with the syncs spelled out.
//!
//! Calls block but for [`File::try_read_exact_at`]; callers run them on a thread of their own or
//! through [`crate::Tasks::run_blocking`]. Nothing is durable before the sync that says so:
//! `sync_data` for a file's bytes and length, `sync_directory` for the entries of a directory (a
//! created, renamed or removed name). An error says which file it is about.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// It must exist; reading only.
    Read,
    /// It must exist; reading and writing.
    Write,
    /// It must not exist; reading and writing.
    CreateNew,
}

/// A tree of files.
pub trait Disk: Send + Sync + 'static {
    /// Opens a file.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>>;
    /// Moves a name onto another, replacing what was there, atomically.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a name.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// What stands directly inside a directory, of whatever kind, sorted by name.
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>>;
    /// Creates a directory and its missing parents, durably; fine if it exists.
    fn create_directory(&self, path: &Path) -> io::Result<()>;
    /// Makes the entries of a directory durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Bytes that anybody can still write on the file system that holds `path`. It may keep more
    /// for those who administer it, who then find room where this is 0.
    fn free_bytes(&self, path: &Path) -> io::Result<u64>;
    /// Takes the exclusive lock on a file (created if missing), or on a directory, until the guard
    /// is dropped; `WouldBlock` when somebody else has it. It belongs to what has the name now: who
    /// removes the name does not open it. On a file system that cannot lock directories theirs is
    /// nobody's.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>>;
}

/// An open file.
pub trait File: Send + Sync + 'static {
    /// Fills `buffer` from `position`; `UnexpectedEof` if the file ends before.
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()>;
    /// The same as far as nothing need be waited for, so that any thread may call it: `WouldBlock`
    /// where the device would have to be asked, and where nobody can say.
    fn try_read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `position`.
    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()>;
    /// Makes the written bytes and the length durable (`fdatasync`).
    fn sync_data(&self) -> io::Result<()>;
    /// Reserves the blocks up to `length` and makes the file at least that long (`fallocate`). If
    /// it fails it has taken nothing.
    fn allocate(&self, length: u64) -> io::Result<()>;
    /// Cuts or extends the file.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// The file's length in bytes.
    fn length(&self) -> io::Result<u64>;
}

/// An error, and the file that it is about.
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

/// The operating system's number of an error of a disk, also of one that names its file.
pub fn raw_os_error(error: &io::Error) -> Option<i32> {
    let about = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<About>());
    about.map_or_else(|| error.raw_os_error(), |about| raw_os_error(&about.error))
}

/// The same kind of error, with the name of the file.
pub(crate) fn about(path: &Path, error: io::Error) -> io::Error {
    let kind = error.kind();
    let path = path.to_owned();
    io::Error::new(kind, About { path, error })
}
