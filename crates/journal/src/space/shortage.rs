//! Shortage: the order of measures when there is no disk space, or no descriptor, for the next
//! segment.
//!
//! Spares are dropped first. Then dead segments are freed. Then a privileged call may allocate a
//! segment from the reserve's part for such calls, never from its other parts.

use crate::space::listing::Listing;
use crate::space::making::{Origin, SegmentMaker, whole_pages};
use crate::space::reclaim::Reclaimer;
use crate::space::reserve::{Reserve, is_full, is_out_of_files};
use crate::state::handover::{Claim, Fresh};
use std::io;
use std::sync::Arc;

/// Bounds on the size of a segment for privileged calls, which uses half of what is left of their
/// part: a command is a few KiB, and later ones need space, too.
const COMMAND_SEGMENT_BYTES_MIN: u64 = 64 * 1024;
const COMMAND_SEGMENT_BYTES_MAX: u64 = 1024 * 1024;

/// Whether freeing space or descriptors may cure an error.
fn is_shortage(error: &io::Error) -> bool {
    is_full(error) || is_out_of_files(error)
}

/// The allocator of the next segment, also during a shortage.
pub(crate) struct Shortage {
    listing: Arc<Listing>,
    maker: Arc<SegmentMaker>,
    reclaimer: Arc<Reclaimer>,
    reserve: Arc<Reserve>,
}

impl Shortage {
    pub(crate) fn new(
        listing: Arc<Listing>,
        maker: Arc<SegmentMaker>,
        reclaimer: Arc<Reclaimer>,
        reserve: Arc<Reserve>,
    ) -> Self {
        Self {
            listing,
            maker,
            reclaimer,
            reserve,
        }
    }

    /// Creates the next segment. During a shortage it frees dead segments at once; if that does not
    /// help, a privileged call may use part of the reserve.
    pub(crate) fn prepare(&self, claim: Claim) -> io::Result<Fresh> {
        let mut made = self.maker.prepare();
        if !made.as_ref().is_err_and(is_shortage) {
            return made;
        }
        self.reserve.note_short();
        if self.maker.drop_spares() > 0 {
            made = self.maker.prepare();
        }
        if made.as_ref().is_err_and(is_shortage) && self.reserve.is_worth_looking() {
            if let Some(again) = self.reclaimer.free_if_idle(|| self.maker.prepare())? {
                made = again;
            }
            self.reserve.ring_cleaner();
        }
        if claim == Claim::Privileged && made.as_ref().is_err_and(is_shortage) {
            return self.prepare_reserved();
        }
        made
    }

    /// Creates the next segment from the reserve, for privileged calls alone.
    fn prepare_reserved(&self) -> io::Result<Fresh> {
        self.reserve.with_descriptors(|| self.prepare_of_reserve())
    }

    fn prepare_of_reserve(&self) -> io::Result<Fresh> {
        self.listing.settle()?;
        let list = self.listing.begin_list_anyhow()?;
        let before = self.reserve.for_commands();
        let make = |bytes| self.maker.make((bytes, bytes), Origin::Reserved);
        let made = self.reserve.make_of_commands(command_segment_bytes, make);
        let (entry, segment) = made?;
        let listed = self.maker.list(list, entry, segment);
        if listed.is_err() {
            // Its file has been removed, or will be before the next one is created.
            self.reserve.give_back_commands(before);
        }
        listed
    }
}

/// Size of a segment for privileged calls, given what is left of their part.
fn command_segment_bytes(left: u64) -> io::Result<u64> {
    if left < COMMAND_SEGMENT_BYTES_MIN {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let half = whole_pages(left / 2);
    Ok(half.clamp(COMMAND_SEGMENT_BYTES_MIN, COMMAND_SEGMENT_BYTES_MAX))
}
