//! Blocks on their way into a copy: named log by log, read from their files front to back, and laid
//! down in memory in the order in which they were named.
//!
//! Files are read by stretches, since in each stand blocks of many logs. A block is only read by itself
//! where its stretch failed or its checksum does not hold, which tells what is wrong with it. What is held at
//! once is bounded.

use super::copy::Copy;
use super::frame::{Block, Entry};
use super::index::{Log, Range};
use super::plan::{Plan, Run, Source};
use super::reader::{Patience, Reader};
use super::rewrite::Abandoned;
use super::segment::Segment;
use super::shared::Shared;
use crate::checksum::crc32c;
use std::io;
use std::sync::Arc;

/// Blocks that are held at once.
const BLOCKS_MAX: usize = 256 * 1024;
/// Bytes of block lists that are read at once, of all sources together.
const LISTS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A stretch holds the blocks that begin within so many bytes.
const STRETCH_BYTES: u32 = 1024 * 1024;
/// Blocks are copied in frames of about this.
const FRAME_BYTES: usize = 1024 * 1024;

/// Blocks that were named, and, once they are read, their bytes.
pub(super) struct Gathered<'a> {
    shared: &'a Shared,
    plan: &'a Plan,
    /// The block lists of each source's footer, where they are not too long.
    lists: Vec<Option<Vec<u8>>>,
    /// The pieces in each stretch of each source.
    stretches: Vec<Vec<Vec<u32>>>,
    payload_bytes: usize,
    room: &'a mut Room,
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
    /// The place of its run in the plan.
    run: u32,
    /// Where it stands in `payload`.
    place: u32,
    block: Block,
}

impl<'a> Gathered<'a> {
    /// Nothing yet.
    pub(super) fn new(shared: &'a Shared, plan: &'a Plan, room: &'a mut Room) -> Self {
        let mut left = LISTS_BYTES_MAX;
        let lists = plan.sources.iter().map(|source| {
            let lists = read_lists(source, left)?;
            left -= lists.len();
            Some(lists)
        });
        room.pieces.clear();
        Self {
            shared,
            plan,
            lists: lists.collect(),
            stretches: vec![Vec::new(); plan.sources.len()],
            payload_bytes: 0,
            room,
        }
    }

