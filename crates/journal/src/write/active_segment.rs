//! The segment being written: where the next frame goes, and the index of what stands in it.

use crate::format::footer::footer_bytes_max;
use crate::format::frame::{Entry, FrameHeader};
use crate::format::segment::{FRAMES_START, Previous, Segment};
use crate::state::handover::Fresh;
use crate::write::active_blocks::{ActiveIndex, ListRoom};
use std::sync::Arc;

/// A segment takes no more blocks than this, so that its index stays small.
pub(crate) const BLOCKS_MAX: usize = 256 * 1024;

/// The segment being written.
pub(crate) struct ActiveSegment {
    pub(crate) segment: Arc<Segment>,
    pub(crate) capacity_bytes: u64,
    /// Whether the header is written.
    pub(crate) is_started: bool,
    /// Where the next frame goes.
    pub(crate) end: u32,
    /// Everything before this is synced.
    pub(crate) durable: u32,
    pub(crate) last_crc: u32,
    pub(crate) previous: Previous,
    /// Whether a group was synced and no later frame says so.
    pub(crate) is_unwitnessed: bool,
    pub(crate) changes: Vec<Entry>,
    pub(crate) index: ActiveIndex,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) limit: Limit,
}

/// How far frames may reach, as the first page says, so that recovery need not look further.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// Synced: what is written ends before it.
    pub(crate) durable: u32,
    /// Written, and durable with the next sync.
    pub(crate) pending: Option<u32>,
    /// The place that holds the durable one.
    pub(crate) turn: usize,
}

/// The limit is this much ahead of what needs it.
const LIMIT_AHEAD_BYTES: u32 = 8 * 1024 * 1024;

impl Limit {
    /// The limit for a file that reaches to `end`.
    pub(crate) fn ahead_of(end: u32) -> u32 {
        end.saturating_add(LIMIT_AHEAD_BYTES)
    }

    /// Whether it is time to write the next one, so that no group has to wait for it.
    pub(crate) fn is_near(&self, end: u32) -> bool {
        self.pending.is_none() && self.durable.saturating_sub(end) < LIMIT_AHEAD_BYTES / 2
    }

    /// The place for the next one: not where the durable one stands.
    pub(crate) fn next_turn(&self) -> usize {
        self.turn + 1
    }

    /// Everything was synced.
    pub(crate) fn settle(&mut self) {
        if let Some(limit) = self.pending.take() {
            self.durable = limit;
            self.turn = self.next_turn();
        }
    }
}

/// How far the open segment's index is written in it.
#[derive(Default)]
pub(crate) struct Checkpoint {
    /// How many of the segment's blocks and changes it and those before it tell.
    pub(crate) blocks: usize,
    pub(crate) changes: usize,
    /// The last checkpoint's frame; 0 for none.
    pub(crate) position: u32,
    /// Where it ends.
    pub(crate) end: u32,
    pub(crate) turn: usize,
}

impl ActiveSegment {
    /// A segment that has nothing in it yet.
    pub(crate) fn fresh(fresh: Fresh, previous: Previous, room: ListRoom) -> Self {
        Self {
            index: ActiveIndex::new(fresh.segment.clone(), room),
            segment: fresh.segment,
            capacity_bytes: fresh.capacity_bytes,
            is_started: false,
            end: FRAMES_START,
            durable: FRAMES_START,
            last_crc: 0,
            previous,
            is_unwitnessed: false,
            changes: Vec::new(),
            checkpoint: Checkpoint {
                end: FRAMES_START,
                ..Checkpoint::default()
            },
            limit: Limit {
                durable: 0,
                pending: None,
                turn: 0,
            },
        }
    }

    pub(crate) fn fits(&self, frame_bytes: usize, entries: usize) -> bool {
        // A frame larger than any segment gets one of its own.
        let is_alone = self.end == FRAMES_START;
        let has_room = self.end_with(frame_bytes, entries) <= self.capacity_bytes;
        is_alone || (has_room && self.index.len() + entries <= BLOCKS_MAX)
    }

    /// How long the file gets at most if it is sealed after one more frame. Its footer must find
    /// room in it: on a full disk there is no other.
    pub(crate) fn end_with(&self, frame_bytes: usize, entries: usize) -> u64 {
        // Each may be of a log that has nothing here, or a change.
        let logs = self.index.logs_len() + entries;
        let changes = self.changes.len() + entries;
        let footer = footer_bytes_max(logs, self.index.len() + entries, changes);
        u64::from(self.end) + (frame_bytes + footer) as u64
    }

    pub(crate) fn next_header(&self) -> FrameHeader {
        FrameHeader {
            position: self.end,
            length: 0,
            entry_count: 0,
            durable_through: self.durable,
            previous_crc: self.last_crc,
        }
    }

    pub(crate) fn advance(&mut self, frame_length: usize, crc: u32) {
        self.is_started = true;
        self.end += frame_length as u32;
        self.last_crc = crc;
    }
}
