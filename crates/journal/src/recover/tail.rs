//! The frames of a segment without a footer, read once, and what is made of them: the segment to go
//! on in, and the writes that make its tail surely durable.
//!
//! Which frames count is not decided here but by [`classify`](super::classify::classify). What
//! counts from the durable end on is written again, since it may stand in the page cache alone.

use crate::format::frame::{Entry, FRAME_HEADER_BYTES};
use crate::format::segment::{FRAMES_START, LimitWord, Previous, Segment, SegmentHeader};
use crate::format::segment_index::SegmentIndex;
use crate::options::{Durability, Options};
use crate::read::scan::{Scan, frame_at, scan};
use crate::recover::classify::{Evidence, Role, Tail};
use crate::recover::listed::Listed;
use crate::write::active_blocks::ActiveIndex;
use crate::write::active_segment::{ActiveSegment, Checkpoint, Limit};
use std::io;
use std::sync::Arc;

const COPY_BYTES: u64 = 1024 * 1024;

/// What the frames of a segment without a footer say.
pub(crate) struct Frames {
    pub(crate) evidence: Evidence,
    /// Where the newest checkpoint that holds stands; 0 for none.
    checkpoint: u32,
    /// What it and those before it tell, in the order of their images.
    told: Vec<Entry>,
}

/// The entries that count, in an order in which they can be applied one after another.
pub(crate) struct Entries {
    /// What checkpoints tell.
    pub(crate) told: Vec<Entry>,
    /// What the frames behind them say.
    pub(crate) scanned: Vec<Entry>,
}

impl Frames {
    /// Reads the newest segment as far as its first page says that there can be frames.
    pub(crate) fn of_newest(one: &Listed) -> io::Result<Self> {
        let LimitWord { limit, synced } = one.segment.decode_limit(&one.page);
        let mut frames = Self::read(one, u64::from(limit), Role::Newest { synced })?;
        let last = frames.evidence.frames.last();
        let end = last.map_or(frames.evidence.scanned_from, |last| last.header.end());
        if frame_at(&one.segment, end)?.is_some() {
            // The first page is older than the frames, as in a copy that was made while they were
            // written.
            frames.scan(&one.segment, u64::MAX)?;
        }
        Ok(frames)
    }

    /// Reads an older segment up to where the header of the one after it says that it ends, or
    /// wholly.
    pub(crate) fn of_sealed(one: &Listed, end: Option<u32>) -> io::Result<Self> {
        let until = end.map_or(u64::MAX, u64::from);
        Self::read(one, until, Role::Sealed { end })
    }

    fn read(one: &Listed, until: u64, role: Role) -> io::Result<Self> {
        let (told, checkpoint) = last_checkpoint(&one.segment, &one.page)?;
        let evidence = Evidence {
            scanned_from: checkpoint.max(FRAMES_START),
            frames: Vec::new(),
            unreadable: Vec::new(),
            role,
            is_cut_short: one.is_cut_short,
        };
        let mut frames = Self {
            evidence,
            checkpoint,
            told,
        };
        frames.scan(&one.segment, until)?;
        Ok(frames)
    }

    fn scan(&mut self, segment: &Segment, until: u64) -> io::Result<()> {
        let Scan { frames, unreadable } = scan(segment, self.evidence.scanned_from, until)?;
        self.evidence.frames = frames;
        self.evidence.unreadable = unreadable;
        Ok(())
    }

    /// The entries of the frames that count.
    fn scanned(&self, tail: &Tail) -> impl Iterator<Item = &Entry> {
        let kept = &self.evidence.frames[..tail.kept];
        let entries = kept.iter().flat_map(|frame| &frame.entries);
        entries.filter(|entry| !matches!(entry, Entry::Checkpoint { .. }))
    }

    /// All entries that count.
    pub(crate) fn entries(&self, tail: &Tail) -> Entries {
        Entries {
            told: in_order(self.told.clone()),
            scanned: self.scanned(tail).copied().collect(),
        }
    }

