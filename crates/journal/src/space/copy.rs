//! A copy in progress: a segment of blocks from others, ordered by log, with its footer.
//!
//! It chooses nothing and reads nothing. It is unlisted until it is complete and durable.

use crate::format::footer::{DirectoryEntry, encode_footer};
use crate::format::frame::{
    Block, ENTRY_BYTES, FRAME_ALIGN_BYTES, FRAME_HEADER_BYTES, FrameHeader, encode_head,
    frame_bytes,
};
use crate::format::manifest::SegmentEntry;
use crate::format::segment::{FRAMES_START, LimitWord, Previous, Segment, SegmentHeader};
use crate::format::segment_index::SegmentIndex;
use millstream_env::File;
use millstream_store::store::{LogId, Offset};
use std::io;
use std::sync::Arc;

/// A copy in progress.
pub(crate) struct Copy {
    file: Arc<dyn File>,
    entry: SegmentEntry,
    index: SegmentIndex,
    end: u32,
    last_crc: u32,
}

impl Copy {
    pub(crate) fn begin(
        entry: SegmentEntry,
        file: Arc<dyn File>,
        created_ms: u64,
    ) -> io::Result<Self> {
        let (number, salt, previous) = (entry.number, entry.salt, Previous::default());
        let header = SegmentHeader {
            number,
            salt,
            previous,
            created_ms,
        };
        let everywhere = LimitWord {
            limit: u32::MAX,
            synced: 0,
        };
        file.write_all_at(&header.encode_page(everywhere), 0)?;
        Ok(Self {
            file,
            entry,
            index: SegmentIndex::default(),
            end: FRAMES_START,
            last_crc: 0,
        })
    }

    /// Writes blocks, log by log, each with its log's first control record. Their bytes are
    /// contiguous in `payload`.
    pub(crate) fn write_frame<'b>(
        &mut self,
        blocks: impl ExactSizeIterator<Item = (LogId, &'b Block, Option<Offset>)> + Clone,
        payload: &[u8],
    ) -> io::Result<()> {
        let count = blocks.len();
        let start = self.end + (FRAME_HEADER_BYTES + count * ENTRY_BYTES) as u32;
        let placed = place(blocks.clone().map(|(_, block, _)| block), start);
        let header = FrameHeader {
            position: self.end,
            length: 0,
            entry_count: 0,
            durable_through: FRAMES_START,
            previous_crc: self.last_crc,
        };
        let sizes = (count, payload.len());
        let (head, crc) = encode_head(header, self.entry.salt, sizes, |out| {
            for ((log, _, first_control), block) in blocks.zip(&placed) {
                let control = block.control(first_control);
                block.encode(log, control, out);
                self.index.push(log, *block, control);
            }
        });
        self.file.write_all_at(&head, u64::from(self.end))?;
        self.file.write_all_at(payload, u64::from(start))?;
        let end = self.end + frame_bytes(count, payload.len()) as u32;
        let payload_end = start + payload.len() as u32;
        let rest = [0; FRAME_ALIGN_BYTES];
        let rest = &rest[..(end - payload_end) as usize];
        self.file.write_all_at(rest, u64::from(payload_end))?;
        self.end = end;
        self.last_crc = crc;
        Ok(())
    }

    /// Writes the footer and makes everything durable.
    pub(crate) fn finish(mut self) -> io::Result<(Arc<Segment>, Vec<DirectoryEntry>)> {
        let (number, salt) = (self.entry.number, self.entry.salt);
        let (footer, directory) = encode_footer(&self.index, number, salt, self.end, self.last_crc);
        self.file.write_all_at(&footer, u64::from(self.end))?;
        self.entry.capacity_bytes = u64::from(self.end) + footer.len() as u64;
        // The footer ends the file, which may have been given more room.
        self.file.set_length(self.entry.capacity_bytes)?;
        self.file.sync_data()?;
        let segment = Segment::new(&self.entry, self.file);
        segment.measure()?;
        let runs = directory.entries.clone();
        segment.set_footer(directory);
        Ok((Arc::new(segment), runs))
    }
}

/// The same blocks, placed consecutively from `position`.
fn place<'b>(blocks: impl ExactSizeIterator<Item = &'b Block>, mut position: u32) -> Vec<Block> {
    let placed = blocks.map(|block| {
        let here = position;
        position += block.length;
        Block {
            position: here,
            ..*block
        }
    });
    placed.collect()
}
