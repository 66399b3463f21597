//! The verification of one segment: all of its frames, and what its index says of them.

use crate::format::footer::{Directory, DirectoryEntry};
use crate::format::frame::{Block, Entry};
use crate::format::segment::{FRAMES_START, Segment};
use crate::format::segment_index::SegmentIndex;
use crate::inspect::finding::{Extent, Finding, Records, Visitor, What};
use crate::open_error::OpenError;
use crate::read::reader::read_list;
use crate::read::scan::{Found, Walker, walk};
use crate::recover::classify::Tail;
use crate::recover::listed::read_trailer;
use crate::state::logs::Logs;
use millstream_store::batch::RecordIter;
use millstream_store::checksum::crc32c;
use millstream_store::store::{LogId, Offset};
use rustc_hash::FxHashMap;
use std::io;

/// What a segment is checked against.
pub(crate) struct Expected<'a> {
    pub(crate) logs: &'a Logs,
    /// Its footer's directory, if it has a footer.
    pub(crate) directory: Option<&'a Directory>,
    /// The classification of its tail, if it has none.
    pub(crate) tail: Option<&'a Tail>,
}

/// The runs of a log in a segment without a footer.
pub(crate) type Runs = Vec<(LogId, Vec<Block>)>;

/// A segment being verified.
struct Verification<'a> {
    segment: &'a Segment,
    logs: &'a Logs,
    visitor: &'a mut dyn Visitor,
    /// Where frames end that count.
    end: u32,
    /// Where damage is known of already, by the classification of the tail.
    told: &'a [u32],
    /// Where the last frame ended.
    reached: u32,
    last_crc: u32,
    /// Blocks in frames, whose checksum holds.
    intact: FxHashMap<u32, (LogId, Block)>,
    is_damaged: bool,
}

/// What a verification found.
pub(crate) struct Verified {
    /// Whether anything is damaged.
    pub(crate) is_damaged: bool,
    /// Intact records.
    pub(crate) records: u64,
}

/// Verifies a segment. `open` has the blocks of one that has no index yet.
pub(crate) fn verify(
    segment: &Segment,
    expected: &Expected<'_>,
    open: &Runs,
    visitor: &mut dyn Visitor,
) -> Result<Verified, OpenError> {
    let end = match (expected.directory, expected.tail) {
        (Some(directory), _) => directory.image_start,
        (None, Some(tail)) => tail.end.max(tail.durable_end),
        (None, None) => FRAMES_START,
    };
    let mut verification = Verification {
        segment,
        logs: expected.logs,
        visitor,
        end,
        told: expected.tail.map_or(&[], |tail| &tail.damage),
        reached: FRAMES_START,
        last_crc: 0,
        intact: FxHashMap::default(),
        is_damaged: !expected.tail.is_none_or(|tail| tail.damage.is_empty()),
    };
    verification.frames().map_err(OpenError::reading)?;
    let mut records = 0;
    match expected.directory {
        Some(directory) => {
            verification.trailer()?;
            for entry in &directory.entries {
                records += verification.listed(directory, entry);
            }
        }
        None => {
            let (resident, _) = segment.index();
            if let Some(index) = resident {
                for entry in index.directory() {
                    let run = index.run(entry.log, entry.first).unwrap_or_default();
                    records += verification.blocks(entry.log, run);
                }
            }
            for (log, blocks) in open {
                records += verification.blocks(*log, blocks);
            }
        }
    }
    if let Some(tail) = expected.tail {
        let bytes = u64::from(tail.dropped_end.saturating_sub(tail.end));
        if bytes > 0 {
            let note = verification.at(tail.end, What::TornTail { bytes });
            verification.visitor.finding(note);
        }
    }
    Ok(Verified {
        is_damaged: verification.is_damaged,
        records,
    })
}

impl Walker for Verification<'_> {
    fn payload(&mut self, entry: &Entry, payload: Option<(&[u8], u32)>) {
        match *entry {
            Entry::Records { log, block, .. } => {
                let Some((bytes, found)) = payload else {
                    return;
                };
                if found == block.crc {
                    self.intact.insert(block.position, (log, block));
                    self.content(log, &block, bytes);
                }
            }
            Entry::Checkpoint { position, crc, .. } => {
                let found = payload.map(|(_, found)| found);
                if let Some(found) = found.filter(|found| *found != crc)
                    && position < self.end
                {
                    let what = What::Checksum {
                        of: "a checkpoint",
                        expected: crc,
                        found,
                    };
                    self.damage(position, what, None);
                }
            }
            Entry::Create { .. } | Entry::Delete { .. } => {}
            Entry::Trim { .. } | Entry::Configure { .. } => {}
        }
    }

    fn frame(&mut self, frame: Found, unreadable: Option<u32>) {
        if let Some(from) = unreadable {
            self.no_frame(from, frame.header.position);
        }
        let bytes = frame.header.end() - self.reached;
        self.visitor.advance(u64::from(bytes));
        self.reached = frame.header.end();
        self.last_crc = frame.crc;
    }
}

