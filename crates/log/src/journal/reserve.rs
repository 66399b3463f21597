//! The reserve: a file that keeps room on the disk for what must go on when it is full, so that
//! deleting and trimming still work and make space.
//!
//! Only three things spend it: a segment for privileged calls, a MANIFEST, a copy of the cleaner's.
//! While it is spent ordinary appends are refused; it is made whole again before they go on.

use super::segment::FRAMES_START;
use super::shared::{Fresh, Shared};
use super::space::SEGMENT_BYTES_MIN;
use env::{Monotonic, OpenMode};
use parking_lot::{Mutex, MutexGuard};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

pub(super) const RESERVE_NAME: &str = "RESERVE";
/// A segment out of the reserve takes this share; the rest is for MANIFESTs and copies.
const SEGMENT_SHARE: u64 = 2;
/// Without news about what is hidden, room is looked for no more often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Whether the disk is full, and what is kept for that case.
#[derive(Default)]
pub(super) struct Reserve {
    /// Held while the file is made or spent.
    file: Mutex<()>,
    is_whole: AtomicBool,
    is_short: AtomicBool,
    /// Counts what was trimmed and deleted.
    hidden: AtomicU64,
    looked: Mutex<Option<(u64, Monotonic)>>,
}

impl Reserve {
    /// Whether ordinary appends may go on.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole.load(Ordering::Acquire)
    }

    /// Whether the disk had no room for the next segment, or the reserve is spent.
    pub(super) fn is_short(&self) -> bool {
        self.is_short.load(Ordering::Acquire) || !self.is_whole()
    }

    /// Something can be read no more.
    pub(super) fn note_hidden(&self) {
        self.hidden.fetch_add(1, Ordering::AcqRel);
    }
}

/// Whether an error says that the disk is full.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

impl Shared {
    /// Makes the reserve's file, whole and durable, if it is not; then the disk counts as short no
    /// more until the next time that there is no room.
    pub(super) fn restore_reserve(&self) -> io::Result<()> {
        let _one = self.reserve.file.lock();
        self.make_reserve()?;
        self.reserve.is_whole.store(true, Ordering::Release);
        self.reserve.is_short.store(false, Ordering::Release);
        Ok(())
    }

    fn make_reserve(&self) -> io::Result<()> {
        let disk = &self.env.disk;
        let path = self.directory.join(RESERVE_NAME);
        let file = match disk.open(&path, OpenMode::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                disk.open(&path, OpenMode::CreateNew)?
            }
            opened => opened?,
        };
        let length = file.length()?;
        let free = disk.free_bytes(&self.directory)?.saturating_add(length);
        // Any segment can be copied into it.
        let wanted = self.segment_bytes(free);
        if length >= wanted {
            return Ok(());
        }
        if free < wanted.saturating_add(self.manifest_room()) {
            // It grows with the segments; what it had is still enough.
            let is_enough = length >= SEGMENT_BYTES_MIN.min(wanted);
            return if is_enough {
                Ok(())
            } else {
                Err(io::ErrorKind::StorageFull.into())
            };
        }
        file.allocate(wanted)?;
        file.sync_data()?;
        disk.sync_directory(&self.directory)
    }

    /// Bytes that the reserve has now.
    pub(super) fn reserved_bytes(&self) -> io::Result<u64> {
        if !self.reserve.is_whole() {
            return Ok(0);
        }
        let path = self.directory.join(RESERVE_NAME);
        match self.env.disk.open(&path, OpenMode::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            opened => opened?.length(),
        }
    }

    /// Keeps the reserve whole for as long as the guard lives; an error if it is spent.
    pub(super) fn hold_reserve(&self) -> io::Result<MutexGuard<'_, ()>> {
        let guard = self.reserve.file.lock();
        if self.reserve.is_whole() {
            Ok(guard)
        } else {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    /// Gives the reserve's room back to the disk; `false` if it was spent before.
    pub(super) fn spend_reserve(&self) -> bool {
        let _one = self.reserve.file.lock();
        self.spend()
    }

    fn spend(&self) -> bool {
        if !self.reserve.is_whole.swap(false, Ordering::AcqRel) {
            return false;
        }
        tracing::warn!("the disk is full: the reserve is in use, ordinary appends are refused");
        let path = self.directory.join(RESERVE_NAME);
        if let Err(error) = self.env.disk.remove(&path) {
            tracing::warn!(%error, "cannot give the reserve's room back");
        }
        true
    }

    /// Makes the next segment out of the reserve, for privileged calls alone.
    pub(super) fn prepare_reserved(&self) -> io::Result<Fresh> {
        let (entry, segment) = {
            let _one = self.reserve.file.lock();
            self.spend();
            let free = self.env.disk.free_bytes(&self.directory)?;
            let wanted = (free / SEGMENT_SHARE).min(self.options.segment_bytes_max);
            let pages = wanted / u64::from(FRAMES_START);
            // The header's page and one for frames.
            if pages < 2 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.make_segment(pages * u64::from(FRAMES_START))?
        };
        self.list_segment(entry, segment)
    }

    /// Makes the next segment. If the disk is full, frees at once what nobody can read any more; if
    /// that does not help, a privileged call may have the reserve.
    pub(super) fn prepare_anyhow(&self, is_privileged: bool) -> io::Result<Fresh> {
        let mut made = self.prepare();
        if !made.as_ref().is_err_and(is_full) {
            return made;
        }
        self.reserve.is_short.store(true, Ordering::Release);
        if self.is_worth_looking() {
            if let Some(_one) = self.upkeep.try_lock() {
                self.free()?;
                made = self.prepare();
            }
            self.cleaner_wake.notify_one();
        }
        if is_privileged && made.as_ref().is_err_and(is_full) {
            return self.prepare_reserved();
        }
        made
    }

    /// Lets the cleaner look for room, unless it has just done so and nothing was hidden since.
    pub(super) fn look_for_room(&self) {
        if self.is_worth_looking() {
            self.cleaner_wake.notify_one();
        }
    }

    fn is_worth_looking(&self) -> bool {
        let now = self.env.clock.monotonic();
        let hidden = self.reserve.hidden.load(Ordering::Acquire);
        let mut looked = self.reserve.looked.lock();
        let is_idle = looked.is_some_and(|(then, at)| then == hidden && now.since(at) < LOOK_EVERY);
        if !is_idle {
            *looked = Some((hidden, now));
        }
        !is_idle
    }

    /// What the next MANIFEST may need.
    pub(super) fn manifest_room(&self) -> u64 {
        const SLACK_BYTES: u64 = 16 * 1024;
        const LOG_BYTES: u64 = 64;
        SLACK_BYTES + LOG_BYTES * self.logs.read().len() as u64
    }
}
