//! Reading: finds a log's blocks, takes their bytes from memory or checks them from the disk.
//!
//! Every call comes in two shapes: one that gives up where it would need the disk, for the caller's
//! own thread, and one that may block.

use super::buffers::Buffers;
use super::cache::WINDOW_BYTES;
use super::footer::DirectoryEntry;
use super::frame::Block;
use super::index::{Hole, Log, Place, Range};
use super::planted::PlantedBug;
use super::segment::Segment;
use super::shared::Shared;
use crate::budget::Budget;
use crate::checksum::crc32c;
use crate::store::{LogId, Offset, ReadError, ReadLimit, Run, Slice};
use bytes::Bytes;
use env::Timestamp;
use std::io;
use std::sync::Arc;

/// Whether a call may wait for the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Give up instead.
    MemoryOnly,
    /// It runs where blocking is fine.
    MayBlock,
}

/// Why a read stopped.
enum Stop {
    /// The disk is needed and the caller is in a hurry.
    NeedsDisk,
    Failed(ReadError),
}

impl Stop {
    fn into_error(self) -> ReadError {
        match self {
            Self::NeedsDisk => ReadError::Io("the disk is needed".to_owned()),
            Self::Failed(error) => error,
        }
    }
}

/// A read under way.
pub(super) struct Reader<'a> {
    shared: &'a Shared,
    log: &'a Log,
    patience: Patience,
}

impl<'a> Reader<'a> {
    pub(super) fn new(shared: &'a Shared, log: &'a Log, patience: Patience) -> Self {
        Self {
            shared,
            log,
            patience,
        }
    }

    /// Reads on from an offset; `None` if that needs the disk and may not wait for it.
    pub(super) fn read(&self, from: Offset, limit: ReadLimit) -> Option<Result<Slice, ReadError>> {
        let first = self.log.state.lock().first;
        let mut slice = Slice {
            runs: Vec::new(),
            next: from.max(first),
            end: Offset(0),
        };
        let mut budget = Budget::new(limit);
        let stop = self.fill(&mut slice, &mut budget, limit).err();
        slice.end = self.log.state.lock().end.max(slice.next);
        match stop {
            // What was found before the trouble is good; the next read will meet it.
            Some(_) if !slice.runs.is_empty() => Some(Ok(slice)),
            Some(Stop::NeedsDisk) => None,
            Some(Stop::Failed(error)) => Some(Err(error)),
            None => Some(Ok(slice)),
        }
    }

    fn fill(&self, slice: &mut Slice, budget: &mut Budget, limit: ReadLimit) -> Result<(), Stop> {
        while !budget.is_spent() {
            let place = self
                .log
                .state
                .lock()
                .place(slice.next, u64::from(limit.records));
            match place {
                Place::End => return Ok(()),
                Place::Lost(hole) => return Err(self.lost(&hole)),
                Place::Open(segment, blocks) => self.take(slice, budget, &segment, &blocks)?,
                Place::Sealed(range) => {
                    let blocks = self.blocks(&range)?;
                    let start = blocks.partition_point(|block| block.end() <= slice.next);
                    self.take(slice, budget, &range.segment, &blocks[start..])?;
                }
            }
        }
        Ok(())
    }

