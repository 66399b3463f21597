//! The writes that make the tail of the newest segment surely durable: the first of a start.
//!
//! What counts from the durable end on may stand in the page cache alone, so it is written again; a
//! reader may have seen it. What does not count is zeroed, so that it never comes back. Before the
//! durable end nothing changes but the first page.

use crate::format::frame::FRAME_HEADER_BYTES;
use crate::format::segment::{LimitWord, Previous, SEGMENT_HEADER_BYTES, Segment};
use crate::recover::classify::Tail;
use crate::recover::listed::Listed;
use crate::write::active_segment::Limit;
use crate::{Durability, Options};
use millstream_env::Timestamp;
use std::io;
use std::sync::Arc;

const COPY_BYTES: u64 = 1024 * 1024;

impl Tail {
    /// What the next segment's header says about this one.
    pub(crate) fn as_previous(&self, number: u64) -> Previous {
        Previous {
            number,
            end: self.end.max(self.durable_end),
            crc: self.last_crc,
        }
    }
}

/// The writes that make a tail durable.
pub(crate) struct Mending {
    segment: Arc<Segment>,
    page: Vec<u8>,
    /// The new limit, with room to continue.
    pub(crate) limit: u32,
    durable_end: u32,
    end: u32,
    dropped_end: u32,
}

impl Mending {
    /// What must be written before any of it is relied on.
    pub(crate) fn of(
        listed: &Listed,
        previous: Previous,
        tail: &Tail,
        options: &Options,
        now: Timestamp,
    ) -> Self {
        let limit = match options.durability {
            Durability::Fsync => Limit::ahead_of(tail.end),
            Durability::Os => u32::MAX,
        };
        // The sector of the header may have been lost while the first frame was not.
        let mut page = listed.page.clone();
        page[..SEGMENT_HEADER_BYTES].copy_from_slice(&listed.header_anew(previous, now).encode());
        Self {
            segment: listed.segment.clone(),
            page,
            limit,
            durable_end: tail.durable_end,
            end: tail.end,
            dropped_end: tail.dropped_end,
        }
    }

    /// Writes what makes it durable, and syncs.
    pub(crate) fn run(&self) -> io::Result<()> {
        self.write_page()?;
        self.rewrite()?;
        self.wipe()?;
        self.segment.file.sync_data()
    }

    /// Writes the first page again, and where frames may now reach.
    fn write_page(&self) -> io::Result<()> {
        self.segment.file.write_all_at(&self.page, 0)?;
        let word = LimitWord {
            limit: self.limit,
            synced: self.durable_end,
        };
        (0..2).try_for_each(|turn| self.segment.write_limit(turn, word))
    }

    /// Writes again what counts from the durable end on.
    fn rewrite(&self) -> io::Result<()> {
        let file = &self.segment.file;
        let (mut at, end) = (u64::from(self.durable_end), u64::from(self.end));
        while at < end {
            let mut bytes = vec![0; (end - at).min(COPY_BYTES) as usize];
            file.read_exact_at(&mut bytes, at)?;
            file.write_all_at(&bytes, at)?;
            at += bytes.len() as u64;
        }
        Ok(())
    }

    /// Zeroes what is dropped, and where a frame's header would follow. What was synced once and
    /// cannot be read now stays, for whoever looks into it.
    fn wipe(&self) -> io::Result<()> {
        let file = &self.segment.file;
        let mut at = u64::from(self.end.max(self.durable_end));
        let room = file.length()?.saturating_sub(at);
        let dropped = u64::from(self.dropped_end).saturating_sub(at);
        let mut left = dropped.max(FRAME_HEADER_BYTES as u64).min(room);
        while left > 0 {
            let zeros = vec![0; left.min(COPY_BYTES) as usize];
            file.write_all_at(&zeros, at)?;
            at += zeros.len() as u64;
            left -= zeros.len() as u64;
        }
        Ok(())
    }
}
