//! Room on the disk: preparing the next segment, writing footers, giving back what nobody can read.
//!
//! All of it blocks and runs off the writer's thread. Files are removed, or kept as spares to write
//! over, only after the MANIFEST no longer lists them.

use crate::format::footer::encode_footer;
use crate::format::manifest::SegmentEntry;
use crate::format::segment::{FRAMES_START, Segment, making_name, number_before};
use crate::planted::PlantedBug;
use crate::read::index::Range;
use crate::shared::{Fresh, SealJob, Shared};
use crate::space::listing::{NextList, NotListed};
use crate::space::reserve::{Held, is_full};
use crate::space::sorter::is_interleaved;
use env::{Agreement, Monotonic, OpenMode};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The size of the first segment; each next one is twice as large, up to the maximum.
const SEGMENT_BYTES_FIRST: u64 = 4 * 1024 * 1024;
/// A full disk makes segments no smaller than this.
pub(crate) const SEGMENT_BYTES_MIN: u64 = 1024 * 1024;
/// A segment takes at most this share of the volume, and so does the reserve.
const VOLUME_SHARE: u64 = 20;
/// A segment takes at most this share of the free space.
const FREE_SHARE: u64 = 8;
/// Files kept for writing over.
const SPARES_MAX: usize = 2;
/// How long space that nobody can read is kept.
pub(crate) const FREED_AFTER: Duration = Duration::from_secs(3600);

/// Whose room a segment is made in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// What the disk calls free: what it keeps for others is left alone.
    Free,
    /// What the reserve gave back.
    Reserved,
}

impl Shared {
    /// Makes the file of the next segment and lists it in the MANIFEST.
    pub(crate) fn prepare(&self) -> io::Result<Fresh> {
        self.settle()?;
        let list = self.begin_list()?;
        let (entry, segment) = {
            // What the reserve gave back is not for everybody.
            let mut held = self.hold_reserve()?;
            self.hold_descriptors(&mut held)?;
            let wanted = self.next_capacity(&held)?;
            // It must be possible to copy any segment.
            let covered = whole_pages(self.cover(&mut held, wanted)?);
            self.make_segment((wanted.min(covered), covered), Origin::Free)?
        };
        self.list_segment(list, entry, segment)
    }

