//! An in-memory disk for tests that tracks what was synced.
//!
//! It can lose power (synced bytes and names remain; every other change survives, is torn at
//! sectors, or is lost), let the process die (everything remains; open files and locks are
//! released), fail the n-th call of a kind, run full, and rot. Files can be restored to an earlier
//! state and made unreadable. It does not model speed. Creating a directory is durable at once. The
//! same random seed loses the same changes.

mod fault;
mod hands;
mod inode;
#[cfg(test)]
mod tests;

pub use fault::{Call, Fault};
pub use hands::Unreadable;
pub use inode::Tearing;

use crate::disk::{Disk, File, OpenMode, PRIVATE_FILE_MODE, about};
use crate::random::Random;
use fault::Faults;
use inode::{Inode, roll};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

type Names = BTreeMap<PathBuf, Arc<Mutex<Inode>>>;

/// An in-memory disk. Clones are the same disk.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
    /// The life of the process that uses it; `None` for an outside observer.
    life: Option<u64>,
}

#[derive(Default)]
struct State {
    /// Incremented when the process dies: files opened before no longer work.
    life: u64,
    names: Names,
    safe_names: Names,
    pending: Vec<NameChange>,
    directories: BTreeSet<PathBuf>,
    unreadable: BTreeMap<PathBuf, Unreadable>,
    locks: Vec<(Locked, Hold)>,
    faults: Faults,
    capacity_bytes: Option<u64>,
    /// Capacity that is not reported as free although this process may use it.
    kept_bytes: u64,
    /// The highest number of names so far: a directory does not give blocks back.
    names_max: usize,
    /// The limit on open files per process, and how many the current one has.
    files_max: Option<usize>,
    files: Arc<AtomicUsize>,
    lies: bool,
    read_bytes: u64,
    written_bytes: u64,
}

/// A locked inode: a file, whatever its name is now, or a directory.
#[derive(Clone)]
enum Locked {
    File(Arc<Mutex<Inode>>),
    Directory(PathBuf),
}

/// How a lock is held.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    Alone,
    Shared,
}

enum NameChange {
    Create(PathBuf, Arc<Mutex<Inode>>),
    Rename(PathBuf, PathBuf, Arc<Mutex<Inode>>),
    Remove(PathBuf),
}

struct MemoryFile {
    state: Arc<Mutex<State>>,
    life: u64,
    inode: Arc<Mutex<Inode>>,
    /// The path it was opened by.
    path: PathBuf,
    _open: OpenFile,
}

/// A file that counts as open.
struct OpenFile(Arc<AtomicUsize>);

impl Drop for OpenFile {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct LockGuard {
    state: Arc<Mutex<State>>,
    life: u64,
    locked: Locked,
    hold: Hold,
}

impl PartialEq for Locked {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => Arc::ptr_eq(one, other),
            (Self::Directory(one), Self::Directory(other)) => one == other,
            (Self::File(_), Self::Directory(_)) | (Self::Directory(_), Self::File(_)) => false,
        }
    }
}

impl MemoryDisk {
    /// An empty disk without limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// The disk as seen by a process that starts now. All its calls fail once that process has died
    /// ([`MemoryDisk::process_death`], [`MemoryDisk::power_loss`]), so that leftover tasks of a
    /// dead process cannot affect its successor.
    pub fn boot(&self) -> Self {
        let life = Some(self.lock_state().life);
        Self {
            state: self.state.clone(),
            life,
        }
    }

    /// Loses power: every process dies, and unsynced changes may remain whole or torn, or be lost.
    pub fn power_loss(&self, random: &dyn Random) {
        self.power_loss_with(random, Tearing::Sectors);
    }

    /// The same as [`MemoryDisk::power_loss`] with this tearing; returns how many writes were torn.
    pub fn power_loss_with(&self, random: &dyn Random, tearing: Tearing) -> u64 {
        let mut state = self.lock_state();
        for change in std::mem::take(&mut state.pending) {
            if roll(random, 2) == 0 {
                change.apply(&mut state.safe_names);
            }
        }
        state.names = state.safe_names.clone();
        let lose = |inode: &Arc<Mutex<Inode>>| lock(inode).lose_power(random, tearing);
        let torn = state.names.values().map(lose).sum();
        state.end_life();
        torn
    }

    /// Kills the process: its writes remain (in the page cache), its files and locks are released.
    pub fn process_death(&self) {
        self.lock_state().end_life();
    }

    /// Makes the `nth` call of a kind from now on (1 is the next) fail.
    pub fn fail_nth(&self, call: Call, nth: u64, fault: Fault) {
        self.lock_state().faults.order(call, nth, fault);
    }