    /// Takes runs from blocks as far as the budget goes.
    fn take(
        &self,
        slice: &mut Slice,
        budget: &mut Budget,
        segment: &Segment,
        blocks: &[Block],
    ) -> Result<(), Stop> {
        let mut span = Span::default();
        for (at, block) in blocks.iter().enumerate() {
            let whole = if segment.is_sorted {
                self.span_bytes(&mut span, segment, &blocks[at..], budget)?
            } else {
                self.bytes(segment, block)?
            };
            let run = Run {
                first: block.first,
                count: block.count,
                arrival: block.arrival,
                bytes: whole.clone(),
            };
            let Some(part) = budget.take(&run, slice.next) else {
                if budget.is_spent() {
                    return Ok(());
                }
                let position = u64::from(block.position);
                return Err(self.damaged(segment, position, "records are missing in a block"));
            };
            slice.next = part.first.plus(u64::from(part.count));
            slice.runs.push(part);
            if budget.is_spent() {
                if slice.next < block.end() && is_large(block) {
                    self.keep(segment, block, whole);
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// The first kept offset that arrived at or after `time`; `None` as in [`Reader::read`].
    pub(super) fn offset_at(&self, time: Timestamp) -> Option<Result<Offset, ReadError>> {
        let (place, bounds) = {
            let state = self.log.state.lock();
            (state.place_at(time), state.bounds())
        };
        let found = match place {
            Place::End => Ok(bounds.end),
            Place::Open(_, blocks) => Ok(blocks.first().map_or(bounds.end, |block| block.first)),
            Place::Lost(hole) => Err(self.lost(&hole)),
            Place::Sealed(range) if range.first_arrival >= time => Ok(range.first),
            Place::Sealed(range) => self.blocks(&range).map(|blocks| {
                let at = blocks.partition_point(|block| block.arrival < time);
                blocks.get(at).map_or(range.end, |block| block.first)
            }),
        };
        match found {
            Ok(offset) => Some(Ok(offset.max(bounds.first))),
            Err(Stop::NeedsDisk) => None,
            Err(Stop::Failed(error)) => Some(Err(error)),
        }
    }

    /// The blocks of a run, for copying.
    pub(super) fn blocks_of(&self, range: &Range) -> Result<Arc<Vec<Block>>, ReadError> {
        self.blocks(range).map_err(Stop::into_error)
    }

    /// The bytes of a block as the disk has them, for copying.
    pub(super) fn bytes_of(&self, segment: &Segment, block: &Block) -> Result<Bytes, ReadError> {
        self.bytes_alone(segment, block).map_err(Stop::into_error)
    }

    /// The blocks of a run of a sealed segment.
    fn blocks(&self, range: &Range) -> Result<Arc<Vec<Block>>, Stop> {
        let (id, segment) = (self.log.id, &range.segment);
        let key = (segment.number, id, range.first);
        if let Some(blocks) = self.shared.cache.list(key) {
            return Ok(blocks);
        }
        let (resident, directory) = {
            let sealed = segment.sealed.lock();
            (sealed.resident.clone(), sealed.directory.clone())
        };
        let blocks = match (resident, directory) {
            (Some(index), _) => index.run(id, range.first).map(<[Block]>::to_vec),
            (None, Some(directory)) => {
                self.need_disk()?;
                let entry = directory.find(id, range.first);
                entry.and_then(|entry| read_list(segment, directory.image_start, entry))
            }
            (None, None) => None,
        };
        let blocks = Arc::new(match blocks {
            Some(blocks) => blocks,
            None => self.rebuild(range)?,
        });
        self.shared.cache.keep_list(key, blocks.clone());
        Ok(blocks)
    }

    /// The footer is damaged: the frames say the same, at the price of reading them all.
    fn rebuild(&self, range: &Range) -> Result<Vec<Block>, Stop> {
        self.need_disk()?;
        let segment = &range.segment;
        tracing::warn!(
            file = segment.name,
            "the footer is damaged; using the frames"
        );
        let index = super::scan::index_of(segment).map_err(|error| self.io(&error))?;
        let run = index.run(self.log.id, range.first).map(<[Block]>::to_vec);
        let at = range
            .segment
            .file_bytes
            .load(std::sync::atomic::Ordering::Relaxed);
        run.ok_or_else(|| self.damaged(segment, at, "the footer and a frame are damaged"))
    }

    /// The bytes of the first of these blocks of a segment that is ordered by log: what the caller
    /// will want next stands behind it, and is read with it.
    fn span_bytes(
        &self,
        span: &mut Span,
        segment: &Segment,
        blocks: &[Block],
        budget: &Budget,
    ) -> Result<Bytes, Stop> {
        let block = &blocks[0];
        if let Some(bytes) = span.cut(block) {
            return Ok(bytes);
        }
        if let Some(bytes) = self.shared.cache.piece(segment.number, block.position) {
            return Ok(bytes);
        }
        self.need_disk()?;
        if let Some(read) = Span::read(&self.shared.cache.buffers, segment, blocks, budget) {
            *span = read;
            if let Some(bytes) = span.cut(block) {
                // A reader that takes a little at a time comes back to the last block.
                if let Some((last, bytes)) = span.last_of(blocks) {
                    self.shared.cache.keep_piece(segment.number, last, bytes);
                }
                return Ok(bytes);
            }
        }
        self.bytes_alone(segment, block)
    }

    /// The bytes of a block.
    fn bytes(&self, segment: &Segment, block: &Block) -> Result<Bytes, Stop> {
        if let Some(bytes) = self.shared.cache.recent(segment.number, block) {
            return Ok(bytes);
        }
        if is_large(block) {
            return self.large_bytes(segment, block);
        }
        let start = u64::from(block.position);
        let (window, last) = (
            start / WINDOW_BYTES,
            (block.position_end() - 1) / WINDOW_BYTES,
        );
        if window == last
            && let Some(bytes) = self.shared.cache.window(segment.number, window)
            && let Some(bytes) = cut(&bytes, start - window * WINDOW_BYTES, block)
        {
            return Ok(bytes);
        }
        self.need_disk()?;
        // A window can fail where the block does not: beyond a bad sector, or in a file that a footer
        // has just ended.
        if window == last
            && let Ok(bytes) = self.read_window(segment, window)
        {
            self.shared
                .cache
                .keep_window(segment.number, window, bytes.clone());
            if let Some(bytes) = cut(&bytes, start - window * WINDOW_BYTES, block) {
                return Ok(bytes);
            }
        }
        self.bytes_alone(segment, block)
    }

    /// The bytes of a block that fills much of a window: by itself, or a reader of one log would
    /// read the others' large blocks with its own, or its own twice.
    fn large_bytes(&self, segment: &Segment, block: &Block) -> Result<Bytes, Stop> {
        if let Some(bytes) = self.shared.cache.piece(segment.number, block.position) {
            return Ok(bytes);
        }
        self.need_disk()?;
        self.bytes_alone(segment, block)
    }

    /// Keeps a large block whose reader will be back for the rest of it.
    fn keep(&self, segment: &Segment, block: &Block, bytes: Bytes) {
        let cache = &self.shared.cache;
        if !segment.is_sorted && cache.recent(segment.number, block).is_none() {
            cache.keep_block(segment.number, block.position, bytes);
        }
    }

    fn read_window(&self, segment: &Segment, window: u64) -> io::Result<Bytes> {
        let start = window * WINDOW_BYTES;
        let left = segment.file.length()?.saturating_sub(start);
        let read = |bytes: &mut [u8]| segment.file.read_exact_at(bytes, start);
        let length = left.min(WINDOW_BYTES) as usize;
        self.shared.cache.buffers.fill(length, read)
    }

    fn bytes_alone(&self, segment: &Segment, block: &Block) -> Result<Bytes, Stop> {
        let position = u64::from(block.position);
        let read = |bytes: &mut [u8]| segment.file.read_exact_at(bytes, position);
        let bytes = self.shared.cache.buffers.fill(block.length as usize, read);
        match bytes {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.damaged(segment, position, "the file ends too early"))
            }
            Err(error) => Err(self.io(&error)),
            Ok(bytes) if crc32c(&bytes) == block.crc => Ok(bytes),
            Ok(bytes) if self.shared.options.has(PlantedBug::IgnoreChecksum) => Ok(bytes),
            Ok(_) => Err(self.damaged(segment, position, "a block's checksum does not hold")),
        }
    }

    fn need_disk(&self) -> Result<(), Stop> {
        match self.patience {
            Patience::MemoryOnly => Err(Stop::NeedsDisk),
            Patience::MayBlock => Ok(()),
        }
    }

    fn lost(&self, hole: &Hole) -> Stop {
        Stop::Failed(hole.error(self.log.id))
    }

    fn io(&self, error: &io::Error) -> Stop {
        Stop::Failed(ReadError::Io(error.to_string()))
    }

    fn damaged(&self, segment: &Segment, position: u64, what: &'static str) -> Stop {
        let (log, file): (LogId, String) = (self.log.id, segment.name.clone());
        tracing::error!(%log, file, position, what, "damage");
        Stop::Failed(ReadError::Damaged {
            log,
            file,
            position,
            what,
        })
    }
}

/// Bytes of a sorted segment, read at once.
#[derive(Default)]
struct Span {
    start: u64,
    bytes: Bytes,
}

impl Span {
    /// Reads the first of these blocks, with those that follow it without a gap and are within the
    /// budget; `None` if the disk does not give them.
    fn read(
        buffers: &Buffers,
        segment: &Segment,
        blocks: &[Block],
        budget: &Budget,
    ) -> Option<Self> {
        let pieces = blocks
            .iter()
            .map(|block| (u64::from(block.count), u64::from(block.length)));
        let wanted = &blocks[..budget.pieces(pieces)];
        let start = u64::from(wanted[0].position);
        let mut end = wanted[0].position_end();
        for block in &wanted[1..] {
            if u64::from(block.position) != end || block.position_end() - start > WINDOW_BYTES {
                break;
            }
            end = block.position_end();
        }
        let read = |bytes: &mut [u8]| segment.file.read_exact_at(bytes, start);
        let bytes = buffers.fill((end - start) as usize, read).ok()?;
        Some(Self { start, bytes })
    }

    /// The block's bytes, if they are here and whole.
    fn cut(&self, block: &Block) -> Option<Bytes> {
        let start = u64::from(block.position).checked_sub(self.start)?;
        cut(&self.bytes, start, block)
    }

    /// The last of these blocks that is here and whole, and where it stands.
    fn last_of(&self, blocks: &[Block]) -> Option<(u32, Bytes)> {
        let end = self.start + self.bytes.len() as u64;
        let here = blocks.partition_point(|block| block.position_end() <= end);
        let last = &blocks[here.checked_sub(1)?];
        Some((last.position, self.cut(last)?))
    }
}

/// Whether a block fills much of a window.
fn is_large(block: &Block) -> bool {
    u64::from(block.length) > WINDOW_BYTES / 4
}

/// The block's bytes out of a window, if they are there and whole. A window of the open segment may
/// have been read before the block was written.
fn cut(window: &Bytes, start: u64, block: &Block) -> Option<Bytes> {
    let start = start as usize;
    let end = start + block.length as usize;
    let bytes = (end <= window.len()).then(|| window.slice(start..end))?;
    (crc32c(&bytes) == block.crc).then_some(bytes)
}

fn read_list(segment: &Segment, image_start: u32, entry: &DirectoryEntry) -> Option<Vec<Block>> {
    let mut list = vec![0; entry.list_length as usize];
    let position = u64::from(image_start) + u64::from(entry.list_position);
    segment.file.read_exact_at(&mut list, position).ok()?;
    entry.decode_list(&list)
}
