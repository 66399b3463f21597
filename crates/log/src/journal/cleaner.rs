//! The cleaner: copies what is still wanted out of segments that are mostly hidden, so that a few
//! lasting blocks do not keep whole segments on the disk.
//!
//! A copy is ordered by log and never replayed. It takes the place of its sources with one MANIFEST;
//! until that is durable the sources are the truth, and after it the copy is. Blocks are checked as
//! they are read: damage is never copied, its segment stays.

use super::footer::{DirectoryEntry, SegmentIndex, encode_footer};
use super::frame::{Block, Entry, FrameHeader, encode_frame, frame_bytes};
use super::index::{Log, Range};
use super::manifest::SegmentEntry;
use super::reader::{Patience, Reader};
use super::segment::{FRAMES_START, Previous, Segment, SegmentHeader, segment_name};
use super::shared::Shared;
use bytes::Bytes;
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
/// Blocks are copied in frames of about this.
const FRAME_BYTES: usize = 1024 * 1024;

/// Wanted and hidden bytes of a segment's blocks.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    wanted: u64,
    hidden: u64,
}

/// A copy being written.
struct Copy {
    file: Arc<dyn File>,
    entry: SegmentEntry,
    index: SegmentIndex,
    end: u32,
    last_crc: u32,
    entries: Vec<Entry>,
    payload: Vec<u8>,
}

impl Shared {
    /// Rewrites segments until what is hidden is within its bound again.
    pub(super) fn clean(&self) -> io::Result<()> {
        let now = self.env.clock.monotonic();
        if self.clocks_disagree(now) || self.damage.lock().replay_from.is_some() {
            return Ok(());
        }
        loop {
            let sources = self.choose_sources(now);
            if sources.is_empty() {
                return Ok(());
            }
            let before = total_bytes(&sources);
            let after = self.replace_by_copy(&sources, now)?;
            if after > before / COPY_GAIN * (COPY_GAIN - 1) {
                // What is left are blocks that are hidden in part: copying again gains nothing.
                return Ok(());
            }
        }
    }

