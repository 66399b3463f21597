//! A MANIFEST made from the files themselves, where the one there was is lost.
//!
//! A segment's header has its number and its salt, its frames and its footer say which records and
//! which changes it holds. Three things are in the MANIFEST alone: the settings of logs whose
//! creation was freed, how far such a log was trimmed, and how far a log reached whose last segment
//! is gone. The first takes the default, the second is where the log's records begin, and the third
//! cannot be known.

use crate::format::footer::Directory;
use crate::format::frame::Entry;
use crate::format::manifest::{LogEntry, Manifest, SegmentEntry};
use crate::format::segment::{HEAD_BYTES, Previous, Segment, SegmentHeader, segment_name};
use crate::inspect::accounted::Accounted;
use crate::open_error::OpenError;
use crate::options::Options;
use crate::recover::listed::{Listed, read_footer, read_trailer};
use crate::recover::tail::Frames;
use crate::state::home::Home;
use millstream_env::OpenMode;
use millstream_store::store::{LogId, Offset};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A MANIFEST made from the files, and what could not be taken up in it.
#[derive(Default)]
pub(crate) struct Rebuilt {
    pub(crate) manifest: Manifest,
    /// Segments whose header does not hold: without it nobody knows what their frames are.
    pub(crate) unknown: Vec<String>,
}

/// A segment by its own word.
struct Own {
    entry: SegmentEntry,
    directory: Directory,
    /// What its header says of the one before it.
    previous: Previous,
    /// Where its last frame ends, and that frame's checksum.
    last: (u32, u32),
}

impl Rebuilt {
    /// Reads all segments of a directory.
    /// `older` is a MANIFEST that holds, and that an earlier time has left.
    pub(crate) fn of(
        home: &Home,
        accounted: &Accounted,
        older: Option<&Manifest>,
    ) -> Result<Self, OpenError> {
        let mut rebuilt = Self::default();
        let mut found = Vec::new();
        let listed = older.map_or(&[][..], |older| &older.segments);
        for number in &accounted.segments {
            let listed = listed.iter().find(|entry| entry.number == *number);
            match Own::read(home, *number, listed)? {
                Read::Own(own) => found.push(own),
                Read::Unused => {}
                Read::Unknown => rebuilt.unknown.push(segment_name(*number)),
            }
        }
        for number in foreign(&found) {
            found.retain(|own| own.entry.number != number);
            rebuilt.unknown.push(segment_name(number));
        }
        let newest = accounted.numbers.iter().max();
        let taken_over = taken_over(&found);
        let manifest = &mut rebuilt.manifest;
        manifest.generation = older.map_or(0, |older| older.generation);
        manifest.next_number = newest.map_or(1, |newest| newest + 1);
        manifest.logs = logs(&found, &taken_over, older);
        let kept = found
            .iter()
            .filter(|own| !taken_over.contains(&own.entry.number));
        manifest.segments = kept.map(|own| own.entry).collect();
        Ok(rebuilt)
    }
}

enum Read {
    Own(Own),
    Unused,
    Unknown,
}

impl Own {
    fn read(home: &Home, number: u64, listed: Option<&SegmentEntry>) -> Result<Read, OpenError> {
        let path = home.join(segment_name(number));
        let file = home.disk().open(&path, OpenMode::Read);
        let file = file.map_err(OpenError::reading)?;
        let length = file.length().map_err(OpenError::reading)?;
        let mut head = vec![0; length.min(HEAD_BYTES as u64) as usize];
        file.read_exact_at(&mut head, 0)
            .map_err(OpenError::reading)?;
        if head.iter().all(|byte| *byte == 0) {
            return Ok(Read::Unused);
        }
        let header = SegmentHeader::decode(&head).filter(|header| header.number == number);
        let previous = header.map_or(Previous::default(), |header| header.previous);
        let mut entry = match (listed, header) {
            (Some(entry), _) => *entry,
            (None, Some(header)) => SegmentEntry {
                number,
                salt: header.salt,
                is_sorted: false,
                replaces: 0,
                capacity_bytes: length,
            },
            (None, None) => return Ok(Read::Unknown),
        };
        let segment = Arc::new(Segment::new(&entry, file));
        if let Some(directory) = read_footer(&segment)? {
            // An ordinary segment follows another, or creates the first logs.
            let is_copy = previous.number == 0 && directory.changes.is_empty();
            entry.is_sorted = listed.map_or(is_copy, |entry| entry.is_sorted);
            let trailer = read_trailer(&segment)?;
            let last = trailer.map(|(trailer, _)| (trailer.frames_end, trailer.last_frame_crc));
            return Ok(Read::Own(Self {
                entry,
                directory,
                previous,
                last: last.unwrap_or_default(),
            }));
        }
        let listed = Listed::read(segment)?;
        let frames = Frames::of_sealed(&listed, None).map_err(OpenError::reading)?;
        let tail = Options::default().classify(&frames.evidence);
        let index = frames.index(&tail);
        let directory = Directory {
            entries: index.directory(),
            changes: index.changes,
            image_start: 0,
        };
        Ok(Read::Own(Self {
            entry,
            directory,
            previous,
            last: (tail.end, tail.last_crc),
        }))
    }
}

