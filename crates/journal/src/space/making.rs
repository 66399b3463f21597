//! Creation of segment files, from free space or from spares, and their disposal.
//!
//! All of it blocks and runs off the writer's thread. Files are removed, or kept as spares to be
//! overwritten, only after the MANIFEST no longer lists them.

use crate::format::manifest::SegmentEntry;
use crate::format::segment::{FRAMES_START, Segment, is_spare_name, making_name, spare_name};
use crate::space::listing::{Listing, NextList, NotListed};
use crate::space::reserve::{Reserve, Whole};
use crate::state::handover::Fresh;
use crate::state::home::Home;
use crate::state::segments::{SEGMENT_BYTES_MIN, SegmentMap, Segments};
use millstream_env::OpenMode;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Divisor: a segment takes at most this fraction of the free space.
const FREE_SHARE: u64 = 8;
/// Files kept to be overwritten.
const SPARES_MAX: usize = 2;

/// Whose space a segment takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Free space, without what the disk keeps for others.
    Free,
    /// Space that the reserve gave back.
    Reserved,
}

/// The maker of segment files.
pub(crate) struct SegmentMaker {
    home: Arc<Home>,
    listing: Arc<Listing>,
    reserve: Arc<Reserve>,
    segments: Arc<Segments>,
}

impl SegmentMaker {
    pub(crate) fn new(
        home: Arc<Home>,
        listing: Arc<Listing>,
        reserve: Arc<Reserve>,
        segments: Arc<Segments>,
    ) -> Self {
        Self {
            home,
            listing,
            reserve,
            segments,
        }
    }

    /// Creates the file of the next segment and lists it in the MANIFEST.
    pub(crate) fn prepare(&self) -> io::Result<Fresh> {
        self.listing.settle()?;
        let list = self.listing.begin_list()?;
        // While the reserve is spent its space is not for ordinary segments.
        let (entry, segment) = self.reserve.while_whole(|reserve| {
            let wanted = self.next_capacity(reserve)?;
            // It must be possible to copy any segment.
            let covered = whole_pages(reserve.cover(wanted)?);
            self.make((wanted.min(covered), covered), Origin::Free)
        })?;
        self.list(list, entry, segment)
    }

    /// Makes the file of a segment of `bytes`, or of up to `bytes_max` if a spare is that large.
    pub(crate) fn make(
        &self,
        (bytes, bytes_max): (u64, u64),
        origin: Origin,
    ) -> io::Result<(SegmentEntry, Arc<Segment>)> {
        let disk = self.home.disk();
        let spare = self.spares()?.into_iter().next();
        let spare_bytes = match &spare {
            Some(spare) => disk.open(spare, OpenMode::Read)?.length()?,
            None => 0,
        };
        // The bytes of a spare are allocated already.
        let capacity_bytes = bytes.max(whole_pages(spare_bytes.min(bytes_max)));
        let needed = capacity_bytes.saturating_sub(spare_bytes);
        if origin == Origin::Free && self.home.free_bytes()? < needed {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let entry = self.segments.name(capacity_bytes);
        let made = self.make_file(&entry, spare.as_deref(), spare_bytes);
        let segment = made.inspect_err(|_| self.listing.remove_segment(entry.number))?;
        Ok((entry, segment))
    }

    fn make_file(
        &self,
        entry: &SegmentEntry,
        spare: Option<&Path>,
        spare_bytes: u64,
    ) -> io::Result<Arc<Segment>> {
        let disk = self.home.disk();
        let path = self.home.join(making_name(entry.number));
        let file = match spare {
            Some(spare) => {
                disk.rename(spare, &path)?;
                // Its earlier names must be gone before it is overwritten: under that of a segment
                // a part of it would prove nothing.
                self.home.sync()?;
                let file = disk.open(&path, OpenMode::Write)?;
                Segment::wipe_head(&*file)?;
                if spare_bytes > entry.capacity_bytes {
                    file.set_length(entry.capacity_bytes)?;
                }
                file
            }
            None => disk.open(&path, OpenMode::CreateNew)?,
        };
        file.allocate(entry.capacity_bytes)?;
        file.sync_data()?;
        let segment = Segment::new(entry, file);
        segment.measure()?;
        // So a file that a crash leaves under a segment's name is complete.
        disk.rename(&path, &segment.path(self.home.directory()))?;
        Ok(Arc::new(segment))
    }

    /// Lists a new segment in the MANIFEST. If that fails its file is removed, at once or with the
    /// next MANIFEST.
    pub(crate) fn list(
        &self,
        list: NextList<'_>,
        entry: SegmentEntry,
        segment: Arc<Segment>,
    ) -> io::Result<Fresh> {
        let synced = self.home.sync();
        let listed = synced.map_err(NotListed::Before).and_then(|()| {
            let add = |segments: &mut SegmentMap| {
                drop(segments.insert(entry.number, segment.clone()));
            };
            self.listing.finish_list(list, add)
        });
        listed.map_err(|not| self.listing.not_listed(entry.number, not))?;
        self.segments.note_used();
        Ok(Fresh {
            segment,
            capacity_bytes: entry.capacity_bytes,
        })
    }

    fn next_capacity(&self, reserve: &Whole<'_>) -> io::Result<u64> {
        let free = self.home.free_bytes()?;
        let volume_left = free.saturating_add(reserve.bytes());
        let room = (free / FREE_SHARE).max(SEGMENT_BYTES_MIN);
        Ok(whole_pages(self.segments.next_bytes(volume_left).min(room)))
    }

    fn spares(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = self.home.list()?;
        files.retain(|path| {
            path.file_name()
                .is_some_and(|name| is_spare_name(&name.to_string_lossy()))
        });
        Ok(files)
    }

    /// Keeps the file as a spare if it is useful and has no readers; else removes it.
    pub(crate) fn discard(&self, segment: &Arc<Segment>) {
        let path = segment.path(self.home.directory());
        // Only the caller has it.
        let is_unread = Arc::strong_count(segment) == 1;
        let is_large = segment.file_bytes() >= SEGMENT_BYTES_MIN;
        let is_of_use = is_unread && is_large && !self.reserve.is_short();
        let is_wanted = is_of_use && self.spares().is_ok_and(|files| files.len() < SPARES_MAX);
        let spare = self.home.join(spare_name(segment.number));
        if !(is_wanted && self.home.disk().rename(&path, &spare).is_ok()) {
            self.listing.remove_segment(segment.number);
        }
    }

    /// Removes the spares, and returns how many it removed.
    pub(crate) fn drop_spares(&self) -> usize {
        let spares = self.spares().unwrap_or_default();
        let removed = spares.iter().map(|spare| self.home.disk().remove(spare));
        removed.filter(Result::is_ok).count()
    }
}

/// The number of bytes, rounded down to whole pages.
pub(crate) fn whole_pages(bytes: u64) -> u64 {
    bytes / u64::from(FRAMES_START) * u64::from(FRAMES_START)
}
