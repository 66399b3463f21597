//! What to copy out of segments: the live runs of every log at the time of planning.
//!
//! Copying by a plan needs no access to logs. Its runs are sorted by log and offset.

use crate::format::footer::{Directory, DirectoryEntry};
use crate::format::segment::Segment;
use crate::read::index::Log;
use crate::space::grace::Grace;
use crate::state::logs::Logs;
use millstream_env::Monotonic;
use millstream_store::store::{LogId, Offset};
use std::sync::Arc;

/// Divisor: the frame headers of a copy take at most this fraction of its bytes.
const FRAMES_SHARE: u64 = 8192;
/// Size of a copy apart from its frames and its index.
const FIXED_BYTES: u64 = 8192;

/// What is to be copied.
pub(crate) struct Plan {
    pub(crate) sources: Vec<Source>,
    pub(crate) runs: Vec<Run>,
}

/// A segment to rewrite. Its footer is on the disk.
pub(crate) struct Source {
    pub(crate) segment: Arc<Segment>,
    pub(crate) directory: Arc<Directory>,
}

/// A run with live data.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) log: LogId,
    /// The index of its segment among the sources, and its own in the directory there.
    source: u32,
    entry: u32,
    /// Blocks that end before this are dead.
    pub(crate) due_until: Offset,
    /// The log's first control record.
    pub(crate) control: Option<Offset>,
}

impl Plan {
    /// The live data of these segments now.
    pub(crate) fn new(
        logs: &Logs,
        segments: Vec<Arc<Segment>>,
        now: Monotonic,
        grace: Grace,
    ) -> Self {
        let sources = segments.into_iter().filter_map(Source::of);
        let mut plan = Self {
            sources: sources.collect(),
            runs: Vec::new(),
        };
        for (place, source) in plan.sources.iter().enumerate() {
            for (entry, run) in source.directory.entries.iter().enumerate() {
                let (log, places) = (logs.find_remains(run.log), (place as u32, entry as u32));
                let wanted = log.and_then(|log| source.wanted(&log, run, places, now, grace));
                plan.runs.extend(wanted);
            }
        }
        if let [_, _, ..] = *plan.sources {
            let mut runs = std::mem::take(&mut plan.runs);
            runs.sort_by_key(|run| (run.log, plan.entry_of(run).first));
            plan.runs = runs;
        }
        plan
    }

    /// Approximate size of the copy.
    pub(crate) fn copy_bytes(&self) -> u64 {
        let of_run = |run: &Run| {
            let entry = self.entry_of(run);
            entry.bytes_from(run.due_until) + entry.index_bytes()
        };
        let bytes: u64 = self.runs.iter().map(of_run).sum();
        // The header's page, the frames' headers, the footer's head and trailer.
        bytes + bytes / FRAMES_SHARE + FIXED_BYTES
    }

    /// The index of a run's segment among the sources.
    pub(crate) fn place_of(run: &Run) -> usize {
        run.source as usize
    }

    pub(crate) fn source_of(&self, run: &Run) -> &Source {
        &self.sources[run.source as usize]
    }

    /// A run's entry in its segment's directory.
    pub(crate) fn entry_of(&self, run: &Run) -> &DirectoryEntry {
        &self.source_of(run).directory.entries[run.entry as usize]
    }
}

impl Source {
    fn of(segment: Arc<Segment>) -> Option<Self> {
        let directory = segment.directory()?;
        Some(Self { segment, directory })
    }

    fn wanted(
        &self,
        log: &Log,
        run: &DirectoryEntry,
        (source, entry): (u32, u32),
        now: Monotonic,
        grace: Grace,
    ) -> Option<Run> {
        log.with(|state| {
            let range = state.range_at(self.segment.number, run.first)?;
            let is_wanted = state.due_bytes(range, now, grace) < range.bytes;
            is_wanted.then(|| Run {
                log: log.id,
                source,
                entry,
                due_until: state.due_until(grace),
                control: state.first_control(),
            })
        })
    }
}
