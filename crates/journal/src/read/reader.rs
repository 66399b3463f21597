//! Reading: finds a log's blocks, takes their bytes from memory, or reads and verifies them.
//!
//! Every call comes in two forms: a non-blocking one that gives up if it needs the disk, and one
//! that may block.

use crate::format::footer::{Directory, DirectoryEntry};
use crate::format::frame::Block;
use crate::format::long_list::LongList;
use crate::format::segment::Segment;
use crate::read::buffers::LARGE_BYTES;
use crate::read::cache::{ListKey, SPAN_BYTES, WINDOW_BYTES};
use crate::read::holding::{Found, Holding};
use crate::read::index::{Hole, Location, Log, LogState, Range, damaged};
use crate::read::reads::Reads;
use crate::write::chain::TAKEN_MAX;
use bytes::Bytes;
use millstream_env::Timestamp;
use millstream_store::budget::Budget;
use millstream_store::checksum::crc32c;
use millstream_store::store::{LogId, Offset, ReadError, ReadLimit, Run, Slice};
use std::cell::Cell;
use std::io;
use std::slice;
use std::sync::Arc;
use std::vec::IntoIter;

/// Whether a call may wait for the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Do not block: only data in our caches or the page cache is used.
    MemoryOnly,
    /// Blocking is allowed.
    MayBlock,
}

/// Why a read stopped.
enum Stop {
    /// The disk is needed and blocking is not allowed.
    NeedsDisk,
    /// Reading a long block would exceed the memory limit.
    HoldsEnough,
    Failed(ReadError),
}

impl Stop {
    fn into_error(self) -> ReadError {
        match self {
            Self::NeedsDisk | Self::HoldsEnough => ReadError::Io("the disk is needed".to_owned()),
            Self::Failed(error) => error,
        }
    }
}

/// Bytes that a non-blocking call reads from files: bounds the time on the caller's thread, and
/// stays in the L2 cache until the caller uses it.
const OWN_THREAD_BYTES: u64 = SPAN_BYTES;

/// Longer block lists are read in parts.
const WHOLE_LIST_BYTES_MAX: u32 = 32 * 1024;

/// What to look for among the blocks of a run.
#[derive(Clone, Copy)]
enum Sought {
    /// The block that holds an offset.
    Offset(Offset),
    /// The first block that arrived at or after a time.
    Time(Timestamp),
}

impl Sought {
    /// Whether a block precedes the target.
    fn is_behind(self, block: &Block) -> bool {
        match self {
            Self::Offset(offset) => block.end() <= offset,
            Self::Time(time) => block.arrival < time,
        }
    }

    /// Whether these blocks, the first of their run, contain the target.
    fn is_in(self, blocks: &[Block]) -> bool {
        blocks.last().is_some_and(|last| !self.is_behind(last))
    }

    /// The target block and some after it; the last block if it is not there.
    fn first_of(self, run: &[Block]) -> &[Block] {
        let start = run.partition_point(|block| self.is_behind(block));
        let start = start.min(run.len().saturating_sub(1));
        &run[start..run.len().min(start + TAKEN_MAX as usize)]
    }
}

