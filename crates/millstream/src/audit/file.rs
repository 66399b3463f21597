//! An audit log in a file, which others may move away.
//!
//! Every line is appended, wherever the file ends by then, and its name is looked up before: a file
//! that was moved or removed is made again. So `logrotate` needs neither a signal nor a restart,
//! and `copytruncate` works, too. New files are their owner's alone; the permissions of one that is
//! there stay as they are.

use crate::audit::destination::{Destination, Progress};
use anyhow::Context;
use rustix::fs::OFlags;
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Opens without waiting, which makes no difference to regular files.
const NONBLOCK: i32 = OFlags::NONBLOCK.bits() as i32;
/// The permissions of a new file.
const MODE: u32 = 0o600;

/// An open file, and its name.
#[derive(Debug)]
pub(super) struct AuditFile {
    path: PathBuf,
    file: File,
    progress: Progress,
}

impl AuditFile {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// If it cannot be opened, or is no regular file.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = open(path).with_context(|| format!("--audit {}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            progress: Progress::default(),
        })
    }

    /// Opens the file anew if its name means another one by now.
    fn follow(&mut self) -> io::Result<()> {
        let of = |metadata: Metadata| (metadata.dev(), metadata.ino());
        let named = match look(&self.path) {
            Ok(metadata) => Some(of(metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if named != Some(of(self.file.metadata()?)) {
            self.file = open(&self.path)?;
            self.progress.start_over();
        }
        Ok(())
    }
}

impl Destination for AuditFile {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.follow()?;
        self.progress.go_on(line, &self.file)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the audit log is on the real disk, whatever the data is on"
)]
fn look(path: &Path) -> io::Result<Metadata> {
    std::fs::metadata(path)
}

/// Opens a file to append to it. A line that a crash cut off is ended.
#[expect(
    clippy::disallowed_methods,
    reason = "the audit log is on the real disk, whatever the data is on"
)]
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    let options = options.read(true).append(true).create(true);
    let file = options.mode(MODE).custom_flags(NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        let text = "not a regular file; - stands for standard output";
        return Err(io::Error::other(text));
    }
    if let Some(end) = metadata.len().checked_sub(1) {
        let mut last = [0];
        file.read_exact_at(&mut last, end)?;
        if last != *b"\n" {
            (&file).write_all(b"\n")?;
        }
    }
    Ok(file)
}
