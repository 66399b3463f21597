//! What a repair does: which segments it writes anew, and which records are lost by then.
//!
//! A segment in which anything is damaged is written anew, with the blocks whose checksums hold. So
//! is one without a footer: it may end in what was not synced. All others stay as they are. What no
//! block holds is given up: it keeps its offsets, so that no number is given to two records, and
//! readers go on behind it. Where nobody knows how many records there were, as many offsets are
//! given up as the lost bytes could have held.

use crate::format::frame::{Block, Entry};
use crate::format::manifest::LogEntry;
use crate::format::segment::{FRAMES_START, Segment, segment_name};
use crate::inspect::coverage::{Coverage, Gap, Interval};
use crate::inspect::finding::{Finding, InspectionSize, Records, Severity, Visitor};
use crate::inspect::inspection::Inspection;
use crate::inspect::verify::{Runs, read_block, runs_of};
use crate::open_error::OpenError;
use crate::read::reader::read_list;
use crate::read::scan::{Found, Walker, walk};
use bytes::Bytes;
use millstream_env::Timestamp;
use millstream_store::batch::{Batch, Kind, RECORD_OVERHEAD_BYTES, RecordIter};
use millstream_store::checksum::crc32c;
use millstream_store::store::{LogId, LogSettings, Offset};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Records that a repair gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Their log.
    pub log: LogId,
    /// The first of them.
    pub first: Offset,
    /// One past the last.
    pub end: Offset,
    /// Whether so many records were lost, or at most so many.
    pub is_exact: bool,
}

/// What a repair of a journal does.
pub struct Plan {
    /// The segments that are written anew.
    pub(crate) rewritten: BTreeSet<u64>,
    pub(crate) losses: Vec<(LogId, Gap)>,
    /// All logs, as they are afterwards.
    pub(crate) logs: Vec<LogEntry>,
    /// Records that are added.
    pub(crate) added: Vec<(LogId, Block, Bytes)>,
    coverage: Coverage,
    /// Logs whose control records are given up.
    pub(crate) unsealed: BTreeSet<LogId>,
    /// The first control record of each log that has one.
    controls: BTreeMap<LogId, Offset>,
    /// Where the number of lost records is not known.
    inexact: BTreeSet<(LogId, Offset)>,
    /// Files that are moved aside, by name.
    pub(crate) aside: Vec<String>,
    /// Whether anything is damaged at all.
    pub(crate) is_needed: bool,
}

/// What else a repair changes, by the word of whoever knows what the logs are for.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Logs that are sealed, and where: their ends are known by that.
    pub sealed: Vec<(LogId, Offset)>,
    /// Logs that are open again: their control records are given up.
    pub unsealed: Vec<LogId>,
    /// Logs to make, and where each begins.
    pub made: Vec<(LogId, LogSettings, Offset)>,
    /// Records to append.
    pub appended: Vec<(LogId, Batch)>,
}

/// A visitor that sees what findings there are and tells another.
struct Counting<'a> {
    inner: &'a mut dyn Visitor,
    damage: u64,
}

impl Visitor for Counting<'_> {
    fn begin(&mut self, size: InspectionSize) {
        self.inner.begin(size);
    }

    fn advance(&mut self, bytes: u64) {
        self.inner.advance(bytes);
    }

    fn finding(&mut self, finding: Finding) {
        self.damage += u64::from(finding.what.severity() == Severity::Damage);
        self.inner.finding(finding);
    }

    fn records(&mut self, records: &Records<'_>) -> Option<&'static str> {
        self.inner.records(records)
    }
}

impl Plan {
    /// Looks at everything, and plans. The visitor is told what is found.
    pub(crate) fn of(
        inspection: &Inspection,
        visitor: &mut dyn Visitor,
    ) -> Result<Self, OpenError> {
        let mut counting = Counting {
            inner: visitor,
            damage: 0,
        };
        let (_, damaged) = inspection.look(&mut counting)?;
        let is_needed = counting.damage > 0;
        let unfinished = inspection.tails.keys().copied();
        let rewritten: BTreeSet<u64> = damaged.into_iter().chain(unfinished).collect();
        let mut plan = Self {
            rewritten,
            losses: Vec::new(),
            logs: Vec::new(),
            added: Vec::new(),
            coverage: Coverage::default(),
            unsealed: BTreeSet::new(),
            controls: BTreeMap::new(),
            inexact: BTreeSet::new(),
            aside: Vec::new(),
            is_needed,
        };
        plan.cover(inspection)?;
        plan.place_logs(inspection);
        plan.aside = plan.set_aside(inspection);
        Ok(plan)
    }

    /// Whether anything is to be repaired.
    pub fn is_needed(&self) -> bool {
        self.is_needed
    }

