//! Listing: changing the set of live segments, in the MANIFEST first.
//!
//! What always holds: the directory has the files that the MANIFEST lists, and at most one more
//! that a failed change may have listed. That one goes with the next MANIFEST, which is written
//! before another file is made.

use crate::format::manifest::{Draft, Manifest, TEMPORARY_NAME};
use crate::format::segment::{Segment, making_name, segment_name};
use crate::shared::Shared;
use crate::space::reserve::is_full;
use parking_lot::MutexGuard;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

type Segments = BTreeMap<u64, Arc<Segment>>;

/// The next MANIFEST, of which there is nothing but the file. Whoever wants to list a segment
/// begins with this, so that what can fail for want of a descriptor or a name fails before there is
/// a segment.
pub(crate) struct NextList<'a> {
    draft: Draft<'a>,
    /// Held until it has taken the old one's place.
    generation: MutexGuard<'a, u64>,
}

/// Why the set of segments stays as it is.
pub(crate) enum NotListed {
    /// The old MANIFEST stands.
    Before(io::Error),
    /// Nobody knows which of the two MANIFESTs the disk has: files that either lists must stay.
    Unknown(io::Error),
}

impl From<NotListed> for io::Error {
    fn from(not: NotListed) -> Self {
        match not {
            NotListed::Before(error) | NotListed::Unknown(error) => error,
        }
    }
}

impl Shared {
    /// Changes the set of live segments: the MANIFEST first, then here.
    pub(crate) fn change_segments(
        &self,
        change: impl FnOnce(&mut Segments),
    ) -> Result<(), NotListed> {
        let list = self.begin_list_anyhow().map_err(NotListed::Before)?;
        self.finish_list(list, change)
    }

    /// Lets the MANIFEST tell where logs end now, so that the next start misses what is not there.
    /// Nothing depends on it.
    pub(crate) fn note_ends(&self) {
        if let Err(error) = self.change_segments(|_| ()).map_err(io::Error::from) {
            tracing::warn!(%error, "cannot note where logs end");
        }
    }

    pub(crate) fn begin_list(&self) -> io::Result<NextList<'_>> {
        let generation = self.generation.lock();
        let draft = Draft::begin(&*self.env.disk, &self.directory)?;
        Ok(NextList { draft, generation })
    }

    /// The same for what must go on when the disk is full.
    pub(crate) fn begin_list_anyhow(&self) -> io::Result<NextList<'_>> {
        let generation = self.generation.lock();
        let begin = || Draft::begin(&*self.env.disk, &self.directory);
        let draft = self.with_descriptors(|| self.make_name(begin))?;
        Ok(NextList { draft, generation })
    }

    /// Changes the set of live segments with a MANIFEST that was begun.
    pub(crate) fn finish_list(
        &self,
        mut list: NextList<'_>,
        change: impl FnOnce(&mut Segments),
    ) -> Result<(), NotListed> {
        let mut segments = self.segments.lock().clone();
        change(&mut segments);
        let generation = *list.generation + 1;
        let manifest = self
            .manifest_of(&segments, generation)
            .map_err(NotListed::Before)?;
        *list.generation = generation;
        let NextList { draft, generation } = list;
        self.replace(draft, &manifest)?;
        *self.segments.lock() = segments;
        self.remove_unlisted();
        drop(generation);
        Ok(())
    }

    fn manifest_of(&self, segments: &Segments, generation: u64) -> io::Result<Manifest> {
        let replay_from = self.replay_from();
        let logs = self.live_logs();
        let logs = logs.iter().map(|log| log.entry()).collect();
        if !self.is_synced() {
            self.sync_since(replay_from, segments)?;
        }
        let mut entries: Vec<_> = segments.values().map(|segment| segment.entry()).collect();
        entries.extend_from_slice(&self.damage.lock().missing);
        entries.sort_unstable_by_key(|entry| entry.number);
        Ok(Manifest {
            generation,
            replay_from,
            next_number: self.next_segment.load(Ordering::Acquire),
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
                self.lend_reserve(|| self.replace_in_lent_room(manifest))?;
            }
            Err(error) => return Err(NotListed::Before(error)),
        }
        let synced = self.env.disk.sync_directory(&self.directory);
        synced.map_err(NotListed::Unknown)
    }

    /// Removes what a crash left of a MANIFEST that was not whole. One that cannot be removed goes
    /// with the next.
    pub(crate) fn forget_draft(&self) {
        drop(self.env.disk.remove(&self.directory.join(TEMPORARY_NAME)));
    }

    fn replace_in_lent_room(&self, manifest: &Manifest) -> Result<(), NotListed> {
        let draft = Draft::begin(&*self.env.disk, &self.directory).map_err(NotListed::Before)?;
        draft.write(manifest).map_err(NotListed::Before)?;
        draft.put_in_place().map_err(NotListed::Unknown)
    }

    /// What becomes of a segment's file that could not be listed.
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

    /// Removes the file of a segment that no MANIFEST lists, made to its end or not. What cannot be
    /// removed now is tried again.
    pub(crate) fn remove_segment(&self, number: u64) {
        for name in [making_name(number), segment_name(number)] {
            let path = self.directory.join(name);
            match self.env.disk.remove(&path) {
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

    /// The MANIFEST is durable: what it does not list can go.
    fn remove_unlisted(&self) {
        let unlisted = std::mem::take(&mut *self.unlisted.lock());
        let is_listed = |number: &u64| self.segments.lock().contains_key(number);
        unlisted
            .into_iter()
            .filter(|number| !is_listed(number))
            .for_each(|number| self.remove_segment(number));
    }

    fn replay_from(&self) -> u64 {
        let open = self.open_number.load(Ordering::Acquire);
        self.damage
            .lock()
            .replay_from
            .map_or(open, |damaged| damaged.min(open))
    }

    /// Without a sync for each group, the ends that the MANIFEST tells must be made durable first.
    fn sync_since(&self, from: u64, segments: &Segments) -> io::Result<()> {
        for segment in segments.range(from..).map(|(_, segment)| segment) {
            segment
                .file
                .sync_data()
                .inspect_err(|error| self.poison(error))?;
        }
        Ok(())
    }
}
