//! The in-memory state of a log: its bounds, and the positions of its blocks.
//!
//! Blocks of the active segment are in that segment's list, of which a log keeps the end of its own
//! chain. Blocks of sealed segments are known as runs, whose lists are in the segments' footers. An
//! idle log costs bytes, not channels.

use crate::format::footer::DirectoryEntry;
use crate::format::frame::{Block, Entry};
use crate::format::manifest::LogEntry;
use crate::format::segment::Segment;
use crate::space::grace::{FREED_AFTER, Grace};
use crate::write::chain::Chain;
use crate::write::compact::Compact;
use millstream_env::{Monotonic, Timestamp};
use millstream_store::store::{Bounds, LogId, LogSettings, Offset, ReadError, TailWatch};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::watch;

/// A log of the journal. The fields that every append changes come first, in one cache line: a call
/// may touch hundreds of logs, none of them cached. `bench/run only shards-batch` measures it.
#[repr(C, align(64))]
pub(crate) struct Log {
    state: Mutex<LogState>,
    pub(crate) id: LogId,
}

/// Size of a cache line.
const LINE_BYTES: usize = 64;
const _: () = assert!(
    std::mem::offset_of!(LogState, settings) + align_of::<LogState>() <= LINE_BYTES,
    "the lock and what comes before the settings"
);

/// The mutable state of a log. Only the writer changes it, and only after the change is durable.
/// The fields that every append needs come first.
#[derive(Default)]
#[repr(C)]
pub(crate) struct LogState {
    pub(crate) end: Offset,
    last_arrival: Compact,
    first_control: Compact,
    /// Blocks in the active segment.
    pub(crate) open: Option<Chain>,
    tail: Option<watch::Sender<Offset>>,
    pub(crate) settings: LogSettings,
    /// Records that recovery found missing, by offset.
    pub(crate) holes: Vec<Hole>,
    pub(crate) first: Offset,
    /// Runs in sealed segments, by offset.
    pub(crate) ranges: Vec<Range>,
    pub(crate) is_deleted: bool,
    /// First kept offsets observed by the keeper within the last hour.
    marks: VecDeque<(Monotonic, Offset)>,
    /// Everything before this has been hidden for an hour.
    settled: Offset,
}

/// A run of a log in a sealed segment.
#[derive(Clone)]
pub(crate) struct Range {
    pub(crate) segment: Arc<Segment>,
    pub(crate) first: Offset,
    pub(crate) end: Offset,
    pub(crate) first_arrival: Timestamp,
    pub(crate) last_arrival: Timestamp,
    pub(crate) bytes: u64,
    /// Since when all of it has been hidden.
    pub(crate) hidden_since: Option<Monotonic>,
}

/// Records that once existed and cannot be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) first: Offset,
    /// `None` if the extent is unknown: the log accepts no more appends.
    pub(crate) end: Option<Offset>,
    pub(crate) file: String,
    pub(crate) position: u64,
    pub(crate) what: &'static str,
}

/// Damage in a file of the journal, as an error of the contract.
pub(crate) fn damaged(log: LogId, file: &str, position: u64, what: &'static str) -> ReadError {
    let at = format!("{file} at byte {position}");
    ReadError::Damaged { log, what, at }
}

/// The location of the record at an offset.
pub(crate) enum Location {
    /// At or past the end.
    End,
    /// In the active segment, if anywhere.
    Open(Chain),
    /// In a run of a sealed segment.
    Sealed(Range),
    /// Lost.
    Lost(Hole),
}

impl Log {
    pub(crate) fn new(id: LogId, settings: LogSettings) -> Self {
        Self {
            id,
            state: Mutex::new(LogState {
                settings,
                ..LogState::default()
            }),
        }
    }

    /// Restores a log from the MANIFEST.
    pub(crate) fn restored(entry: &LogEntry) -> Self {
        let log = Self::new(entry.log, entry.settings);
        log.with(|state| {
            state.first = entry.first;
            state.end = entry.end;
            state.last_arrival = Compact::of(entry.last_arrival.map(|time| time.0));
            state.first_control = Compact::of(entry.first_control.map(|at| at.0));
        });
        log
    }

    /// Looks at what is known of it, or changes it: the writer and recovery alone move its bounds.
    /// Nobody else can meanwhile, so that nothing is to be waited for inside.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut LogState) -> T) -> T {
        look(&mut self.state.lock())
    }

    /// Whether somebody looks at it just now. Asking brings its cache line near.
    pub(crate) fn is_locked(&self) -> bool {
        self.state.is_locked()
    }

    /// The log's entry in the MANIFEST.
    pub(crate) fn entry(&self) -> LogEntry {
        self.with(|state| LogEntry {
            log: self.id,
            settings: state.settings,
            first: state.first,
            end: state.end,
            last_arrival: state.last_arrival(),
            first_control: state.first_control(),
        })
    }
}

