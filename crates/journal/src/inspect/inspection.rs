//! A journal that is looked at: opened as a start opens it, on a disk that nothing can be written
//! to.

use crate::Journal;
use crate::format::manifest::{MANIFEST_NAME, Manifest};
use crate::format::segment::{FRAMES_START, Segment, is_spare_name, segment_name};
use crate::inspect::accounted::Accounted;
use crate::inspect::finding::{Checked, Extent, Finding, InspectionSize, Visitor, What};
use crate::inspect::read_only::ReadOnlyDisk;
use crate::inspect::rebuilt::Rebuilt;
use crate::inspect::verify::{Expected, Runs, verify};
use crate::open_error::OpenError;
use crate::read::index::{Hole, Log};
use crate::recover::classify::Tail;
use crate::recover::preflight;
use crate::recover::recovery::{Fault, Survey};
use crate::recover::unfinished::{name_of, undone};
use crate::recover::unlisted::Unlisted;
use crate::space::reserve::RESERVE_NAME;
use crate::startup;
use crate::state::home::Home;
use crate::state::lifecycle::DirectoryLock;
use crate::write::active_segment::ActiveSegment;
use millstream_env::{Env, OpenMode};
use millstream_store::store::{LogId, LogStore, Offset};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// A journal at rest, opened for reading only.
pub struct Inspection {
    pub(crate) journal: Arc<Journal>,
    pub(crate) home: Home,
    accounted: Accounted,
    /// The folder of a repair that did not end.
    undone: Option<String>,
    /// What the MANIFEST says, or what the files do where it is lost.
    pub(crate) manifest: Manifest,
    /// What is wrong with the MANIFEST.
    pub(crate) manifest_damage: Option<(What, u64)>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) tails: BTreeMap<u64, Tail>,
    pub(crate) strays: Vec<(String, &'static str)>,
    /// Files without records that the disk does not give.
    pub(crate) unreadable: Vec<(String, String)>,
    headed: BTreeSet<u64>,
    pub(crate) unused: BTreeSet<u64>,
    /// The segment that a start goes on in.
    open: Option<ActiveSegment>,
}

/// What a survey finds, beside the journal.
type Surveyed = (Survey, (Vec<Fault>, BTreeMap<u64, Tail>));