/// A read in progress.
pub(crate) struct Reader<'a> {
    reads: &'a Reads,
    log: &'a Log,
    patience: Patience,
    /// Remaining bytes to read from files if it may not block.
    left: Cell<u64>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(reads: &'a Reads, log: &'a Log, patience: Patience) -> Self {
        Self {
            reads,
            log,
            patience,
            left: Cell::new(OWN_THREAD_BYTES),
        }
    }

    /// Reads forward from an offset; `None` if that needs the disk and may not block.
    pub(crate) fn read(&self, from: Offset, limit: ReadLimit) -> Option<Result<Slice, ReadError>> {
        let first = self.log.with(|state| state.first);
        let mut slice = Slice {
            runs: Vec::new(),
            next: from.max(first),
            end: Offset(0),
            held_bytes: 0,
        };
        let mut budget = Budget::new(limit);
        let mut holding = Holding::within(limit);
        let filled = self.fill(&mut slice, &mut holding, &mut budget, limit);
        slice.held_bytes = holding.settle(&mut slice.runs);
        let stop = filled.err();
        slice.end = self.log.with(|state| state.end).max(slice.next);
        match stop {
            // What was found before the error is valid; the next read will report it. If the extent
            // of the loss is unknown, it counts as one record at least.
            Some(_) if !slice.runs.is_empty() => {
                slice.end = slice.end.max(slice.next.plus(1));
                Some(Ok(slice))
            }
            Some(Stop::NeedsDisk | Stop::HoldsEnough) => None,
            Some(Stop::Failed(error)) => Some(Err(error)),
            None => Some(Ok(slice)),
        }
    }

    fn fill(
        &self,
        slice: &mut Slice,
        holding: &mut Holding,
        budget: &mut Budget,
        limit: ReadLimit,
    ) -> Result<(), Stop> {
        while !budget.is_spent() {
            let from = slice.next;
            let location = self.log.with(|state| state.location(from));
            match location {
                Location::End => return Ok(()),
                Location::Lost(hole) => return Err(self.lost(&hole)),
                Location::Open(open) => {
                    let blocks = open.from(slice.next, u64::from(limit.records));
                    if blocks.is_empty() {
                        return Err(self.lost(&Hole::unexplained(slice.next)));
                    }
                    self.take(slice, holding, budget, (open.segment(), &blocks))?;
                }
                Location::Sealed(range) => {
                    let blocks = self.blocks(&range, Sought::Offset(slice.next))?;
                    let start = blocks.partition_point(|block| block.end() <= slice.next);
                    self.take(slice, holding, budget, (&range.segment, &blocks[start..]))?;
                }
            }
            if slice.next == from && !budget.is_spent() {
                return Err(self.lost(&Hole::unexplained(from)));
            }
        }
        Ok(())
    }

    /// Takes runs from blocks of a segment, within the budget.
    fn take(
        &self,
        slice: &mut Slice,
        holding: &mut Holding,
        budget: &mut Budget,
        (segment, blocks): (&Segment, &[Block]),
    ) -> Result<(), Stop> {
        let (mut span, mut recent) = (Span::default(), Vec::new().into_iter());
        slice.runs.reserve(blocks.len().min(budget.records_left()));
        for (at, block) in blocks.iter().enumerate() {
            if block.is_given_up() {
                slice.next = block.end();
                continue;
            }
            if !holding.has_room_for(block.length as usize) {
                return Err(Stop::HoldsEnough);
            }
            let Found { bytes, memory } = if segment.is_sorted {
                self.span_bytes(&mut span, segment, &blocks[at..], budget)?
            } else {
                self.next_bytes(&mut recent, segment, &blocks[at..], budget)?
            };
            let run = Run {
                first: block.first,
                count: block.count,
                arrival: block.arrival,
                bytes,
            };
            if budget.take_whole(&run, slice.next) {
                slice.next = block.end();
                holding.push(&mut slice.runs, run, memory);
            } else if let Some(part) = budget.cut(&run, slice.next) {
                slice.next = part.first.plus(u64::from(part.count));
                holding.push(&mut slice.runs, part, memory);
                if budget.is_spent() && slice.next < block.end() {
                    self.keep(segment, block, &run.bytes);
                }
            } else if !budget.is_spent() {
                let position = u64::from(block.position);
                return Err(self.damaged(segment, position, "records are missing in a block"));
            }
            if budget.is_spent() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The first kept offset that arrived at or after `time`; `None` as in [`Reader::read`].
    pub(crate) fn offset_at(&self, time: Timestamp) -> Option<Result<Offset, ReadError>> {
        let look = |state: &mut LogState| (state.location_at(time), state.bounds());
        let (location, bounds) = self.log.with(look);
        let found = match location {
            Location::End => Ok(bounds.end),
            Location::Open(open) => Ok(open.at(time).map_or(bounds.end, |block| block.first)),
            Location::Lost(hole) => Err(self.lost(&hole)),
            Location::Sealed(range) if range.first_arrival >= time => Ok(range.first),
            Location::Sealed(range) => self.blocks(&range, Sought::Time(time)).map(|blocks| {
                let at = blocks.partition_point(|block| block.arrival < time);
                let behind = blocks.last().map_or(range.end, Block::end);
                blocks.get(at).map_or(behind, |block| block.first)
            }),
        };
        match found {
            Ok(offset) => Some(Ok(offset.max(bounds.first))),
            Err(Stop::NeedsDisk | Stop::HoldsEnough) => None,
            Err(Stop::Failed(error)) => Some(Err(error)),
        }
    }

    /// All blocks of a run, for copying.
    pub(crate) fn blocks_of(&self, range: &Range) -> Result<Vec<Block>, ReadError> {
        let (id, segment) = (self.log.id, &range.segment);
        let (resident, directory) = segment.index();
        let blocks = match (resident, directory) {
            (Some(index), _) => index.run(id, range.first).map(<[Block]>::to_vec),
            (None, Some(directory)) => {
                let entry = directory.find(id, range.first);
                entry.and_then(|entry| read_list(segment, directory.image_start, entry))
            }
            (None, None) => None,
        };
        let blocks = blocks.map_or_else(|| self.rebuild(range), Ok);
        blocks.map_err(Stop::into_error)
    }

    /// The bytes of a block on disk, for copying.
    pub(crate) fn bytes_of(&self, segment: &Segment, block: &Block) -> Result<Bytes, ReadError> {
        self.bytes_alone(segment, block).map_err(Stop::into_error)
    }

    /// Contiguous blocks of a run of a sealed segment: the target, if the run has it, and some
    /// after it.
    fn blocks(&self, range: &Range, sought: Sought) -> Result<Arc<Vec<Block>>, Stop> {
        let (id, segment) = (self.log.id, &range.segment);
        let key = (segment.number, id, range.first);
        let cached = self.reads.cache().list(key);
        if let Some(blocks) = cached.filter(|blocks| sought.is_in(blocks)) {
            return Ok(blocks);
        }
        let (resident, directory) = segment.index();
        let blocks = match (resident, directory) {
            (Some(index), _) => {
                let run = index.run(id, range.first);
                run.map(|run| Arc::new(sought.first_of(run).to_vec()))
            }
            (None, Some(directory)) => self.listed(range, &directory, key, sought)?,
            (None, None) => None,
        };
        match blocks {
            Some(blocks) => Ok(blocks),
            None => self.rebuilt(range, key, sought),
        }
    }

    /// The same from the segment's footer; `None` if that is damaged.
    fn listed(
        &self,
        range: &Range,
        directory: &Directory,
        key: ListKey,
        sought: Sought,
    ) -> Result<Option<Arc<Vec<Block>>>, Stop> {
        let (cache, segment) = (self.reads.cache(), &range.segment);
        let Some(entry) = directory.find(self.log.id, range.first) else {
            return Ok(None);
        };
        let image_start = directory.image_start;
        if entry.list_length <= WHOLE_LIST_BYTES_MAX {
            self.need_disk()?;
            let blocks = read_list(segment, image_start, entry).map(Arc::new);
            if let Some(blocks) = &blocks {
                cache.keep_list(key, blocks.clone());
            }
            return Ok(blocks);
        }
        let list = match cache.long_list(key) {
            Some(list) => list,
            None => {
                self.need_disk()?;
                let Some(list) = LongList::read(segment, image_start, entry) else {
                    return Ok(None);
                };
                let list = Arc::new(list);
                cache.keep_long_list(key, list.clone());
                list
            }
        };
        let part = match sought {
            Sought::Offset(offset) => list.at(offset),
            Sought::Time(time) => list.at_time(time),
        };
        let Some(first) = list.first(part) else {
            return Ok(None);
        };
        let key = (key.0, key.1, first);
        if let Some(blocks) = cache.list(key) {
            return Ok(Some(blocks));
        }
        self.need_disk()?;
        let blocks = list.read_part(segment, image_start, entry, part);
        let blocks = blocks.map(Arc::new);
        if let Some(blocks) = &blocks {
            cache.keep_list(key, blocks.clone());
        }
        Ok(blocks)
    }

    /// The same from the segment's frames, one reader at a time: each scans the whole segment.
    fn rebuilt(
        &self,
        range: &Range,
        key: ListKey,
        sought: Sought,
    ) -> Result<Arc<Vec<Block>>, Stop> {
        self.need_disk()?;
        self.reads.rebuild_alone(|| {
            let cached = self.reads.cache().list(key);
            if let Some(blocks) = cached.filter(|blocks| sought.is_in(blocks)) {
                return Ok(blocks);
            }
            let blocks = Arc::new(self.rebuild(range)?);
            // Caches all of them, so that the scan is not repeated.
            self.reads.cache().keep_list(key, blocks.clone());
            Ok(blocks)
        })
    }

    /// Rebuilds a damaged footer's list from the frames, at the cost of reading all of them.
    fn rebuild(&self, range: &Range) -> Result<Vec<Block>, Stop> {
        let segment = &range.segment;
        if let Some(kept_back) = self.reads.may_tell_of_damage() {
            let file = &segment.name;
            tracing::warn!(file, kept_back, "the footer is damaged; using the frames");
        }
        let index = crate::read::scan::index_of(segment).map_err(|error| self.io(&error))?;
        let run = index.run(self.log.id, range.first);
        let is_whole = |run: &&[Block]| {
            let ends = run.first().zip(run.last());
            ends.is_some_and(|(first, last)| (first.first, last.end()) == (range.first, range.end))
        };
        let run = run.filter(is_whole).map(<[Block]>::to_vec);
        let at = segment.file_bytes();
        run.ok_or_else(|| self.damaged(segment, at, "the footer and a frame are damaged"))
    }

    /// The bytes of the first of these blocks of a segment ordered by log: the caller's next blocks
    /// follow it, and are read with it.
    fn span_bytes(
        &self,
        span: &mut Span,
        segment: &Segment,
        blocks: &[Block],
        budget: &Budget,
    ) -> Result<Found, Stop> {
        let block = &blocks[0];
        if let Some(found) = span.cut(block) {
            return Ok(found);
        }
        if let Some(found) = self.piece(segment, block) {
            return Ok(found);
        }
        let (start, end) = Span::wanted(blocks, budget);
        match self.read_file(segment, start, (end - start) as usize) {
            Ok(bytes) => *span = Span { start, bytes },
            Err(error) if is_refusal(&error) => return Err(Stop::NeedsDisk),
            // The block may be intact although what follows it is not.
            Err(_) => {}
        }
        match span.cut(block) {
            Some(found) => Ok(found),
            None => self.bytes_alone(segment, block).map(Found::buffer),
        }
    }

    /// The bytes of the first of these blocks of an unordered segment; `recent` has what was found
    /// together with earlier ones.
    fn next_bytes(
        &self,
        recent: &mut IntoIter<Found>,
        segment: &Segment,
        blocks: &[Block],
        budget: &Budget,
    ) -> Result<Found, Stop> {
        if recent.len() == 0 {
            let wanted = &blocks[..blocks.len().min(budget.records_left())];
            *recent = self
                .reads
                .cache()
                .recent(segment.number, wanted)
                .into_iter();
        }
        match recent.next() {
            Some(found) => Ok(found),
            None => self.old_bytes(segment, &blocks[0]),
        }
    }

    /// The bytes of a block that the ring no longer has.
    fn old_bytes(&self, segment: &Segment, block: &Block) -> Result<Found, Stop> {
        if is_large(block) {
            return self.large_bytes(segment, block);
        }
        let start = u64::from(block.position);
        let (window, last) = (
            start / WINDOW_BYTES,
            (block.position_end() - 1) / WINDOW_BYTES,
        );
        let start = start - window * WINDOW_BYTES;
        if window == last
            && let Some(bytes) = self.reads.cache().window(segment.number, window)
            && let Some(found) = cut(&bytes, start, block)
        {
            return Ok(found);
        }
        if window == last
            && let Some(bytes) = self.read_window(segment, window)?
            && let Some(found) = cut(&bytes, start, block)
        {
            return Ok(found);
        }
        self.bytes_alone(segment, block).map(Found::buffer)
    }

    /// The bytes of a block that fills much of a window. Read individually: with windows, a reader
    /// of one log would read others' large blocks, or its own twice.
    fn large_bytes(&self, segment: &Segment, block: &Block) -> Result<Found, Stop> {
        match self.piece(segment, block) {
            Some(found) => Ok(found),
            None => self.bytes_alone(segment, block).map(Found::buffer),
        }
    }

    /// The bytes of a block that was cached individually.
    fn piece(&self, segment: &Segment, block: &Block) -> Option<Found> {
        let bytes = self.reads.cache().piece(segment.number, block.position)?;
        Some(if is_large(block) {
            Found::buffer(bytes)
        } else {
            Found::within(&bytes.clone(), bytes)
        })
    }

    /// Caches a block whose reader will return for the rest of it, unless another cache has it.
    fn keep(&self, segment: &Segment, block: &Block, bytes: &Bytes) {
        let (cache, number) = (self.reads.cache(), segment.number);
        if is_large(block) && cache.recent(number, slice::from_ref(block)).is_empty() {
            cache.keep_block(number, block.position, bytes.clone());
        } else if segment.is_sorted {
            cache.keep_piece(number, block.position, bytes);
        }
    }

    /// Reads a window and caches it. It can fail where the block does not: at a bad sector, or at
    /// the end of a file that a footer has just truncated; returns `None` then.
    fn read_window(&self, segment: &Segment, window: u64) -> Result<Option<Bytes>, Stop> {
        let start = window * WINDOW_BYTES;
        let length = segment.file.length();
        let read = length.and_then(|length| {
            let length = length.saturating_sub(start).min(WINDOW_BYTES);
            self.read_file(segment, start, length as usize)
        });
        match read {
            Ok(bytes) => {
                let cache = self.reads.cache();
                cache.keep_window(segment.number, window, bytes.clone());
                Ok(Some(bytes))
            }
            Err(error) if is_refusal(&error) => Err(Stop::NeedsDisk),
            Err(_) => Ok(None),
        }
    }

    fn bytes_alone(&self, segment: &Segment, block: &Block) -> Result<Bytes, Stop> {
        let position = u64::from(block.position);
        match self.read_file(segment, position, block.length as usize) {
            Err(error) if is_refusal(&error) => Err(Stop::NeedsDisk),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.damaged(segment, position, "the file ends too early"))
            }
            Err(error) => Err(self.io(&error)),
            Ok(bytes) if crc32c(&bytes) == block.crc => Ok(bytes),
            Ok(bytes) if self.reads.ignores_checksums() => Ok(bytes),
            Ok(_) => Err(self.damaged(segment, position, "a block's checksum does not hold")),
        }
    }

    /// Reads from a file, blocking or not. A non-blocking read reports every failure as
    /// `WouldBlock`: the blocking retry reports the cause.
    fn read_file(&self, segment: &Segment, position: u64, length: usize) -> io::Result<Bytes> {
        let cache = self.reads.cache();
        match self.patience {
            Patience::MayBlock => {
                cache.fill(length, |bytes| segment.file.read_exact_at(bytes, position))
            }
            Patience::MemoryOnly => {
                let refused = || io::Error::from(io::ErrorKind::WouldBlock);
                let left = self.left.get();
                if left == 0 || length > LARGE_BYTES {
                    return Err(refused());
                }
                self.left.set(left.saturating_sub(length as u64));
                let read = |bytes: &mut [u8]| segment.file.try_read_exact_at(bytes, position);
                cache.fill(length, read).map_err(|_| refused())
            }
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
        if let Some(kept_back) = self.reads.may_tell_of_damage() {
            tracing::error!(%log, file, position, what, kept_back, "damage");
        }
        Stop::Failed(damaged(log, &file, position, what))
    }
}