    /// Cancels faults that have not struck.
    pub fn cancel_faults(&self) {
        self.lock_state().faults.cancel();
    }

    /// The faults that have struck since the last call.
    pub fn take_struck(&self) -> Vec<(Call, Fault)> {
        self.lock_state().faults.take_struck()
    }

    /// The sum of all file lengths.
    pub fn used_bytes(&self) -> u64 {
        let state = self.lock_state();
        let lengths = state.names.values().map(|inode| lock(inode).now.len());
        lengths.sum::<usize>() as u64
    }

    /// The names of all files; neither counted as a call nor subject to faults.
    pub fn names(&self) -> Vec<PathBuf> {
        self.lock_state().names.keys().cloned().collect()
    }

    /// How often a call has been made.
    pub fn calls(&self, call: Call) -> u64 {
        self.lock_state().faults.count(call)
    }

    /// Bytes read so far.
    pub fn read_bytes(&self) -> u64 {
        self.lock_state().read_bytes
    }

    /// Bytes written so far.
    pub fn written_bytes(&self) -> u64 {
        self.lock_state().written_bytes
    }

    /// Limits the sum of all file lengths and directory blocks; `None` removes the limit.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.lock_state().capacity_bytes = bytes;
    }

    /// Limits the number of open files of a process, including a directory while it is listed or
    /// synced; `None` removes the limit.
    pub fn set_files_max(&self, count: Option<usize>) {
        self.lock_state().files_max = count;
    }

    /// Sets how much of the capacity is not reported as free but can be written, like blocks
    /// reserved for root.
    pub fn set_kept(&self, bytes: u64) {
        self.lock_state().kept_bytes = bytes;
    }

    /// Makes all later data syncs do nothing and report success, as some devices do.
    pub fn lie_about_syncs(&self) {
        self.lock_state().lies = true;
    }

    /// Flips the bits of `mask` in one byte of a file; does nothing if there is no such byte.
    pub fn corrupt(&self, path: &Path, position: u64, mask: u8) {
        if let Some(inode) = self.lock_state().names.get(path) {
            lock(inode).corrupt(position as usize, mask);
        }
    }

    /// A file's bytes as the running system sees them.
    pub fn contents(&self, path: &Path) -> Option<Vec<u8>> {
        self.lock_state()
            .names
            .get(path)
            .map(|inode| lock(inode).now.clone())
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Takes a lock unless another excludes it.
    fn hold(
        &self,
        state: &mut State,
        path: &Path,
        locked: Locked,
        hold: Hold,
    ) -> io::Result<Box<dyn Send + Sync>> {
        let excludes = |(other, held): &(Locked, Hold)| {
            *other == locked && (hold, *held) != (Hold::Shared, Hold::Shared)
        };
        if state.locks.iter().any(excludes) {
            return Err(about(path, io::ErrorKind::WouldBlock.into()));
        }
        state.locks.push((locked.clone(), hold));
        Ok(Box::new(LockGuard {
            state: self.state.clone(),
            life: state.life,
            locked,
            hold,
        }))
    }

    fn begin(&self, call: Call, path: &Path) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.lock_state();
        if self.life.is_some_and(|life| life != state.life) {
            return Err(about(path, Fault::EIO.error()));
        }
        match state.strike(call) {
            Some(fault) => Err(about(path, fault.error())),
            None => Ok(state),
        }
    }
}

impl State {
    fn strike(&mut self, call: Call) -> Option<Fault> {
        let fault = self.faults.strike(call);
        if fault == Some(Fault::Death) {
            self.end_life();
        }
        fault
    }

    fn end_life(&mut self) {
        self.life += 1;
        self.files = Arc::default();
        self.locks.clear();
    }

    fn change(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending.push(change);
    }

    fn create(&mut self, path: &Path) -> Arc<Mutex<Inode>> {
        let inode = Arc::new(Mutex::new(Inode::default()));
        self.change(NameChange::Create(path.to_owned(), inode.clone()));
        inode
    }

    /// An error if the name of a file belongs to a directory.
    fn no_directory(&self, path: &Path) -> io::Result<()> {
        if self.directories.contains(path) {
            Err(about(path, io::ErrorKind::IsADirectory.into()))
        } else {
            Ok(())
        }
    }

    fn room_for(&self, inode: &Inode, length: u64) -> io::Result<()> {
        let grows_by = length.saturating_sub(inode.now.len() as u64);
        if grows_by > self.free_bytes(inode) {
            return Err(Fault::ENOSPC.error());
        }
        Ok(())
    }