impl Verification<'_> {
    /// Reads all frames that count.
    fn frames(&mut self) -> io::Result<()> {
        let (segment, end) = (self.segment, self.end);
        walk(segment, FRAMES_START, u64::from(end), self)?;
        if self.reached < end {
            let from = self.reached;
            self.no_frame(from, end);
            self.visitor.advance(u64::from(end - from));
        }
        Ok(())
    }

    /// Bytes that should be frames.
    fn no_frame(&mut self, from: u32, to: u32) {
        if !self.told.contains(&from) {
            let bytes = u64::from(to - from);
            self.damage(from, What::NoFrame { bytes }, None);
        }
    }

    /// Whether the trailer says of the last frame what it is.
    fn trailer(&mut self) -> Result<(), OpenError> {
        let trailer = read_trailer(self.segment)?;
        if let Some((trailer, position)) = trailer
            && self.reached == trailer.frames_end
            && self.last_crc != trailer.last_frame_crc
        {
            let what = What::Footer("the footer tells of another last frame");
            self.damage(position as u32, what, None);
        }
        Ok(())
    }

    /// Compares a run that the footer lists with the frames; returns how many of its records are
    /// intact.
    fn listed(&mut self, directory: &Directory, entry: &DirectoryEntry) -> u64 {
        let segment = self.segment;
        if let Some(blocks) = read_list(segment, directory.image_start, entry) {
            return self.blocks(entry.log, &blocks);
        }
        let position = directory.image_start.saturating_add(entry.list_position);
        let what = What::Footer("a list of blocks in the footer does not hold");
        self.damage(position, what, None);
        let mut found: Vec<Block> = { self.intact.values() }
            .filter(|(log, block)| {
                *log == entry.log && (entry.first..entry.end).contains(&block.first)
            })
            .map(|(_, block)| *block)
            .collect();
        found.sort_unstable_by_key(|block| block.first);
        let reached = { found.iter() }.try_fold(entry.first, |reached, block| {
            (block.first == reached).then(|| block.end())
        });
        if reached != Some(entry.end) {
            let what = What::Lost("the footer and a frame are damaged");
            let extent = self.extent(entry.log, entry.first, entry.end, None);
            self.damage(position, what, Some(extent));
        }
        found.iter().map(|block| u64::from(block.count)).sum()
    }

    /// Compares the blocks of a run with the frames; returns how many of their records are intact.
    fn blocks(&mut self, log: LogId, blocks: &[Block]) -> u64 {
        let (mut records, mut reached) = (0, None);
        for block in blocks {
            if reached.is_some_and(|arrival| arrival > block.arrival) {
                let what = What::Records("records arrived before those that precede them");
                let extent = self.extent(log, block.first, block.end(), Some(block));
                self.damage(block.position, what, Some(extent));
            }
            reached = Some(block.arrival);
            if block.is_given_up() {
                let extent = self.extent(log, block.first, block.end(), Some(block));
                let mut note = self.at(block.position, What::GivenUp);
                note.concerns = Some(extent);
                self.visitor.finding(note);
            } else if self.is_intact(log, block) {
                records += u64::from(block.count);
            }
        }
        records
    }

    fn is_intact(&mut self, log: LogId, block: &Block) -> bool {
        let known = self.intact.get(&block.position);
        if known.is_some_and(|(found, known)| (*found, known) == (log, block)) {
            return true;
        }
        // No frame has it: a reader finds it by its index all the same.
        let what = match read_block(self.segment, block) {
            Ok(bytes) => {
                let found = crc32c(&bytes);
                if found == block.crc {
                    self.content(log, block, &bytes);
                    return true;
                }
                What::Checksum {
                    of: "a block of records",
                    expected: block.crc,
                    found,
                }
            }
            Err(error) => What::Unreadable(error.to_string()),
        };
        let extent = self.extent(log, block.first, block.end(), Some(block));
        self.damage(block.position, what, Some(extent));
        false
    }

    /// Judges intact records.
    fn content(&mut self, log: LogId, block: &Block, bytes: &[u8]) {
        let framed: usize = RecordIter::new(bytes)
            .map(|(_, record)| record.len() + 4)
            .sum();
        let count = RecordIter::new(bytes).count();
        let wrong = if block.is_given_up() {
            None
        } else if (count, framed) != (block.count as usize, bytes.len()) {
            Some("a block does not hold as many records as it says")
        } else {
            self.visitor.records(&Records {
                log,
                first: block.first,
                bytes,
            })
        };
        if let Some(what) = wrong {
            let extent = self.extent(log, block.first, block.end(), Some(block));
            self.damage(block.position, What::Records(what), Some(extent));
        }
    }

    fn extent(&self, log: LogId, first: Offset, end: Offset, block: Option<&Block>) -> Extent {
        let found = self.logs.find(log);
        let is_hidden = found.is_none_or(|log| log.with(|state| end <= state.first));
        Extent {
            log,
            first,
            end: Some(end),
            arrival: block.map(|block| block.arrival),
            is_hidden,
        }
    }

    fn at(&self, position: u32, what: What) -> Finding {
        Finding {
            file: self.segment.name.clone(),
            position: Some(u64::from(position)),
            what,
            concerns: None,
        }
    }

    fn damage(&mut self, position: u32, what: What, concerns: Option<Extent>) {
        self.is_damaged = true;
        let finding = Finding {
            concerns,
            ..self.at(position, what)
        };
        self.visitor.finding(finding);
    }
}

/// The bytes of a block.
pub(crate) fn read_block(segment: &Segment, block: &Block) -> io::Result<Vec<u8>> {
    let length = segment.file.length()?;
    if block.position_end() > length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut bytes = vec![0; block.length as usize];
    let position = u64::from(block.position);
    segment.file.read_exact_at(&mut bytes, position)?;
    Ok(bytes)
}

/// The runs that an index tells of.
pub(crate) fn runs_of(index: &SegmentIndex) -> Runs {
    let runs = index.directory().into_iter().map(|entry| {
        let run = index.run(entry.log, entry.first).unwrap_or_default();
        (entry.log, run.to_vec())
    });
    runs.collect()
}
