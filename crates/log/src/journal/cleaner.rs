//! The cleaner: copies what is still wanted out of segments that are mostly hidden, so that a few
//! lasting blocks do not keep whole segments on the disk.
//!
//! It chooses what is rewritten, and does that at once: somebody may be waiting for the room.

use super::footer::DIRECTORY_ENTRY_BYTES;
use super::rewrite::Abandoned;
use super::segment::Segment;
use super::shared::Shared;
use super::space::Grace;
use env::Monotonic;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Hidden bytes may be this share of the wanted ones, and two segments more.
const DEAD_SHARE: u64 = 4;
const DEAD_SEGMENTS: u64 = 2;
/// A copy is not copied again for less than this: the rest of blocks that are hidden in part.
const COPY_AGAIN_PERMILLE: u64 = 250;
/// A copy must be smaller than its sources by this share to go on at once.
const COPY_GAIN: u64 = 8;
/// On a full disk a segment is rewritten if at least this is gained.
const FULL_GAIN_PERMILLE: u64 = 125;

/// Wanted and hidden bytes of a segment's blocks.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    wanted: u64,
    hidden: u64,
}

impl Shared {
    /// Rewrites segments until what is hidden is within its bound again.
    pub(super) fn clean(&self) -> io::Result<()> {
        let now = self.env.clock.monotonic();
        let Some(grace) = self.grace(now) else {
            return Ok(());
        };
        loop {
            let sources = match grace {
                Grace::Hour => self.choose_sources(now),
                Grace::NoneForDeleted | Grace::None => self.choose_on_full_disk(now, grace)?,
            };
            if sources.is_empty() {
                return Ok(());
            }
            let before = total_bytes(&sources);
            let after = match self.replace_by_copy(sources, now, grace) {
                Ok(after) => after,
                Err(Abandoned::GivenUp) => return Ok(()),
                Err(Abandoned::Failed(error)) => return Err(error),
            };
            if after > before / COPY_GAIN * (COPY_GAIN - 1) {
                // What is left are blocks that are hidden in part: copying again gains nothing.
                return Ok(());
            }
        }
    }

    /// The segments to rewrite now, those with the largest hidden share first; none if hidden bytes
    /// are few.
    fn choose_sources(&self, now: Monotonic) -> Vec<Arc<Segment>> {
        let shares = self.shares(now, Grace::Hour);
        let wanted: u64 = shares.values().map(|share| share.wanted).sum();
        let hidden: u64 = shares.values().map(|share| share.hidden).sum();
        let bound = wanted / DEAD_SHARE + DEAD_SEGMENTS * self.options.segment_bytes_max;
        let mut excess = hidden.saturating_sub(bound);
        let mut sealed = self.copyable_segments();
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
        let mut room = self.options.segment_bytes_max;
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

    /// The segment of which most is hidden among those whose copy finds room.
    fn choose_on_full_disk(&self, now: Monotonic, grace: Grace) -> io::Result<Vec<Arc<Segment>>> {
        let shares = self.shares(now, grace);
        let share =
            |segment: &Arc<Segment>| shares.get(&segment.number).copied().unwrap_or_default();
        let mut sealed = self.copyable_segments();
        sealed.retain(|segment| share(segment).hidden_permille() >= FULL_GAIN_PERMILLE);
        if sealed.is_empty() {
            return Ok(sealed);
        }
        self.spend_reserve();
        let room = self.env.disk.free_bytes(&self.directory)?;
        let room = room.saturating_sub(self.manifest_room());
        sealed.retain(|segment| share(segment).wanted + overhead_bytes(segment) <= room);
        let best = sealed
            .into_iter()
            .max_by_key(|segment| share(segment).hidden_permille());
        Ok(best.into_iter().collect())
    }

    /// Sealed segments in which no damage is known.
    pub(super) fn copyable_segments(&self) -> Vec<Arc<Segment>> {
        let mut sealed = self.sealed_segments();
        let uncopyable = self.uncopyable.lock();
        sealed.retain(|segment| !uncopyable.contains(&segment.number));
        sealed
    }

    /// Rewrites segments at once; answers how many bytes the copy has.
    fn replace_by_copy(
        &self,
        sources: Vec<Arc<Segment>>,
        now: Monotonic,
        grace: Grace,
    ) -> Result<u64, Abandoned> {
        let mut rewrite = self.begin_rewrite(sources, now, grace)?;
        let copied = rewrite.copy(self, &|| !self.is_stopped());
        self.put_in_place(rewrite, copied, now)
    }

    fn shares(&self, now: Monotonic, grace: Grace) -> BTreeMap<u64, Share> {
        let mut shares: BTreeMap<u64, Share> = BTreeMap::new();
        for log in self.every_log() {
            let state = log.state.lock();
            for range in &state.ranges {
                let hidden = state.due_bytes(range, now, grace);
                let share = shares.entry(range.segment.number).or_default();
                share.hidden += hidden;
                share.wanted += range.bytes - hidden;
            }
        }
        shares
    }
}

/// Bytes that a copy of all of a segment takes beyond its payloads, at most.
fn overhead_bytes(segment: &Segment) -> u64 {
    const FRAME_BYTES: u64 = 8 * 1024;
    // An entry in a frame, and a place in a list.
    const BLOCK_BYTES: u64 = 48 + 32;
    let Some(directory) = segment.sealed.lock().directory.clone() else {
        return FRAME_BYTES;
    };
    let runs = &directory.entries;
    let blocks: u64 = runs.iter().map(|run| u64::from(run.block_count)).sum();
    FRAME_BYTES + blocks * BLOCK_BYTES + runs.len() as u64 * DIRECTORY_ENTRY_BYTES as u64
}

fn total_bytes(segments: &[Arc<Segment>]) -> u64 {
    let bytes = segments
        .iter()
        .map(|segment| segment.file_bytes.load(Ordering::Relaxed));
    bytes.sum()
}

impl Share {
    fn hidden_permille(&self) -> u64 {
        self.hidden * 1000 / (self.hidden + self.wanted).max(1)
    }
}
