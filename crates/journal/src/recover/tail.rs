//! The frames of a segment without a footer, read once: the evidence for its tail's classification,
//! and what is made of those that count, an index or the segment to go on in.
//!
//! Which frames count is not decided here but by [`classify`](super::classify::classify), and
//! nothing is written here.

use crate::format::frame::Entry;
use crate::format::segment::{FRAMES_START, LimitWord, Segment};
use crate::format::segment_index::SegmentIndex;
use crate::read::scan::{Scan, frame_at, scan};
use crate::recover::classify::{Evidence, Role, Tail};
use crate::recover::listed::Listed;
use crate::write::active_blocks::ActiveIndex;
use crate::write::active_segment::{ActiveSegment, Checkpoint, Limit};
use std::io;

/// What the frames of a segment without a footer say.
pub(crate) struct Frames {
    pub(crate) evidence: Evidence,
    /// Where the newest checkpoint that holds stands; 0 for none.
    checkpoint: u32,
    /// What it and those before it tell, in the order of their images.
    checkpointed: Vec<Entry>,
}

/// The entries that count, in an order in which they can be applied one after another.
pub(crate) struct Entries {
    /// What checkpoints tell.
    pub(crate) checkpointed: Vec<Entry>,
    /// What the frames behind them say.
    pub(crate) scanned: Vec<Entry>,
}

impl Frames {
    /// Reads the newest segment as far as its first page says that there can be frames.
    pub(crate) fn of_newest(listed: &Listed) -> io::Result<Self> {
        let LimitWord { limit, synced } = listed.segment.decode_limit(&listed.page);
        let mut frames = Self::read(listed, u64::from(limit), Role::Newest { synced })?;
        let last = frames.evidence.frames.last();
        let end = last.map_or(frames.evidence.scanned_from, |last| last.header.end());
        if frame_at(&listed.segment, end)?.is_some() {
            // The first page is older than the frames, as in a copy that was made while they were
            // written.
            frames.scan(&listed.segment, u64::MAX)?;
        }
        Ok(frames)
    }

    /// Reads an older segment up to where the header of the one after it says that it ends, or
    /// wholly.
    pub(crate) fn of_sealed(listed: &Listed, end: Option<u32>) -> io::Result<Self> {
        let until = end.map_or(u64::MAX, u64::from);
        Self::read(listed, until, Role::Sealed { end })
    }

    fn read(listed: &Listed, until: u64, role: Role) -> io::Result<Self> {
        let (checkpointed, checkpoint) = last_checkpoint(&listed.segment, &listed.page)?;
        let evidence = Evidence {
            scanned_from: checkpoint.max(FRAMES_START),
            frames: Vec::new(),
            unreadable: Vec::new(),
            role,
            is_cut_short: listed.is_cut_short,
        };
        let mut frames = Self {
            evidence,
            checkpoint,
            checkpointed,
        };
        frames.scan(&listed.segment, until)?;
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
            checkpointed: in_order(self.checkpointed.clone()),
            scanned: self.scanned(tail).copied().collect(),
        }
    }

    /// The index of all that counts, as a footer has it.
    pub(crate) fn index(&self, tail: &Tail) -> SegmentIndex {
        let mut entries = self.checkpointed.clone();
        entries.extend(self.scanned(tail));
        SegmentIndex::of(&entries)
    }

    /// The segment, ready to be gone on with; checkpoints tell so many blocks of its index.
    pub(crate) fn open(
        &self,
        listed: &Listed,
        tail: &Tail,
        entries: &Entries,
        (index, checkpointed_blocks): (ActiveIndex, usize),
        limit: u32,
    ) -> ActiveSegment {
        let is_change = |entry: &&Entry| !matches!(entry, Entry::Records { .. });
        ActiveSegment {
            segment: listed.segment.clone(),
            capacity_bytes: listed.segment.file_bytes(),
            is_started: true,
            end: tail.end,
            durable: tail.end,
            last_crc: tail.last_crc,
            previous: listed
                .header
                .map(|header| header.previous)
                .unwrap_or_default(),
            is_unwitnessed: tail.is_unwitnessed,
            changes: entries.iter().filter(is_change).copied().collect(),
            index,
            checkpoint: Checkpoint {
                blocks: checkpointed_blocks,
                changes: entries.checkpointed.iter().filter(is_change).count(),
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
        self.checkpointed.iter().chain(&self.scanned)
    }
}

/// The content of the newest trustworthy checkpoint, each log's blocks in order and the changes in
/// order, and its position; empty and 0 if there is none.
fn last_checkpoint(segment: &Segment, page: &[u8]) -> io::Result<(Vec<Entry>, u32)> {
    for position in segment.decode_pointers(page) {
        if let Some(told) = read_chain(segment, position)? {
            return Ok((told, position));
        }
    }
    Ok((Vec::new(), 0))
}

/// The content of a checkpoint and all earlier ones; `None` if any is invalid.
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

/// The entries of checkpoints, ordered so that they can be applied in sequence: logs come first,
/// their ends last.
fn in_order(mut told: Vec<Entry>) -> Vec<Entry> {
    told.sort_by_key(|entry| match entry {
        Entry::Create { .. } => 0,
        Entry::Records { .. } | Entry::Checkpoint { .. } => 1,
        Entry::Delete { .. } | Entry::Trim { .. } | Entry::Configure { .. } => 2,
    });
    told
}
