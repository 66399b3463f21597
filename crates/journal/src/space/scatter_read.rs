//! Scatter reads for copying: blocks are requested log by log, read from their files front to back,
//! and placed in memory in request order.
//!
//! Files are read in stretches, since each contains blocks of many logs. A block is read
//! individually only if its stretch failed or its checksum is invalid, which gives a precise error.
//! Memory is bounded.

use crate::format::frame::Block;
use crate::format::segment::Segment;
use crate::read::index::{Log, Range};
use crate::read::reader::{Patience, Reader};
use crate::read::reads::Reads;
use crate::space::abandoned::Abandoned;
use crate::space::clean_plan::{Plan, Run, Source};
use crate::space::copy::Copy;
use crate::state::logs::Logs;
use crate::state::segments::Segments;
use millstream_store::checksum::crc32c;
use millstream_store::store::ReadError;
use std::io;
use std::sync::Arc;

/// Maximum number of blocks held at a time.
const BLOCKS_MAX: usize = 256 * 1024;
/// Maximum bytes of block lists held at a time, for all sources.
const LISTS_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Length of a stretch: it holds the blocks that begin within it.
const STRETCH_BYTES: u32 = 1024 * 1024;
/// Approximate size of the frames that blocks are copied in.
const FRAME_BYTES: usize = 1024 * 1024;

/// What a scatter read uses.
pub(crate) struct Uses<'a> {
    pub(crate) copy_bytes_max: usize,
    pub(crate) logs: &'a Logs,
    pub(crate) reads: &'a Reads,
    pub(crate) segments: &'a Segments,
}

/// Requested blocks, and, once they are read, their bytes.
pub(crate) struct ScatterRead<'a> {
    uses: Uses<'a>,
    plan: &'a Plan,
    /// The block lists of each source's footer, unless too long.
    lists: Vec<Option<Vec<u8>>>,
    payload_bytes: usize,
    room: &'a mut Room,
}

/// Memory that scatter reads fill, used again and again: fresh memory is handed over page by page.
#[derive(Default)]
pub(crate) struct Room {
    pieces: Vec<Piece>,
    /// The stretches of each source.
    stretches: Vec<Vec<Stretch>>,
    payload: Vec<u8>,
    stretch: Vec<u8>,
}

/// A requested block.
struct Piece {
    /// The index of its run in the plan.
    run: u32,
    /// Its position in `payload`.
    place: u32,
    block: Block,
}

/// The blocks wanted from a stretch of a file.
#[derive(Default)]
struct Stretch {
    /// The range to read.
    start: u32,
    end: u64,
    wanted: Vec<Wanted>,
}

/// What is needed to place a block. Duplicated here, contiguous for the stretch: the pieces
/// themselves are too many for any cache (265 cycles per block with this, 440 before; `perf`,
/// 2026-11).
#[derive(Clone, Copy)]
struct Wanted {
    position: u32,
    length: u32,
    crc: u32,
    /// Its position in `payload`.
    place: u32,
}

impl Stretch {
    fn add(&mut self, block: &Block, place: u32) {
        if self.wanted.is_empty() {
            (self.start, self.end) = (block.position, block.position_end());
        }
        self.start = self.start.min(block.position);
        self.end = self.end.max(block.position_end());
        self.wanted.push(Wanted {
            position: block.position,
            length: block.length,
            crc: block.crc,
            place,
        });
    }
}

impl Room {
    /// Forgets all pieces. Their bytes will be overwritten.
    fn clear(&mut self) {
        self.pieces.clear();
        let stretches = self.stretches.iter_mut().flatten();
        stretches.for_each(|stretch| stretch.wanted.clear());
    }
}

impl<'a> ScatterRead<'a> {
    /// Nothing yet.
    pub(crate) fn new(uses: Uses<'a>, plan: &'a Plan, room: &'a mut Room) -> Self {
        let mut left = LISTS_BYTES_MAX;
        let lists = plan.sources.iter().map(|source| {
            let lists = read_lists(source, left)?;
            left -= lists.len();
            Some(lists)
        });
        let lists = lists.collect();
        // An abandoned copy may have left some.
        room.clear();
        room.stretches.resize_with(plan.sources.len(), Vec::new);
        Self {
            uses,
            plan,
            lists,
            payload_bytes: 0,
            room,
        }
    }

    /// Copies everything that is wanted, for as long as `goes_on` returns true.
    pub(crate) fn copy_into(
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
        let log = self.log_of(run)?;
        let blocks = Reader::new(self.uses.reads, &log, Patience::MayBlock).blocks_of(&range);
        blocks.map_err(|error| self.give_up(segment, error))
    }

    fn find(&self, lists: &[u8], run: &Run) -> Option<Vec<Block>> {
        let entry = self.plan.entry_of(run);
        let list = lists.get(entry.list_position as usize..)?;
        entry.decode_list(list.get(..entry.list_length as usize)?)
    }

    /// The log of a run, looked up only after an error.
    fn log_of(&self, run: &Run) -> Result<Arc<Log>, Abandoned> {
        let log = self.uses.logs.find_remains(run.log);
        log.ok_or(Abandoned::GivenUp)
    }

    /// Records damage: its segment is not tried again.
    fn give_up(&self, segment: &Segment, error: ReadError) -> Abandoned {
        if matches!(error, ReadError::Damaged { .. }) {
            self.uses.segments.note_uncopyable(segment.number);
        }
        Abandoned::Failed(io::Error::other(error))
    }

