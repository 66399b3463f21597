//! Blocks on their way into a copy: named log by log, read from their files front to back, and laid
//! down in memory in the order in which they were named.
//!
//! Files are read by stretches, since in each stand blocks of many logs. A block is only read by itself
//! where its stretch failed or its checksum does not hold, which tells what is wrong with it. What is held at
//! once is bounded.

use super::footer::Directory;
use super::frame::{Block, Entry};
use super::index::{Log, Range};
use super::reader::{Patience, Reader};
use super::segment::Segment;
use super::shared::Shared;
use crate::checksum::crc32c;
use crate::store::{Offset, ReadError};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// Blocks that are held at once.
const BLOCKS_MAX: usize = 256 * 1024;
/// Bytes of block lists that are read at once, of all sources together.
const LISTS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A stretch holds the blocks that begin within so many bytes.
const STRETCH_BYTES: u32 = 1024 * 1024;

/// Blocks that were named, and, once they are read, their bytes.
pub(super) struct Gathered<'a> {
    shared: &'a Shared,
    sources: &'a [Arc<Segment>],
    lists: BTreeMap<u64, Lists>,
    logs: Vec<Arc<Log>>,
    /// The pieces in each stretch of each source.
    stretches: Vec<Vec<Vec<u32>>>,
    payload_bytes: usize,
    room: Room,
}

/// Memory that gathering fills, used again and again: fresh memory is handed over page by page.
#[derive(Default)]
pub(super) struct Room {
    pieces: Vec<Piece>,
    payload: Vec<u8>,
    stretch: Vec<u8>,
}

/// A block that was named.
struct Piece {
    /// The place of its log among those that were named.
    log: u32,
    /// Where it stands in `payload`.
    place: u32,
    block: Block,
    control: Option<u32>,
}

/// A block that cannot be had.
pub(super) struct Unreadable {
    pub(super) segment: Arc<Segment>,
    pub(super) error: ReadError,
}

/// The block lists of a segment's footer.
struct Lists {
    directory: Arc<Directory>,
    bytes: Vec<u8>,
}

impl<'a> Gathered<'a> {
    /// Nothing yet, of these segments.
    pub(super) fn new(shared: &'a Shared, sources: &'a [Arc<Segment>]) -> Self {
        let mut left = LISTS_BYTES_MAX;
        let lists = sources.iter().filter_map(|source| {
            let lists = Lists::read(source, left)?;
            left -= lists.bytes.len();
            Some((source.number, lists))
        });
        Self {
            shared,
            sources,
            lists: lists.collect(),
            logs: Vec::new(),
            stretches: vec![Vec::new(); sources.len()],
            payload_bytes: 0,
            room: std::mem::take(&mut shared.copy_room.lock()),
        }
    }

    /// The blocks of a run.
    pub(super) fn blocks_of(&self, log: &Log, range: &Range) -> Result<Arc<Vec<Block>>, ReadError> {
        let lists = self.lists.get(&range.segment.number);
        let blocks = lists.and_then(|lists| lists.find(log, range));
        blocks.map_or_else(
            || Reader::new(self.shared, log, Patience::MayBlock).blocks_of(range),
            |blocks| Ok(Arc::new(blocks)),
        )
    }

    /// Whether one more block may be held.
    pub(super) fn has_room_for(&self, block: &Block) -> bool {
        let bytes = self.payload_bytes + block.length as usize;
        let is_within =
            bytes <= self.shared.options.copy_bytes_max && self.room.pieces.len() < BLOCKS_MAX;
        is_within || self.room.pieces.is_empty()
    }

    /// Names a block, which comes behind those that were named before.
    pub(super) fn add(
        &mut self,
        log: &Arc<Log>,
        source: usize,
        block: Block,
        first_control: Option<Offset>,
    ) {
        if self.logs.last().is_none_or(|last| last.id != log.id) {
            self.logs.push(log.clone());
        }
        let control = first_control.filter(|at| *at >= block.first && *at < block.end());
        let stretch = (block.position / STRETCH_BYTES) as usize;
        let of_source = &mut self.stretches[source];
        if of_source.len() <= stretch {
            of_source.resize(stretch + 1, Vec::new());
        }
        of_source[stretch].push(self.room.pieces.len() as u32);
        self.room.pieces.push(Piece {
            log: self.logs.len() as u32 - 1,
            place: self.payload_bytes as u32,
            block,
            control: control.map(|at| (at.0 - block.first.0) as u32),
        });
        self.payload_bytes += block.length as usize;
    }

