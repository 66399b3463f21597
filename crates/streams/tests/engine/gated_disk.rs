//! A disk whose reads wait at a gate, like those of a very slow device; either nothing or
//! everything is cached.

use millstream_env::{Disk, File, MemoryDisk, OpenMode};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use tokio::sync::watch;

/// What is at the gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtGate {
    /// Reads that wait.
    pub reads: usize,
    /// Bytes that they asked for.
    pub bytes: usize,
    /// The most reads that ever waited at once.
    pub reads_max: usize,
}

/// The gate, which is open at first.
pub struct Gate {
    is_closed: Mutex<bool>,
    opened: Condvar,
    at_gate: watch::Sender<AtGate>,
}

impl Gate {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            is_closed: Mutex::default(),
            opened: Condvar::new(),
            at_gate: watch::Sender::default(),
        })
    }

    pub fn close(&self) {
        *self.is_closed.lock().unwrap() = true;
    }

    pub fn open(&self) {
        *self.is_closed.lock().unwrap() = false;
        self.opened.notify_all();
    }

    pub fn at_gate(&self) -> AtGate {
        *self.at_gate.borrow()
    }

    /// Resolves once so many reads wait.
    pub async fn reads(&self, reads: usize) {
        let mut at_gate = self.at_gate.subscribe();
        drop(at_gate.wait_for(|now| now.reads == reads).await);
    }

    fn pass(&self, bytes: usize) {
        let closed = self.is_closed.lock().unwrap();
        if !*closed {
            return;
        }
        self.at_gate.send_modify(|now| {
            now.reads += 1;
            now.bytes += bytes;
            now.reads_max = now.reads_max.max(now.reads);
        });
        let waited = self.opened.wait_while(closed, |is_closed| *is_closed);
        drop(waited.unwrap());
        self.at_gate.send_modify(|now| {
            now.reads -= 1;
            now.bytes -= bytes;
        });
    }
}

/// A disk in memory behind a gate.
pub struct GatedDisk {
    pub disk: MemoryDisk,
    pub gate: Arc<Gate>,
    pub at_hand: AtHand,
}

/// What the operating system has in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtHand {
    Nothing,
    All,
}

struct GatedFile {
    file: Arc<dyn File>,
    gate: Arc<Gate>,
    at_hand: AtHand,
}

impl Disk for GatedDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let file = self.disk.open(path, mode)?;
        let gate = Arc::clone(&self.gate);
        let at_hand = self.at_hand;
        Ok(Arc::new(GatedFile {
            file,
            gate,
            at_hand,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
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

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_directory(path)
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

impl File for GatedFile {
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.gate.pass(buffer.len());
        self.file.read_exact_at(buffer, position)
    }

    fn try_read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        match self.at_hand {
            AtHand::Nothing => Err(io::ErrorKind::WouldBlock.into()),
            AtHand::All => self.file.read_exact_at(buffer, position),
        }
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, position)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
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
