//! Opening a journal: rebuilds the in-memory state from the MANIFEST, the footers and the tail of
//! the newest segment.
//!
//! It never repairs by discarding. A torn tail was never acknowledged and is dropped; any other
//! corruption is recorded against the logs that it may affect, and left in place.

use crate::format::footer::Directory;
use crate::format::frame::Entry;
use crate::format::manifest::{MANIFEST_NAME, Manifest};
use crate::format::segment::{FRAMES_START, HEAD_BYTES, Previous, Segment, SegmentHeader};
use crate::open_error::OpenError;
use crate::options::Options;
use crate::read::index::{Hole, Log, Range};
use crate::recover::classify::{Tail, Then};
use crate::recover::listed::{Listed, read_footer, read_trailer};
use crate::recover::mending::Mending;
use crate::recover::tail::Frames;
use crate::recover::unlisted::Unlisted;
use crate::space::listing::Listing;
use crate::space::making::SegmentMaker;
use crate::space::reclaim::Reclaimer;
use crate::space::reserve::{Reserve, is_full, is_out_of_files};
use crate::space::shortage::Shortage;
use crate::state::damage::Damage;
use crate::state::handover::{Claim, Handover, SealJob};
use crate::state::home::Home;
use crate::state::logs::Logs;
use crate::state::segments::Segments;
use crate::write::active_blocks::{ActiveIndex, Addition, ListRoom};
use crate::write::active_segment::ActiveSegment;
use millstream_env::Clock;
use millstream_store::store::{LogId, Offset};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// What recovery uses.
pub(crate) struct Uses<'a> {
    pub(crate) clock: &'a dyn Clock,
    pub(crate) options: &'a Options,
    pub(crate) home: &'a Home,
    pub(crate) damage: &'a Damage,
    pub(crate) handover: &'a Handover,
    pub(crate) listing: &'a Listing,
    pub(crate) logs: &'a Logs,
    pub(crate) maker: &'a SegmentMaker,
    pub(crate) reclaimer: &'a Reclaimer,
    pub(crate) reserve: &'a Reserve,
    pub(crate) segments: &'a Segments,
    pub(crate) shortage: &'a Shortage,
}

/// A journal being opened.
pub(crate) struct Recovery<'a> {
    uses: Uses<'a>,
    /// The newest occurrence of each log: segment and position.
    latest: BTreeMap<LogId, (u64, u32)>,
    faults: Vec<Fault>,
    /// Logs with replayed records but without a creation.
    orphans: BTreeSet<LogId>,
    /// The newest segment, if it cannot be gone on with: what the header of the next one tells.
    previous: Previous,
    /// What must be written before anything that was found is visible.
    mending: Option<Mending>,
    /// Sealed segments without a valid header, each with a new one.
    headless: Vec<(Arc<Segment>, SegmentHeader)>,
    /// The tails of segments without a footer, by number.
    tails: BTreeMap<u64, Tail>,
}

/// What a look at a journal found, beside its logs and segments.
pub(crate) struct Survey {
    /// The segment to go on in, if there is one.
    pub(crate) open: Option<ActiveSegment>,
    /// Segments that were prepared and never used.
    pub(crate) unused: Vec<Arc<Segment>>,
    /// Segments with a valid header.
    pub(crate) headed: BTreeSet<u64>,
}

/// Where the changes to the set of logs that a segment tells of are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changes {
    /// The MANIFEST is newer than the segment.
    InManifest,
    /// They are applied again.
    Replayed,
}

/// Unreadable data, before which records of any log may have been.
#[derive(Clone)]
pub(crate) struct Fault {
    pub(crate) segment: u64,
    /// Whether it is in a copy, which contains nothing to replay.
    is_in_copy: bool,
    pub(crate) file: String,
    pub(crate) position: u32,
    pub(crate) what: &'static str,
}

