//! The footer of a sealed segment: the image of its index after the last frame, and a trailer at
//! the very end of the file.
//!
//! It only repeats what the frames say: a damaged footer is rebuilt from them.

use crate::format::frame::{Block, ENTRY_BYTES, Entry};
use crate::format::layout::{Fields, Put, as_offset, as_time, salted_crc};
use crate::format::segment_index::{IMAGE_HEAD_BYTES, SegmentIndex};
use millstream_env::Timestamp;
use millstream_store::checksum::crc32c;
use millstream_store::store::{LogId, Offset};

pub(crate) const DIRECTORY_ENTRY_BYTES: usize = 80;
/// Maximum size of a block in a list: four numbers and a checksum.
const BLOCK_LIST_BYTES_MAX: usize = 5 + 10 + 5 + 5 + 4;
pub(crate) const TRAILER_BYTES: usize = 48;
const TRAILER_MAGIC: &[u8; 8] = b"MSTRFOOT";
const NO_CONTROL: u64 = u64::MAX;
/// Minimum size of a block in a list: four varints and a checksum …
const LISTED_BYTES_MIN: usize = 4 + 4;
/// … and the maximum.
pub(crate) const LISTED_BYTES_MAX: usize = 4 * 10 + 4;

/// A run of a log: contiguous blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryEntry {
    pub(crate) log: LogId,
    pub(crate) block_count: u32,
    pub(crate) first: Offset,
    pub(crate) end: Offset,
    pub(crate) first_arrival: Timestamp,
    pub(crate) last_arrival: Timestamp,
    /// Total bytes of the payloads.
    pub(crate) bytes: u64,
    /// The log's first control record in the segment, given in the log's first run.
    pub(crate) control: Option<Offset>,
    /// Position of the block list, relative to the image.
    pub(crate) list_position: u32,
    pub(crate) list_length: u32,
    pub(crate) list_crc: u32,
}

/// A footer without its block lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Directory {
    /// By log and offset.
    pub(crate) entries: Vec<DirectoryEntry>,
    pub(crate) changes: Vec<Entry>,
    /// Position of the image in the file.
    pub(crate) image_start: u32,
}

/// The last bytes of a sealed segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trailer {
    /// The end of the last frame, where the image begins.
    pub(crate) frames_end: u32,
    pub(crate) last_frame_crc: u32,
    /// Position of changes and directory in the file; they extend to the trailer.
    pub(crate) directory_start: u32,
    pub(crate) change_count: u32,
    pub(crate) entry_count: u32,
    /// The checksum of changes and directory.
    pub(crate) directory_crc: u32,
    pub(crate) number: u64,
}

/// A position in a block list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListCursor {
    pub(crate) first: Offset,
    pub(crate) arrival: Timestamp,
    /// The end of the previous block in the file.
    position: u64,
}

impl ListCursor {
    /// The start of an entry's list.
    pub(crate) fn of(entry: &DirectoryEntry) -> Self {
        Self {
            first: entry.first,
            arrival: entry.first_arrival,
            position: 0,
        }
    }

    /// Decodes a block and advances.
    pub(crate) fn next(&mut self, fields: &mut Fields<'_>) -> Option<Block> {
        let count = u32::try_from(fields.varint()?).ok()?;
        let arrival = as_time(self.arrival.0.checked_add(fields.varint()?)?)?;
        let position = self.position.checked_add(fields.varint()?)?;
        let length = u32::try_from(fields.varint()?).ok()?;
        let block = Block {
            first: self.first,
            count,
            arrival,
            position: u32::try_from(position).ok()?,
            length,
            crc: fields.u32()?,
        }
        .if_possible()?;
        *self = Self {
            first: block.end(),
            arrival,
            position: block.position_end(),
        };
        Some(block)
    }
}

impl DirectoryEntry {
    /// Approximate bytes of the payloads from an offset on; a block that is wanted in part counts
    /// in full.
    pub(crate) fn bytes_from(&self, from: Offset) -> u64 {
        let first = from.clamp(self.first, self.end);
        if first == self.first {
            return self.bytes;
        }
        let (left, count) = (self.end.0 - first.0, self.end.0 - self.first.0);
        let share = u128::from(self.bytes) * u128::from(left) / u128::from(count.max(1));
        let block = self.bytes / u64::from(self.block_count.max(1));
        self.bytes.min(share as u64 + block)
    }