    /// Free bytes. `held` is the inode that the caller has locked.
    fn free_bytes(&self, held: &Inode) -> u64 {
        let Some(capacity) = self.capacity_bytes else {
            return u64::MAX;
        };
        let others = self
            .names
            .values()
            .filter_map(|inode| inode.try_lock().ok());
        let used: u64 = others.map(|inode| inode.now.len() as u64).sum();
        capacity.saturating_sub(used + held.now.len() as u64 + names_bytes(self.names_max))
    }

    /// Counts one more open file.
    fn open_file(&self) -> io::Result<OpenFile> {
        let most = self.files_max.unwrap_or(usize::MAX);
        if self.files.load(Ordering::Relaxed) >= most {
            return Err(Fault::EMFILE.error());
        }
        self.files.fetch_add(1, Ordering::Relaxed);
        Ok(OpenFile(self.files.clone()))
    }

    /// Takes the space that one more name may need.
    fn name_one_more(&mut self) -> io::Result<()> {
        let count = self.names_max.max(self.names.len() + 1);
        let grows_by = names_bytes(count) - names_bytes(self.names_max);
        if grows_by > self.free_bytes(&Inode::default()) {
            return Err(Fault::ENOSPC.error());
        }
        self.names_max = count;
        Ok(())
    }
}

/// The directory blocks that `count` names take.
fn names_bytes(count: usize) -> u64 {
    const BLOCK_BYTES: usize = 1024;
    const NAME_BYTES: usize = 36;
    ((count * NAME_BYTES).next_multiple_of(BLOCK_BYTES)) as u64
}

impl NameChange {
    fn directory(&self) -> Option<&Path> {
        match self {
            Self::Create(path, _) | Self::Rename(_, path, _) | Self::Remove(path) => path.parent(),
        }
    }

    fn apply(&self, names: &mut Names) {
        match self {
            Self::Create(path, inode) => drop(names.insert(path.clone(), inode.clone())),
            Self::Rename(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), inode.clone());
            }
            Self::Remove(path) => drop(names.remove(path)),
        }
    }
}

impl Disk for MemoryDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let mut state = self.begin(Call::Open, path)?;
        state.may_open(path, mode)?;
        let open = state.open_file().map_err(|error| about(path, error))?;
        let found = state.names.get(path).cloned();
        let inode = match (mode, found) {
            (OpenMode::Read | OpenMode::Write, Some(inode)) => inode,
            (OpenMode::Read | OpenMode::Write, None) => return Err(not_found(path)),
            (OpenMode::CreateNew, Some(_)) => {
                return Err(about(path, io::ErrorKind::AlreadyExists.into()));
            }
            (OpenMode::CreateNew, None) => {
                let parent = path.parent();
                if !parent.is_some_and(|parent| state.directories.contains(parent)) {
                    return Err(not_found(path));
                }
                state.name_one_more()?;
                state.create(path)
            }
        };
        Ok(Arc::new(MemoryFile {
            state: self.state.clone(),
            life: state.life,
            inode,
            path: path.to_owned(),
            _open: open,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.begin(Call::Rename, from)?;
        state.no_directory(to)?;
        let inode = state.names.get(from).cloned();
        let inode = inode.ok_or_else(|| not_found(from))?;
        state.change(NameChange::Rename(from.to_owned(), to.to_owned(), inode));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Call::Remove, path)?;
        state.no_directory(path)?;
        if !state.names.contains_key(path) {
            return Err(not_found(path));
        }
        state.change(NameChange::Remove(path.to_owned()));
        Ok(())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        let state = self.begin(Call::List, directory)?;
        let _open = state.open_file().map_err(|error| about(directory, error))?;
        let inside = |path: &&PathBuf| path.parent() == Some(directory);
        let files = state.names.keys().filter(inside);
        let directories = state.directories.iter().filter(inside);
        let all: BTreeSet<_> = files.chain(directories).cloned().collect();
        Ok(all.into_iter().collect())
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Call::CreateDirectory, path)?;
        state
            .directories
            .extend(path.ancestors().map(Path::to_owned));
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Call::SyncDirectory, path)?;
        let _open = state.open_file().map_err(|error| about(path, error))?;
        for change in std::mem::take(&mut state.pending) {
            if change.directory() == Some(path) {
                change.apply(&mut state.safe_names);
            } else {
                state.pending.push(change);
            }
        }
        Ok(())
    }

    fn free_bytes(&self, path: &Path) -> io::Result<u64> {
        let state = self.begin(Call::FreeBytes, path)?;
        let free = state.free_bytes(&Inode::default());
        Ok(free.saturating_sub(state.kept_bytes))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let mut state = self.begin(Call::Lock, path)?;
        let locked = if state.directories.contains(path) {
            Locked::Directory(path.to_owned())
        } else {
            let found = state.names.get(path).cloned();
            Locked::File(found.unwrap_or_else(|| state.create(path)))
        };
        self.hold(&mut state, path, locked, Hold::Alone)
    }

    fn lock_shared(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let mut state = self.begin(Call::Lock, path)?;
        let locked = if state.directories.contains(path) {
            Locked::Directory(path.to_owned())
        } else {
            let found = state.names.get(path).cloned();
            Locked::File(found.ok_or_else(|| not_found(path))?)
        };
        self.hold(&mut state, path, locked, Hold::Shared)
    }

    fn mode(&self, path: &Path) -> io::Result<u32> {
        let state = self.begin(Call::Mode, path)?;
        let inode = state.names.get(path).ok_or_else(|| not_found(path))?;
        Ok(lock(inode).mode.unwrap_or(PRIVATE_FILE_MODE))
    }

    fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()> {
        let state = self.begin(Call::Mode, path)?;
        let inode = state.names.get(path).ok_or_else(|| not_found(path))?;
        lock(inode).mode = Some(mode);
        Ok(())
    }
}