impl<'a> Recovery<'a> {
    pub(crate) fn new(uses: Uses<'a>) -> Self {
        Self {
            uses,
            latest: BTreeMap::new(),
            faults: Vec::new(),
            orphans: BTreeSet::new(),
            previous: Previous::default(),
            mending: None,
            headless: Vec::new(),
            tails: BTreeMap::new(),
        }
    }

    /// Loads the logs and segments, and returns the segment to continue in.
    pub(crate) fn run(mut self) -> Result<ActiveSegment, OpenError> {
        let Some(manifest) = self.read_manifest()? else {
            return self.begin();
        };
        self.count_from(manifest.generation, manifest.next_number);
        let mut unlisted = Unlisted::beside(self.uses.home, &manifest, None)?;
        unlisted.refuse_strays()?;
        let Survey { open, unused, .. } = self.survey(&manifest)?;
        unlisted.prove(self.uses.logs, self.uses.damage, manifest.replay_from);
        unlisted.refuse_strays()?;
        self.mend().map_err(OpenError::writing)?;
        unlisted.remove(self.uses.home)?;
        self.go_on(open, unused)
    }

    /// Loads the logs and segments that a MANIFEST lists. Writes nothing.
    pub(crate) fn survey(&mut self, manifest: &Manifest) -> Result<Survey, OpenError> {
        self.restore_logs(manifest);
        let mut written = self.open_segments(manifest)?;
        let unused = self.set_aside_unused(&mut written);
        let headed = written.iter().filter(|listed| listed.header.is_some());
        let headed = headed.map(|listed| listed.segment.number).collect();
        let open = self.replay(written, manifest.replay_from)?;
        self.note_damage(manifest.replay_from);
        self.hide();
        Ok(Survey {
            open,
            unused,
            headed,
        })
    }

    /// What cannot be read, and the tails of segments without a footer.
    pub(crate) fn into_findings(self) -> (Vec<Fault>, BTreeMap<u64, Tail>) {
        (self.faults, self.tails)
    }

    fn read_manifest(&self) -> Result<Option<Manifest>, OpenError> {
        let damaged = |position| OpenError::Damaged {
            file: MANIFEST_NAME.to_owned(),
            position,
            what: "the checksum does not hold",
        };
        let home = self.uses.home;
        let found = Manifest::read(home.disk(), home.directory()).map_err(OpenError::reading)?;
        found.transpose().map_err(damaged)
    }

    /// A directory without a MANIFEST is a new journal, unless one was ever used in it.
    fn begin(self) -> Result<ActiveSegment, OpenError> {
        Unlisted::without_manifest(self.uses.home)?.remove(self.uses.home)?;
        self.count_from(0, 1);
        self.go_on(None, Vec::new())
    }

    fn count_from(&self, generation: u64, next_segment: u64) {
        self.uses.listing.count_from(generation);
        self.uses.segments.count_from(next_segment);
    }

    fn restore_logs(&self, manifest: &Manifest) {
        for entry in &manifest.logs {
            let log = Log::restored(entry);
            self.uses.logs.restore(log);
        }
    }