    /// Whether one more block may be held.
    fn has_room_for(&self, block: &Block) -> bool {
        let bytes = self.payload_bytes + block.length as usize;
        let is_within = bytes <= self.uses.copy_bytes_max && self.room.pieces.len() < BLOCKS_MAX;
        is_within || self.room.pieces.is_empty()
    }

    /// Requests a block of a run, after those requested before.
    fn add(&mut self, run: usize, source: usize, block: Block) {
        let stretch = (block.position / STRETCH_BYTES) as usize;
        let of_source = &mut self.room.stretches[source];
        if of_source.len() <= stretch {
            of_source.resize_with(stretch + 1, Stretch::default);
        }
        let place = self.payload_bytes as u32;
        of_source[stretch].add(&block, place);
        self.room.pieces.push(Piece {
            run: run as u32,
            place,
            block,
        });
        self.payload_bytes += block.length as usize;
    }

    /// Writes what was gathered into the copy, and forgets it.
    fn lay_down(&mut self, copy: &mut Copy, goes_on: &dyn Fn() -> bool) -> Result<(), Abandoned> {
        self.read(goes_on)?;
        for (pieces, payload) in self.frames(FRAME_BYTES) {
            go_on(goes_on)?;
            let blocks = pieces.iter().map(|piece| {
                let run = &self.plan.runs[piece.run as usize];
                (run.log, &piece.block, run.control)
            });
            copy.write_frame(blocks, payload)?;
        }
        self.room.clear();
        self.payload_bytes = 0;
        Ok(())
    }

    /// Reads the blocks, front to back.
    fn read(&mut self, goes_on: &dyn Fn() -> bool) -> Result<(), Abandoned> {
        make_room(&mut self.room.payload, self.payload_bytes);
        let mut stretches = std::mem::take(&mut self.room.stretches);
        for (source, stretches) in self.plan.sources.iter().zip(&mut stretches) {
            let stretches = stretches.iter().filter(|one| !one.wanted.is_empty());
            for stretch in stretches {
                go_on(goes_on)?;
                let is_read = self.read_stretch(&source.segment, stretch).is_ok();
                for wanted in &stretch.wanted {
                    if !(is_read && self.take(stretch, wanted)) {
                        self.take_alone(&source.segment, wanted)?;
                    }
                }
            }
        }
        self.room.stretches = stretches;
        Ok(())
    }

    fn read_stretch(&mut self, source: &Segment, stretch: &Stretch) -> io::Result<()> {
        let start = u64::from(stretch.start);
        let length = (stretch.end - start) as usize;
        make_room(&mut self.room.stretch, length);
        let bytes = &mut self.room.stretch[..length];
        source.file.read_exact_at(bytes, start)
    }

    /// Places a block unless its checksum is invalid.
    fn take(&mut self, stretch: &Stretch, wanted: &Wanted) -> bool {
        let start = (wanted.position - stretch.start) as usize;
        let bytes = &self.room.stretch[start..][..wanted.length as usize];
        let is_whole = crc32c(bytes) == wanted.crc;
        if is_whole {
            self.room.payload[wanted.place as usize..][..bytes.len()].copy_from_slice(bytes);
        }
        is_whole
    }

    /// Reads a block individually, for a precise error.
    fn take_alone(&mut self, source: &Segment, wanted: &Wanted) -> Result<(), Abandoned> {
        let pieces = &self.room.pieces;
        // An empty piece has the same position as the next one.
        let first = pieces.partition_point(|piece| piece.place < wanted.place);
        let is_it = |piece: &&Piece| piece.block.position == wanted.position;
        let piece = pieces[first..].iter().find(is_it);
        let piece = piece.expect("what is wanted of a stretch is a piece");
        let log = self.log_of(&self.plan.runs[piece.run as usize])?;
        let reader = Reader::new(self.uses.reads, &log, Patience::MayBlock);
        let alone = reader.bytes_of(source, &piece.block);
        let alone = alone.map_err(|error| self.give_up(source, error))?;
        self.room.payload[wanted.place as usize..][..alone.len()].copy_from_slice(&alone);
        Ok(())
    }

    /// The blocks read, in request order, in chunks of about this many bytes.
    fn frames(&self, bytes: usize) -> impl Iterator<Item = (&[Piece], &[u8])> {
        let mut rest = self.room.pieces.as_slice();
        std::iter::from_fn(move || {
            let start = rest.first()?.place as usize;
            let is_within = |piece: &Piece| (piece.place as usize) < start + bytes;
            let (frame, later) = rest.split_at(rest.partition_point(is_within));
            rest = later;
            let end = later
                .first()
                .map_or(self.payload_bytes, |next| next.place as usize);
            Some((frame, &self.room.payload[start..end]))
        })
    }
}

/// Grows a buffer to at least this length. It never shrinks, so that only growth is zeroed.
fn make_room(buffer: &mut Vec<u8>, bytes: usize) {
    if buffer.len() < bytes {
        buffer.resize(bytes, 0);
    }
}

fn go_on(goes_on: &dyn Fn() -> bool) -> Result<(), Abandoned> {
    goes_on().then_some(()).ok_or(Abandoned::GivenUp)
}

/// The lists of a footer, if they are readable and no longer than `bytes_max`.
fn read_lists(source: &Source, bytes_max: usize) -> Option<Vec<u8>> {
    let ends = { source.directory.entries.iter() }
        .map(|entry| u64::from(entry.list_position) + u64::from(entry.list_length));
    let end = ends.max().filter(|end| *end <= bytes_max as u64)?;
    let mut bytes = vec![0; end as usize];
    let start = u64::from(source.directory.image_start);
    source.segment.file.read_exact_at(&mut bytes, start).ok()?;
    Some(bytes)
}