    /// Copies all that is wanted, for as long as it `goes_on`.
    pub(super) fn copy_into(
        mut self,
        copy: &mut Copy,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<(), Abandoned> {
        let plan = self.plan;
        for (place, run) in plan.runs.iter().enumerate() {
            go_on(goes_on)?;
            let blocks = self.blocks_of(run)?;
            for block in blocks.iter().filter(|block| block.end() > run.due_until) {
                if !self.has_room_for(block) {
                    self.lay_down(copy, goes_on)?;
                }
                self.add(place, Plan::place_of(run), *block);
            }
        }
        self.lay_down(copy, goes_on)
    }

    fn blocks_of(&self, run: &Run) -> Result<Vec<Block>, Abandoned> {
        let lists = self.lists[Plan::place_of(run)].as_deref();
        if let Some(blocks) = lists.and_then(|lists| self.find(lists, run)) {
            return Ok(blocks);
        }
        let segment = &self.plan.source_of(run).segment;
        let range = Range::new(segment, self.plan.entry_of(run));
        let blocks =
            Reader::new(self.shared, &*self.log_of(run)?, Patience::MayBlock).blocks_of(&range);
        let blocks = blocks.map_err(|error| self.shared.not_copied(segment, error))?;
        Ok(blocks.to_vec())
    }

    fn find(&self, lists: &[u8], run: &Run) -> Option<Vec<Block>> {
        let entry = self.plan.entry_of(run);
        let list = lists.get(entry.list_position as usize..)?;
        entry.decode_list(list.get(..entry.list_length as usize)?)
    }

    /// A log that has to be looked at, since something is wrong.
    fn log_of(&self, run: &Run) -> Result<Arc<Log>, Abandoned> {
        self.shared.find_remains(run.log).ok_or(Abandoned::GivenUp)
    }

    /// Whether one more block may be held.
    fn has_room_for(&self, block: &Block) -> bool {
        let bytes = self.payload_bytes + block.length as usize;
        let is_within =
            bytes <= self.shared.options.copy_bytes_max && self.room.pieces.len() < BLOCKS_MAX;
        is_within || self.room.pieces.is_empty()
    }

    /// Names a block of a run, which comes behind those that were named before.
    fn add(&mut self, run: usize, source: usize, block: Block) {
        let stretch = (block.position / STRETCH_BYTES) as usize;
        let of_source = &mut self.stretches[source];
        if of_source.len() <= stretch {
            of_source.resize(stretch + 1, Vec::new());
        }
        of_source[stretch].push(self.room.pieces.len() as u32);
        self.room.pieces.push(Piece {
            run: run as u32,
            place: self.payload_bytes as u32,
            block,
        });
        self.payload_bytes += block.length as usize;
    }

    /// Writes what was gathered into the copy, and forgets it.
    fn lay_down(&mut self, copy: &mut Copy, goes_on: &dyn Fn() -> bool) -> Result<(), Abandoned> {
        self.read(goes_on)?;
        for (entries, payload) in self.frames(FRAME_BYTES) {
            go_on(goes_on)?;
            copy.write_frame(entries, payload)?;
        }
        self.room.pieces.clear();
        self.payload_bytes = 0;
        Ok(())
    }

    /// Reads the blocks, front to back.
    fn read(&mut self, goes_on: &dyn Fn() -> bool) -> Result<(), Abandoned> {
        self.room.payload.resize(self.payload_bytes, 0);
        let mut stretches = std::mem::take(&mut self.stretches);
        for (source, stretches) in self.plan.sources.iter().zip(&mut stretches) {
            for places in stretches.iter_mut().filter(|places| !places.is_empty()) {
                go_on(goes_on)?;
                let start = self.read_stretch(&source.segment, places).ok();
                for place in places.drain(..) {
                    self.take(&source.segment, start, place as usize)?;
                }
            }
        }
        self.stretches = stretches;
        Ok(())
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
        source: &Segment,
        stretch: Option<u32>,
        place: usize,
    ) -> Result<(), Abandoned> {
        let piece = &self.room.pieces[place];
        let (block, length) = (&piece.block, piece.block.length as usize);
        let there = &mut self.room.payload[piece.place as usize..][..length];
        let found =
            stretch.map(|start| &self.room.stretch[(block.position - start) as usize..][..length]);
        if let Some(bytes) = found.filter(|bytes| crc32c(bytes) == block.crc) {
            there.copy_from_slice(bytes);
            return Ok(());
        }
        let (run, block) = (&self.plan.runs[piece.run as usize], *block);
        let log = self.log_of(run)?;
        let alone = Reader::new(self.shared, &log, Patience::MayBlock).bytes_of(source, &block);
        let alone = alone.map_err(|error| self.shared.not_copied(source, error))?;
        let there = self.room.pieces[place].place as usize;
        self.room.payload[there..][..length].copy_from_slice(&alone);
        Ok(())
    }

    /// The blocks that were read, in the order in which they were named, in stretches of about so many bytes.
    fn frames(&self, bytes: usize) -> impl Iterator<Item = (Vec<Entry>, &[u8])> {
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
        let (run, block) = (&self.plan.runs[piece.run as usize], piece.block);
        let control = { run.control }.filter(|at| *at >= block.first && *at < block.end());
        Entry::Records {
            log: run.log,
            block,
            control: control.map(|at| (at.0 - block.first.0) as u32),
        }
    }
}

fn go_on(goes_on: &dyn Fn() -> bool) -> Result<(), Abandoned> {
    goes_on().then_some(()).ok_or(Abandoned::GivenUp)
}

/// The lists of a footer, if they can be read and are no longer than `bytes_max`.
fn read_lists(source: &Source, bytes_max: usize) -> Option<Vec<u8>> {
    let ends = { source.directory.entries.iter() }
        .map(|entry| u64::from(entry.list_position) + u64::from(entry.list_length));
    let end = ends.max().filter(|end| *end <= bytes_max as u64)?;
    let mut bytes = vec![0; end as usize];
    let start = u64::from(source.directory.image_start);
    source.segment.file.read_exact_at(&mut bytes, start).ok()?;
    Some(bytes)
}
