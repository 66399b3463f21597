//! A block list that is read in parts.
//!
//! A log may have hundreds of thousands of blocks in one segment, and a reader of some of its
//! records should not hold all of them. The whole list is scanned once, which validates it and
//! records what is needed to start in the middle: a few bytes per part, and the part's checksum, so
//! that what is read later is what was validated.

use crate::format::footer::{DirectoryEntry, LISTED_BYTES_MAX, ListCursor};
use crate::format::frame::Block;
use crate::format::layout::Fields;
use crate::format::segment::Segment;
use millstream_env::Timestamp;
use millstream_store::checksum::{crc32c, crc32c_append};
use millstream_store::store::Offset;

/// Blocks per part.
pub(crate) const PART_BLOCKS: usize = 4096;
/// Maximum size of a part in the file; in memory it is a few times larger.
const PART_BYTES_MAX: usize = PART_BLOCKS * LISTED_BYTES_MAX;

/// The positions of a list's parts.
pub(crate) struct LongList {
    parts: Vec<Part>,
}

#[derive(Clone, Copy)]
struct Part {
    begin: ListCursor,
    blocks: u32,
    /// Position in the list.
    start: u32,
    length: u32,
    crc: u32,
}

impl LongList {
    /// Scans and validates a list; `None` if it is unreadable or incomplete.
    pub(crate) fn read(
        segment: &Segment,
        image_start: u32,
        entry: &DirectoryEntry,
    ) -> Option<Self> {
        if !entry.is_possible() {
            return None;
        }
        let (mut parts, mut whole) = (Vec::new(), crc32c(&[]));
        let mut begin = ListCursor::of(entry);
        let (mut start, mut blocks_left) = (0, entry.block_count as usize);
        // From `start` on; this much of it is filled.
        let mut bytes = vec![0; PART_BYTES_MAX.min(entry.list_length as usize)];
        let mut filled = 0;
        while blocks_left > 0 {
            let wanted = bytes.len().min((entry.list_length - start) as usize);
            let more = &mut bytes[filled..wanted];
            read(segment, image_start, entry, start + filled as u32, more)?;
            let blocks = blocks_left.min(PART_BLOCKS);
            let mut fields = Fields::new(&bytes[..wanted]);
            let mut cursor = begin;
            for _ in 0..blocks {
                cursor.next(&mut fields)?;
            }
            filled = fields.left();
            let part = &bytes[..wanted - filled];
            whole = crc32c_append(whole, part);
            parts.push(Part {
                begin,
                blocks: blocks as u32,
                start,
                length: part.len() as u32,
                crc: crc32c(part),
            });
            begin = cursor;
            start += part.len() as u32;
            blocks_left -= blocks;
            bytes.copy_within(wanted - filled..wanted, 0);
        }
        let is_whole = whole == entry.list_crc && start == entry.list_length;
        (is_whole && begin.first == entry.end).then_some(Self { parts })
    }

    /// Memory that it takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.parts.len() * size_of::<Part>()
    }

    /// The part that contains an offset.
    pub(crate) fn at(&self, offset: Offset) -> usize {
        self.last_before(|begin| begin.first <= offset)
    }

    /// The part that contains, or precedes, the first block that arrived at or after a time.
    pub(crate) fn at_time(&self, time: Timestamp) -> usize {
        // The arrival time is that of the block before the part.
        self.last_before(|begin| begin.arrival < time)
    }

    fn last_before(&self, is_before: impl Fn(&ListCursor) -> bool) -> usize {
        let behind = self.parts.partition_point(|part| is_before(&part.begin));
        behind.saturating_sub(1)
    }

    /// The first offset of a part; `None` past the last.
    pub(crate) fn first(&self, part: usize) -> Option<Offset> {
        Some(self.parts.get(part)?.begin.first)
    }

    /// Reads a part; `None` if its checksum has changed.
    pub(crate) fn read_part(
        &self,
        segment: &Segment,
        image_start: u32,
        entry: &DirectoryEntry,
        part: usize,
    ) -> Option<Vec<Block>> {
        let part = self.parts.get(part)?;
        let mut bytes = vec![0; part.length as usize];
        read(segment, image_start, entry, part.start, &mut bytes)?;
        if crc32c(&bytes) != part.crc {
            return None;
        }
        let (mut fields, mut cursor) = (Fields::new(&bytes), part.begin);
        let mut blocks = Vec::with_capacity(part.blocks as usize);
        for _ in 0..part.blocks {
            blocks.push(cursor.next(&mut fields)?);
        }
        Some(blocks)
    }
}

/// Reads bytes at a position of an entry's list.
fn read(
    segment: &Segment,
    image_start: u32,
    entry: &DirectoryEntry,
    start: u32,
    bytes: &mut [u8],
) -> Option<()> {
    let position = u64::from(image_start) + u64::from(entry.list_position) + u64::from(start);
    segment.file.read_exact_at(bytes, position).ok()
}