impl MemoryFile {
    /// Counts the call; returns the state as `Err` if the call is to fail.
    fn begin(&self, call: Call) -> Result<MutexGuard<'_, State>, (MutexGuard<'_, State>, Fault)> {
        let mut state = lock(&self.state);
        if state.life != self.life {
            return Err((state, Fault::EIO));
        }
        match state.strike(call) {
            Some(fault) => Err((state, fault)),
            None => Ok(state),
        }
    }

    fn failed(&self, (_, fault): (MutexGuard<'_, State>, Fault)) -> io::Error {
        about(&self.path, fault.error())
    }
}

impl File for MemoryFile {
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let mut state = self
            .begin(Call::Read)
            .map_err(|failed| self.failed(failed))?;
        state.may_read(&self.path)?;
        let inode = lock(&self.inode);
        let start = position as usize;
        let bytes = inode.now.get(start..start.saturating_add(buffer.len()));
        let ended = || about(&self.path, io::ErrorKind::UnexpectedEof.into());
        buffer.copy_from_slice(bytes.ok_or_else(ended)?);
        state.read_bytes += buffer.len() as u64;
        Ok(())
    }

    /// Whether bytes are available without blocking depends only on their position and length: both
    /// cases occur in every test, and reproducibly.
    fn try_read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let place = (position ^ (buffer.len() as u64) << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        if place >> 63 == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.read_exact_at(buffer, position)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let (mut state, fault) = match self.begin(Call::Write) {
            Ok(state) => (state, None),
            Err((state, fault)) => (state, Some(fault)),
        };
        let bytes = match fault {
            None | Some(Fault::Late(_)) => bytes,
            Some(Fault::Half(_)) => &bytes[..bytes.len() / 2],
            Some(fault @ (Fault::Errno(_) | Fault::Death)) => {
                return Err(about(&self.path, fault.error()));
            }
        };
        let mut inode = lock(&self.inode);
        state.room_for(&inode, position + bytes.len() as u64)?;
        inode.write(bytes, position);
        state.written_bytes += bytes.len() as u64;
        fault.map_or(Ok(()), |fault| Err(about(&self.path, fault.error())))
    }

    fn sync_data(&self) -> io::Result<()> {
        match self.begin(Call::SyncData) {
            Ok(state) if state.lies => Ok(()),
            Ok(_) => {
                lock(&self.inode).sync();
                Ok(())
            }
            Err((state, fault)) => {
                if state.life == self.life {
                    lock(&self.inode).fail_sync();
                }
                Err(about(&self.path, fault.error()))
            }
        }
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        let state = self
            .begin(Call::Allocate)
            .map_err(|failed| self.failed(failed))?;
        let mut inode = lock(&self.inode);
        state.room_for(&inode, length)?;
        if (inode.now.len() as u64) < length {
            inode.set_length(length);
        }
        Ok(())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let state = self
            .begin(Call::SetLength)
            .map_err(|failed| self.failed(failed))?;
        let mut inode = lock(&self.inode);
        state.room_for(&inode, length)?;
        inode.set_length(length);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        let _state = self
            .begin(Call::Length)
            .map_err(|failed| self.failed(failed))?;
        Ok(lock(&self.inode).now.len() as u64)
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        if state.life != self.life {
            return;
        }
        let is_mine =
            |(locked, hold): &(Locked, Hold)| *locked == self.locked && *hold == self.hold;
        if let Some(mine) = state.locks.iter().position(is_mine) {
            state.locks.swap_remove(mine);
        }
    }
}

fn not_found(path: &Path) -> io::Error {
    about(path, io::ErrorKind::NotFound.into())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("no code panics while it holds the disk")
}
