//! Listing: changes the set of live segments, starting with the MANIFEST.
//!
//! What always holds: the directory has the files that the MANIFEST lists, and at most one more
//! that a failed change may have listed. That one is removed with the next MANIFEST, which is
//! written before another file is created.

use crate::format::manifest::{Draft, Manifest, TEMPORARY_NAME};
use crate::format::segment::{making_name, segment_name};
use crate::options::{Durability, Options};
use crate::space::reserve::{Reserve, is_full};
use crate::state::damage::Damage;
use crate::state::health::Health;
use crate::state::home::Home;
use crate::state::logs::Logs;
use crate::state::segments::{SegmentMap, Segments};
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

/// The MANIFEST, and who may change it.
pub(crate) struct Listing {
    options: Options,
    home: Arc<Home>,
    damage: Arc<Damage>,
    health: Arc<Health>,
    logs: Arc<Logs>,
    reserve: Arc<Reserve>,
    segments: Arc<Segments>,
    /// The MANIFEST's generation; locked while it is replaced.
    generation: Mutex<u64>,
    /// Segments whose files are to be removed once a MANIFEST certainly does not list them.
    unlisted: Mutex<BTreeSet<u64>>,
}

/// The next MANIFEST, so far only a file. Listing a segment begins with this, so that a failure for
/// want of a descriptor or a name occurs before there is a segment.
pub(crate) struct NextList<'a> {
    draft: Draft<'a>,
    /// Held until it has replaced the old one.
    generation: MutexGuard<'a, u64>,
}

/// Why the set of segments is unchanged.
pub(crate) enum NotListed {
    /// The old MANIFEST is in place.
    Before(io::Error),
    /// It is unknown which of the two MANIFESTs is on disk: files that either lists must stay.
    Unknown(io::Error),
}

impl From<NotListed> for io::Error {
    fn from(not: NotListed) -> Self {
        match not {
            NotListed::Before(error) | NotListed::Unknown(error) => error,
        }
    }
}

impl Listing {
    pub(crate) fn new(
        options: Options,
        home: Arc<Home>,
        damage: Arc<Damage>,
        health: Arc<Health>,
        logs: Arc<Logs>,
        reserve: Arc<Reserve>,
        segments: Arc<Segments>,
    ) -> Self {
        Self {
            options,
            home,
            damage,
            health,
            logs,
            reserve,
            segments,
            generation: Mutex::default(),
            unlisted: Mutex::default(),
        }
    }

    /// Goes on counting MANIFESTs.
    pub(crate) fn count_from(&self, generation: u64) {
        *self.generation.lock() = generation;
    }

    /// Changes the set of live segments: the MANIFEST first, then memory.
    pub(crate) fn change_segments(
        &self,
        change: impl FnOnce(&mut SegmentMap),
    ) -> Result<(), NotListed> {
        let list = self.begin_list_anyhow().map_err(NotListed::Before)?;
        self.finish_list(list, change)
    }

    /// Writes the current ends of logs to the MANIFEST, so that the next start notices if data is
    /// missing. Nothing depends on it.
    pub(crate) fn note_ends(&self) {
        if let Err(error) = self.change_segments(|_| ()).map_err(io::Error::from) {
            tracing::warn!(%error, "cannot note where logs end");
        }
    }

