//! Group commit: appends with one `fdatasync` for all waiting records.
//!
//! While one sync runs the next group gathers; there is no timer.

use bytes::Bytes;
use clap::ValueEnum;
use rustix::fs::{FallocateFlags, fallocate};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use tokio::sync::oneshot;

/// Size of a file.
const FILE_BYTES: u64 = 128 * 1024 * 1024;

/// The space that is written to, which determines the cost of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Space {
    /// Preallocated files of 128 MiB that were never written, one after the other: what a log needs
    /// that keeps its data.
    Preallocated,
    /// One file that is overwritten repeatedly: the cheapest case, for a log that keeps nothing.
    Rewritten,
}

/// The queue of waiting records.
#[derive(Default)]
struct Group {
    bytes: Vec<u8>,
    waiting: Vec<oneshot::Sender<()>>,
}

#[derive(Default)]
struct Shared {
    group: Mutex<Group>,
    gathered: Condvar,
}

/// The log: it takes records from any thread, and writes them in a thread of its own.
pub(super) struct Appender {
    shared: Arc<Shared>,
}

impl Appender {
    /// Prepares the first file and starts the thread.
    pub(super) fn open(folder: &Path, space: Space) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::default());
        let mut writer = Writer {
            shared: Arc::clone(&shared),
            folder: folder.to_owned(),
            space,
            file: prepare(&folder.join("0"), space)?,
            next: 1,
            at: 0,
        };
        std::thread::Builder::new().spawn(move || {
            loop {
                writer.write().expect("the disk takes the floor's writes");
            }
        })?;
        Ok(Self { shared })
    }

    /// Appends `bytes`; they are on disk when the receiver resolves.
    pub(super) fn append(&self, bytes: &[u8]) -> oneshot::Receiver<()> {
        let (done, waiting) = oneshot::channel();
        let mut group = self.shared.group.lock().expect("nobody panics with it");
        group.bytes.extend_from_slice(bytes);
        group.waiting.push(done);
        self.shared.gathered.notify_one();
        waiting
    }
}

/// The state of the writing thread.
struct Writer {
    shared: Arc<Shared>,
    folder: PathBuf,
    space: Space,
    file: File,
    next: u64,
    at: u64,
}

impl Writer {
    /// Waits for a group, writes and syncs it.
    fn write(&mut self) -> anyhow::Result<()> {
        let group = {
            let group = self.shared.group.lock().expect("nobody panics with it");
            let gathered = self
                .shared
                .gathered
                .wait_while(group, |group| group.waiting.is_empty());
            std::mem::take(&mut *gathered.expect("nobody panics with it"))
        };
        self.make_room(group.bytes.len() as u64)?;
        self.file.write_all_at(&group.bytes, self.at)?;
        self.at += group.bytes.len() as u64;
        self.file.sync_data()?;
        for done in group.waiting {
            // There is no receiver if the client has disconnected.
            let _ = done.send(());
        }
        Ok(())
    }

    fn make_room(&mut self, length: u64) -> anyhow::Result<()> {
        if self.at + length <= FILE_BYTES {
            return Ok(());
        }
        self.at = 0;
        match self.space {
            Space::Rewritten => (),
            Space::Preallocated => {
                self.file = prepare(&self.folder.join(self.next.to_string()), self.space)?;
                self.next += 1;
            }
        }
        Ok(())
    }
}

fn prepare(path: &Path, space: Space) -> anyhow::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(path)?;
    fallocate(&file, FallocateFlags::empty(), 0, FILE_BYTES)?;
    if space == Space::Rewritten {
        let block = Bytes::from(vec![1; 1 << 20]);
        for at in (0..FILE_BYTES).step_by(1 << 20) {
            file.write_all_at(&block, at)?;
        }
    }
    file.sync_all()?;
    Ok(file)
}
