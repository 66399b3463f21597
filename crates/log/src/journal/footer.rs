//! The index of a segment, as an image of bytes: the footer of a sealed segment, and in pieces the
//! checkpoints of the open one.
//!
//! An image is a head, the block lists of each run of a log, the changes to the set of logs, and a
//! directory of the lists. A footer is an image after the last frame, and a trailer at the very end of
//! the file. It only repeats what the frames say: a damaged footer is rebuilt from them.

use super::frame::{Block, ENTRY_BYTES, Entry};
use super::layout::{Fields, Put, salted_crc};
use crate::checksum::crc32c;
use crate::store::{LogId, Offset};
use env::Timestamp;
use std::collections::BTreeMap;

pub(super) const IMAGE_HEAD_BYTES: usize = 16;
pub(super) const DIRECTORY_ENTRY_BYTES: usize = 80;
pub(super) const TRAILER_BYTES: usize = 48;
const TRAILER_MAGIC: &[u8; 8] = b"MSTRFOOT";
const NO_CONTROL: u64 = u64::MAX;

/// Everything that stands in a segment, or in a stretch of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SegmentIndex {
    pub(super) logs: BTreeMap<LogId, LogBlocks>,
    /// Create, Delete, Trim and Configure, in order.
    pub(super) changes: Vec<Entry>,
}

/// A log's blocks in a segment, by offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LogBlocks {
    pub(super) blocks: Vec<Block>,
    /// The first control record among them.
    pub(super) control: Option<Offset>,
}

/// One run of a log: blocks without a gap between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DirectoryEntry {
    pub(super) log: LogId,
    pub(super) block_count: u32,
    pub(super) first: Offset,
    pub(super) end: Offset,
    pub(super) first_arrival: Timestamp,
    pub(super) last_arrival: Timestamp,
    /// Bytes of all the payloads.
    pub(super) bytes: u64,
    /// The log's first control record in the segment, told by the log's first run.
    pub(super) control: Option<Offset>,
    /// Where the block list stands, counted from the image's start.
    pub(super) list_position: u32,
    pub(super) list_length: u32,
    pub(super) list_crc: u32,
}

/// A footer without its block lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directory {
    /// By log and offset.
    pub(super) entries: Vec<DirectoryEntry>,
    pub(super) changes: Vec<Entry>,
    /// Where the image begins in the file.
    pub(super) image_start: u32,
}

/// The last bytes of a sealed segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trailer {
    /// The end of the last frame, where the image begins.
    pub(super) frames_end: u32,
    pub(super) last_frame_crc: u32,
    /// Where changes and directory begin in the file; they reach to the trailer.
    pub(super) directory_start: u32,
    pub(super) change_count: u32,
    pub(super) entry_count: u32,
    /// The checksum of changes and directory.
    pub(super) directory_crc: u32,
    pub(super) number: u64,
}

impl SegmentIndex {
    /// What entries say, each log's in order. Quicker than adding them one by one if they are many of
    /// many logs.
    pub(super) fn of(entries: &[Entry]) -> Self {
        let mut index = Self::default();
        let mut places: Vec<u128> = Vec::with_capacity(entries.len());
        for (place, entry) in entries.iter().enumerate() {
            match entry {
                Entry::Records { log, .. } => places.push(order_of(*log, place)),
                Entry::Checkpoint { .. } => {}
                Entry::Create { .. } | Entry::Delete { .. } => index.changes.push(*entry),
                Entry::Trim { .. } | Entry::Configure { .. } => index.changes.push(*entry),
            }
        }
        places.sort_unstable();
        let logs = places.chunk_by(|one, next| log_of(*one) == log_of(*next));
        // Built at once, out of what is in order.
        index.logs = logs
            .map(|of_log| (log_of(of_log[0]), LogBlocks::of(entries, of_log)))
            .collect();
        index
    }

    /// Adds what a frame's directory says.
    pub(super) fn add(&mut self, entry: &Entry) {
        match *entry {
            Entry::Records {
                log,
                block,
                control,
            } => {
                self.logs.entry(log).or_default().push(block, control);
            }
            Entry::Checkpoint { .. } => {}
            Entry::Create { .. } | Entry::Delete { .. } => self.changes.push(*entry),
            Entry::Trim { .. } | Entry::Configure { .. } => self.changes.push(*entry),
        }
    }

    /// Adds what an image of a later stretch says.
    pub(super) fn append(&mut self, later: Self) {
        for (log, mut blocks) in later.logs {
            let found = self.logs.entry(log).or_default();
            found.control = found.control.or(blocks.control);
            found.blocks.append(&mut blocks.blocks);
        }
        self.changes.extend(later.changes);
    }