impl LogState {
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            first: self.first,
            end: self.end,
            last_arrival: self.last_arrival(),
            first_control: self.first_control(),
        }
    }

    /// The arrival time of the last record ever appended.
    pub(crate) fn last_arrival(&self) -> Option<Timestamp> {
        self.last_arrival.get().map(Timestamp)
    }

    pub(crate) fn first_control(&self) -> Option<Offset> {
        self.first_control.get().map(Offset)
    }

    /// Adopts a durable block of the active segment, and notifies the tail's watchers.
    pub(crate) fn note_block(&mut self, block: &Block, control: Option<u32>) {
        let control = control.map(|at| block.first.plus(u64::from(at)));
        self.note(block.end(), block.arrival, control);
        if let Some(tail) = &self.tail {
            tail.send_replace(self.end);
        }
    }

    /// Adopts the bounds given by a part of the log.
    pub(crate) fn note(&mut self, end: Offset, arrival: Timestamp, control: Option<Offset>) {
        self.end = self.end.max(end);
        if self.last_arrival() < Some(arrival) {
            self.last_arrival = Compact::of(Some(arrival.0));
        }
        if let Some(control) = control {
            let first = self
                .first_control()
                .map_or(control, |known| known.min(control));
            self.first_control = Compact::of(Some(first.0));
        }
    }

    /// Applies a change that concerns this log alone.
    pub(crate) fn change(&mut self, change: &Entry, now: Monotonic) {
        match *change {
            Entry::Trim { before, .. } => {
                self.first = self.first.max(before);
                self.end = self.end.max(before);
            }
            Entry::Configure { settings, .. } => self.settings = settings,
            Entry::Delete { .. } => {
                self.is_deleted = true;
                self.end_tail();
            }
            Entry::Create { .. } | Entry::Records { .. } | Entry::Checkpoint { .. } => {}
        }
        self.hide(now);
    }

    /// Records when runs became completely hidden.
    pub(crate) fn hide(&mut self, now: Monotonic) {
        let (first, is_deleted) = (self.first, self.is_deleted);
        for range in &mut self.ranges {
            if range.end > first && !is_deleted {
                break;
            }
            range.hidden_since.get_or_insert(now);
        }
    }

    /// Samples the first kept offset, to know later what has been hidden for an hour.
    pub(crate) fn mark(&mut self, now: Monotonic) {
        let newest = self.marks.back().map_or(self.settled, |(_, first)| *first);
        if self.first > newest {
            self.marks.push_back((now, self.first));
        }
        while let Some((since, first)) = self.marks.front()
            && now.since(*since) >= FREED_AFTER
        {
            self.settled = *first;
            self.marks.pop_front();
        }
    }

    /// Everything before this may be freed.
    pub(crate) fn due_until(&self, grace: Grace) -> Offset {
        match grace {
            Grace::Hour => self.settled,
            Grace::NoneForDeleted | Grace::None if self.is_deleted => Offset(u64::MAX),
            Grace::NoneForDeleted => Offset(0),
            Grace::None => self.first,
        }
    }

    /// Whether a whole run may be freed.
    pub(crate) fn is_due(&self, range: &Range, now: Monotonic, grace: Grace) -> bool {
        range.hidden_since.is_some_and(|since| match grace {
            Grace::Hour => now.since(since) >= FREED_AFTER,
            Grace::NoneForDeleted => self.is_deleted,
            Grace::None => true,
        })
    }

    /// Approximate bytes of a run that may be freed.
    pub(crate) fn due_bytes(&self, range: &Range, now: Monotonic, grace: Grace) -> u64 {
        if self.is_due(range, now, grace) {
            return range.bytes;
        }
        let count = range.end.0 - range.first.0;
        let until = self.due_until(grace).0;
        let hidden = until.clamp(range.first.0, range.end.0) - range.first.0;
        (u128::from(range.bytes) * u128::from(hidden) / u128::from(count.max(1))) as u64
    }

    /// The run in this segment that begins at `first`.
    pub(crate) fn range_at(&self, segment: u64, first: Offset) -> Option<&Range> {
        self.find_range(segment, first).map(|at| &self.ranges[at])
    }

    fn find_range(&self, segment: u64, first: Offset) -> Option<usize> {
        let at = self.ranges.partition_point(|range| range.first < first);
        let range = self.ranges.get(at)?;
        (range.first == first && range.segment.number == segment).then_some(at)
    }

    /// Replaces copied runs, identified by segment and first offset.
    pub(crate) fn replace_ranges(
        &mut self,
        replaced: impl Iterator<Item = (u64, Offset)>,
        copies: impl Iterator<Item = Range>,
        now: Monotonic,
    ) {
        for (segment, first) in replaced {
            if let Some(at) = self.find_range(segment, first) {
                self.ranges.remove(at);
            }
        }
        copies.for_each(|copy| self.insert_range(copy));
        self.hide(now);
    }

    /// Turns the blocks of the active segment, now sealed, into runs.
    pub(crate) fn seal(&mut self, segment: &Arc<Segment>, runs: &[DirectoryEntry], now: Monotonic) {
        self.open = None;
        self.ranges
            .extend(runs.iter().map(|run| Range::new(segment, run)));
        self.hide(now);
    }

    /// Adds runs found at start, or copied by the cleaner, in any order.
    pub(crate) fn insert_range(&mut self, range: Range) {
        let at = self
            .ranges
            .partition_point(|other| other.first < range.first);
        self.ranges.insert(at, range);
    }

    /// The location of the record at `from`.
    pub(crate) fn location(&self, from: Offset) -> Location {
        if let Some(hole) = self.holes.iter().find(|hole| hole.covers(from)) {
            return Location::Lost(hole.clone());
        }
        if from >= self.end {
            return Location::End;
        }
        let at = self.ranges.partition_point(|range| range.end <= from);
        if let Some(range) = self.ranges.get(at).filter(|range| range.first <= from) {
            return Location::Sealed(range.clone());
        }
        match &self.open {
            Some(open) => Location::Open(open.clone()),
            None => Location::Lost(Hole::unexplained(from)),
        }
    }

    /// The run or block that holds the first record that arrived at or after `time`.
    pub(crate) fn location_at(&self, time: Timestamp) -> Location {
        let at = self
            .ranges
            .partition_point(|range| range.last_arrival < time);
        if let Some(range) = self.ranges.get(at) {
            return Location::Sealed(range.clone());
        }
        self.open.clone().map_or(Location::End, Location::Open)
    }

    /// Kept offsets that no run or block holds, as first and end.
    pub(crate) fn gaps(&self) -> Vec<(Offset, Offset)> {
        let runs = self.ranges.iter().map(|range| (range.first, range.end));
        let blocks = self.open.iter().flat_map(Chain::all);
        let blocks = blocks.map(|block| (block.first, block.end()));
        let mut gaps = Vec::new();
        let mut reached = self.first;
        for (first, end) in runs.chain(blocks).filter(|(_, end)| *end > self.first) {
            if first > reached {
                gaps.push((reached, first));
            }
            reached = reached.max(end);
        }
        if reached < self.end {
            gaps.push((reached, self.end));
        }
        gaps
    }

    /// The damage that prevents appends: a tail of unknown length.
    pub(crate) fn lost_tail(&self) -> Option<&Hole> {
        self.holes.iter().find(|hole| hole.end.is_none())
    }

    pub(crate) fn watch(&mut self) -> TailWatch {
        let end = self.end;
        let tail = self.tail.get_or_insert_with(|| watch::Sender::new(end));
        TailWatch::new(tail.subscribe())
    }

    /// Whether anything of it is still on the disk, or on its way there.
    pub(crate) fn has_blocks(&self) -> bool {
        !(self.ranges.is_empty() && self.open.is_none())
    }

    /// Tells all watchers of the tail that it will not move any more.
    pub(crate) fn end_tail(&mut self) {
        self.tail = None;
    }
}

impl Range {
    pub(crate) fn new(segment: &Arc<Segment>, run: &DirectoryEntry) -> Self {
        Self {
            segment: segment.clone(),
            first: run.first,
            end: run.end,
            first_arrival: run.first_arrival,
            last_arrival: run.last_arrival,
            bytes: run.bytes,
            hidden_since: None,
        }
    }
}

impl Hole {
    fn covers(&self, offset: Offset) -> bool {
        self.first <= offset && self.end.is_none_or(|end| offset < end)
    }

    pub(crate) fn unexplained(first: Offset) -> Self {
        let (file, what) = (String::new(), "records are in no segment");
        Self {
            first,
            end: None,
            file,
            position: 0,
            what,
        }
    }

    pub(crate) fn error(&self, log: LogId) -> ReadError {
        damaged(log, &self.file, self.position, self.what)
    }
}
