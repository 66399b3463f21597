//! The newest segment after a crash: which of its frames count, and making them surely durable.
//!
//! D is the highest position that any frame says was synced. What does not hold below D was there
//! once: rot. What does not hold at or above it was never acknowledged: a torn tail, dropped with
//! all that follows. What holds above D is written again, since it may stand in memory alone.

use crate::format::frame::{Entry, FRAME_HEADER_BYTES};
use crate::format::segment::{FRAMES_START, LimitWord, Previous, Segment, SegmentHeader};
use crate::format::segment_index::SegmentIndex;
use crate::planted::PlantedBug;
use crate::read::scan::{Bad, Found, frame_at, scan};
use crate::write::open::{Checkpoint, Limit, Open};
use crate::write::open_blocks::OpenIndex;
use crate::{Durability, Options};
use std::io;
use std::sync::Arc;

const COPY_BYTES: u64 = 1024 * 1024;

/// What stands in the newest segment.
pub(crate) struct Tail {
    /// All that counts, in order; what a checkpoint told comes first.
    pub(crate) entries: Vec<Entry>,
    /// How many of them a checkpoint told.
    pub(crate) told: usize,
    /// Stretches below D that cannot be read.
    pub(crate) rot: Vec<Bad>,
    checkpoint: Checkpoint,
    durable_through: u32,
    end: u32,
    /// One past the last byte of frames that are dropped.
    dropped_end: u32,
    last_crc: u32,
    is_unwitnessed: bool,
}

impl Tail {
    pub(crate) fn read(segment: &Segment, page: &[u8], options: &Options) -> io::Result<Self> {
        let (told, position) = last_checkpoint(segment, page)?;
        let from = position.max(FRAMES_START);
        let LimitWord { limit, synced } = segment.decode_limit(page);
        let mut found = scan(segment, from, u64::from(limit))?;
        let end = found.frames.last().map_or(from, |last| last.header.end());
        if frame_at(segment, end)?.is_some() {
            // The first page is older than the frames, as in a copy that was made while they were
            // written.
            found = scan(segment, from, u64::MAX)?;
        }
        if options.has(PlantedBug::StopAtBadFrame) {
            found.stop_at_bad();
        }
        let synced_before = found
            .frames
            .iter()
            .map(|frame| frame.header.durable_through);
        let mut durable_through = synced_before.max().unwrap_or(from).max(from).max(synced);
        if options.has(PlantedBug::TruncateAtRot) {
            durable_through = from;
        }
        let seen_end = found.frames.last().map_or(from, |last| last.header.end());
        if seen_end < durable_through {
            found.bad.push(Bad { start: seen_end });
        }
        let torn_at = torn_at(&found.frames, &found.bad, durable_through);
        let is_kept = |frame: &&Found| torn_at.is_none_or(|torn| frame.header.position < torn);
        let kept: Vec<&Found> = found.frames.iter().filter(is_kept).collect();
        let end = kept.last().map_or(from, |last| last.header.end());
        let is_new = |frame: &&&Found| frame.header.position >= durable_through;
        let new_entries = kept.iter().filter(is_new).map(|frame| frame.entries.len());
        let is_unwitnessed = new_entries.sum::<usize>() > 0;
        let checkpoint = Checkpoint {
            position,
            end: from,
            ..Checkpoint::default()
        };
        let mut entries = in_order(told);
        let told = entries.len();
        for frame in &kept {
            let new = frame.entries.iter();
            entries.extend(new.filter(|entry| !matches!(entry, Entry::Checkpoint { .. })));
        }
        let rot = found
            .bad
            .iter()
            .filter(|bad| bad.start < durable_through)
            .copied()
            .collect();
        let dropped_end = found.frames.last().map_or(end, |last| last.header.end());
        let last_crc = kept.last().map_or(0, |last| last.crc);
        Ok(Self {
            entries,
            told,
            rot,
            checkpoint,
            durable_through,
            end,
            dropped_end,
            last_crc,
            is_unwitnessed,
        })
    }

    /// What is to be written before any of it is relied on.
    pub(crate) fn mending(
        &self,
        segment: &Arc<Segment>,
        page: &[u8],
        options: &Options,
    ) -> Mending {
        let limit = match options.durability {
            Durability::Fsync => Limit::ahead_of(self.end),
            Durability::Os => u32::MAX,
        };
        Mending {
            segment: segment.clone(),
            page: page.to_vec(),
            limit,
            durable_through: self.durable_through,
            end: self.end,
            dropped_end: self.dropped_end,
        }
    }

    /// What the next segment's header is to tell of this one.
    pub(crate) fn last(&self, number: u64) -> Previous {
        Previous {
            number,
            end: self.end.max(self.durable_through),
            crc: self.last_crc,
        }
    }