    /// The blocks of the run of `log` that begins at `first`.
    pub(super) fn run(&self, log: LogId, first: Offset) -> Option<&[Block]> {
        let blocks = &self.logs.get(&log)?.blocks;
        let start = blocks.partition_point(|block| block.first < first);
        split_run(&blocks[start..]).map(|(run, _)| run)
    }

    /// The directory of all runs, without lists.
    pub(super) fn directory(&self) -> Vec<DirectoryEntry> {
        let mut entries = Vec::with_capacity(self.logs.len());
        self.for_each_run(|entry, _| entries.push(entry));
        entries
    }

    /// Each run with its blocks, by log and offset.
    fn for_each_run(&self, mut then: impl FnMut(DirectoryEntry, &[Block])) {
        for (log, blocks) in &self.logs {
            let mut control = blocks.control;
            let mut rest = blocks.blocks.as_slice();
            while let Some((run, later)) = split_run(rest) {
                then(DirectoryEntry::of(*log, run, control.take()), run);
                rest = later;
            }
        }
    }

    /// The image, and its directory with the lists' places.
    pub(super) fn encode(&self) -> (Vec<u8>, Directory) {
        let mut bytes = vec![0; IMAGE_HEAD_BYTES];
        let mut entries = Vec::with_capacity(self.logs.len());
        self.for_each_run(|mut entry, run| {
            entry.put_list(&mut bytes, run);
            entries.push(entry);
        });
        let lists_end = bytes.len() as u32;
        self.changes
            .iter()
            .for_each(|change| change.encode(&mut bytes));
        entries.iter().for_each(|entry| entry.encode(&mut bytes));
        let mut head = Vec::with_capacity(IMAGE_HEAD_BYTES);
        head.put_u32(lists_end);
        head.put_u32(self.changes.len() as u32);
        head.put_u32(entries.len() as u32);
        head.put_u32(0);
        bytes[..IMAGE_HEAD_BYTES].copy_from_slice(&head);
        (
            bytes,
            Directory {
                entries,
                changes: self.changes.clone(),
                image_start: 0,
            },
        )
    }

    /// Decodes a whole image whose bytes have been checked.
    pub(super) fn decode(image: &[u8]) -> Option<Self> {
        let mut head = Fields::new(image);
        let lists_end = head.u32()? as usize;
        let (change_count, entry_count) = (head.u32()?, head.u32()?);
        let directory = Directory::decode(image.get(lists_end..)?, change_count, entry_count, 0)?;
        let mut index = Self {
            changes: directory.changes,
            ..Self::default()
        };
        for entry in &directory.entries {
            let start = entry.list_position as usize;
            let list = image.get(start..start.checked_add(entry.list_length as usize)?)?;
            let found = index.logs.entry(entry.log).or_default();
            found.control = found.control.or(entry.control);
            found.blocks.append(&mut entry.decode_list(list)?);
        }
        Some(index)
    }
}

/// A log and the place of an entry in one number, which is quicker to sort.
fn order_of(log: LogId, place: usize) -> u128 {
    u128::from(log.group) << 64 | u128::from(log.index) << 32 | place as u128
}

fn log_of(order: u128) -> LogId {
    LogId {
        group: (order >> 64) as u64,
        index: (order >> 32) as u32,
    }
}

impl LogBlocks {
    /// What the entries in these places say of their log.
    fn of(entries: &[Entry], places: &[u128]) -> Self {
        let mut found = Self {
            blocks: Vec::with_capacity(places.len()),
            control: None,
        };
        for place in places {
            if let Entry::Records { block, control, .. } = entries[*place as u32 as usize] {
                found.push(block, control);
            }
        }
        found
    }

    pub(super) fn push(&mut self, block: Block, control: Option<u32>) {
        if self.control.is_none() {
            self.control = control.map(|at| block.first.plus(u64::from(at)));
        }
        self.blocks.push(block);
    }
}

/// The blocks up to the first gap, and the rest.
fn split_run(blocks: &[Block]) -> Option<(&[Block], &[Block])> {
    let gap = blocks
        .windows(2)
        .position(|pair| pair[0].end() != pair[1].first);
    (!blocks.is_empty()).then(|| blocks.split_at(gap.map_or(blocks.len(), |at| at + 1)))
}

