//! The reserve: a file that holds disk space for operations that must succeed on a full disk, so
//! that deleting and trimming still work and free space.
//!
//! It has three parts, none of which is spent for another's purpose: a copy of any one segment,
//! with which the cleaner frees space; the next MANIFEST; segments for privileged calls. A part is
//! released to the disk by truncating the file. While any is spent, ordinary appends are refused;
//! it is restored before they resume. Descriptors are kept open as well, for the files that freeing
//! space takes. Only an allocation shows whether there is space: what a disk reports as free need
//! not be available to every process.

use crate::state::handover::Claim;
use crate::state::home::Home;
use crate::state::logs::Logs;
use crate::state::segments::{SEGMENT_BYTES_MIN, Segments};
use millstream_env::{Clock, File, Monotonic, OpenMode};
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

pub(crate) const RESERVE_NAME: &str = "RESERVE";
/// Divisor: size of the part for privileged calls relative to a copy's, within bounds.
const COMMANDS_SHARE: u64 = 2;
const COMMANDS_BYTES_MIN: u64 = 512 * 1024;
const COMMANDS_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Allowance for the file system's metadata when a file is created: a block of the directory, or of
/// its own tables.
const SLACK_BYTES: u64 = 64 * 1024;
/// Divisor: minimum share of privileged calls in a file that is smaller than it should be.
const FOUND_SHARE: u64 = 8;
/// Granularity of the part for a MANIFEST, so that not every new log resizes it.
const LISTS_STEP_BYTES: u64 = 64 * 1024;
/// Files kept open, to be closed for operations that free space: a segment, a MANIFEST, the
/// directory, a copy.
const DESCRIPTORS: usize = 4;
/// Minimum interval between searches for space if nothing new is hidden.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The reserve, and whether the disk is full.
pub(crate) struct Reserve {
    clock: Arc<dyn Clock>,
    home: Arc<Home>,
    logs: Arc<Logs>,
    segments: Arc<Segments>,
    /// Locked while the file is resized, and while another file is allocated in the space that it
    /// released.
    held: Mutex<Held>,
    is_whole: AtomicBool,
    is_short: AtomicBool,
    /// Counts trims and deletions.
    hidden: AtomicU64,
    looked: Mutex<Option<(u64, Monotonic)>>,
    /// Notified when there is something to free or clean.
    cleaner: Notify,
}

/// A guard: the reserve stays whole while it exists.
pub(crate) struct Whole<'a> {
    reserve: &'a Reserve,
    held: &'a mut Held,
}

impl Whole<'_> {
    /// Size of the reserve in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.held.parts.sum()
    }

    /// Extends the reserve to cover segments of this size if there is space for both; returns the
    /// size that it covers.
    pub(crate) fn cover(&mut self, bytes: u64) -> io::Result<u64> {
        self.reserve.cover(self.held, bytes)
    }
}

/// The reserve's file, and the space that it holds.
#[derive(Default)]
struct Held {
    file: Option<Arc<dyn File>>,
    /// Duplicate descriptors of the same file.
    descriptors: Vec<Arc<dyn File>>,
    parts: Parts,
}

/// Sizes of the parts in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Parts {
    /// A copy of the largest segment.
    copies: u64,
    /// The next MANIFEST.
    lists: u64,
    /// Segments for privileged calls.
    commands: u64,
}