    /// Maximum bytes of the entries in a copy's frames and footer.
    pub(crate) fn index_bytes(&self) -> u64 {
        let entries = u64::from(self.block_count) * ENTRY_BYTES as u64;
        entries
            + u64::from(self.list_length)
            + (BLOCK_LIST_BYTES_MAX + DIRECTORY_ENTRY_BYTES) as u64
    }

    pub(crate) fn of(log: LogId, run: &[Block], control: Option<Offset>) -> Self {
        let (head, last) = (run[0], run[run.len() - 1]);
        Self {
            log,
            block_count: run.len() as u32,
            first: head.first,
            end: last.end(),
            first_arrival: head.arrival,
            last_arrival: last.arrival,
            bytes: run.iter().map(|block| u64::from(block.length)).sum(),
            control,
            list_position: 0,
            list_length: 0,
            list_crc: 0,
        }
    }

    /// Writes the list of `run` and records its position.
    pub(crate) fn put_list(&mut self, out: &mut Vec<u8>, run: &[Block]) {
        let start = out.len();
        let (mut arrival, mut position) = (self.first_arrival.0, 0);
        for block in run {
            out.put_varint(u64::from(block.count));
            out.put_varint(block.arrival.0.saturating_sub(arrival));
            out.put_varint(u64::from(block.position) - position);
            out.put_varint(u64::from(block.length));
            out.put_u32(block.crc);
            arrival = arrival.max(block.arrival.0);
            position = u64::from(block.position) + u64::from(block.length);
        }
        self.list_position = start as u32;
        self.list_length = (out.len() - start) as u32;
        self.list_crc = crc32c(&out[start..]);
    }

    /// Decodes and checks the entry's list.
    pub(crate) fn decode_list(&self, list: &[u8]) -> Option<Vec<Block>> {
        if crc32c(list) != self.list_crc || !self.is_possible() {
            return None;
        }
        let mut fields = Fields::new(list);
        let mut blocks = Vec::with_capacity(self.block_count as usize);
        let mut cursor = ListCursor::of(self);
        for _ in 0..self.block_count {
            blocks.push(cursor.next(&mut fields)?);
        }
        (cursor.first == self.end && fields.is_empty()).then_some(blocks)
    }

    /// Whether a list of this length can hold this many blocks: checked before memory is allocated
    /// for either.
    pub(crate) fn is_possible(&self) -> bool {
        let (bytes, blocks) = (self.list_length as usize, self.block_count as usize);
        (blocks * LISTED_BYTES_MIN..=blocks * LISTED_BYTES_MAX).contains(&bytes)
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.log.group);
        out.put_u32(self.log.index);
        out.put_u32(self.block_count);
        out.put_u64(self.first.0);
        out.put_u64(self.end.0);
        out.put_u64(self.first_arrival.0);
        out.put_u64(self.last_arrival.0);
        out.put_u64(self.bytes);
        out.put_u64(self.control.map_or(NO_CONTROL, |control| control.0));
        out.put_u32(self.list_position);
        out.put_u32(self.list_length);
        out.put_u32(self.list_crc);
        out.put_u32(0);
    }

    fn decode(fields: &mut Fields<'_>) -> Option<Self> {
        let group = fields.u64()?;
        let log = LogId {
            group,
            index: fields.u32()?,
        };
        let entry = Self {
            log,
            block_count: fields.u32()?,
            first: fields.offset()?,
            end: fields.offset()?,
            first_arrival: fields.time()?,
            last_arrival: fields.time()?,
            bytes: fields.u64()?,
            control: match fields.u64()? {
                NO_CONTROL => None,
                control => Some(as_offset(control)?),
            },
            list_position: fields.u32()?,
            list_length: fields.u32()?,
            list_crc: fields.u32()?,
        };
        fields.u32()?;
        // A file's positions have 32 bits, and so has what lies in it.
        let is_possible = entry.first <= entry.end && entry.bytes <= u64::from(u32::MAX);
        is_possible.then_some(entry)
    }
}

impl Directory {
    /// Decodes changes and directory entries, which must fill `bytes`.
    pub(crate) fn decode(
        bytes: &[u8],
        change_count: u32,
        entry_count: u32,
        image_start: u32,
    ) -> Option<Self> {
        let changes_bytes = (change_count as usize).checked_mul(ENTRY_BYTES)?;
        let entries_bytes = (entry_count as usize).checked_mul(DIRECTORY_ENTRY_BYTES)?;
        if changes_bytes.checked_add(entries_bytes)? != bytes.len() {
            return None;
        }
        let mut fields = Fields::new(bytes);
        let mut changes = Vec::with_capacity(change_count as usize);
        for _ in 0..change_count {
            changes.push(Entry::decode(&mut fields, 0)?);
        }
        let mut entries = Vec::with_capacity(entry_count as usize);
        for _ in 0..entry_count {
            entries.push(DirectoryEntry::decode(&mut fields)?);
        }
        Some(Self {
            entries,
            changes,
            image_start,
        })
    }

