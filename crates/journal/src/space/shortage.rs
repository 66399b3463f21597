//! Shortage: what is done, and in which order, when there is no room for the next segment, or no
//! descriptor.
//!
//! Spares go first. Then dead segments are freed, then a privileged call gets a segment from the
//! reserve's part for such calls, and nothing else of it.

use crate::space::listing::Listing;
use crate::space::making::{Origin, SegmentMaker, whole_pages};
use crate::space::reclaim::Reclaimer;
use crate::space::reserve::{Reserve, is_full, is_out_of_files};
use crate::state::handover::{Claim, Fresh};
use std::io;
use std::sync::Arc;

/// Bounds of a segment for privileged calls, which takes half of what is left for them: a command
/// is a few KiB, and there must be room for the next ones.
const COMMAND_SEGMENT_BYTES_MIN: u64 = 64 * 1024;
const COMMAND_SEGMENT_BYTES_MAX: u64 = 1024 * 1024;

/// Whether making room may help against an error.
fn is_shortage(error: &io::Error) -> bool {
    is_full(error) || is_out_of_files(error)
}

/// Who makes the next segment, also when there is no room.
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

    /// Creates the next segment. If there is no room for it, or no descriptor, frees dead segments
    /// at once; if that does not help, a privileged call may use some of the reserve.
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
            // Its file is gone, or is removed before the next is created.
            self.reserve.give_back_commands(before);
        }
        listed
    }
}

/// Bytes of a segment for privileged calls, for which so many are left.
fn command_segment_bytes(left: u64) -> io::Result<u64> {
    if left < COMMAND_SEGMENT_BYTES_MIN {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let half = whole_pages(left / 2);
    Ok(half.clamp(COMMAND_SEGMENT_BYTES_MIN, COMMAND_SEGMENT_BYTES_MAX))
}