    fn open_segments(&mut self, manifest: &Manifest) -> Result<Vec<Listed>, OpenError> {
        let mut found = Vec::new();
        for entry in &manifest.segments {
            match Segment::open(self.uses.home.disk(), self.uses.home.directory(), entry) {
                Ok(segment) => found.push(Listed::read(Arc::new(segment))?),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let file = crate::format::segment::segment_name(entry.number);
                    self.faults.push(Fault::new(
                        (entry.number, entry.is_sorted),
                        file,
                        0,
                        "the file is missing",
                    ));
                    self.uses.damage.note_missing(*entry);
                }
                Err(error) => return Err(OpenError::reading(error)),
            }
        }
        let segments = found.iter().map(|one| one.segment.clone());
        self.uses.segments.restore(segments);
        Ok(found)
    }

    /// Sets aside newest segments that were prepared and never used.
    fn set_aside_unused(&mut self, found: &mut Vec<Listed>) -> Vec<Arc<Segment>> {
        let last_used = found
            .iter()
            .rposition(|one| one.is_started && !one.segment.is_sorted);
        let (mut unused, mut cut) = (Vec::new(), Vec::new());
        let mut at = 0;
        found.retain(|one| {
            let is_newer = last_used.is_none_or(|last| at > last);
            at += 1;
            let is_unused = !one.is_started && !one.segment.is_sorted && is_newer;
            if is_unused && one.is_cut_short {
                // It had its full length before the MANIFEST listed it.
                cut.push(one.segment.clone());
            } else if is_unused {
                unused.push(one.segment.clone());
            }
            !is_unused
        });
        for segment in cut {
            self.fault(&segment, 0, "the file is cut short");
        }
        for one in found
            .iter()
            .filter(|one| !one.is_started && !one.segment.is_sorted)
        {
            self.fault(&one.segment, 0, "the segment is empty");
        }
        unused
    }

    /// Replays the segments in order; returns the newest if writing can continue in it.
    fn replay(
        &mut self,
        written: Vec<Listed>,
        replay_from: u64,
    ) -> Result<Option<ActiveSegment>, OpenError> {
        let last = written.iter().rposition(|listed| !listed.segment.is_sorted);
        let mut open = None;
        for (at, listed) in written.iter().enumerate() {
            let segment = &listed.segment;
            let changes = if !segment.is_sorted && segment.number >= replay_from {
                Changes::Replayed
            } else {
                Changes::InManifest
            };
            if let Some(directory) = read_footer(segment)? {
                self.note_headless(listed, &written[..at])?;
                if Some(at) == last {
                    self.previous = self.end_of(listed)?;
                }
                self.take_directory(segment, &directory, changes);
                segment.set_footer(directory);
            } else if Some(at) == last {
                open = self.take_newest(listed, &written[..at])?;
            } else {
                let later = &written[at + 1..];
                self.take_sealed(listed, &written[..at], end_told(segment, later), changes)?;
            }
        }
        Ok(open)
    }

    /// Loads a sealed segment with its footer.
    fn take_directory(&mut self, segment: &Arc<Segment>, directory: &Directory, changes: Changes) {
        let replays = changes == Changes::Replayed;
        let changes = directory.changes.iter().filter(|_| replays);
        let (creates, others): (Vec<&Entry>, Vec<&Entry>) =
            changes.partition(|change| matches!(change, Entry::Create { .. }));
        for create in creates {
            self.change(create, segment.number);
            self.see(create, segment.number, 0);
        }
        for run in &directory.entries {
            if replays {
                self.note_orphan(run.log);
            }
            let log = self.uses.logs.log_or_remains(run.log);
            log.with(|state| {
                state.note(run.end, run.last_arrival, run.control);
                state.insert_range(Range::new(segment, run));
            });
            if !segment.is_sorted {
                self.latest.insert(run.log, (segment.number, u32::MAX));
            }
        }
        for change in others {
            self.see(change, segment.number, 0);
            self.change(change, segment.number);
        }
    }

    /// Loads a sealed segment without a footer from its frames.
    fn take_sealed(
        &mut self,
        listed: &Listed,
        before: &[Listed],
        end: Option<u32>,
        changes: Changes,
    ) -> Result<(), OpenError> {
        let frames = Frames::of_sealed(listed, end).map_err(OpenError::reading)?;
        let tail = self.uses.options.classify(&frames.evidence);
        if tail.then == Then::WriteFooter {
            self.note_headless(listed, before)?;
        }
        self.take_frames(listed, &frames, &tail, changes);
        self.tails.insert(listed.segment.number, tail);
        Ok(())
    }

    /// Notes that a segment which may be freed lacks what proves, once it is, that it may go.
    fn note_headless(&mut self, listed: &Listed, before: &[Listed]) -> Result<(), OpenError> {
        if listed.header.is_none() {
            let previous = self.before(listed, before)?;
            let header = listed.header_anew(previous, self.uses.clock.now());
            self.headless.push((listed.segment.clone(), header));
        }
        Ok(())
    }

    /// What a segment follows, if it is not a copy, which follows none.
    fn before(&self, listed: &Listed, before: &[Listed]) -> Result<Previous, OpenError> {
        let mut before = before.iter().rev();
        match before.find(|one| !one.segment.is_sorted) {
            Some(previous) if !listed.segment.is_sorted => self.end_of(previous),
            Some(_) | None => Ok(Previous::default()),
        }
    }

    /// Where an ordinary segment ended.
    fn end_of(&self, listed: &Listed) -> Result<Previous, OpenError> {
        let number = listed.segment.number;
        if let Some((trailer, _)) = read_trailer(&listed.segment)? {
            return Ok(Previous {
                number,
                end: trailer.frames_end,
                crc: trailer.last_frame_crc,
            });
        }
        let tail = self.tails.get(&number);
        Ok(tail.map_or(Previous::default(), |tail| tail.as_previous(number)))
    }

    /// Loads the newest segment, which may end in a torn tail; returns it if writing can continue
    /// in it.
    fn take_newest(
        &mut self,
        listed: &Listed,
        before: &[Listed],
    ) -> Result<Option<ActiveSegment>, OpenError> {
        let frames = Frames::of_newest(listed).map_err(OpenError::reading)?;
        let tail = self.uses.options.classify(&frames.evidence);
        let previous = self.before(listed, before)?;
        let (options, now) = (self.uses.options, self.uses.clock.now());
        let mending = Mending::of(listed, previous, &tail, options, now);
        let limit = mending.limit;
        self.mending = Some(mending);
        let open = match tail.then {
            Then::GoOn => Some(self.go_on_in(listed, &frames, &tail, limit)),
            Then::WriteFooter | Then::Leave => {
                self.previous = tail.as_previous(listed.segment.number);
                self.take_frames(listed, &frames, &tail, Changes::Replayed);
                None
            }
        };
        self.tails.insert(listed.segment.number, tail);
        Ok(open)
    }

    /// What the frames of a segment say that takes no more of them.
    fn take_frames(&mut self, listed: &Listed, frames: &Frames, tail: &Tail, changes: Changes) {
        let segment = &listed.segment;
        let index = frames.index(tail);
        let directory = Directory {
            entries: index.directory(),
            changes: index.changes.clone(),
            image_start: tail.end,
        };
        let index = Arc::new(index);
        segment.keep_index(index.clone());
        self.take_directory(segment, &directory, changes);
        if !segment.is_sorted {
            self.see_frames(segment.number, frames.entries(tail).iter());
        }
        if tail.then == Then::WriteFooter {
            let segment = segment.clone();
            let job = SealJob {
                segment,
                index,
                frames_end: tail.end,
                last_frame_crc: tail.last_crc,
            };
            self.uses.handover.put_back(job);
        }
        for position in &tail.damage {
            self.fault(segment, *position, "a group of records cannot be read");
        }
    }

    fn fault(&mut self, segment: &Segment, position: u32, what: &'static str) {
        let (named, file) = ((segment.number, segment.is_sorted), segment.name.clone());
        self.faults.push(Fault::new(named, file, position, what));
    }

    /// Takes the newest segment up where its frames end.
    fn go_on_in(
        &mut self,
        listed: &Listed,
        frames: &Frames,
        tail: &Tail,
        limit: u32,
    ) -> ActiveSegment {
        let entries = frames.entries(tail);
        let mut index = ActiveIndex::new(listed.segment.clone(), ListRoom::default());
        let number = listed.segment.number;
        let mut apply = |entries: &[Entry]| {
            let mut addition = index.add();
            for entry in entries {
                self.apply(entry, number, &mut addition);
            }
            drop(addition);
            index.len()
        };
        let checkpointed_blocks = apply(&entries.checkpointed);
        apply(&entries.scanned);
        self.see_frames(listed.segment.number, entries.iter());
        frames.open(listed, tail, &entries, (index, checkpointed_blocks), limit)
    }

    /// Makes an entry visible.
    fn apply(&self, entry: &Entry, number: u64, open: &mut Addition<'_>) {
        match *entry {
            Entry::Records {
                log,
                block,
                control,
            } => {
                // One that is missing was deleted before the MANIFEST was written.
                let log = self.uses.logs.log_or_remains(log);
                open.push(&log, block, control);
            }
            Entry::Create { .. } | Entry::Delete { .. } => self.change(entry, number),
            Entry::Trim { .. } | Entry::Configure { .. } => self.change(entry, number),
            Entry::Checkpoint { .. } => {}
        }
    }

    fn change(&self, change: &Entry, number: u64) {
        let now = self.uses.clock.monotonic();
        self.uses.logs.change(change, number, now);
    }

    fn see_frames<'e>(&mut self, number: u64, entries: impl Iterator<Item = &'e Entry>) {
        let mut position = FRAMES_START;
        for entry in entries {
            if let Entry::Records { block, .. } = entry {
                position = block.position;
            }
            self.see(entry, number, position);
        }
    }

    /// Records the newest occurrence of a log.
    fn see(&mut self, entry: &Entry, number: u64, position: u32) {
        match entry {
            Entry::Records { log, .. } => {
                self.note_orphan(*log);
                self.latest.insert(*log, (number, position));
            }
            Entry::Create { log, .. } => drop(self.latest.insert(*log, (number, position))),
            Entry::Delete { log } => drop(self.orphans.remove(log)),
            Entry::Trim { .. } | Entry::Configure { .. } | Entry::Checkpoint { .. } => {}
        }
    }

    fn note_orphan(&mut self, log: LogId) {
        if self.uses.logs.find(log).is_none() {
            self.orphans.insert(log);
        }
    }

    /// A log with records and without a creation was deleted, unless damage may have destroyed the
    /// creation. In that case it exists, and all of it is lost.
    fn restore_orphans(&self, fault: &Fault) {
        for id in &self.orphans {
            let log = Log::new(*id, millstream_store::store::LogSettings::default());
            log.with(|state| state.holes.push(hole(Some(fault), Offset(0), None)));
            self.uses.logs.restore(log);
        }
    }

    /// Turns unreadable data into holes of the logs that it may affect.
    fn note_damage(&mut self, replay_from: u64) {
        let faults = &self.faults;
        let is_replayed = |fault: &&Fault| !fault.is_in_copy && fault.segment >= replay_from;
        let newest = faults.iter().rfind(is_replayed);
        let damage = self.uses.damage;
        if !faults.is_empty() {
            damage.note();
        }
        let logs = self.uses.logs.live();
        if let Some(fault) = newest {
            damage.note_replayed(replay_from);
            self.restore_orphans(fault);
            damage.note_lost_creations(hole(Some(fault), Offset(0), None));
        }
        for log in logs {
            let seen = self.latest.get(&log.id).copied().unwrap_or_default();
            let hides_tail =
                |fault: &&Fault| is_replayed(fault) && (fault.segment, fault.position) >= seen;
            log.with(|state| {
                for (first, end) in state.gaps() {
                    // Even if only the MANIFEST shows what is missing.
                    damage.note();
                    state.holes.push(hole(faults.first(), first, Some(end)));
                }
                if let Some(fault) = faults.iter().find(hides_tail) {
                    let end = state.end;
                    state.holes.push(hole(Some(fault), end, None));
                }
            });
        }
    }

    /// The first write: nothing that was found speaks against continuing here. The directory is
    /// synced even if there is nothing to mend: the MANIFEST may have its name in the page cache
    /// alone, and files that only the one before it lists are removed next.
    fn mend(&self) -> io::Result<()> {
        if let Some(mending) = &self.mending {
            mending.run()?;
        }
        for (segment, header) in &self.headless {
            let file = &segment.file;
            let written = file.write_all_at(&header.encode(), 0);
            if let Err(error) = written.and_then(|()| file.sync_data()) {
                tracing::warn!(file = segment.name, %error, "cannot write the lost header again");
            }
        }
        self.uses.home.sync()
    }

    fn hide(&self) {
        self.uses.logs.hide(self.uses.clock.monotonic());
    }

    /// Continues in the newest segment or a new one, and drops unused prepared ones.
    fn go_on(
        self,
        open: Option<ActiveSegment>,
        mut unused: Vec<Arc<Segment>>,
    ) -> Result<ActiveSegment, OpenError> {
        let segments = self.uses.segments;
        segments.set_used(segments.count() - unused.len());
        segments.set_active(segments.newest().unwrap_or_default());
        self.uses.listing.forget_draft();
        unused
            .iter()
            .try_for_each(wipe)
            .map_err(OpenError::writing)?;
        let mut restored = self.uses.reserve.restore();
        if restored.as_ref().is_err_and(is_full) && self.uses.maker.drop_spares() > 0 {
            restored = self.uses.reserve.restore();
        }
        match restored {
            // On a full disk existing data is readable, and operations that free space can be
            // written.
            Err(error) if is_full(&error) || is_out_of_files(&error) => {}
            restored => restored.map_err(OpenError::writing)?,
        }
        let open = match open {
            Some(open) => open,
            None => {
                let mut fresh = self.uses.shortage.prepare(Claim::Privileged);
                if fresh.as_ref().is_err_and(is_full) && !unused.is_empty() {
                    // Unused segments hold nothing but space.
                    let dropped = self.uses.reclaimer.drop_segments(&unused);
                    dropped.map_err(OpenError::writing)?;
                    unused.clear();
                    fresh = self.uses.shortage.prepare(Claim::Privileged);
                }
                let fresh = fresh.map_err(OpenError::writing)?;
                ActiveSegment::fresh(fresh, self.previous, ListRoom::default())
            }
        };
        segments.set_active(open.segment.number);
        let dropped = self.uses.reclaimer.drop_segments(&unused);
        dropped.map_err(OpenError::writing)?;
        Ok(open)
    }
}