/// Bytes of a sorted segment, read at once.
#[derive(Default)]
struct Span {
    start: u64,
    bytes: Bytes,
}

impl Span {
    /// The range to read: the first of these blocks, with contiguous ones after it within the
    /// budget.
    fn wanted(blocks: &[Block], budget: &Budget) -> (u64, u64) {
        let pieces = blocks
            .iter()
            .map(|block| (u64::from(block.count), u64::from(block.length)));
        let wanted = &blocks[..budget.pieces(pieces)];
        let start = u64::from(wanted[0].position);
        let mut end = wanted[0].position_end();
        for block in &wanted[1..] {
            if u64::from(block.position) != end || block.position_end() - start > SPAN_BYTES {
                break;
            }
            end = block.position_end();
        }
        (start, end)
    }

    /// The block's bytes, if they are here and valid.
    fn cut(&self, block: &Block) -> Option<Found> {
        let start = u64::from(block.position).checked_sub(self.start)?;
        cut(&self.bytes, start, block)
    }
}

/// Whether a read was not tried, or would have blocked.
fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Whether a block fills much of a window.
fn is_large(block: &Block) -> bool {
    u64::from(block.length) > WINDOW_BYTES / 4
}

/// The block's bytes from a window, if they are there and valid. A window of the active segment may
/// be older than the block.
fn cut(window: &Bytes, start: u64, block: &Block) -> Option<Found> {
    let start = start as usize;
    let end = start + block.length as usize;
    let bytes = (end <= window.len()).then(|| window.slice(start..end))?;
    (crc32c(&bytes) == block.crc).then(|| Found::in_buffer(window, bytes))
}

/// The blocks of a run, as the footer lists them; `None` if the list does not hold.
pub(crate) fn read_list(
    segment: &Segment,
    image_start: u32,
    entry: &DirectoryEntry,
) -> Option<Vec<Block>> {
    if !entry.is_possible() {
        return None;
    }
    let mut list = vec![0; entry.list_length as usize];
    let position = u64::from(image_start) + u64::from(entry.list_position);
    segment.file.read_exact_at(&mut list, position).ok()?;
    entry.decode_list(&list)
}