impl DirectoryEntry {
    fn of(log: LogId, run: &[Block], control: Option<Offset>) -> Self {
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

    /// Writes the list of `run` and notes where it stands.
    fn put_list(&mut self, out: &mut Vec<u8>, run: &[Block]) {
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
    pub(super) fn decode_list(&self, list: &[u8]) -> Option<Vec<Block>> {
        if crc32c(list) != self.list_crc {
            return None;
        }
        let mut fields = Fields::new(list);
        let mut blocks = Vec::with_capacity(list.len() / 8);
        let (mut first, mut arrival, mut position) = (self.first, self.first_arrival.0, 0_u64);
        for _ in 0..self.block_count {
            let count = u32::try_from(fields.varint()?).ok()?;
            arrival = arrival.checked_add(fields.varint()?)?;
            position = position.checked_add(fields.varint()?)?;
            let length = u32::try_from(fields.varint()?).ok()?;
            let crc = fields.u32()?;
            let at = u32::try_from(position).ok()?;
            let arrival = Timestamp(arrival);
            blocks.push(Block {
                first,
                count,
                arrival,
                position: at,
                length,
                crc,
            });
            first = first.plus(u64::from(count));
            position += u64::from(length);
        }
        (first == self.end && fields.is_empty()).then_some(blocks)
    }

    fn encode(&self, out: &mut Vec<u8>) {
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
            first: Offset(fields.u64()?),
            end: Offset(fields.u64()?),
            first_arrival: Timestamp(fields.u64()?),
            last_arrival: Timestamp(fields.u64()?),
            bytes: fields.u64()?,
            control: Some(fields.u64()?)
                .filter(|at| *at != NO_CONTROL)
                .map(Offset),
            list_position: fields.u32()?,
            list_length: fields.u32()?,
            list_crc: fields.u32()?,
        };
        fields.u32()?;
        Some(entry)
    }
}

impl Directory {
    /// Decodes changes and directory entries, which must fill `bytes`.
    pub(super) fn decode(
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
    pub(super) fn find(&self, log: LogId, first: Offset) -> Option<&DirectoryEntry> {
        let key = |entry: &DirectoryEntry| (entry.log, entry.first);
        let at = self.entries.binary_search_by_key(&(log, first), key).ok()?;
        Some(&self.entries[at])
    }
}

impl Trailer {
    pub(super) fn encode(&self, salt: u64) -> Vec<u8> {
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

    pub(super) fn decode(bytes: &[u8], salt: u64) -> Option<Self> {
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

/// The footer of a segment whose frames end at `frames_end`, and its directory.
pub(super) fn encode_footer(
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
    use crate::store::LogSettings;

    fn block(first: u64, count: u32, position: u32) -> Block {
        let arrival = Timestamp(1000 + first);
        Block {
            first: Offset(first),
            count,
            arrival,
            position,
            length: 10,
            crc: 0xabcd,
        }
    }

    fn index() -> SegmentIndex {
        SegmentIndex::of(&entries())
    }

    fn entries() -> Vec<Entry> {
        let mut entries = Vec::new();
        let log = |index| LogId { group: 3, index };
        entries.push(Entry::Create {
            log: log(1),
            settings: LogSettings {
                retention_ms: 5,
                ..LogSettings::default()
            },
        });
        for (first, count, position) in [(0, 2, 4200), (2, 1, 4300), (7, 3, 5000)] {
            let block = block(first, count, position);
            entries.push(Entry::Records {
                log: log(1),
                block,
                control: (first == 2).then_some(0),
            });
        }
        entries.push(Entry::Records {
            log: log(0),
            block: block(9, 1, 6000),
            control: None,
        });
        entries.push(Entry::Trim {
            log: log(1),
            before: Offset(1),
        });
        entries
    }

    #[test]
    fn an_index_when_built_at_once_then_is_the_one_that_is_built_entry_by_entry() {
        let mut one_by_one = SegmentIndex::default();
        entries().iter().for_each(|entry| one_by_one.add(entry));
        assert_eq!(index(), one_by_one);
        let log = LogId { group: 3, index: 1 };
        assert_eq!(index().logs[&log].control, Some(Offset(2)));
    }

    #[test]
    fn an_image_when_encoded_then_decodes_to_the_same_index() {
        let (image, _) = index().encode();
        assert_eq!(SegmentIndex::decode(&image), Some(index()));
    }

    #[test]
    fn a_log_when_it_has_a_gap_then_has_a_directory_entry_for_each_run() {
        let runs: Vec<(u32, u64, u64)> = index()
            .directory()
            .iter()
            .map(|entry| (entry.log.index, entry.first.0, entry.end.0))
            .collect();
        assert_eq!(runs, [(0, 9, 10), (1, 0, 3), (1, 7, 10)]);
    }

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
