//! Rewriting: copies the live data of some segments into a new one, ordered by log, which replaces
//! them.
//!
//! A rewrite executes a [`Plan`] in three steps. The second is the long one and may run at low
//! priority: unless it finds damage, it accesses no log and takes no lock that writers or readers
//! contend for. One MANIFEST replaces the sources by the copy: until it is durable the sources are
//! authoritative, afterwards the copy is. A copy is never replayed. Blocks are validated as they
//! are read ([`ScatterRead`]): damage is never copied, and the damaged segment is kept.

use crate::format::footer::DirectoryEntry;
use crate::format::manifest::SegmentEntry;
use crate::format::segment::{Segment, making_name};
use crate::read::reads::Reads;
use crate::space::abandoned::Abandoned;
use crate::space::clean_plan::{Plan, Source};
use crate::space::copy::Copy;
use crate::space::listing::{Listing, NotListed};
use crate::space::making::SegmentMaker;
use crate::space::reclaim::sync_proofs;
use crate::space::reserve::Reserve;
use crate::space::scatter_read::{self, Room, ScatterRead};
use crate::state::home::Home;
use crate::state::logs::Logs;
use crate::state::segments::Segments;
use millstream_env::{Clock, File, Monotonic, OpenMode};
use millstream_store::store::{LogId, Offset};
use parking_lot::Mutex;
use std::io;
use std::sync::Arc;

/// The rewriter.
pub(crate) struct Rewriter {
    clock: Arc<dyn Clock>,
    copy_bytes_max: usize,
    home: Arc<Home>,
    listing: Arc<Listing>,
    logs: Arc<Logs>,
    maker: Arc<SegmentMaker>,
    reads: Arc<Reads>,
    reserve: Arc<Reserve>,
    segments: Arc<Segments>,
    /// Buffers for copying, kept until the next minute's pass.
    room: Mutex<Room>,
}

/// A rewriter's dependencies.
pub(crate) struct Uses {
    pub(crate) home: Arc<Home>,
    pub(crate) listing: Arc<Listing>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) maker: Arc<SegmentMaker>,
    pub(crate) reads: Arc<Reads>,
    pub(crate) reserve: Arc<Reserve>,
    pub(crate) segments: Arc<Segments>,
}

/// A rewrite in progress.
pub(crate) struct Rewrite {
    plan: Plan,
    entry: SegmentEntry,
    file: Arc<dyn File>,
    created_ms: u64,
    room: Room,
}

/// A complete and durable copy that is not listed yet.
pub(crate) struct Copied {
    segment: Arc<Segment>,
    runs: Vec<DirectoryEntry>,
}

impl Rewriter {
    pub(crate) fn new(clock: Arc<dyn Clock>, copy_bytes_max: usize, uses: Uses) -> Self {
        let Uses {
            home,
            listing,
            logs,
            maker,
            reads,
            reserve,
            segments,
        } = uses;
        Self {
            clock,
            copy_bytes_max,
            home,
            listing,
            logs,
            maker,
            reads,
            reserve,
            segments,
            room: Mutex::default(),
        }
    }

    /// Frees the buffers for copying.
    pub(crate) fn drop_room(&self) {
        drop(std::mem::take(&mut *self.room.lock()));
    }

    /// The first step: creates a file for the live data of the sources.
    pub(crate) fn begin(&self, plan: Plan) -> io::Result<Rewrite> {
        let sources = plan.sources.iter();
        let first = sources.map(|source| source.segment.number).min();
        let entry = SegmentEntry {
            is_sorted: true,
            replaces: first.unwrap_or_default(),
            ..self.segments.name(0)
        };
        self.listing.settle()?;
        let path = self.home.join(making_name(entry.number));
        let make = || self.home.disk().open(&path, OpenMode::CreateNew);
        let reserve = &self.reserve;
        let file = reserve.with_descriptors(|| reserve.make_name(make))?;
        Ok(Rewrite {
            plan,
            entry,
            file,
            created_ms: self.clock.now().0,
            room: std::mem::take(&mut self.room.lock()),
        })
    }

    /// The last step: replaces the sources by the copy, while no other upkeep runs. Returns the
    /// copy's size.
    pub(crate) fn put_in_place(
        &self,
        rewrite: Rewrite,
        copied: Result<Copied, Abandoned>,
        now: Monotonic,
    ) -> Result<u64, Abandoned> {
        *self.room.lock() = rewrite.room;
        let path = self.home.join(making_name(rewrite.entry.number));
        let copied = copied.and_then(|copied| {
            let are_there = self.are_live(&rewrite.plan);
            let copied = are_there.then_some(copied).ok_or(Abandoned::GivenUp)?;
            let named = copied.segment.path(self.home.directory());
            self.reserve
                .make_name(|| self.home.disk().rename(&path, &named))?;
            Ok(copied)
        });
        let number = rewrite.entry.number;
        // Not listed yet: it can be removed at once.
        let copied = copied.inspect_err(|_| self.listing.remove_segment(number));
        let Copied { segment, runs } = copied?;
        let sources = rewrite.plan.sources;
        let gone = sources.iter().map(|source| &source.segment);
        let synced = sync_proofs(gone).and_then(|()| self.home.sync());
        let listed = synced.map_err(NotListed::Before).and_then(|()| {
            self.listing.change_segments(|segments| {
                for source in &sources {
                    segments.remove(&source.segment.number);
                }
                segments.insert(number, segment.clone());
            })
        });
        listed.map_err(|not| self.listing.not_listed(number, not))?;
        self.move_ranges(&sources, &segment, &runs, now);
        let discarded = sources.iter().map(|source| &source.segment);
        discarded.for_each(|source| self.maker.discard(source));
        self.home.sync()?;
        Ok(segment.file_bytes())
    }

    /// Whether no source has been freed or rewritten since the plan was made.
    fn are_live(&self, plan: &Plan) -> bool {
        let mut sources = plan.sources.iter();
        sources.all(|source| self.segments.contains(source.segment.number))
    }

    /// Replaces the runs of the sources by those of the copy.
    fn move_ranges(
        &self,
        sources: &[Source],
        segment: &Arc<Segment>,
        copies: &[DirectoryEntry],
        now: Monotonic,
    ) {
        let mut replaced: Vec<(LogId, Offset, u64)> = Vec::new();
        for source in sources {
            let runs = source.directory.entries.iter();
            replaced.extend(runs.map(|run| (run.log, run.first, source.segment.number)));
        }
        self.logs.move_ranges(replaced, segment, copies, now);
    }
}

impl Rewrite {
    /// Allocates all the space that the copy needs, from the reserve if there is no other.
    pub(crate) fn allocate(&self, reserve: &Reserve) -> io::Result<()> {
        reserve.allocate_copy(&*self.file, self.plan.copy_bytes())
    }

    /// The second step: copies log by log. It polls `goes_on` and stops when that returns `false`.
    pub(crate) fn copy(
        &mut self,
        rewriter: &Rewriter,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Copied, Abandoned> {
        if !goes_on() {
            return Err(Abandoned::GivenUp);
        }
        let mut copy = Copy::begin(self.entry, self.file.clone(), self.created_ms)?;
        let world = scatter_read::Uses {
            copy_bytes_max: rewriter.copy_bytes_max,
            logs: &rewriter.logs,
            reads: &rewriter.reads,
            segments: &rewriter.segments,
        };
        ScatterRead::new(world, &self.plan, &mut self.room).copy_into(&mut copy, goes_on)?;
        let (segment, runs) = copy.finish()?;
        Ok(Copied { segment, runs })
    }
}