impl Reserve {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        home: Arc<Home>,
        logs: Arc<Logs>,
        segments: Arc<Segments>,
    ) -> Self {
        Self {
            clock,
            home,
            logs,
            segments,
            held: Mutex::default(),
            is_whole: AtomicBool::new(false),
            is_short: AtomicBool::new(false),
            hidden: AtomicU64::new(0),
            looked: Mutex::default(),
            cleaner: Notify::new(),
        }
    }

    /// Whether ordinary appends may proceed.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole.load(Ordering::Acquire)
    }

    /// Whether there was no space for the next segment, or the reserve is spent.
    pub(crate) fn is_short(&self) -> bool {
        self.is_short.load(Ordering::Acquire) || !self.is_whole()
    }

    /// Records that something was hidden.
    pub(crate) fn note_hidden(&self) {
        self.hidden.fetch_add(1, Ordering::AcqRel);
    }

    /// Records that there was no space for a segment.
    pub(crate) fn note_short(&self) {
        self.is_short.store(true, Ordering::Release);
    }

    /// Whether a search for space is worth its cost: something has been hidden since the last one,
    /// or that was at least [`LOOK_EVERY`] ago.
    pub(crate) fn is_worth_looking(&self) -> bool {
        let now = self.clock.monotonic();
        let hidden = self.hidden.load(Ordering::Acquire);
        let mut looked = self.looked.lock();
        let is_idle = looked.is_some_and(|(then, at)| then == hidden && now.since(at) < LOOK_EVERY);
        if !is_idle {
            *looked = Some((hidden, now));
        }
        !is_idle
    }

    /// Wakes the cleaner to search for space, unless it has just done so and nothing has been
    /// hidden since.
    pub(crate) fn look_for_room(&self) {
        if self.is_worth_looking() {
            self.ring_cleaner();
        }
    }

    pub(crate) fn ring_cleaner(&self) {
        self.cleaner.notify_one();
    }

    /// Resolves when there is something to free or clean.
    pub(crate) async fn room_wanted(&self) {
        self.cleaner.notified().await;
    }
}

/// Whether an error says that the disk is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Whether an error says that the process, or the system, has no descriptor left.
pub(crate) fn is_out_of_files(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    matches!(millstream_env::raw_os_error(error), Some(ENFILE | EMFILE))
}

impl Parts {
    fn sum(&self) -> u64 {
        self.copies + self.lists + self.commands
    }

    /// The division of an existing file of this size, given the desired parts.
    fn found(bytes: u64, wanted: &Self) -> Self {
        let least = (bytes / FOUND_SHARE).min(wanted.commands);
        let copies = (bytes - least).min(wanted.copies);
        let lists = (bytes - least - copies).min(wanted.lists);
        Self {
            copies,
            lists,
            commands: bytes - copies - lists,
        }
    }

    fn max(&self, other: &Self) -> Self {
        Self {
            copies: self.copies.max(other.copies),
            lists: self.lists.max(other.lists),
            commands: self.commands.max(other.commands),
        }
    }
}

impl Held {
    /// Resizes the file to hold these parts; leaves it unchanged on failure.
    fn resize(&mut self, parts: Parts) -> io::Result<()> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let (had, bytes) = (self.parts.sum(), parts.sum());
        if bytes > had {
            let grown = file.allocate(bytes).and_then(|()| file.sync_data());
            grown.inspect_err(|_| drop(file.set_length(had)))?;
        } else if bytes < had {
            file.set_length(bytes)?;
        }
        self.parts = parts;
        Ok(())
    }
}

impl Reserve {
    /// Restores the reserve durably to its full size, and clears the disk-full flag.
    pub(crate) fn restore(&self) -> io::Result<()> {
        let mut held = self.held.lock();
        let wanted = self.open(&mut held)?;
        let is_short = self.is_short();
        let (had, largest) = (held.parts, self.segments.largest_bytes());
        // A surplus is released only during a shortage.
        let goal = if is_short { wanted } else { had.max(&wanted) };
        // The goal grows with the segments. Until there is space for it, covering the largest
        // existing segment suffices.
        let least = Parts {
            copies: largest.max(SEGMENT_BYTES_MIN.min(wanted.copies)),
            ..wanted
        };
        let mut restored = held.resize(goal);
        if restored.as_ref().is_err_and(is_full) {
            restored = held.resize(least);
        }
        if restored.as_ref().is_err_and(is_full) {
            self.is_whole.store(false, Ordering::Release);
            // Without space for a copy, the cleaner could never free any.
            let copies = had.copies.max(least.copies);
            let lists = had.lists.max(least.lists);
            drop(held.resize(Parts {
                copies,
                lists,
                ..had
            }));
        }
        restored?;
        self.hold_descriptors(&mut held)?;
        self.is_whole.store(true, Ordering::Release);
        self.is_short.store(false, Ordering::Release);
        Ok(())
    }