/// What the MANIFEST says, what is wrong with it, and files that may be needed.
type Read = (Manifest, Option<(What, u64)>, Vec<(String, &'static str)>);

impl Inspection {
    /// Opens the journal in a directory. It must be at rest: as long as this exists, no other
    /// process opens it. `env` runs what blocks.
    ///
    /// # Errors
    /// If there is no journal, if it is in use, or if the disk fails.
    pub fn open(env: &Env, directory: &Path) -> Result<Self, OpenError> {
        env.disk.list(directory).map_err(OpenError::reading)?;
        preflight::check(&*env.disk, directory)?;
        let lock = preflight::lock_shared(&*env.disk, directory)?;
        Self::under(env, directory, lock)
    }

    /// The same under a lock that is held.
    pub(crate) fn under(
        env: &Env,
        directory: &Path,
        lock: DirectoryLock,
    ) -> Result<Self, OpenError> {
        let env = Env {
            disk: Arc::new(ReadOnlyDisk(env.disk.clone())),
            ..env.clone()
        };
        let home = Home::new(env.disk.clone(), directory);
        let undone = undone(home.disk(), directory).map_err(OpenError::reading)?;
        let accounted = Accounted::of(&home, undone.as_ref()).map_err(OpenError::reading)?;
        preflight::expect_some(home.disk(), directory)?;
        let mut read = read(&home, &accounted)?;
        let lock: Arc<dyn Send + Sync> = lock.into();
        let survey = |manifest: &Manifest| -> Result<(Arc<Journal>, Surveyed), OpenError> {
            let components = startup::look(env.clone(), directory, Box::new(lock.clone()));
            let mut recovery = components.recovery();
            let survey = recovery.survey(manifest)?;
            let findings = recovery.into_findings();
            Ok((Arc::new(components.journal()), (survey, findings)))
        };
        let mut found = survey(&read.0)?;
        if read.1.is_none() && home_has_manifest(&accounted) {
            let (manifest, journal) = (&read.0, &found.0);
            let mut unlisted = Unlisted::beside(&home, manifest, undone.as_ref())?;
            unlisted.prove(&journal.logs, &journal.damage, manifest.replay_from);
            if unlisted.is_manifest_older() {
                let older = Some((What::ManifestOlder, 0));
                read = make_up(&home, &accounted, Some(read.0), older)?;
                found = survey(&read.0)?;
            } else {
                read.2.extend(unlisted.strays());
            }
        }
        let (manifest, manifest_damage, strays) = read;
        let (
            journal,
            (
                Survey {
                    open,
                    unused,
                    headed,
                },
                (faults, tails),
            ),
        ) = found;
        Ok(Self {
            unreadable: unreadable(&home, &accounted),
            journal,
            home,
            undone: undone.map(|undone| name_of(&undone.folder)),
            accounted,
            manifest,
            manifest_damage,
            faults,
            tails,
            strays,
            headed,
            unused: unused.iter().map(|segment| segment.number).collect(),
            open,
        })
    }

    /// The logs, for reading: whatever is submitted is refused.
    pub fn store(&self) -> Arc<dyn LogStore> {
        self.journal.clone()
    }

    /// How much there is to look at.
    pub fn size(&self) -> InspectionSize {
        let segments = self.journal.segments.all();
        let bytes = segments.values().map(|segment| self.frames_bytes(segment));
        InspectionSize {
            files: self.accounted.own.len() as u64,
            bytes: bytes.sum(),
            logs: self.journal.logs.count() as u64,
        }
    }

    /// Bytes of a segment's frames.
    fn frames_bytes(&self, segment: &Segment) -> u64 {
        u64::from(self.frames_end(segment).saturating_sub(FRAMES_START))
    }

    /// Where the frames of a segment end that count.
    pub(crate) fn frames_end(&self, segment: &Segment) -> u32 {
        match (segment.directory(), self.tails.get(&segment.number)) {
            (Some(directory), _) => directory.image_start,
            (None, Some(tail)) => tail.end.max(tail.durable_end),
            (None, None) => FRAMES_START,
        }
    }

    /// Looks at everything.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn run(&self, visitor: &mut dyn Visitor) -> Result<Checked, OpenError> {
        Ok(self.look(visitor)?.0)
    }

    /// The same; also returns the damaged segments.
    pub(crate) fn look(
        &self,
        visitor: &mut dyn Visitor,
    ) -> Result<(Checked, BTreeSet<u64>), OpenError> {
        visitor.begin(self.size());
        self.report_files(visitor);
        let (mut records, mut damaged) = (0, BTreeSet::new());
        for segment in self.journal.segments.all().values() {
            let (is_damaged, intact) = self.verify(segment, visitor)?;
            records += intact;
            if is_damaged {
                damaged.insert(segment.number);
            }
        }
        for log in self.journal.logs.live() {
            report_log(&log, visitor);
        }
        let size = self.size();
        Ok((Checked { size, records }, damaged))
    }

    /// The first control record of a log, if it is known to have one.
    pub(crate) fn first_control(&self, log: LogId) -> Option<Offset> {
        let log = self.journal.logs.find(log)?;
        log.with(|state| state.first_control())
    }

    /// A number that no file of the directory has.
    pub(crate) fn next_number(&self) -> u64 {
        let taken = self.accounted.numbers.iter().max().copied();
        let after = taken.map_or(1, |taken| taken + 1);
        self.manifest.next_number.max(after)
    }

    /// Names that stand in the directory for segments which are missing all the same: links to
    /// nowhere. Once the segments are no longer listed, they would be in the way.
    pub(crate) fn dangling(&self) -> impl Iterator<Item = String> {
        let segments = self.journal.segments.all();
        let names = self.accounted.segments.iter();
        let listed = &self.manifest.segments;
        let dangling = names.filter(move |number| {
            let is_listed = listed.iter().any(|entry| entry.number == **number);
            is_listed && !segments.contains_key(number)
        });
        dangling.map(|number| segment_name(*number))
    }

    /// How many bytes of records may have been where nobody can say whose they were.
    pub(crate) fn unknown_bytes(&self) -> u64 {
        let segments = self.journal.segments.all();
        let entries = &self.manifest.segments;
        let bytes = self.faults.iter().map(|fault| {
            let listed = entries.iter().find(|entry| entry.number == fault.segment);
            let capacity = listed.map_or(0, |entry| entry.capacity_bytes);
            let found = segments.get(&fault.segment);
            let length = found.map_or(0, |segment| segment.file_bytes());
            let until = capacity.max(length);
            until.saturating_sub(u64::from(fault.position))
        });
        bytes.sum()
    }

    /// Verifies one segment; returns whether it is damaged, and its intact records.
    pub(crate) fn verify(
        &self,
        segment: &Segment,
        visitor: &mut dyn Visitor,
    ) -> Result<(bool, u64), OpenError> {
        let number = segment.number;
        if self.unused.contains(&number) {
            return Ok((false, 0));
        }
        let has_header = self.headed.contains(&number);
        if !has_header {
            visitor.finding(Finding {
                file: segment.name.clone(),
                position: Some(0),
                what: What::Header,
                concerns: None,
            });
        }
        let directory = segment.directory();
        let expected = Expected {
            logs: &self.journal.logs,
            directory: directory.as_deref(),
            tail: self.tails.get(&number),
        };
        let verified = verify(segment, &expected, &self.open_runs(number), visitor)?;
        Ok((verified.is_damaged || !has_header, verified.records))
    }

    /// The blocks of the segment that a start goes on in.
    pub(crate) fn open_runs(&self, number: u64) -> Runs {
        let is_open = |open: &&ActiveSegment| open.segment.number == number;
        if self.open.as_ref().filter(is_open).is_none() {
            return Vec::new();
        }
        let logs = self.journal.logs.every();
        let runs = logs.iter().filter_map(|log| {
            let open = log.with(|state| state.open.clone())?;
            Some((log.id, open.all()))
        });
        runs.collect()
    }

    /// What is wrong with the files, before any of them is read through.
    fn report_files(&self, visitor: &mut dyn Visitor) {
        let mut found = |file: &str, position, what| {
            visitor.finding(Finding {
                file: file.to_owned(),
                position,
                what,
                concerns: None,
            });
        };
        if let Some(folder) = &self.undone {
            found(folder, None, What::Unfinished);
        }
        if let Some((what, position)) = &self.manifest_damage {
            found(MANIFEST_NAME, Some(*position), what.clone());
        }
        for (file, what) in &self.strays {
            found(file, None, What::Stray(what));
        }
        for fault in &self.faults {
            let what = match fault.what {
                "the file is missing" => What::Missing,
                other => What::Fault(other),
            };
            found(&fault.file, Some(u64::from(fault.position)), what);
        }
        for (file, why) in &self.unreadable {
            found(file, None, What::Unreadable(why.clone()));
        }
        for file in &self.accounted.foreign {
            found(file, None, What::Foreign);
        }
    }
}

fn home_has_manifest(accounted: &Accounted) -> bool {
    accounted.own.iter().any(|name| name == MANIFEST_NAME)
}

/// Reads the MANIFEST, or makes up for it.
fn read(home: &Home, accounted: &Accounted) -> Result<Read, OpenError> {
    let found = Manifest::read(home.disk(), home.directory()).map_err(OpenError::reading)?;
    match found {
        Some(Ok(manifest)) => Ok((manifest, None, Vec::new())),
        Some(Err(position)) => make_up(
            home,
            accounted,
            None,
            Some((What::ManifestBroken, position)),
        ),
        None => make_up(home, accounted, None, None),
    }
}

/// Makes a MANIFEST from the files, and from an older one.
fn make_up(
    home: &Home,
    accounted: &Accounted,
    older: Option<Manifest>,
    damage: Option<(What, u64)>,
) -> Result<Read, OpenError> {
    let rebuilt = Rebuilt::of(home, accounted, older.as_ref())?;
    let spares = accounted.own.iter().filter(|name| is_spare_name(name));
    let spares = spares.filter(|_| older.is_none()).cloned();
    let spares: Vec<(String, &str)> = spares
        .map(|file| (file, "was a segment once, and MANIFEST does not say when"))
        .collect();
    let has_segments = !rebuilt.manifest.segments.is_empty() || !rebuilt.unknown.is_empty();
    let is_begun = has_segments || !spares.is_empty();
    let damage = damage.or(is_begun.then_some((What::ManifestMissing, 0)));
    let what = "cannot be told from its header, nor from MANIFEST";
    let strays = rebuilt.unknown.into_iter().map(|file| (file, what));
    Ok((rebuilt.manifest, damage, strays.chain(spares).collect()))
}

/// The files without records that cannot be read, and why.
fn unreadable(home: &Home, accounted: &Accounted) -> Vec<(String, String)> {
    let others = accounted.own.iter().filter(|name| *name == RESERVE_NAME);
    let failed = others.filter_map(|name| {
        let opened = home.disk().open(&home.join(name), OpenMode::Read);
        let error = opened.err()?;
        Some((name.clone(), error.to_string()))
    });
    failed.collect()
}

/// What is missing of a log.
fn report_log(log: &Log, visitor: &mut dyn Visitor) {
    let (holes, first) = log.with(|state| (state.holes.clone(), state.first));
    for hole in holes {
        visitor.finding(Finding {
            concerns: Some(Extent {
                log: log.id,
                first: hole.first,
                end: hole.end,
                arrival: None,
                is_hidden: hole.end.is_some_and(|end| end <= first),
            }),
            ..missing(&hole)
        });
    }
    let runs = log.with(|state| state.ranges.clone());
    for pair in runs.windows(2) {
        let [before, after] = pair else {
            continue;
        };
        if after.first_arrival < before.last_arrival {
            visitor.finding(Finding {
                file: after.segment.name.clone(),
                position: None,
                what: What::Records("records arrived before those that precede them"),
                concerns: Some(extent_of(log, after.first, after.end)),
            });
        }
    }
}

fn missing(hole: &Hole) -> Finding {
    Finding {
        file: hole.file.clone(),
        position: Some(hole.position),
        what: What::Lost(hole.what),
        concerns: None,
    }
}

fn extent_of(log: &Log, first: Offset, end: Offset) -> Extent {
    Extent {
        log: log.id,
        first,
        end: Some(end),
        arrival: None,
        is_hidden: false,
    }
}