    pub(crate) fn begin_list(&self) -> io::Result<NextList<'_>> {
        let generation = self.generation.lock();
        let draft = Draft::begin(self.home.disk(), self.home.directory())?;
        Ok(NextList { draft, generation })
    }

    /// The same for operations that must succeed on a full disk.
    pub(crate) fn begin_list_anyhow(&self) -> io::Result<NextList<'_>> {
        let generation = self.generation.lock();
        let begin = || Draft::begin(self.home.disk(), self.home.directory());
        let draft = self
            .reserve
            .with_descriptors(|| self.reserve.make_name(begin))?;
        Ok(NextList { draft, generation })
    }

    /// Changes the set of live segments with a MANIFEST that was begun.
    pub(crate) fn finish_list(
        &self,
        mut list: NextList<'_>,
        change: impl FnOnce(&mut SegmentMap),
    ) -> Result<(), NotListed> {
        let mut segments = self.segments.all();
        change(&mut segments);
        let generation = *list.generation + 1;
        let manifest = self
            .manifest_of(&segments, generation)
            .map_err(NotListed::Before)?;
        *list.generation = generation;
        let NextList { draft, generation } = list;
        self.replace(draft, &manifest)?;
        self.segments.replace(segments);
        self.logs.replay_from(manifest.replay_from);
        self.remove_unlisted();
        drop(generation);
        Ok(())
    }

    fn manifest_of(&self, segments: &SegmentMap, generation: u64) -> io::Result<Manifest> {
        let replay_from = self.damage.replay_from(self.segments.active());
        let logs = self.logs.live();
        let logs = logs.iter().map(|log| log.entry()).collect();
        if self.options.durability == Durability::Os {
            self.sync_since(replay_from, segments)?;
        }
        let mut entries: Vec<_> = segments.values().map(|segment| segment.entry()).collect();
        entries.extend(self.damage.missing());
        entries.sort_unstable_by_key(|entry| entry.number);
        Ok(Manifest {
            generation,
            replay_from,
            next_number: self.segments.next_number(),
            segments: entries,
            logs,
        })
    }

    fn replace(&self, draft: Draft<'_>, manifest: &Manifest) -> Result<(), NotListed> {
        match draft.write(manifest) {
            Ok(()) => draft.put_in_place().map_err(NotListed::Unknown)?,
            Err(error) if is_full(&error) => {
                drop(draft);
                // With the old one's room the reserve is as large again.
                self.reserve.lend(|| self.replace_in_lent_room(manifest))?;
            }
            Err(error) => return Err(NotListed::Before(error)),
        }
        let synced = self.home.sync();
        synced.map_err(NotListed::Unknown)
    }

    /// Removes an incomplete MANIFEST left by a crash. If that fails it is removed with the next
    /// one.
    pub(crate) fn forget_draft(&self) {
        drop(self.home.disk().remove(&self.home.join(TEMPORARY_NAME)));
    }

    fn replace_in_lent_room(&self, manifest: &Manifest) -> Result<(), NotListed> {
        let draft =
            Draft::begin(self.home.disk(), self.home.directory()).map_err(NotListed::Before)?;
        draft.write(manifest).map_err(NotListed::Before)?;
        draft.put_in_place().map_err(NotListed::Unknown)
    }

    /// Handles the file of a segment that could not be listed.
    pub(crate) fn not_listed(&self, number: u64, not: NotListed) -> io::Error {
        match not {
            NotListed::Before(error) => {
                self.remove_segment(number);
                error
            }
            NotListed::Unknown(error) => {
                self.unlisted.lock().insert(number);
                error
            }
        }
    }

    /// Removes the file of a segment that no MANIFEST lists, finished or not. If that fails it is
    /// retried later.
    pub(crate) fn remove_segment(&self, number: u64) {
        for name in [making_name(number), segment_name(number)] {
            let path = self.home.join(name);
            match self.home.disk().remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(file = %path.display(), %error, "cannot remove a file yet");
                    self.unlisted.lock().insert(number);
                }
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// Makes sure that no file is left which a failed change may have listed.
    pub(crate) fn settle(&self) -> io::Result<()> {
        if self.unlisted.lock().is_empty() {
            return Ok(());
        }
        self.change_segments(|_| ())?;
        if self.unlisted.lock().is_empty() {
            return Ok(());
        }
        Err(io::Error::other("a file that is to go cannot be removed"))
    }

    /// Removes what the durable MANIFEST does not list.
    fn remove_unlisted(&self) {
        let unlisted = std::mem::take(&mut *self.unlisted.lock());
        let is_listed = |number: &u64| self.segments.contains(*number);
        unlisted
            .into_iter()
            .filter(|number| !is_listed(number))
            .for_each(|number| self.remove_segment(number));
    }

    /// Without a sync for each group, the ends in the MANIFEST must be made durable first.
    fn sync_since(&self, from: u64, segments: &SegmentMap) -> io::Result<()> {
        for segment in segments.range(from..).map(|(_, segment)| segment) {
            segment
                .file
                .sync_data()
                .inspect_err(|error| self.health.poison(error))?;
        }
        Ok(())
    }

    /// Does something while nobody else can change the MANIFEST.
    #[cfg(test)]
    pub(crate) fn while_locked(&self, work: &mut dyn FnMut()) {
        let _generation = self.generation.lock();
        work();
    }
}