    /// Reads the blocks, front to back.
    pub(super) fn read(&mut self) -> Result<(), Unreadable> {
        self.room.payload.resize(self.payload_bytes, 0);
        let mut stretches = std::mem::take(&mut self.stretches);
        for (source, stretches) in self.sources.iter().zip(&mut stretches) {
            for places in stretches.iter_mut().filter(|places| !places.is_empty()) {
                let start = self.read_stretch(source, places).ok();
                for place in places.drain(..) {
                    self.take(source, start, place as usize)?;
                }
            }
        }
        self.stretches = stretches;
        Ok(())
    }

    /// Which of the sources a run stands in.
    pub(super) fn source_of(&self, range: &Range) -> usize {
        let place = { self.sources.iter() }.position(|s| s.number == range.segment.number);
        place.expect("runs are those of the sources")
    }

    /// Reads from the first to the last of these blocks; returns where that begins.
    fn read_stretch(&mut self, source: &Segment, places: &[u32]) -> io::Result<u32> {
        let blocks = places
            .iter()
            .map(|place| &self.room.pieces[*place as usize].block);
        let start = blocks.clone().map(|block| block.position).min();
        let start = start.unwrap_or_default();
        let end = blocks.map(Block::position_end).max().unwrap_or_default();
        self.room
            .stretch
            .resize((end - u64::from(start)) as usize, 0);
        source
            .file
            .read_exact_at(&mut self.room.stretch, u64::from(start))?;
        Ok(start)
    }

    /// Lays a block down where it belongs.
    fn take(
        &mut self,
        source: &Arc<Segment>,
        stretch: Option<u32>,
        place: usize,
    ) -> Result<(), Unreadable> {
        let piece = &self.room.pieces[place];
        let (block, length) = (&piece.block, piece.block.length as usize);
        let there = &mut self.room.payload[piece.place as usize..][..length];
        let found =
            stretch.map(|start| &self.room.stretch[(block.position - start) as usize..][..length]);
        if let Some(bytes) = found.filter(|bytes| crc32c(bytes) == block.crc) {
            there.copy_from_slice(bytes);
            return Ok(());
        }
        let reader = Reader::new(
            self.shared,
            &self.logs[piece.log as usize],
            Patience::MayBlock,
        );
        let alone = reader.bytes_of(source, block);
        let alone = alone.map_err(|error| Unreadable {
            segment: source.clone(),
            error,
        })?;
        there.copy_from_slice(&alone);
        Ok(())
    }

    /// The blocks that were read, in the order in which they were named, in stretches of about so many bytes.
    pub(super) fn frames(&self, bytes: usize) -> impl Iterator<Item = (Vec<Entry>, &[u8])> {
        let mut rest = self.room.pieces.as_slice();
        std::iter::from_fn(move || {
            let start = rest.first()?.place as usize;
            let is_within = |piece: &Piece| (piece.place as usize) < start + bytes;
            let (frame, later) = rest.split_at(rest.partition_point(is_within));
            rest = later;
            let end = later
                .first()
                .map_or(self.room.payload.len(), |next| next.place as usize);
            let entries = frame.iter().map(|piece| self.entry(piece)).collect();
            Some((entries, &self.room.payload[start..end]))
        })
    }

    fn entry(&self, piece: &Piece) -> Entry {
        Entry::Records {
            log: self.logs[piece.log as usize].id,
            block: piece.block,
            control: piece.control,
        }
    }

    /// Forgets all blocks, to begin anew.
    pub(super) fn clear(&mut self) {
        self.logs.clear();
        self.room.pieces.clear();
        self.payload_bytes = 0;
    }
}

impl Drop for Gathered<'_> {
    fn drop(&mut self) {
        self.clear();
        *self.shared.copy_room.lock() = std::mem::take(&mut self.room);
    }
}

impl Lists {
    /// The lists of a segment, if they are there and no longer than `bytes_max`.
    fn read(segment: &Segment, bytes_max: usize) -> Option<Self> {
        let directory = segment.sealed.lock().directory.clone()?;
        let ends = { directory.entries.iter() }
            .map(|entry| u64::from(entry.list_position) + u64::from(entry.list_length));
        let end = ends.max().filter(|end| *end <= bytes_max as u64)?;
        let mut bytes = vec![0; end as usize];
        let start = u64::from(directory.image_start);
        segment.file.read_exact_at(&mut bytes, start).ok()?;
        Some(Self { directory, bytes })
    }

    fn find(&self, log: &Log, range: &Range) -> Option<Vec<Block>> {
        let entry = self.directory.find(log.id, range.first)?;
        let list = self.bytes.get(entry.list_position as usize..)?;
        entry.decode_list(list.get(..entry.list_length as usize)?)
    }
}