    /// The records that are given up, by log and offset.
    pub fn losses(&self) -> impl Iterator<Item = Loss> {
        self.losses.iter().map(|(log, gap)| Loss {
            log: *log,
            first: gap.first,
            end: gap.end,
            is_exact: !self.inexact.contains(&(*log, gap.first)),
        })
    }

    /// The files that are moved aside, by name.
    pub fn moved_aside(&self) -> &[String] {
        &self.aside
    }

    /// Finds out what can be read of each log.
    fn cover(&mut self, inspection: &Inspection) -> Result<(), OpenError> {
        let segments = inspection.journal.segments.all();
        let mut coverage = Coverage::default();
        let mut controls = BTreeMap::new();
        for segment in segments.values() {
            if self.rewritten.contains(&segment.number) {
                for (log, block) in self.good_blocks(inspection, segment)? {
                    coverage.add(log, interval(&block));
                }
            } else if let Some(directory) = segment.directory() {
                for run in &directory.entries {
                    let interval = Interval {
                        first: run.first,
                        end: run.end,
                        first_arrival: run.first_arrival,
                        last_arrival: run.last_arrival,
                    };
                    coverage.add(run.log, interval);
                    note_control(&mut controls, run.log, run.control);
                }
            }
        }
        (self.coverage, self.controls) = (coverage, controls);
        Ok(())
    }

    /// Plans other changes, too.
    pub(crate) fn heed(
        &mut self,
        inspection: &Inspection,
        changes: Changes,
        now: Timestamp,
    ) -> Result<(), OpenError> {
        if !changes.unsealed.is_empty() {
            self.unsealed.extend(changes.unsealed);
            let segments = inspection.journal.segments.all();
            let holds_control = segments.values().filter(|segment| {
                segment.directory().is_some_and(|directory| {
                    let mut runs = directory.entries.iter();
                    runs.any(|run| run.control.is_some() && self.unsealed.contains(&run.log))
                })
            });
            let numbers = holds_control.map(|segment| segment.number);
            self.rewritten.extend(numbers);
            self.cover(inspection)?;
            self.aside = self.set_aside(inspection);
        }
        self.controls.extend(changes.sealed);
        self.place_logs(inspection);
        for (log, settings, first) in changes.made {
            if self.logs.iter().all(|entry| entry.log != log) {
                self.logs.push(LogEntry {
                    settings,
                    first,
                    end: first,
                    first_control: self.controls.get(&log).copied(),
                    ..LogEntry::unknown(log)
                });
            }
        }
        for (log, batch) in changes.appended {
            self.append(log, &batch, now);
        }
        self.logs.sort_unstable_by_key(|entry| entry.log);
        self.is_needed = true;
        Ok(())
    }

    fn append(&mut self, log: LogId, batch: &Batch, now: Timestamp) {
        if self.logs.iter().all(|entry| entry.log != log) {
            self.logs.push(LogEntry::unknown(log));
        }
        let entries = self.logs.iter_mut().filter(|entry| entry.log == log);
        for entry in entries {
            let arrival = now.max(entry.last_arrival.unwrap_or(now));
            let block = Block {
                first: entry.end,
                count: batch.count(),
                arrival,
                position: 0,
                length: batch.bytes().len() as u32,
                crc: crc32c(batch.bytes()),
            };
            entry.end = block.end();
            entry.last_arrival = Some(arrival);
            self.added.push((log, block, batch.bytes().clone()));
        }
    }

    /// Finds out what is missing of each log, and where it ends.
    fn place_logs(&mut self, inspection: &Inspection) {
        self.losses.clear();
        self.logs.clear();
        self.inexact.clear();
        let (coverage, controls) = (&self.coverage, &self.controls);
        let unknown = inspection.unknown_bytes() / RECORD_OVERHEAD_BYTES as u64;
        for log in inspection.journal.logs.live() {
            let mut entry = log.entry();
            let intervals = coverage.of(log.id);
            let has_unknown_end = log.with(|state| state.lost_tail().is_some());
            if entry.settings == LogSettings::default() && entry.end == Offset(0) {
                // Its creation is lost, and perhaps how far it was trimmed.
                let first = intervals.first().map(|interval| interval.first);
                entry.first = first.unwrap_or_default();
            }
            if let Some(last) = intervals.last() {
                entry.end = entry.end.max(last.end);
                entry.last_arrival = entry.last_arrival.max(Some(last.last_arrival));
            }
            let control = controls.get(&log.id).copied();
            entry.first_control = match (entry.first_control, control) {
                (Some(known), Some(found)) => Some(known.min(found)),
                (known, found) => known.or(found),
            };
            if self.unsealed.contains(&log.id) {
                entry.first_control = None;
            }
            if let Some(control) = entry.first_control {
                entry.end = entry.end.max(control.plus(1));
            }
            let known_end = entry.end;
            if has_unknown_end && entry.first_control.is_none() {
                entry.end = entry.end.plus(unknown.max(1));
            }
            for gap in coverage.gaps(log.id, entry.first, entry.end) {
                if gap.end > known_end {
                    self.inexact.insert((log.id, gap.first));
                }
                self.losses.push((log.id, gap));
            }
            self.logs.push(entry);
        }
    }

