//! The cleaner: copies what is still wanted out of segments that are mostly hidden, so that a few
//! lasting blocks do not keep whole segments on the disk.
//!
//! A copy is ordered by log and never replayed. It takes the place of its sources with one MANIFEST;
//! until that is durable the sources are the truth, and after it the copy is. Blocks are checked as
//! they are read ([`Gathered`]): damage is never copied, its segment stays. The same copying sorts the segments in
//! which many logs interleave, once each.

use super::copy::Copy;
use super::footer::{DIRECTORY_ENTRY_BYTES, DirectoryEntry};
use super::gathered::Gathered;
use super::index::{Log, Range};
use super::manifest::SegmentEntry;
use super::segment::{Segment, segment_name};
use super::shared::Shared;
use super::space::Grace;
use crate::store::ReadError;
use env::{File, Monotonic, OpenMode};
use std::collections::{BTreeMap, BTreeSet};
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
/// A segment whose mean block is smaller is sorted by log.
const SORTED_BELOW_BYTES: u64 = 32 * 1024;
/// Unless one log has more than this share of it: then it is as good as sorted.
const ONE_LOG_PERMILLE: u64 = 875;
/// Blocks are copied in frames of about this.
const FRAME_BYTES: usize = 1024 * 1024;

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
            let after = self.replace_by_copy(&sources, now, grace)?;
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

    fn copyable_segments(&self) -> Vec<Arc<Segment>> {
        let mut sealed = self.sealed_segments();
        let uncopyable = self.uncopyable.lock();
        sealed.retain(|segment| !uncopyable.contains(&segment.number));
        sealed
    }

    /// Rewrites segments of many small blocks, ordered by log.
    pub(super) fn sort(&self) -> io::Result<()> {
        let now = self.env.clock.monotonic();
        while self.grace(now) == Some(Grace::Hour)
            && let Some(segment) = self.copyable_segments().into_iter().find(is_interleaved)
        {
            self.replace_by_copy(&[segment], now, Grace::Hour)?;
        }
        Ok(())
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

    fn replace_by_copy(
        &self,
        sources: &[Arc<Segment>],
        now: Monotonic,
        grace: Grace,
    ) -> io::Result<u64> {
        let numbers: BTreeSet<u64> = sources.iter().map(|segment| segment.number).collect();
        let replaces = numbers.first().copied().unwrap_or_default();
        let entry = SegmentEntry {
            is_sorted: true,
            replaces,
            ..self.name_segment(0)
        };
        let path = self.directory.join(segment_name(entry.number));
        let file = self.env.disk.open(&path, OpenMode::CreateNew)?;
        let copied = self.copy(entry, file, sources, (now, grace));
        let (segment, runs) = match copied {
            Ok(copied) => copied,
            Err(error) => {
                // Not listed yet: it can go at once.
                drop(self.env.disk.remove(&path));
                return Err(error);
            }
        };
        self.env.disk.sync_directory(&self.directory)?;
        self.change_segments(|segments| {
            numbers
                .iter()
                .for_each(|number| drop(segments.remove(number)));
            segments.insert(segment.number, segment.clone());
        })?;
        self.move_ranges(&numbers, &segment, &runs, now);
        sources.iter().try_for_each(|source| self.discard(source))?;
        self.env.disk.sync_directory(&self.directory)?;
        Ok(total_bytes(&[segment]))
    }

    /// Copies what is wanted of the sources' blocks, log by log.
    fn copy(
        &self,
        entry: SegmentEntry,
        file: Arc<dyn File>,
        sources: &[Arc<Segment>],
        (now, grace): (Monotonic, Grace),
    ) -> io::Result<(Arc<Segment>, Vec<DirectoryEntry>)> {
        let mut copy = Copy::begin(entry, file, self.env.clock.now().0)?;
        let mut gathered = Gathered::new(self, sources);
        let numbers: BTreeSet<u64> = sources.iter().map(|segment| segment.number).collect();
        let mut logs = self.every_log();
        logs.sort_by_key(|log| log.id);
        for log in logs {
            if self.jobs.lock().is_stopped {
                return Err(io::Error::other("the journal is being closed"));
            }
            for range in wanted_ranges(&log, &numbers, now, grace) {
                self.copy_range(&log, &range, grace, &mut gathered, &mut copy)?;
            }
        }
        self.lay_down(&mut gathered, &mut copy)?;
        copy.finish()
    }

    fn copy_range(
        &self,
        log: &Arc<Log>,
        range: &Range,
        grace: Grace,
        gathered: &mut Gathered<'_>,
        copy: &mut Copy,
    ) -> io::Result<()> {
        let blocks = gathered.blocks_of(log, range);
        let blocks = blocks.map_err(|error| self.not_copied(&range.segment, error))?;
        let (due_until, control) = {
            let state = log.state.lock();
            (state.due_until(grace), state.first_control)
        };
        let source = gathered.source_of(range);
        for block in blocks.iter().filter(|block| block.end() > due_until) {
            if !gathered.has_room_for(block) {
                self.lay_down(gathered, copy)?;
            }
            gathered.add(log, source, *block, control);
        }
        Ok(())
    }

    /// Writes what was gathered into the copy.
    fn lay_down(&self, gathered: &mut Gathered<'_>, copy: &mut Copy) -> io::Result<()> {
        let read = gathered.read();
        read.map_err(|damaged| self.not_copied(&damaged.segment, damaged.error))?;
        gathered
            .frames(FRAME_BYTES)
            .try_for_each(|(entries, payload)| copy.write_frame(entries, payload))?;
        gathered.clear();
        Ok(())
    }

    /// Damage stays where it is: its segment is not tried again.
    fn not_copied(&self, segment: &Segment, error: ReadError) -> io::Error {
        if matches!(error, ReadError::Damaged { .. }) {
            self.uncopyable.lock().insert(segment.number);
        }
        io::Error::other(error)
    }

    fn move_ranges(
        &self,
        sources: &BTreeSet<u64>,
        segment: &Arc<Segment>,
        runs: &[DirectoryEntry],
        now: Monotonic,
    ) {
        for log in self.every_log() {
            let start = runs.partition_point(|run| run.log < log.id);
            let end = runs.partition_point(|run| run.log <= log.id);
            let copies = runs[start..end].iter().map(|run| Range::new(segment, run));
            let is_replaced = |range: &Range| sources.contains(&range.segment.number);
            log.state.lock().replace_ranges(is_replaced, copies, now);
        }
        self.forget_empty();
    }
}

fn wanted_ranges(log: &Log, sources: &BTreeSet<u64>, now: Monotonic, grace: Grace) -> Vec<Range> {
    let state = log.state.lock();
    let is_wanted = |range: &&Range| {
        let is_source = sources.contains(&range.segment.number);
        is_source && state.due_bytes(range, now, grace) < range.bytes
    };
    state.ranges.iter().filter(is_wanted).cloned().collect()
}

/// Whether a segment's blocks are small and of many logs.
pub(super) fn is_interleaved(segment: &Arc<Segment>) -> bool {
    let Some(directory) = segment.sealed.lock().directory.clone() else {
        return false;
    };
    let runs = &directory.entries;
    let blocks: u64 = runs.iter().map(|run| u64::from(run.block_count)).sum();
    let bytes: u64 = runs.iter().map(|run| run.bytes).sum();
    let largest = runs
        .chunk_by(|one, next| one.log == next.log)
        .map(|runs| runs.iter().map(|run| run.bytes).sum::<u64>());
    let largest = largest.max().unwrap_or_default();
    let is_of_one = largest * 1000 >= bytes * ONE_LOG_PERMILLE;
    !segment.is_sorted && bytes < blocks * SORTED_BELOW_BYTES && !is_of_one
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
