//! Rewriting: what is still wanted of some segments is copied into a new one, ordered by log, which
//! takes their place.
//!
//! There are three steps, after what is wanted was noted ([`Plan`]). The second takes long, and can
//! be done where it keeps nobody waiting: it looks at no log and takes no lock that writers or
//! readers want, unless it meets damage. The copy takes the place of its sources with one MANIFEST;
//! until that is durable the sources are the truth, and after it the copy is, which is never
//! replayed. Blocks are checked as they are read ([`Gathered`]): damage is never copied, its
//! segment stays.

use crate::format::footer::DirectoryEntry;
use crate::format::manifest::SegmentEntry;
use crate::format::segment::{Segment, making_name};
use crate::shared::Shared;
use crate::space::clean_plan::Plan;
use crate::space::copy::Copy;
use crate::space::listing::NotListed;
use crate::space::scatter_read::{Gathered, Room};
use env::{File, Monotonic, OpenMode};
use log::store::ReadError;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A rewriting that was begun.
pub(crate) struct Rewrite {
    plan: Plan,
    entry: SegmentEntry,
    file: Arc<dyn File>,
    created_ms: u64,
    room: Room,
}

/// A copy, whole and durable, of which nobody knows yet.
pub(crate) struct Copied {
    segment: Arc<Segment>,
    runs: Vec<DirectoryEntry>,
}

/// Why the sources stay as they are.
pub(crate) enum Abandoned {
    /// There is something more important, or the sources are gone.
    GivenUp,
    Failed(io::Error),
}

impl From<io::Error> for Abandoned {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl Shared {
    /// The first step: makes a file for what is wanted of the sources.
    pub(crate) fn begin_rewrite(&self, plan: Plan) -> io::Result<Rewrite> {
        let sources = plan.sources.iter();
        let first = sources.map(|source| source.segment.number).min();
        let entry = SegmentEntry {
            is_sorted: true,
            replaces: first.unwrap_or_default(),
            ..self.name_segment(0)
        };
        self.settle()?;
        let path = self.directory.join(making_name(entry.number));
        let make = || self.env.disk.open(&path, OpenMode::CreateNew);
        let file = self.with_descriptors(|| self.make_name(make))?;
        Ok(Rewrite {
            plan,
            entry,
            file,
            created_ms: self.env.clock.now().0,
            room: std::mem::take(&mut self.copy_room.lock()),
        })
    }

    /// The last step: puts the copy in the place of its sources. Answers how many bytes it has.
    /// `upkeep` is held.
    pub(crate) fn put_in_place(
        &self,
        rewrite: Rewrite,
        copied: Result<Copied, Abandoned>,
        now: Monotonic,
    ) -> Result<u64, Abandoned> {
        *self.copy_room.lock() = rewrite.room;
        let path = self.directory.join(making_name(rewrite.entry.number));
        let copied = copied.and_then(|copied| {
            let are_there = self.are_live(&rewrite.plan);
            let copied = are_there.then_some(copied).ok_or(Abandoned::GivenUp)?;
            let named = copied.segment.path(&self.directory);
            self.make_name(|| self.env.disk.rename(&path, &named))?;
            Ok(copied)
        });
        let number = rewrite.entry.number;
        // Not listed yet: it can go at once.
        let copied = copied.inspect_err(|_| self.remove_segment(number));
        let Copied { segment, runs } = copied?;
        let sources = rewrite.plan.sources;
        let synced = self.env.disk.sync_directory(&self.directory);
        let listed = synced.map_err(NotListed::Before).and_then(|()| {
            self.change_segments(|segments| {
                for source in &sources {
                    segments.remove(&source.segment.number);
                }
                segments.insert(number, segment.clone());
            })
        });
        listed.map_err(|not| self.not_listed(number, not))?;
        self.move_ranges(&sources, &segment, &runs, now);
        let discarded = sources.iter().map(|source| &source.segment);
        discarded.for_each(|source| self.discard(source));
        self.env.disk.sync_directory(&self.directory)?;
        Ok(segment.file_bytes.load(Ordering::Relaxed))
    }

    /// Whether nobody freed or rewrote a source meanwhile.
    fn are_live(&self, plan: &Plan) -> bool {
        let segments = self.segments.lock();
        let mut sources = plan.sources.iter();
        sources.all(|source| segments.contains_key(&source.segment.number))
    }

    /// Damage stays where it is: its segment is not tried again.
    pub(crate) fn not_copied(&self, segment: &Segment, error: ReadError) -> Abandoned {
        if matches!(error, ReadError::Damaged { .. }) {
            self.uncopyable.lock().insert(segment.number);
        }
        Abandoned::Failed(io::Error::other(error))
    }
}

impl Rewrite {
    /// Takes all the room that the copy is going to need, out of the reserve if there is no other.
    pub(crate) fn allocate(&self, shared: &Shared) -> io::Result<()> {
        shared.allocate_copy(&*self.file, self.plan.copy_bytes())
    }

    /// The second step: copies, log by log, for as long as it `goes_on`, which is asked again and
    /// again.
    pub(crate) fn copy(
        &mut self,
        shared: &Shared,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Copied, Abandoned> {
        if !goes_on() {
            return Err(Abandoned::GivenUp);
        }
        let mut copy = Copy::begin(self.entry, self.file.clone(), self.created_ms)?;
        Gathered::new(shared, &self.plan, &mut self.room).copy_into(&mut copy, goes_on)?;
        let (segment, runs) = copy.finish()?;
        Ok(Copied { segment, runs })
    }
}