    /// The blocks of a segment whose checksums hold, by log and offset: of logs that are not
    /// deleted, from their first kept offset on, without control records that are given up.
    pub(crate) fn good_blocks(
        &self,
        inspection: &Inspection,
        segment: &Arc<Segment>,
    ) -> Result<Vec<(LogId, Block)>, OpenError> {
        let mut found = Gathering::default();
        let until = u64::from(inspection.frames_end(segment));
        walk(segment, FRAMES_START, until, &mut found).map_err(OpenError::reading)?;
        let mut good = found.good;
        for (log, blocks) in indexed(inspection, segment) {
            for block in blocks {
                if !good.contains_key(&(log, block.first)) && holds(segment, &block) {
                    good.insert((log, block.first), block);
                }
            }
        }
        let logs = &inspection.journal.logs;
        let is_wanted = |log: LogId, block: &Block| {
            let is_kept =
                { logs.find(log) }.is_some_and(|log| log.with(|state| block.end() > state.first));
            is_kept && !(self.unsealed.contains(&log) && holds_control(segment, block))
        };
        let good = good.into_iter().map(|((log, _), block)| (log, block));
        Ok(good.filter(|(log, block)| is_wanted(*log, block)).collect())
    }

    /// What is in the way afterwards: segments that are replaced, and those that nobody claims.
    fn set_aside(&self, inspection: &Inspection) -> Vec<String> {
        let segments = inspection.journal.segments.all();
        let replaced = { segments.values() }
            .filter(|segment| self.rewritten.contains(&segment.number))
            .map(|segment| segment.name.clone());
        let strays = inspection.strays.iter().map(|(name, _)| name.clone());
        // What was never used may hold part of a first frame.
        let unused = inspection.unused.iter().map(|number| segment_name(*number));
        let unreadable = inspection.unreadable.iter().map(|(name, _)| name.clone());
        let unreadable = unreadable.chain(inspection.dangling());
        let none = replaced.chain(strays).chain(unused);
        let all: BTreeSet<String> = none.chain(unreadable).collect();
        all.into_iter().collect()
    }
}

fn note_control(controls: &mut BTreeMap<LogId, Offset>, log: LogId, control: Option<Offset>) {
    if let Some(control) = control {
        let first = controls.entry(log).or_insert(control);
        *first = control.min(*first);
    }
}

fn interval(block: &Block) -> Interval {
    Interval {
        first: block.first,
        end: block.end(),
        first_arrival: block.arrival,
        last_arrival: block.arrival,
    }
}

/// Whether a control record is among those of a block.
fn holds_control(segment: &Segment, block: &Block) -> bool {
    let bytes = read_block(segment, block).unwrap_or_default();
    RecordIter::new(&bytes).any(|(kind, _)| kind == Kind::Control)
}

/// Whether a block can be read where its index says that it is.
fn holds(segment: &Segment, block: &Block) -> bool {
    read_block(segment, block).is_ok_and(|bytes| crc32c(&bytes) == block.crc)
}

/// What the index of a segment tells of, as far as that holds.
fn indexed(inspection: &Inspection, segment: &Segment) -> Runs {
    let (resident, directory) = segment.index();
    let mut runs = resident.map_or_else(Vec::new, |index| runs_of(&index));
    if let Some(directory) = directory {
        let listed = directory.entries.iter().filter_map(|entry| {
            let blocks = read_list(segment, directory.image_start, entry)?;
            Some((entry.log, blocks))
        });
        runs.extend(listed);
    }
    runs.extend(inspection.open_runs(segment.number));
    runs
}

/// The blocks of frames whose checksums hold.
#[derive(Default)]
struct Gathering {
    good: BTreeMap<(LogId, Offset), Block>,
}

impl Walker for Gathering {
    fn payload(&mut self, entry: &Entry, payload: Option<(&[u8], u32)>) {
        match *entry {
            Entry::Records { log, block, .. } => {
                if payload.is_some_and(|(_, found)| found == block.crc) {
                    self.good.insert((log, block.first), block);
                }
            }
            Entry::Create { .. } | Entry::Delete { .. } | Entry::Trim { .. } => {}
            Entry::Configure { .. } | Entry::Checkpoint { .. } => {}
        }
    }

    fn frame(&mut self, _: Found, _: Option<u32>) {}
}
