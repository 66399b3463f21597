//! The cleaner: copies live data out of mostly hidden segments, so that a few long-lived blocks do
//! not keep whole segments on disk.
//!
//! It chooses the segments to rewrite, and rewrites them at normal priority: writers may be waiting
//! for the space.

use crate::format::segment::Segment;
use crate::measured::Measured;
use crate::options::Options;
use crate::space::abandoned::Abandoned;
use crate::space::clean_plan::Plan;
use crate::space::grace::Grace;
use crate::space::reclaim::Reclaimer;
use crate::space::reserve::{Reserve, is_full};
use crate::space::rewrite::{Rewrite, Rewriter};
use crate::state::home::Home;
use crate::state::lifecycle::Lifecycle;
use crate::state::logs::Logs;
use crate::state::segments::{SEGMENT_BYTES_MIN, Segments};
use millstream_env::{Clock, Monotonic};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// Divisor: hidden bytes may be this fraction of the live ones, plus two segments.
const DEAD_SHARE: u64 = 4;
const DEAD_SEGMENTS: u64 = 2;
/// Minimum hidden share for copying a copy again: what remains hidden in it are parts of blocks,
/// which copying does not reclaim.
const COPY_AGAIN_PERMILLE: u64 = 250;
/// A copy must be smaller than its sources by this fraction for the pass to continue.
const COPY_GAIN: u64 = 8;
/// On a full disk a segment is rewritten if at least this much is gained.
const FULL_GAIN_PERMILLE: u64 = 125;
/// The same while there is no space for a segment.
const LEAST_GAIN_PERMILLE: u64 = 16;

/// The cleaner.
pub(crate) struct Cleaner {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) options: Options,
    pub(crate) home: Arc<Home>,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) measured: Arc<Measured>,
    pub(crate) reclaimer: Arc<Reclaimer>,
    pub(crate) reserve: Arc<Reserve>,
    pub(crate) rewriter: Arc<Rewriter>,
    pub(crate) segments: Arc<Segments>,
}

/// Live and hidden bytes of a segment's blocks.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    wanted: u64,
    hidden: u64,
}

impl Cleaner {
    /// Rewrites segments until the hidden bytes are within the limit.
    pub(crate) fn clean(&self) -> io::Result<()> {
        let now = self.clock.monotonic();
        let Some(grace) = self.reclaimer.grace(now) else {
            return Ok(());
        };
        match grace {
            Grace::Hour => self.clean_by_share(now),
            Grace::NoneForDeleted | Grace::None => self.clean_for_room(now, grace),
        }
    }

    fn clean_by_share(&self, now: Monotonic) -> io::Result<()> {
        loop {
            let sources = self.choose_sources(now);
            if sources.is_empty() {
                return Ok(());
            }
            let before = total_bytes(&sources);
            let plan = Plan::new(&self.logs, sources, now, Grace::Hour);
            let after = match self.replace_by_copy(self.rewriter.begin(plan)?, now) {
                Ok(after) => after,
                Err(Abandoned::GivenUp) => return Ok(()),
                Err(Abandoned::Failed(error)) => return Err(error),
            };
            if after > before / COPY_GAIN * (COPY_GAIN - 1) {
                // Only parts of blocks are hidden: copying again gains nothing.
                return Ok(());
            }
        }
    }

    /// The segments to rewrite now, the largest hidden share first; empty while the hidden bytes
    /// are within the limit.
    fn choose_sources(&self, now: Monotonic) -> Vec<Arc<Segment>> {
        let shares = self.shares(now, Grace::Hour);
        let wanted: u64 = shares.values().map(|share| share.wanted).sum();
        let hidden: u64 = shares.values().map(|share| share.hidden).sum();
        let bound = wanted / DEAD_SHARE + DEAD_SEGMENTS * self.options.segment_bytes_max;
        let mut excess = hidden.saturating_sub(bound);
        let mut sealed = self.segments.copyable();
        let share = |segment: &Segment| shares.get(&segment.number).copied().unwrap_or_default();
        sealed.retain(|segment| {
            let permille = share(segment).hidden_permille();
            permille
                > if segment.is_sorted {
                    COPY_AGAIN_PERMILLE
                } else {
                    0
                }
        });
        sealed.sort_by_key(|segment| std::cmp::Reverse(share(segment).hidden_permille()));
        // The sources of one copy must fit into the space that the reserve covers.
        let mut room = self
            .options
            .segment_bytes_max
            .min(self.reserve.covered_bytes());
        let mut chosen = Vec::new();
        for segment in sealed {
            let Share { wanted, hidden } = share(&segment);
            if excess == 0 || (wanted > room && !chosen.is_empty()) {
                break;
            }
            excess = excess.saturating_sub(hidden);
            room = room.saturating_sub(wanted);
            chosen.push(segment);
        }
        chosen
    }