    /// Opens the file if it is not open, and returns the parts it should hold.
    fn open(&self, held: &mut Held) -> io::Result<Parts> {
        let disk = self.home.disk();
        if held.file.is_some() {
            return self.wanted_parts(held.parts.sum());
        }
        let path = self.home.join(RESERVE_NAME);
        let file = match disk.open(&path, OpenMode::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let file = disk.open(&path, OpenMode::CreateNew)?;
                self.home.sync()?;
                file
            }
            opened => opened?,
        };
        let length = file.length()?;
        let wanted = self.wanted_parts(length)?;
        held.parts = Parts::found(length, &wanted);
        held.file = Some(file);
        Ok(wanted)
    }

    /// Opens missing descriptors.
    fn hold_descriptors(&self, held: &mut Held) -> io::Result<()> {
        let path = self.home.join(RESERVE_NAME);
        while held.descriptors.len() < DESCRIPTORS {
            let one = self.home.disk().open(&path, OpenMode::Read)?;
            held.descriptors.push(one);
        }
        Ok(())
    }

    /// Runs an operation that must succeed; if no descriptor is left, releases the reserved ones
    /// and retries.
    pub(crate) fn with_descriptors<T>(&self, work: impl Fn() -> io::Result<T>) -> io::Result<T> {
        match work() {
            Err(error) if is_out_of_files(&error) => {
                self.held.lock().descriptors.clear();
                work()
            }
            done => done,
        }
    }

    fn wanted_parts(&self, held_bytes: u64) -> io::Result<Parts> {
        let free = self.home.free_bytes()?;
        let bytes = self.segments.next_bytes(free.saturating_add(held_bytes));
        let copies = bytes.max(self.segments.largest_bytes());
        let commands = copies / COMMANDS_SHARE;
        Ok(Parts {
            copies,
            lists: self.manifest_room().next_multiple_of(LISTS_STEP_BYTES),
            commands: commands.clamp(COMMANDS_BYTES_MIN, COMMANDS_BYTES_MAX),
        })
    }

    /// Runs an operation on behalf of ordinary calls while the reserve, descriptors included, stays
    /// whole. Fails with `StorageFull` if it is spent.
    pub(crate) fn while_whole<T>(
        &self,
        make: impl FnOnce(&mut Whole<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut held = self.held.lock();
        if !self.is_whole() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.hold_descriptors(&mut held)?;
        let reserve = self;
        make(&mut Whole {
            reserve,
            held: &mut held,
        })
    }

    /// Extends the reserve to cover segments of this size if there is space for both; returns the
    /// size that it covers.
    fn cover(&self, held: &mut Held, bytes: u64) -> io::Result<u64> {
        let grows_by = bytes.saturating_sub(held.parts.copies);
        if grows_by == 0 {
            return Ok(bytes);
        }
        let free = self.home.free_bytes()?;
        if free < grows_by.saturating_add(bytes) {
            return Ok(held.parts.copies);
        }
        match held.resize(Parts {
            copies: bytes,
            ..held.parts
        }) {
            Err(error) if is_full(&error) => Ok(held.parts.copies),
            grown => grown.map(|()| bytes),
        }
    }

    /// Extends the reserve to cover a segment that grows to this size.
    fn cover_frame(&self, bytes: u64) -> io::Result<()> {
        let mut held = self.held.lock();
        if !self.is_whole() || self.cover(&mut held, bytes)? < bytes {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// Size of the largest copy that the reserve covers.
    pub(crate) fn covered_bytes(&self) -> u64 {
        self.held.lock().parts.copies
    }

    /// Shrinks the reserve to these parts, and marks it as spent. It keeps its size if that fails.
    fn spend(&self, held: &mut Held, parts: Parts) {
        if self.is_whole.swap(false, Ordering::AcqRel) {
            tracing::warn!("the disk is full: the reserve is in use, ordinary appends are refused");
        }
        if let Err(error) = held.resize(parts) {
            tracing::warn!(%error, "cannot give the reserve's room back");
        }
    }

    /// Extends a segment's file for a frame that is larger than a segment. The reserve is extended
    /// to cover it, or the rest of the part for privileged calls is spent on it.
    pub(crate) fn extend_file(
        &self,
        file: &dyn File,
        (from, to): (u64, u64),
        claim: Claim,
    ) -> io::Result<()> {
        let is_privileged = claim == Claim::Privileged;
        let covered = self.cover_frame(to);
        let extended = match covered {
            Err(error) if !(is_privileged && is_full(&error)) => Err(error),
            Ok(()) | Err(_) => file.allocate(to),
        };
        if extended.as_ref().is_err_and(is_full)
            && is_privileged
            && self.spend_on_commands(to - from)
        {
            return file.allocate(to);
        }
        extended
    }

    /// Bytes left for privileged calls.
    pub(crate) fn for_commands(&self) -> u64 {
        self.held.lock().parts.commands
    }

    /// Restores the part for privileged calls to this size if there is space. The file allocated
    /// from it has been removed, or will be before the next one is created.
    pub(crate) fn give_back_commands(&self, bytes: u64) {
        let mut held = self.held.lock();
        let parts = held.parts;
        let commands = parts.commands.max(bytes);
        drop(held.resize(Parts { commands, ..parts }));
    }

    /// Allocates from the part for privileged calls: `bytes` computes the amount from what is left.
    /// The lock is held throughout, so no other task can use the released space.
    pub(crate) fn make_of_commands<T>(
        &self,
        bytes: impl FnOnce(u64) -> io::Result<u64>,
        make: impl FnOnce(u64) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut held = self.held.lock();
        let parts = held.parts;
        let bytes = bytes(parts.commands)?;
        let commands = parts.commands.saturating_sub(bytes + SLACK_BYTES);
        self.spend(&mut held, Parts { commands, ..parts });
        let made = make(bytes);
        if made.is_err() {
            drop(held.resize(parts));
        }
        made
    }

    /// Releases some of the space for privileged calls; `false` if none is left.
    pub(crate) fn spend_on_commands(&self, bytes: u64) -> bool {
        let mut held = self.held.lock();
        let parts = held.parts;
        let commands = parts.commands.saturating_sub(bytes + SLACK_BYTES);
        self.spend(&mut held, Parts { commands, ..parts });
        held.parts != parts
    }

    /// Allocates the file of a copy, from the reserve if there is no other space.
    pub(crate) fn allocate_copy(&self, file: &dyn File, bytes: u64) -> io::Result<()> {
        let mut held = self.held.lock();
        let mut allocated = file.allocate(bytes);
        let parts = held.parts;
        let left = parts.copies.saturating_sub(bytes + SLACK_BYTES);
        for copies in [left, 0] {
            if allocated.as_ref().is_err_and(is_full) {
                self.spend(&mut held, Parts { copies, ..parts });
                allocated = file.allocate(bytes);
            }
        }
        if allocated.is_err() && held.parts != parts {
            drop(held.resize(parts));
        }
        allocated
    }

    /// Runs an operation that needs space temporarily, with the whole reserve released for it. No
    /// other task can use that space meanwhile.
    pub(crate) fn lend<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let mut held = self.held.lock();
        let parts = held.parts;
        // If this fails, the operation has less space to use.
        drop(held.resize(Parts::default()));
        let done = work();
        if held.resize(parts).is_err() {
            // A directory entry, or a longer MANIFEST, used some of the space: the part for
            // privileged calls shrinks first.
            let commands = parts.commands.saturating_sub(SLACK_BYTES);
            let copies = parts.copies.saturating_sub(SLACK_BYTES);
            self.spend(&mut held, Parts { commands, ..parts });
            if held.parts.sum() == 0 {
                self.spend(&mut held, Parts { copies, ..parts });
            }
        }
        done
    }

    /// Creates an empty file. The directory may need space for its entry, which the reserve lends.
    pub(crate) fn make_name<T>(&self, make: impl Fn() -> io::Result<T>) -> io::Result<T> {
        match make() {
            Err(error) if is_full(&error) => self.lend(make),
            made => made,
        }
    }

    /// Maximum size of the next MANIFEST.
    fn manifest_room(&self) -> u64 {
        const SLACK_BYTES: u64 = 16 * 1024;
        const LOG_BYTES: u64 = 64;
        SLACK_BYTES + LOG_BYTES * self.logs.count() as u64
    }
}
