//! Reclaiming segments whose contents are all hidden.
//!
//! What always holds: freeing, cleaning and putting a copy in place exclude each other; nothing is
//! freed while there is damage.

use crate::format::segment::Segment;
use crate::options::Options;
use crate::planted::PlantedBug;
use crate::space::grace::Grace;
use crate::space::listing::Listing;
use crate::space::making::SegmentMaker;
use crate::space::reserve::Reserve;
use crate::state::damage::Damage;
use crate::state::home::Home;
use crate::state::logs::Logs;
use crate::state::segments::Segments;
use millstream_env::{Agreement, Clock, Clocks, Monotonic};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

/// The owner of upkeep, which frees segments.
pub(crate) struct Reclaimer {
    clock: Arc<dyn Clock>,
    options: Options,
    home: Arc<Home>,
    damage: Arc<Damage>,
    listing: Arc<Listing>,
    logs: Arc<Logs>,
    maker: Arc<SegmentMaker>,
    reserve: Arc<Reserve>,
    segments: Arc<Segments>,
    clocks: Mutex<Clocks>,
    /// Held while segments are freed or cleaned, and while a sorted one replaces its source.
    upkeep: Mutex<()>,
}

/// What a reclaimer uses.
pub(crate) struct Uses {
    pub(crate) home: Arc<Home>,
    pub(crate) damage: Arc<Damage>,
    pub(crate) listing: Arc<Listing>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) maker: Arc<SegmentMaker>,
    pub(crate) reserve: Arc<Reserve>,
    pub(crate) segments: Arc<Segments>,
}

impl Reclaimer {
    pub(crate) fn new(clock: Arc<dyn Clock>, options: Options, uses: Uses) -> Self {
        let Uses {
            home,
            damage,
            listing,
            logs,
            maker,
            reserve,
            segments,
        } = uses;
        let clocks = Mutex::new(Clocks::new(clock.now(), clock.monotonic()));
        Self {
            clock,
            options,
            home,
            damage,
            listing,
            logs,
            maker,
            reserve,
            segments,
            clocks,
            upkeep: Mutex::default(),
        }
    }

    /// Runs upkeep, excluding all other upkeep.
    pub(crate) fn alone<T>(&self, work: impl FnOnce() -> T) -> T {
        let _one = self.upkeep.lock();
        work()
    }

    /// Frees what is due and runs `work` before other upkeep can; `None` if other upkeep runs.
    pub(crate) fn free_if_idle<T>(&self, work: impl FnOnce() -> T) -> io::Result<Option<T>> {
        let Some(_one) = self.upkeep.try_lock() else {
            return Ok(None);
        };
        self.free()?;
        Ok(Some(work()))
    }

    /// Frees the segments whose contents have all been hidden for an hour; on a full disk, those
    /// whose contents are all hidden now.
    pub(crate) fn free(&self) -> io::Result<()> {
        let now = self.clock.monotonic();
        for log in self.logs.every() {
            log.with(|state| state.mark(now));
        }
        let Some(grace) = self.grace(now) else {
            return Ok(());
        };
        // Listed before the logs are visited, which may miss runs of segments sealed meanwhile.
        let mut gone = self.segments.sealed();
        let kept = self.kept_segments(now, grace);
        gone.retain(|segment| !kept.contains(&segment.number));
        self.drop_segments(&gone)
    }

    /// How long hidden data is kept now; `None` if nothing may be freed.
    pub(crate) fn grace(&self, now: Monotonic) -> Option<Grace> {
        let is_pausing = self.clocks_disagree(now);
        if self.damage.is_any() {
            return None;
        }
        match (self.reserve.is_short(), is_pausing) {
            (false, true) => None,
            (false, false) => Some(Grace::Hour),
            (true, true) => Some(Grace::NoneForDeleted),
            (true, false) => Some(Grace::None),
        }
    }

    /// Removes segments from the MANIFEST, then from memory, then from the disk.
    pub(crate) fn drop_segments(&self, gone: &[Arc<Segment>]) -> io::Result<()> {
        if gone.is_empty() {
            return Ok(());
        }
        sync_proofs(gone.iter())?;
        self.listing.change_segments(|segments| {
            gone.iter()
                .for_each(|segment| drop(segments.remove(&segment.number)));
        })?;
        self.logs
            .forget_ranges(&gone.iter().map(|segment| segment.number).collect());
        gone.iter().for_each(|segment| self.maker.discard(segment));
        self.home.sync()
    }

    /// The segments with runs that must stay.
    fn kept_segments(&self, now: Monotonic, grace: Grace) -> BTreeSet<u64> {
        let mut kept = BTreeSet::new();
        let overlooked = usize::from(self.options.has(PlantedBug::FreeLiveSegment));
        for log in self.logs.every().iter().skip(overlooked) {
            log.with(|state| {
                let ranges = state.ranges.iter();
                let stay = ranges.filter(|range| !state.is_due(range, now, grace));
                kept.extend(stay.map(|range| range.segment.number));
            });
        }
        kept
    }

    /// Whether the wall clock was set lately: data hidden because of a wrong time is then kept, so
    /// that its owner can notice.
    fn clocks_disagree(&self, now: Monotonic) -> bool {
        let agreement = self.clocks.lock().compare(self.clock.now(), now);
        match agreement {
            Agreement::Whole => false,
            Agreement::Doubtful => true,
            Agreement::Broken(off) => {
                tracing::warn!(
                    ?off,
                    "the wall clock was set: no space is given back for an hour"
                );
                true
            }
        }
    }

    /// Does something while nobody else can look at the clocks or do upkeep.
    #[cfg(test)]
    pub(crate) fn while_locked(&self, work: &mut dyn FnMut()) {
        let (_upkeep, _clocks) = (self.upkeep.lock(), self.clocks.lock());
        work();
    }
}

/// Makes what segments hold durable before a MANIFEST no longer lists them. After a loss of power
/// their files may be there still, and their headers and footers prove that they may go; since a
/// restart these may be in the page cache alone.
pub(crate) fn sync_proofs<'s>(
    mut segments: impl Iterator<Item = &'s Arc<Segment>>,
) -> io::Result<()> {
    segments.try_for_each(|segment| segment.file.sync_data())
}