    /// The index of all that counts, as a footer has it.
    pub(crate) fn index(&self, tail: &Tail) -> SegmentIndex {
        let mut entries = self.told.clone();
        entries.extend(self.scanned(tail));
        SegmentIndex::of(&entries)
    }

    /// The segment, ready to be gone on with; `told_blocks` of the index are told by checkpoints.
    pub(crate) fn reopen(
        &self,
        one: &Listed,
        tail: &Tail,
        entries: &Entries,
        (index, told_blocks): (ActiveIndex, usize),
        limit: u32,
    ) -> ActiveSegment {
        let is_change = |entry: &&Entry| !matches!(entry, Entry::Records { .. });
        ActiveSegment {
            segment: one.segment.clone(),
            capacity_bytes: one.segment.file_bytes(),
            is_started: true,
            end: tail.end,
            durable: tail.end,
            last_crc: tail.last_crc,
            previous: one.header.map(|header| header.previous).unwrap_or_default(),
            is_unwitnessed: tail.is_unwitnessed,
            changes: entries.iter().filter(is_change).copied().collect(),
            index,
            checkpoint: Checkpoint {
                blocks: told_blocks,
                changes: entries.told.iter().filter(is_change).count(),
                position: self.checkpoint,
                end: self.evidence.scanned_from,
                ..Checkpoint::default()
            },
            limit: Limit {
                durable: limit,
                pending: None,
                turn: 0,
            },
        }
    }
}

impl Entries {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.told.iter().chain(&self.scanned)
    }
}

impl Tail {
    /// What the next segment's header is to tell of this one.
    pub(crate) fn last(&self, number: u64) -> Previous {
        Previous {
            number,
            end: self.end.max(self.durable_end),
            crc: self.last_crc,
        }
    }
}

/// What makes a tail surely durable.
pub(crate) struct Mending {
    segment: Arc<Segment>,
    page: Vec<u8>,
    /// Leaves room to go on.
    pub(crate) limit: u32,
    durable_end: u32,
    end: u32,
    dropped_end: u32,
}

impl Mending {
    /// What is to be written before any of it is relied on.
    pub(crate) fn of(one: &Listed, tail: &Tail, options: &Options) -> Self {
        let limit = match options.durability {
            Durability::Fsync => Limit::ahead_of(tail.end),
            Durability::Os => u32::MAX,
        };
        Self {
            segment: one.segment.clone(),
            page: one.page.clone(),
            limit,
            durable_end: tail.durable_end,
            end: tail.end,
            dropped_end: tail.dropped_end,
        }
    }

    /// Writes again what may not be on the disk, wipes out what is dropped, and syncs.
    pub(crate) fn run(&self) -> io::Result<()> {
        let (segment, file) = (&self.segment, &self.segment.file);
        if SegmentHeader::decode(&self.page).is_some() {
            file.write_all_at(&self.page, 0)?;
        }
        let word = LimitWord {
            limit: self.limit,
            synced: self.durable_end,
        };
        (0..2).try_for_each(|turn| segment.write_limit(turn, word))?;
        let mut at = u64::from(self.durable_end.min(self.end));
        while at < u64::from(self.end) {
            let mut bytes = vec![0; (u64::from(self.end) - at).min(COPY_BYTES) as usize];
            file.read_exact_at(&mut bytes, at)?;
            file.write_all_at(&bytes, at)?;
            at += bytes.len() as u64;
        }
        // What was synced once and cannot be read now stays, for whoever looks into it.
        at = at.max(u64::from(self.durable_end));
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

/// What the newest checkpoint that can be trusted tells, each log's blocks in order and the changes
/// in order, and that checkpoint's position; nothing and 0 if there is none.
fn last_checkpoint(segment: &Segment, page: &[u8]) -> io::Result<(Vec<Entry>, u32)> {
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
fn in_order(mut told: Vec<Entry>) -> Vec<Entry> {
    told.sort_by_key(|entry| match entry {
        Entry::Create { .. } => 0,
        Entry::Records { .. } | Entry::Checkpoint { .. } => 1,
        Entry::Delete { .. } | Entry::Trim { .. } | Entry::Configure { .. } => 2,
    });
    told
}