    /// The segments to rewrite now, those with the largest hidden share first; none if hidden bytes
    /// are few.
    fn choose_sources(&self, now: Monotonic) -> Vec<Arc<Segment>> {
        let shares = self.shares(now);
        let wanted: u64 = shares.values().map(|share| share.wanted).sum();
        let hidden: u64 = shares.values().map(|share| share.hidden).sum();
        let bound = wanted / DEAD_SHARE + DEAD_SEGMENTS * self.options.segment_bytes_max;
        let mut excess = hidden.saturating_sub(bound);
        let mut sealed = self.sealed_segments();
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

    fn shares(&self, now: Monotonic) -> BTreeMap<u64, Share> {
        let mut shares: BTreeMap<u64, Share> = BTreeMap::new();
        for log in self.every_log() {
            let state = log.state.lock();
            for range in &state.ranges {
                let hidden = state.settled_bytes(range, now);
                let share = shares.entry(range.segment.number).or_default();
                share.hidden += hidden;
                share.wanted += range.bytes - hidden;
            }
        }
        shares
    }

    fn replace_by_copy(&self, sources: &[Arc<Segment>], now: Monotonic) -> io::Result<u64> {
        let numbers: BTreeSet<u64> = sources.iter().map(|segment| segment.number).collect();
        let replaces = numbers.first().copied().unwrap_or_default();
        let entry = SegmentEntry {
            is_sorted: true,
            replaces,
            ..self.name_segment(0)
        };
        let path = self.directory.join(segment_name(entry.number));
        let file = self.env.disk.open(&path, OpenMode::CreateNew)?;
        let copied = self.copy(entry, file, &numbers, now);
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
        sources: &BTreeSet<u64>,
        now: Monotonic,
    ) -> io::Result<(Arc<Segment>, Vec<DirectoryEntry>)> {
        let mut copy = Copy::begin(entry, file, self.env.clock.now().0)?;
        let mut logs = self.every_log();
        logs.sort_by_key(|log| log.id);
        for log in logs {
            for range in self.wanted_ranges(&log, sources, now) {
                self.copy_range(&log, &range, &mut copy)?;
            }
        }
        copy.finish()
    }

    fn wanted_ranges(&self, log: &Log, sources: &BTreeSet<u64>, now: Monotonic) -> Vec<Range> {
        let state = log.state.lock();
        let is_wanted = |range: &&Range| {
            sources.contains(&range.segment.number) && state.settled_bytes(range, now) < range.bytes
        };
        state.ranges.iter().filter(is_wanted).cloned().collect()
    }

    fn copy_range(&self, log: &Log, range: &Range, copy: &mut Copy) -> io::Result<()> {
        let reader = Reader::new(self, log, Patience::MayBlock);
        let blocks = reader.blocks_of(range).map_err(io::Error::other)?;
        for block in blocks.iter() {
            if log.state.lock().is_settled(block.end()) {
                continue;
            }
            let bytes = reader
                .bytes_of(&range.segment, block)
                .map_err(io::Error::other)?;
            copy.push(log, *block, &bytes)?;
        }
        Ok(())
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

impl Copy {
    fn begin(entry: SegmentEntry, file: Arc<dyn File>, created_ms: u64) -> io::Result<Self> {
        let (number, salt, previous) = (entry.number, entry.salt, Previous::default());
        let header = SegmentHeader {
            number,
            salt,
            previous,
            created_ms,
        };
        file.write_all_at(&header.encode_page(), 0)?;
        Ok(Self {
            file,
            entry,
            index: SegmentIndex::default(),
            end: FRAMES_START,
            last_crc: 0,
            entries: Vec::new(),
            payload: Vec::new(),
        })
    }

    fn push(&mut self, log: &Log, block: Block, bytes: &Bytes) -> io::Result<()> {
        let control = log.state.lock().first_control;
        let control = control.filter(|at| *at >= block.first && *at < block.end());
        let control = control.map(|at| (at.0 - block.first.0) as u32);
        self.entries.push(Entry::Records {
            log: log.id,
            block,
            control,
        });
        self.payload.extend_from_slice(bytes);
        if self.payload.len() >= FRAME_BYTES {
            self.write_frame()
        } else {
            Ok(())
        }
    }

    fn write_frame(&mut self) -> io::Result<()> {
        let (mut entries, payload) = (
            std::mem::take(&mut self.entries),
            std::mem::take(&mut self.payload),
        );
        let start = self.end + frame_bytes(entries.len(), 0) as u32;
        place(&mut entries, start);
        let header = FrameHeader {
            position: self.end,
            length: 0,
            entry_count: 0,
            durable_through: FRAMES_START,
            previous_crc: self.last_crc,
        };
        let (frame, crc) = encode_frame(header, self.entry.salt, &entries, &payload);
        self.file.write_all_at(&frame, u64::from(self.end))?;
        self.end += frame.len() as u32;
        self.last_crc = crc;
        entries.iter().for_each(|entry| self.index.add(entry));
        Ok(())
    }

    /// Writes the footer and makes all durable.
    fn finish(mut self) -> io::Result<(Arc<Segment>, Vec<DirectoryEntry>)> {
        if !self.entries.is_empty() {
            self.write_frame()?;
        }
        let (number, salt) = (self.entry.number, self.entry.salt);
        let (footer, directory) = encode_footer(&self.index, number, salt, self.end, self.last_crc);
        self.file.write_all_at(&footer, u64::from(self.end))?;
        self.file.sync_data()?;
        self.entry.capacity_bytes = u64::from(self.end) + footer.len() as u64;
        let segment = Segment::new(&self.entry, self.file);
        segment.measure()?;
        let runs = directory.entries.clone();
        segment.sealed.lock().directory = Some(Arc::new(directory));
        Ok((Arc::new(segment), runs))
    }
}

/// Gives the entries' payloads their places, one after another from `position`.
fn place(entries: &mut [Entry], mut position: u32) {
    for entry in entries {
        if let Entry::Records { block, .. } = entry {
            block.position = position;
            position += block.length;
        }
    }
}