/// Segments that were begun after another than the one that is here under that number.
fn foreign(found: &[Own]) -> Vec<u64> {
    let contradicts = |own: &&Own| {
        let before = found
            .iter()
            .find(|before| before.entry.number == own.previous.number);
        let said = (own.previous.end, own.previous.crc);
        // Where both ends differ it is another file; one alone may be damaged.
        before.is_some_and(|before| before.last.0 != said.0 && before.last.1 != said.1)
    };
    let foreign = found.iter().filter(contradicts);
    foreign.map(|own| own.entry.number).collect()
}

/// The segments all of whose records later copies hold: a crash came before they were removed.
fn taken_over(found: &[Own]) -> BTreeSet<u64> {
    let mut copies: BTreeMap<LogId, Vec<(u64, Offset, Offset)>> = BTreeMap::new();
    for own in found.iter().filter(|own| own.entry.is_sorted) {
        for run in &own.directory.entries {
            let runs = copies.entry(run.log).or_default();
            runs.push((own.entry.number, run.first, run.end));
        }
    }
    for runs in copies.values_mut() {
        runs.sort_unstable_by_key(|(_, first, _)| *first);
    }
    let is_in_copy = |number: u64, log: LogId, first: Offset, end: Offset| {
        let runs = copies.get(&log).into_iter().flatten();
        let mut reached = first;
        for (_, from, to) in runs.filter(|(copy, ..)| *copy > number) {
            if *from > reached {
                break;
            }
            reached = reached.max(*to);
        }
        reached >= end
    };
    let is_taken_over = |own: &&Own| {
        let mut runs = own.directory.entries.iter();
        let number = own.entry.number;
        !own.directory.entries.is_empty()
            && runs.all(|run| is_in_copy(number, run.log, run.first, run.end))
    };
    let taken_over = found.iter().filter(is_taken_over);
    taken_over.map(|own| own.entry.number).collect()
}

/// The logs that the segments tell of. What kept segments say of them is replayed over this.
fn logs(found: &[Own], taken_over: &BTreeSet<u64>, older: Option<&Manifest>) -> Vec<LogEntry> {
    let known = older.into_iter().flat_map(|older| &older.logs);
    let known = known.map(|entry| (entry.log, *entry));
    let mut logs: BTreeMap<LogId, LogEntry> = known.collect();
    let mut deleted = BTreeSet::new();
    for own in found {
        for change in &own.directory.changes {
            match *change {
                Entry::Create { log, settings } => {
                    let new = || LogEntry {
                        settings,
                        ..LogEntry::unknown(log)
                    };
                    logs.entry(log).or_insert_with(new);
                    deleted.remove(&log);
                }
                Entry::Delete { log } if taken_over.contains(&own.entry.number) => {
                    deleted.insert(log);
                }
                Entry::Configure { log, settings } => {
                    logs.entry(log).or_insert(LogEntry::unknown(log)).settings = settings;
                }
                Entry::Delete { .. } | Entry::Trim { .. } => {}
                Entry::Records { .. } | Entry::Checkpoint { .. } => {}
            }
        }
    }
    let mut firsts: BTreeMap<LogId, Offset> = BTreeMap::new();
    let kept = found
        .iter()
        .filter(|own| !taken_over.contains(&own.entry.number));
    for run in kept.flat_map(|own| &own.directory.entries) {
        let first = firsts.entry(run.log).or_insert(run.first);
        *first = run.first.min(*first);
    }
    for (log, first) in firsts {
        let entry = logs.entry(log).or_insert(LogEntry::unknown(log));
        entry.first = entry.first.max(first);
        entry.end = entry.end.max(entry.first);
    }
    logs.retain(|log, _| !deleted.contains(log));
    logs.into_values().collect()
}
