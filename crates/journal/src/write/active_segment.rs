//! The active segment: where the next frame goes, and the index of its content.

use crate::format::footer::footer_bytes_max;
use crate::format::frame::{Entry, FrameHeader};
use crate::format::segment::{FRAMES_START, Previous, Segment};
use crate::state::handover::Fresh;
use crate::write::active_blocks::{ActiveIndex, ListRoom};
use std::sync::Arc;

/// Maximum number of blocks in a segment, which bounds its index.
pub(crate) const BLOCKS_MAX: usize = 256 * 1024;

/// The segment being written.
pub(crate) struct ActiveSegment {
    pub(crate) segment: Arc<Segment>,
    pub(crate) capacity_bytes: u64,
    /// Whether the header is written.
    pub(crate) is_started: bool,
    /// Position of the next frame.
    pub(crate) end: u32,
    /// Everything before this is synced.
    pub(crate) durable: u32,
    pub(crate) last_crc: u32,
    pub(crate) previous: Previous,
    /// Whether a group was synced that no later frame confirms.
    pub(crate) is_unwitnessed: bool,
    pub(crate) changes: Vec<Entry>,
    pub(crate) index: ActiveIndex,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) limit: Limit,
}

/// The limit of frames in the first page, which bounds recovery's scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// The synced limit: what is written ends before it.
    pub(crate) durable: u32,
    /// The written limit, durable with the next sync.
    pub(crate) pending: Option<u32>,
    /// The slot that holds the durable one.
    pub(crate) turn: usize,
}

/// Distance of the limit from what needs it.
const LIMIT_AHEAD_BYTES: u32 = 8 * 1024 * 1024;

impl Limit {
    /// The limit for a file that extends to `end`.
    pub(crate) fn ahead_of(end: u32) -> u32 {
        end.saturating_add(LIMIT_AHEAD_BYTES)
    }

    /// Whether it is time to write the next limit, so that no group has to wait for it.
    pub(crate) fn is_near(&self, end: u32) -> bool {
        self.pending.is_none() && self.durable.saturating_sub(end) < LIMIT_AHEAD_BYTES / 2
    }

    /// The slot for the next one: not that of the durable one.
    pub(crate) fn next_turn(&self) -> usize {
        self.turn + 1
    }

    /// Records that everything was synced.
    pub(crate) fn settle(&mut self) {
        if let Some(limit) = self.pending.take() {
            self.durable = limit;
            self.turn = self.next_turn();
        }
    }
}

/// How much of the active segment's index is checkpointed in it.
#[derive(Default)]
pub(crate) struct Checkpoint {
    /// Number of the segment's blocks and changes covered by it and earlier ones.
    pub(crate) blocks: usize,
    pub(crate) changes: usize,
    /// The last checkpoint's frame; 0 for none.
    pub(crate) position: u32,
    /// Where it ends.
    pub(crate) end: u32,
    pub(crate) turn: usize,
}

impl ActiveSegment {
    /// A segment without content.
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

    /// Maximum length of the file if it is sealed after one more frame. Its footer must fit into
    /// it: on a full disk there is no other room.
    pub(crate) fn end_with(&self, frame_bytes: usize, entries: usize) -> u64 {
        // Each may belong to a log that has nothing here, or be a change.
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
