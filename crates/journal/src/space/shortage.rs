//! Shortage: what is done, in which order, when there is no room for the next segment, or no
//! descriptor.
//!
//! Spares go first. Then what nobody can read any more is given back, then a privileged call gets a
//! segment out of the reserve's room for such calls, and nothing else of it.

use crate::format::manifest::SegmentEntry;
use crate::format::segment::Segment;
use crate::shared::{Fresh, Shared};
use crate::space::reserve::{Parts, SLACK_BYTES, is_full, is_out_of_files};
use crate::space::upkeep::{Origin, whole_pages};
use env::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A segment for privileged calls takes half of what is left for such calls, within these bounds: a
/// command is a few KiB, and there must be room for the next ones.
const COMMAND_SEGMENT_BYTES_MIN: u64 = 64 * 1024;
const COMMAND_SEGMENT_BYTES_MAX: u64 = 1024 * 1024;

/// Whether an error is one that making room may end.
fn is_shortage(error: &io::Error) -> bool {
    is_full(error) || is_out_of_files(error)
}

impl Shared {
    /// Makes a segment's file longer, for a frame that is larger than a segment. The reserve covers
    /// it then, or what is left for privileged calls is spent on one of them.
    pub(crate) fn extend_file(
        &self,
        file: &dyn File,
        (from, to): (u64, u64),
        is_privileged: bool,
    ) -> io::Result<()> {
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

    /// Makes the next segment out of the reserve, for privileged calls alone.
    fn prepare_reserved(&self) -> io::Result<Fresh> {
        self.with_descriptors(|| self.prepare_of_reserve())
    }

    fn prepare_of_reserve(&self) -> io::Result<Fresh> {
        self.settle()?;
        let list = self.begin_list_anyhow()?;
        let before = self.take_reserve().parts.commands;
        let (entry, segment) = self.make_command_segment()?;
        let listed = self.list_segment(list, entry, segment);
        if listed.is_err() {
            // Its file is gone, or goes before the next is made.
            let mut held = self.take_reserve();
            let commands = held.parts.commands.max(before);
            let parts = held.parts;
            drop(held.resize(Parts { commands, ..parts }));
        }
        listed
    }

    fn make_command_segment(&self) -> io::Result<(SegmentEntry, Arc<Segment>)> {
        let mut held = self.take_reserve();
        let parts = held.parts;
        if parts.commands < COMMAND_SEGMENT_BYTES_MIN {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let half = whole_pages(parts.commands / 2);
        let bytes = half.clamp(COMMAND_SEGMENT_BYTES_MIN, COMMAND_SEGMENT_BYTES_MAX);
        let commands = parts.commands.saturating_sub(bytes + SLACK_BYTES);
        self.spend(&mut held, Parts { commands, ..parts });
        let made = self.make_segment((bytes, bytes), Origin::Reserved);
        if made.is_err() {
            drop(held.resize(parts));
        }
        made
    }

    /// Makes the next segment. If there is no room for it, or no descriptor, frees at once what
    /// nobody can read any more; if that does not help, a privileged call may have some of the
    /// reserve.
    pub(crate) fn prepare_anyhow(&self, is_privileged: bool) -> io::Result<Fresh> {
        let mut made = self.prepare();
        if !made.as_ref().is_err_and(is_shortage) {
            return made;
        }
        self.reserve.is_short.store(true, Ordering::Release);
        if self.drop_spares() > 0 {
            made = self.prepare();
        }
        if made.as_ref().is_err_and(is_shortage) && self.is_worth_looking() {
            if let Some(_one) = self.upkeep.try_lock() {
                self.free()?;
                made = self.prepare();
            }
            self.cleaner_wake.notify_one();
        }
        if is_privileged && made.as_ref().is_err_and(is_shortage) {
            return self.prepare_reserved();
        }
        made
    }

    /// Removes the files that are kept for writing over; answers how many went.
    pub(crate) fn drop_spares(&self) -> usize {
        let spares = self.spares().unwrap_or_default();
        let removed = spares.iter().map(|spare| self.env.disk.remove(spare));
        removed.filter(Result::is_ok).count()
    }

    /// Lets the cleaner look for room, unless it has just done so and nothing was hidden since.
    pub(crate) fn look_for_room(&self) {
        if self.is_worth_looking() {
            self.cleaner_wake.notify_one();
        }
    }

    fn is_worth_looking(&self) -> bool {
        self.reserve.is_worth_looking(self.env.clock.monotonic())
    }
}
