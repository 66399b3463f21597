//! A disk that takes time: a [`MemoryDisk`] as one life sees it, whose calls are recorded in the
//! trace.
//!
//! A call from a task with a dedicated thread takes its time there, half of it before its effect
//! and half after, while other tasks run. Other calls are instantaneous.

use super::Simulation;
use crate::{Call, Disk, Fault, File, MemoryDisk, OpenMode};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Called for each ordered fault when it strikes, in the middle of the call.
pub type OnFault = Arc<dyn Fn(Call, Fault) + Send + Sync>;

/// How long calls take. Clones share the same speed.
#[derive(Clone)]
pub struct DiskSpeed(Arc<Speed>);

struct Speed {
    sync_max_nanos: AtomicU64,
    stalled_until: Mutex<Duration>,
}

impl DiskSpeed {
    /// A disk that syncs within this time, and does everything else in a twentieth of it.
    pub fn new(sync_max: Duration) -> Self {
        Self(Arc::new(Speed {
            sync_max_nanos: AtomicU64::new(sync_max.as_nanos() as u64),
            stalled_until: Mutex::default(),
        }))
    }

    /// Makes every call begun before this monotonic time end only then.
    pub fn stall_until(&self, moment: crate::Monotonic) {
        *self.stalled_until() = moment.0;
    }

    fn stalled_until(&self) -> std::sync::MutexGuard<'_, Duration> {
        let lock = self.0.stalled_until.lock();
        lock.expect("no code panics while it holds a duration")
    }

    /// The duration of a call that begins now.
    fn of(&self, call: Call, simulation: &Simulation) -> Duration {
        let sync_max = self.0.sync_max_nanos.load(Ordering::Relaxed);
        let longest = match call {
            Call::SyncData | Call::SyncDirectory => sync_max,
            Call::Open | Call::Rename | Call::Remove | Call::List | Call::CreateDirectory => {
                sync_max / 20
            }
            Call::FreeBytes | Call::Lock | Call::Length | Call::SetLength => sync_max / 20,
            Call::Mode => sync_max / 20,
            Call::Read | Call::Write | Call::Allocate => sync_max / 20,
        };
        let stalled = self.stalled_until().saturating_sub(simulation.now().0);
        stalled + simulation.between(Duration::ZERO, Duration::from_nanos(longest))
    }
}

pub(super) struct SimulatedDisk {
    door: Door,
}

/// The common path of every call.
#[derive(Clone)]
struct Door {
    simulation: Simulation,
    disk: MemoryDisk,
    speed: DiskSpeed,
    on_fault: OnFault,
}

struct SimulatedFile {
    door: Door,
    file: Arc<dyn File>,
    name: u64,
}

impl SimulatedDisk {
    pub(super) fn new(
        simulation: &Simulation,
        disk: MemoryDisk,
        speed: DiskSpeed,
        on_fault: OnFault,
    ) -> Self {
        Self {
            door: Door {
                simulation: simulation.clone(),
                disk,
                speed,
                on_fault,
            },
        }
    }
}

impl Door {
    fn pass<T>(
        &self,
        call: Call,
        subject: u64,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let takes = self.speed.of(call, &self.simulation);
        self.simulation.wait_in_step(takes / 2);
        let result = work();
        for (call, fault) in self.disk.take_struck() {
            self.simulation.note("fault", call as u64);
            (self.on_fault)(call, fault);
        }
        let number = subject.wrapping_mul(31) ^ (call as u64);
        let outcome = if result.is_ok() { "disk" } else { "disk fails" };
        self.simulation.note(outcome, number);
        self.simulation.wait_in_step(takes / 2);
        result
    }
}

/// A path as a number, for the trace.
fn number(path: &Path) -> u64 {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.iter().fold(7, |number: u64, byte| {
        number.wrapping_mul(131).wrapping_add(u64::from(*byte))
    })
}

impl Disk for SimulatedDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let name = number(path);
        let open = || self.door.disk.open(path, mode);
        let file = self.door.pass(Call::Open, name, open)?;
        Ok(Arc::new(SimulatedFile {
            door: self.door.clone(),
            file,
            name,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let rename = || self.door.disk.rename(from, to);
        self.door.pass(Call::Rename, number(to), rename)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let remove = || self.door.disk.remove(path);
        self.door.pass(Call::Remove, number(path), remove)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let list = || self.door.disk.list(directory);
        self.door.pass(Call::List, number(directory), list)
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let create = || self.door.disk.create_directory(path);
        self.door.pass(Call::CreateDirectory, number(path), create)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let sync = || self.door.disk.sync_directory(path);
        self.door.pass(Call::SyncDirectory, number(path), sync)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let ask = || self.door.disk.free_bytes(path);
        self.door.pass(Call::FreeBytes, number(path), ask)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let lock = || self.door.disk.lock(path);
        self.door.pass(Call::Lock, number(path), lock)
    }

    fn lock_shared(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let lock = || self.door.disk.lock_shared(path);
        self.door.pass(Call::Lock, number(path), lock)
    }

    fn mode(&self, path: &Path) -> io::Result<u32> {
        let ask = || self.door.disk.mode(path);
        self.door.pass(Call::Mode, number(path), ask)
    }

    fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()> {
        let set = || self.door.disk.set_mode(path, mode);
        self.door.pass(Call::Mode, number(path), set)
    }
}

impl SimulatedFile {
    fn pass<T>(
        &self,
        call: Call,
        number: u64,
        work: impl FnOnce(&dyn File) -> io::Result<T>,
    ) -> io::Result<T> {
        let subject = self.name ^ number.wrapping_mul(0x9e37_79b9);
        self.door.pass(call, subject, || work(&*self.file))
    }
}

impl File for SimulatedFile {
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let number = position ^ ((buffer.len() as u64) << 32);
        self.pass(Call::Read, number, |file| {
            file.read_exact_at(buffer, position)
        })
    }

    fn try_read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let number = position ^ ((buffer.len() as u64) << 32);
        self.pass(Call::Read, number, |file| {
            file.try_read_exact_at(buffer, position)
        })
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let number = position ^ ((bytes.len() as u64) << 32);
        self.pass(Call::Write, number, |file| {
            file.write_all_at(bytes, position)
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.pass(Call::SyncData, 0, |file| file.sync_data())
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        self.pass(Call::Allocate, length, |file| file.allocate(length))
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.pass(Call::SetLength, length, |file| file.set_length(length))
    }

    fn length(&self) -> io::Result<u64> {
        self.pass(Call::Length, 0, |file| file.length())
    }
}
