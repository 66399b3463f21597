//! Interference by other hands than the process's: restoring an old copy of a file, removing one,
//! making one unreadable. All of it is durable at once.

use super::{Inode, MemoryDisk, State};
use crate::disk::{OpenMode, about};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Where reading a file fails, and with which error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// At open.
    Open(i32),
    /// At every read, after a successful open.
    Read(i32),
}

impl Unreadable {
    /// EACCES at open: the file belongs to another user.
    pub const FORBIDDEN: Self = Self::Open(13);
    /// EIO at open.
    pub const LOST: Self = Self::Open(5);
    /// EIO at every read.
    pub const BROKEN: Self = Self::Read(5);
}

impl MemoryDisk {
    /// Replaces a file by one with these bytes. Open handles still refer to the old one.
    pub fn put_back(&self, path: &Path, bytes: &[u8]) {
        let mut inode = Inode::default();
        inode.write(bytes, 0);
        inode.sync();
        let inode = Arc::new(Mutex::new(inode));
        let mut state = self.lock_state();
        state.names.insert(path.to_owned(), inode.clone());
        state.safe_names.insert(path.to_owned(), inode);
    }

    /// Removes a file.
    pub fn take_away(&self, path: &Path) {
        let mut state = self.lock_state();
        state.names.remove(path);
        state.safe_names.remove(path);
    }

    /// Makes the file of this name unreadable from now on.
    pub fn make_unreadable(&self, path: &Path, how: Unreadable) {
        let mut state = self.lock_state();
        state.unreadable.insert(path.to_owned(), how);
    }

    /// Makes everything readable again.
    pub fn make_readable(&self) {
        self.lock_state().unreadable.clear();
    }
}

impl State {
    /// Whether a name can be opened as a file.
    pub(super) fn may_open(&self, path: &Path, mode: OpenMode) -> io::Result<()> {
        match (self.unreadable.get(path), mode) {
            (Some(Unreadable::Open(number)), OpenMode::Read | OpenMode::Write) => {
                Err(about(path, io::Error::from_raw_os_error(*number)))
            }
            (_, OpenMode::Read | OpenMode::Write) => self.no_directory(path),
            (_, OpenMode::CreateNew) if self.directories.contains(path) => {
                Err(about(path, io::ErrorKind::AlreadyExists.into()))
            }
            (_, OpenMode::CreateNew) => Ok(()),
        }
    }

    /// Whether the bytes of a file can be read.
    pub(super) fn may_read(&self, path: &Path) -> io::Result<()> {
        match self.unreadable.get(path) {
            Some(Unreadable::Read(number)) => {
                Err(about(path, io::Error::from_raw_os_error(*number)))
            }
            Some(Unreadable::Open(_)) | None => Ok(()),
        }
    }
}
