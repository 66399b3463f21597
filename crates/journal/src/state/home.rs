//! The directory of a journal, and the disk that it is on.

use millstream_env::Disk;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A journal's directory.
pub(crate) struct Home {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
}

impl Home {
    pub(crate) fn new(disk: Arc<dyn Disk>, directory: &Path) -> Self {
        let directory = directory.to_owned();
        Self { disk, directory }
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of a file in the directory.
    pub(crate) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.join(name)
    }

    pub(crate) fn list(&self) -> io::Result<Vec<PathBuf>> {
        self.disk.list(&self.directory)
    }

    /// Syncs the directory, which makes its file names durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.disk.sync_directory(&self.directory)
    }

    /// Free bytes as the disk reports them.
    pub(crate) fn free_bytes(&self) -> io::Result<u64> {
        self.disk.free_bytes(&self.directory)
    }
}