    /// Rewrites segments one at a time into smaller copies on a full disk, the largest hidden share
    /// first. A copy never needs more than the reserve covers, and the space that it frees restores
    /// the reserve, so each step gains space. No segment is copied twice, so the loop terminates.
    fn clean_for_room(&self, now: Monotonic, grace: Grace) -> io::Result<()> {
        // Space that was freed before counts, too.
        let mut has_room = self.has_room();
        let mut too_large = u64::MAX;
        for (segment, share) in self.by_hidden_share(now, grace) {
            if has_room && share.hidden_permille() < FULL_GAIN_PERMILLE {
                return Ok(());
            }
            let before = segment.file_bytes();
            let plan = Plan::new(&self.logs, vec![segment], now, grace);
            let bytes = plan.copy_bytes();
            let gain = before.saturating_sub(bytes);
            if gain * 1000 < before * LEAST_GAIN_PERMILLE || bytes >= too_large {
                continue;
            }
            match self.copy_for_room(plan, now) {
                Ok(_) => {}
                Err(Abandoned::GivenUp) => return Ok(()),
                // A smaller copy may still fit.
                Err(Abandoned::Failed(error)) if is_full(&error) => too_large = bytes,
                Err(Abandoned::Failed(error)) => return Err(error),
            }
            has_room = self.has_room();
        }
        Ok(())
    }

    fn copy_for_room(&self, plan: Plan, now: Monotonic) -> Result<u64, Abandoned> {
        let rewrite = self.rewriter.begin(plan)?;
        if let Err(error) = rewrite.allocate(&self.reserve) {
            return self.rewriter.put_in_place(rewrite, Err(error.into()), now);
        }
        self.replace_by_copy(rewrite, now)
    }

    /// Whether there is space for the next segment once the reserve is restored.
    fn has_room(&self) -> bool {
        let is_whole = self.reserve.restore().is_ok();
        let free = self.home.free_bytes();
        is_whole && free.is_ok_and(|free| free >= SEGMENT_BYTES_MIN)
    }

    /// Segments with hidden data, the largest share first.
    fn by_hidden_share(&self, now: Monotonic, grace: Grace) -> Vec<(Arc<Segment>, Share)> {
        let shares = self.shares(now, grace);
        let share = |segment: Arc<Segment>| {
            let share = shares.get(&segment.number).copied().unwrap_or_default();
            (segment, share)
        };
        let mut sealed: Vec<_> = { self.segments.copyable().into_iter() }
            .map(share)
            .collect();
        sealed.retain(|(_, share)| share.hidden_permille() >= LEAST_GAIN_PERMILLE);
        sealed.sort_by_key(|(_, share)| std::cmp::Reverse(share.hidden_permille()));
        sealed
    }

    /// Completes a rewrite at once; returns the size of the copy.
    fn replace_by_copy(&self, mut rewrite: Rewrite, now: Monotonic) -> Result<u64, Abandoned> {
        let goes_on = || !self.lifecycle.is_stopped();
        let copied = rewrite.copy(&self.rewriter, &goes_on);
        self.rewriter.put_in_place(rewrite, copied, now)
    }

    fn shares(&self, now: Monotonic, grace: Grace) -> BTreeMap<u64, Share> {
        let mut shares: BTreeMap<u64, Share> = BTreeMap::new();
        for log in self.logs.every() {
            log.with(|state| {
                for range in &state.ranges {
                    let hidden = state.due_bytes(range, now, grace);
                    let share = shares.entry(range.segment.number).or_default();
                    share.hidden += hidden;
                    share.wanted += range.bytes - hidden;
                }
            });
        }
        let hidden = shares.values().map(|share| share.hidden).sum();
        self.measured.note_hidden(hidden);
        shares
    }
}

fn total_bytes(segments: &[Arc<Segment>]) -> u64 {
    let bytes = segments.iter().map(|segment| segment.file_bytes());
    bytes.sum()
}

impl Share {
    fn hidden_permille(&self) -> u64 {
        self.hidden * 1000 / (self.hidden + self.wanted).max(1)
    }
}