    /// The segment, ready to be gone on with, with an index of the entries; so many blocks of it a
    /// checkpoint told.
    pub(crate) fn into_open(
        self,
        segment: Arc<Segment>,
        (index, told_blocks): (OpenIndex, usize),
        previous: Previous,
        limit: u32,
    ) -> Open {
        let is_change = |entry: &&Entry| !matches!(entry, Entry::Records { .. });
        let changes: Vec<Entry> = self.entries.iter().filter(is_change).copied().collect();
        let told_changes = self.entries[..self.told].iter().filter(is_change).count();
        let capacity_bytes = segment
            .file_bytes
            .load(std::sync::atomic::Ordering::Relaxed);
        Open {
            segment,
            capacity_bytes,
            is_started: true,
            end: self.end,
            durable: self.end,
            last_crc: self.last_crc,
            previous,
            is_unwitnessed: self.is_unwitnessed,
            changes,
            index,
            checkpoint: Checkpoint {
                blocks: told_blocks,
                changes: told_changes,
                ..self.checkpoint
            },
            limit: Limit {
                durable: limit,
                pending: None,
                turn: 0,
            },
        }
    }
}

/// What makes a tail surely durable.
pub(crate) struct Mending {
    segment: Arc<Segment>,
    page: Vec<u8>,
    /// Leaves room to go on.
    pub(crate) limit: u32,
    durable_through: u32,
    end: u32,
    dropped_end: u32,
}

impl Mending {
    /// Writes again what may not be on the disk, wipes out what is dropped, and syncs.
    pub(crate) fn run(&self, options: &Options) -> io::Result<()> {
        let (segment, file) = (&self.segment, &self.segment.file);
        if SegmentHeader::decode(&self.page).is_some() {
            file.write_all_at(&self.page, 0)?;
        }
        let word = LimitWord {
            limit: self.limit,
            synced: self.durable_through,
        };
        (0..2).try_for_each(|turn| segment.write_limit(turn, word))?;
        let mut at = u64::from(self.durable_through.min(self.end));
        if options.has(PlantedBug::SkipRewrite) {
            at = u64::from(self.end);
        }
        while at < u64::from(self.end) {
            let mut bytes = vec![0; (u64::from(self.end) - at).min(COPY_BYTES) as usize];
            file.read_exact_at(&mut bytes, at)?;
            file.write_all_at(&bytes, at)?;
            at += bytes.len() as u64;
        }
        // What was synced once and cannot be read now stays, for whoever looks into it.
        at = at.max(u64::from(self.durable_through));
        let room = file.length()?.saturating_sub(at);
        let dropped = u64::from(self.dropped_end).saturating_sub(at);
        let mut left = dropped.max(FRAME_HEADER_BYTES as u64).min(room);
        while left > 0 {
            let zeros = vec![0; left.min(COPY_BYTES) as usize];
            file.write_all_at(&zeros, at)?;
            at += zeros.len() as u64;
            left -= zeros.len() as u64;
        }
        file.sync_data()
    }
}

/// Where the torn tail begins.
fn torn_at(frames: &[Found], bad: &[Bad], durable_through: u32) -> Option<u32> {
    let broken = frames
        .iter()
        .filter(|frame| !frame.is_whole)
        .map(|frame| frame.header.position);
    let gaps = bad.iter().map(|bad| bad.start);
    broken
        .chain(gaps)
        .filter(|position| *position >= durable_through)
        .min()
}

/// What the newest checkpoint that can be trusted tells, each log's blocks in order and the changes
/// in order, and that checkpoint's position; nothing and 0 if there is none.
pub(crate) fn last_checkpoint(segment: &Segment, page: &[u8]) -> io::Result<(Vec<Entry>, u32)> {
    for position in segment.decode_pointers(page) {
        if let Some(told) = read_chain(segment, position)? {
            return Ok((told, position));
        }
    }
    Ok((Vec::new(), 0))
}

/// What a checkpoint and all before it tell; `None` if any does not hold.
fn read_chain(segment: &Segment, newest: u32) -> io::Result<Option<Vec<Entry>>> {
    let mut images = Vec::new();
    let mut position = newest;
    while position != 0 {
        let Some(frame) = frame_at(segment, position)? else {
            return Ok(None);
        };
        let [
            Entry::Checkpoint {
                previous,
                position: at,
                length,
                ..
            },
        ] = frame.entries[..]
        else {
            return Ok(None);
        };
        let was_synced_before = frame.header.durable_through == position;
        if !frame.is_whole || !was_synced_before || previous >= position {
            return Ok(None);
        }
        let mut image = vec![0; length as usize];
        segment.file.read_exact_at(&mut image, u64::from(at))?;
        let Some(told) = SegmentIndex::decode(&image) else {
            return Ok(None);
        };
        images.push(told);
        position = previous;
    }
    Ok(Some(images.into_iter().rev().flatten().collect()))
}

/// What checkpoints tell, so that it can be applied one after another: logs come first, their ends
/// last.
pub(crate) fn in_order(mut told: Vec<Entry>) -> Vec<Entry> {
    told.sort_by_key(|entry| match entry {
        Entry::Create { .. } => 0,
        Entry::Records { .. } | Entry::Checkpoint { .. } => 1,
        Entry::Delete { .. } | Entry::Trim { .. } | Entry::Configure { .. } => 2,
    });
    told
}