    /// The entry of the run of `log` that begins at `first`.
    pub(crate) fn find(&self, log: LogId, first: Offset) -> Option<&DirectoryEntry> {
        let key = |entry: &DirectoryEntry| (entry.log, entry.first);
        let at = self.entries.binary_search_by_key(&(log, first), key).ok()?;
        Some(&self.entries[at])
    }
}

impl Trailer {
    pub(crate) fn encode(&self, salt: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(TRAILER_BYTES);
        bytes.extend_from_slice(TRAILER_MAGIC);
        bytes.put_u64(self.number);
        bytes.put_u32(self.frames_end);
        bytes.put_u32(self.last_frame_crc);
        bytes.put_u32(self.directory_start);
        bytes.put_u32(self.change_count);
        bytes.put_u32(self.entry_count);
        bytes.put_u32(self.directory_crc);
        bytes.put_u32(0);
        bytes.put_u32(salted_crc(salt, &[&bytes]));
        bytes
    }

    pub(crate) fn decode(bytes: &[u8], salt: u64) -> Option<Self> {
        let mut fields = Fields::new(bytes);
        let magic = fields.bytes(8)?;
        let trailer = Self {
            number: fields.u64()?,
            frames_end: fields.u32()?,
            last_frame_crc: fields.u32()?,
            directory_start: fields.u32()?,
            change_count: fields.u32()?,
            entry_count: fields.u32()?,
            directory_crc: fields.u32()?,
        };
        fields.u32()?;
        let crc = fields.u32()?;
        let is_whole =
            magic == TRAILER_MAGIC && crc == salted_crc(salt, &[&bytes[..TRAILER_BYTES - 4]]);
        is_whole.then_some(trailer)
    }
}

/// The footer of a segment whose frames end at `frames_end`, and its directory. Bytes of the footer
/// of a segment with so many logs, blocks and changes, at most: a change may end a run.
pub(crate) fn footer_bytes_max(logs: usize, blocks: usize, changes: usize) -> usize {
    IMAGE_HEAD_BYTES
        + blocks * BLOCK_LIST_BYTES_MAX
        + changes * ENTRY_BYTES
        + (logs + changes) * DIRECTORY_ENTRY_BYTES
        + TRAILER_BYTES
}

pub(crate) fn encode_footer(
    index: &SegmentIndex,
    number: u64,
    salt: u64,
    frames_end: u32,
    last_frame_crc: u32,
) -> (Vec<u8>, Directory) {
    let (mut bytes, mut directory) = index.encode();
    directory.image_start = frames_end;
    let tail =
        directory.changes.len() * ENTRY_BYTES + directory.entries.len() * DIRECTORY_ENTRY_BYTES;
    let directory_at = bytes.len() - tail;
    let trailer = Trailer {
        frames_end,
        last_frame_crc,
        directory_start: frames_end + directory_at as u32,
        change_count: directory.changes.len() as u32,
        entry_count: directory.entries.len() as u32,
        directory_crc: salted_crc(salt, &[&bytes[directory_at..]]),
        number,
    };
    bytes.extend_from_slice(&trailer.encode(salt));
    (bytes, directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::segment_index::tests::index;

    #[test]
    fn a_trailer_when_any_bit_flips_then_is_refused() {
        let (footer, directory) = encode_footer(&index(), 4, 99, 8192, 77);
        let start = footer.len() - TRAILER_BYTES;
        let trailer = Trailer::decode(&footer[start..], 99).unwrap();
        assert_eq!(
            (trailer.frames_end, trailer.last_frame_crc, trailer.number),
            (8192, 77, 4)
        );
        let at = (trailer.directory_start - trailer.frames_end) as usize;
        let (changes, entries) = (trailer.change_count, trailer.entry_count);
        let decoded = Directory::decode(&footer[at..start], changes, entries, 8192);
        assert_eq!(decoded, Some(directory));
        for bit in 0..TRAILER_BYTES * 8 {
            let mut bytes = footer[start..].to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Trailer::decode(&bytes, 99), None, "bit {bit}");
        }
        assert_eq!(
            Trailer::decode(&footer[start..], 98),
            None,
            "another segment's salt"
        );
    }
}
