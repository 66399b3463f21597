//! A disk that nothing can be written to: what is asked to be written is refused, whoever asks.

use millstream_env::{Disk, File, OpenMode};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A disk in front of another, for reading only.
pub(crate) struct ReadOnlyDisk(pub(crate) Arc<dyn Disk>);

struct ReadOnlyFile(Arc<dyn File>);

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for ReadOnlyDisk {
    /// Opens for reading, also what a journal opens to write to it later.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        match mode {
            OpenMode::Read | OpenMode::Write => {
                let file = self.0.open(path, OpenMode::Read)?;
                Ok(Arc::new(ReadOnlyFile(file)))
            }
            OpenMode::CreateNew => refused(),
        }
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        refused()
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        self.0.list(directory)
    }

    fn create_directory(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        self.0.free_bytes(path)
    }

    fn lock(&self, _: &Path) -> io::Result<Box<dyn Send + Sync>> {
        refused()
    }

    fn lock_shared(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        self.0.lock_shared(path)
    }
}

impl File for ReadOnlyFile {
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, position)
    }

    fn try_read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.0.try_read_exact_at(buffer, position)
    }

    fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        refused()
    }

    fn sync_data(&self) -> io::Result<()> {
        refused()
    }

    fn allocate(&self, _: u64) -> io::Result<()> {
        refused()
    }

    fn set_length(&self, _: u64) -> io::Result<()> {
        refused()
    }

    fn length(&self) -> io::Result<u64> {
        self.0.length()
    }
}