    /// Makes the file of a segment of so many bytes, or of at most so many if a spare has them.
    pub(crate) fn make_segment(
        &self,
        (bytes, bytes_max): (u64, u64),
        origin: Origin,
    ) -> io::Result<(SegmentEntry, Arc<Segment>)> {
        let disk = &self.env.disk;
        let spare = self.spares()?.into_iter().next();
        let spare_bytes = match &spare {
            Some(spare) => disk.open(spare, OpenMode::Read)?.length()?,
            None => 0,
        };
        // What a spare has costs nothing.
        let capacity_bytes = bytes.max(whole_pages(spare_bytes.min(bytes_max)));
        let needed = capacity_bytes.saturating_sub(spare_bytes);
        if origin == Origin::Free && disk.free_bytes(&self.directory)? < needed {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let entry = self.name_segment(capacity_bytes);
        let made = self.make_file(&entry, spare.as_deref(), spare_bytes);
        let segment = made.inspect_err(|_| self.remove_segment(entry.number))?;
        Ok((entry, segment))
    }

    fn make_file(
        &self,
        entry: &SegmentEntry,
        spare: Option<&Path>,
        spare_bytes: u64,
    ) -> io::Result<Arc<Segment>> {
        let disk = &self.env.disk;
        let path = self.directory.join(making_name(entry.number));
        let file = match spare {
            Some(spare) => {
                disk.rename(spare, &path)?;
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
        // Whatever a crash leaves under the segment's name was made to the end.
        disk.rename(&path, &segment.path(&self.directory))?;
        Ok(Arc::new(segment))
    }

    /// Lists a new segment in the MANIFEST. If that fails its file goes, at once or with the next
    /// MANIFEST.
    pub(crate) fn list_segment(
        &self,
        list: NextList<'_>,
        entry: SegmentEntry,
        segment: Arc<Segment>,
    ) -> io::Result<Fresh> {
        let synced = self.env.disk.sync_directory(&self.directory);
        let listed = synced.map_err(NotListed::Before).and_then(|()| {
            let add = |segments: &mut BTreeMap<_, _>| {
                drop(segments.insert(entry.number, segment.clone()));
            };
            self.finish_list(list, add)
        });
        listed.map_err(|not| self.not_listed(entry.number, not))?;
        self.jobs.lock().segments_used += 1;
        Ok(Fresh {
            segment,
            capacity_bytes: entry.capacity_bytes,
        })
    }

    /// The size of the next segment if there is room, on a volume of which this is free or
    /// reserved.
    pub(crate) fn segment_bytes(&self, free: u64) -> u64 {
        let doublings = self.jobs.lock().segments_used.min(20);
        let volume = free.saturating_add(self.disk_bytes());
        let grown = (SEGMENT_BYTES_FIRST << doublings).min(self.options.segment_bytes_max);
        grown.min((volume / VOLUME_SHARE).max(SEGMENT_BYTES_MIN))
    }

    fn next_capacity(&self, held: &Held) -> io::Result<u64> {
        let free = self.env.disk.free_bytes(&self.directory)?;
        let volume_left = free.saturating_add(held.parts.sum());
        let room = (free / FREE_SHARE).max(SEGMENT_BYTES_MIN);
        Ok(whole_pages(self.segment_bytes(volume_left).min(room)))
    }

    pub(crate) fn spares(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = self.env.disk.list(&self.directory)?;
        files.retain(|path| {
            path.file_name()
                .is_some_and(|name| is_spare_name(&name.to_string_lossy()))
        });
        Ok(files)
    }

    /// Writes the footers of sealed segments that have none yet.
    pub(crate) fn write_footers(&self) {
        let _one = self.footers.lock();
        let jobs = std::mem::take(&mut self.jobs.lock().sealed);
        for job in jobs {
            if let Err(error) = self.write_footer(&job) {
                tracing::warn!(file = job.segment.name, %error, "cannot write the footer yet");
                self.jobs.lock().sealed.push(job);
            } else if is_interleaved(&job.segment) {
                self.sorting.note();
            }
        }
    }

    fn write_footer(&self, job: &SealJob) -> io::Result<()> {
        let segment = &job.segment;
        let (number, salt) = (segment.number, segment.salt);
        let (footer, directory) =
            encode_footer(&job.index, number, salt, job.frames_end, job.last_frame_crc);
        let start = u64::from(job.frames_end);
        let mut written = segment.file.write_all_at(&footer, start);
        // One that was found without its footer may have no room for it.
        if written.as_ref().is_err_and(is_full) && self.spend_on_commands(footer.len() as u64) {
            written = segment.file.write_all_at(&footer, start);
        }
        written?;
        // A file shorter than it was made must surely have its footer.
        segment.file.sync_data()?;
        segment.file.set_length(start + footer.len() as u64)?;
        segment.file.sync_data()?;
        segment.measure()?;
        let mut sealed = segment.sealed.lock();
        sealed.directory = Some(Arc::new(directory));
        sealed.resident = None;
        Ok(())
    }

    /// Bytes of the largest file of a live segment.
    pub(crate) fn largest_segment(&self) -> u64 {
        let segments = self.segments.lock();
        let bytes = |segment: &Arc<Segment>| segment.file_bytes.load(Ordering::Relaxed);
        segments.values().map(bytes).max().unwrap_or_default()
    }

    /// Bytes of the files of all live segments; spares do not count.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let segments = self.segments.lock();
        segments
            .values()
            .map(|segment| segment.file_bytes.load(Ordering::Relaxed))
            .sum()
    }

    /// Gives back the segments of which nobody has been able to read anything for an hour; on a
    /// full disk, of which nobody can read anything now.
    pub(crate) fn free(&self) -> io::Result<()> {
        let now = self.env.clock.monotonic();
        self.every_log()
            .iter()
            .for_each(|log| log.state.lock().mark(now));
        let Some(grace) = self.grace(now) else {
            return Ok(());
        };
        // What is sealed while the logs are looked at one by one may be missed there, so it comes
        // first.
        let mut gone = self.sealed_segments();
        let kept = self.kept_segments(now, grace);
        gone.retain(|segment| !kept.contains(&segment.number));
        self.drop_segments(&gone)
    }

    /// How long what nobody can read is kept now; `None` if nothing is to be freed.
    pub(crate) fn grace(&self, now: Monotonic) -> Option<Grace> {
        let is_pausing = self.clocks_disagree(now);
        if self.damage.lock().is_any {
            return None;
        }
        match (self.reserve.is_short(), is_pausing) {
            (false, true) => None,
            (false, false) => Some(Grace::Hour),
            (true, true) => Some(Grace::NoneForDeleted),
            (true, false) => Some(Grace::None),
        }
    }

    /// Takes segments out of the MANIFEST, then out of memory, then off the disk.
    pub(crate) fn drop_segments(&self, gone: &[Arc<Segment>]) -> io::Result<()> {
        if gone.is_empty() {
            return Ok(());
        }
        self.change_segments(|segments| {
            gone.iter()
                .for_each(|segment| drop(segments.remove(&segment.number)));
        })?;
        self.forget_ranges(&gone.iter().map(|segment| segment.number).collect());
        gone.iter().for_each(|segment| self.discard(segment));
        self.env.disk.sync_directory(&self.directory)
    }

    fn forget_ranges(&self, numbers: &BTreeSet<u64>) {
        let is_kept = |range: &Range| !numbers.contains(&range.segment.number);
        for log in self.every_log() {
            log.state.lock().ranges.retain(is_kept);
        }
        self.forget_empty();
    }

    /// Forgets deleted logs of which nothing is left.
    pub(crate) fn forget_empty(&self) {
        self.deleted.lock().retain(|_, log| {
            let state = log.state.lock();
            !(state.ranges.is_empty() && state.open.is_none())
        });
    }

    /// Keeps the file as a spare if it is of use and nobody can still be reading it; else removes
    /// it.
    pub(crate) fn discard(&self, segment: &Arc<Segment>) {
        let path = segment.path(&self.directory);
        // This call's list and nobody else.
        let is_unread = Arc::strong_count(segment) == 1;
        let is_large = segment.file_bytes.load(Ordering::Relaxed) >= SEGMENT_BYTES_MIN;
        let is_of_use = is_unread && is_large && !self.reserve.is_short();
        let is_wanted = is_of_use && self.spares().is_ok_and(|files| files.len() < SPARES_MAX);
        let spare = self.directory.join(spare_name(segment.number));
        if !(is_wanted && self.env.disk.rename(&path, &spare).is_ok()) {
            self.remove_segment(segment.number);
        }
    }

    /// Sealed segments whose footer is on the disk.
    pub(crate) fn sealed_segments(&self) -> Vec<Arc<Segment>> {
        let segments = self.segments.lock();
        let sealed = segments
            .values()
            .filter(|segment| segment.sealed.lock().directory.is_some());
        sealed.cloned().collect()
    }

    /// The segments that hold a run which must stay.
    fn kept_segments(&self, now: Monotonic, grace: Grace) -> BTreeSet<u64> {
        let mut kept = BTreeSet::new();
        let overlooked = usize::from(self.options.has(PlantedBug::FreeLiveSegment));
        for log in self.every_log().iter().skip(overlooked) {
            let state = log.state.lock();
            let ranges = state.ranges.iter();
            let stay = ranges.filter(|range| !state.is_due(range, now, grace));
            kept.extend(stay.map(|range| range.segment.number));
        }
        kept
    }

    /// Whether the wall clock was set lately: what is hidden by a wrong time can then come back
    /// into its owner's wishes before it is gone.
    pub(crate) fn clocks_disagree(&self, now: Monotonic) -> bool {
        let agreement = self.clocks.lock().compare(self.env.clock.now(), now);
        match agreement {
            Agreement::Whole => false,
            Agreement::Doubtful => true,
            Agreement::Broken(off) => {
                tracing::warn!(
                    ?off,
                    "the wall clock was set: no space is given back for an hour"
                );
                true
            }
        }
    }
}

/// How long space that nobody can read is kept before it is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grace {
    Hour,
    /// The disk is full and the wall clock was set: what was hidden by a wrong time stays.
    NoneForDeleted,
    /// The disk is full.
    None,
}

/// As much of it as fills pages.
pub(crate) fn whole_pages(bytes: u64) -> u64 {
    bytes / u64::from(FRAMES_START) * u64::from(FRAMES_START)
}

/// The file name of what is left of a segment, kept to be written over.
pub(crate) fn spare_name(number: u64) -> String {
    format!("{number:016x}.spare")
}

/// Whether a file in the directory is a spare by its name.
pub(crate) fn is_spare_name(name: &str) -> bool {
    number_before(name, ".spare").is_some()
}