/// Where a segment ends, if the header of the one begun after it says so.
fn end_told(segment: &Segment, later: &[Listed]) -> Option<u32> {
    let next = later.iter().find(|next| !next.segment.is_sorted)?;
    let previous = next.header?.previous;
    (previous.number == segment.number).then_some(previous.end)
}

/// Makes an unused segment look so once it is no longer listed: a part of a first frame may be in
/// it. Not yet durable.
fn wipe(segment: &Arc<Segment>) -> io::Result<()> {
    let mut head = [0; HEAD_BYTES];
    segment.file.read_exact_at(&mut head, 0)?;
    if head.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    Segment::wipe_head(&*segment.file)
}

impl Fault {
    fn new(
        (segment, is_in_copy): (u64, bool),
        file: String,
        position: u32,
        what: &'static str,
    ) -> Self {
        tracing::error!(file, position, what, "damage");
        Self {
            segment,
            is_in_copy,
            file,
            position,
            what,
        }
    }
}

fn hole(fault: Option<&Fault>, first: Offset, end: Option<Offset>) -> Hole {
    match fault {
        Some(fault) => {
            let (file, position) = (fault.file.clone(), u64::from(fault.position));
            Hole {
                first,
                end,
                file,
                position,
                what: fault.what,
            }
        }
        None => {
            let (file, what) = (
                MANIFEST_NAME.to_owned(),
                "it tells of records in no segment",
            );
            Hole {
                first,
                end,
                file,
                position: 0,
                what,
            }
        }
    }
}
