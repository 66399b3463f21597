//! Files in the directory that no MANIFEST lists: which of them are provably unused and may be
//! removed.
//!
//! A crash leaves four kinds. An unfinished segment has a name of its own. A finished but unused
//! one is zeros where the first frame would be. A complete copy that is not yet listed, and a
//! segment that is no longer listed and not yet removed, have a header and a footer; such a file
//! may be removed if everything in it is also in listed segments, or can no longer be read. A log
//! that is not there was deleted; but a file with a later number than the MANIFEST's next may only
//! be a copy, whose sources are listed: what they do not hold shows the MANIFEST to be older. Any
//! other file was written by a journal whose MANIFEST is not this one: it is an error with the
//! file's name. What always holds: nothing is removed before everything was examined, and an
//! unreadable file proves nothing.

use crate::format::footer::{Directory, DirectoryEntry};
use crate::format::manifest::{Manifest, SegmentEntry};
use crate::format::segment::{
    HEAD_BYTES, SEGMENT_HEADER_BYTES, Segment, SegmentHeader, is_making_name, is_spare_name,
    number_of_file, number_of_segment, segment_name, spare_name,
};
use crate::open_error::OpenError;
use crate::recover::listed::read_footer;
use crate::recover::unfinished::{Marked, name_of};
use crate::state::damage::Damage;
use crate::state::home::Home;
use crate::state::logs::Logs;
use millstream_env::{File, OpenMode};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Piece size for checking whether a file is all zeros.
const PIECE_BYTES: u64 = 1024 * 1024;

/// The files that no MANIFEST lists.
pub(crate) struct Unlisted {
    /// Files that never held anything.
    unused: Vec<PathBuf>,
    /// Files that may be removed if their content is elsewhere.
    sealed: Vec<Sealed>,
    /// Files that may be needed, each with the reason.
    strays: Vec<(String, Why)>,
}

/// A complete segment.
struct Sealed {
    path: PathBuf,
    age: Age,
    number: u64,
    directory: Directory,
}

/// When a file got its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    /// Before the MANIFEST was written: it was listed once, or was to be.
    Earlier,
    /// After it. Only a copy of segments that are listed stands there with records: it gets its
    /// name and is listed before any of these may go.
    Later,
}

/// Why a file may be needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// There is no MANIFEST, and it was a segment.
    SpareAlone,
    /// There is no MANIFEST, and it holds something.
    SegmentAlone,
    /// It is a spare, and the MANIFEST lists it as a segment.
    GivenUp,
    /// It is a spare, and got its number after the MANIFEST was written.
    GivenUpLater,
    /// It got its number after the MANIFEST was written, and is no copy of what that lists.
    BegunLater,
    NotAsNamed,
    NoEnd,
    NowhereElse,
}

impl Why {
    fn text(self) -> &'static str {
        match self {
            Self::SpareAlone => "was a segment once, and MANIFEST is missing",
            Self::SegmentAlone => "is not empty, and MANIFEST is missing",
            Self::GivenUp => {
                "was given up, and MANIFEST lists it still: MANIFEST is older than that"
            }
            Self::GivenUpLater => {
                "was begun and given up after MANIFEST was written: MANIFEST is older than the data"
            }
            Self::BegunLater => {
                "was begun after MANIFEST was written: MANIFEST is older than the data"
            }
            Self::NotAsNamed => "does not begin as its name says, and MANIFEST does not list it",
            Self::NoEnd => "has no end that holds, and MANIFEST does not list it",
            Self::NowhereElse => "holds what stands nowhere else, and MANIFEST does not list it",
        }
    }

    /// Whether it proves that the MANIFEST is older than the data.
    fn proves_manifest_older(self) -> bool {
        match self {
            Self::GivenUp | Self::GivenUpLater | Self::BegunLater => true,
            Self::SpareAlone | Self::SegmentAlone => false,
            Self::NotAsNamed | Self::NoEnd | Self::NowhereElse => false,
        }
    }
}

impl Age {
    fn of(number: u64, manifest: &Manifest) -> Self {
        if number >= manifest.next_number {
            Self::Later
        } else {
            Self::Earlier
        }
    }
}

impl Unlisted {
    /// The files without any MANIFEST: those of a journal that was never used, and nothing else.
    pub(crate) fn without_manifest(home: &Home) -> Result<Self, OpenError> {
        let mut unused = Vec::new();
        for path in list(home)? {
            let name = name_of(&path);
            if is_spare_name(&name) {
                return Err(stray(name, Why::SpareAlone));
            }
            if number_of_segment(&name).is_some() {
                if !is_empty(&*open(home, &path)?, u64::MAX)? {
                    return Err(stray(name, Why::SegmentAlone));
                }
                unused.push(path);
            } else if is_making_name(&name) {
                unused.push(path);
            }
        }
        Ok(Self {
            unused,
            sealed: Vec::new(),
            strays: Vec::new(),
        })
    }

    /// The files that a MANIFEST does not list, without those that an unfinished repair has made.
    pub(crate) fn beside(
        home: &Home,
        manifest: &Manifest,
        undone: Option<&Marked>,
    ) -> Result<Self, OpenError> {
        let listed: BTreeSet<u64> = manifest.segments.iter().map(|entry| entry.number).collect();
        let (mut unused, mut sealed, mut strays) = (Vec::new(), Vec::new(), Vec::new());
        let mut paths = list(home)?;
        paths.retain(|path| undone.is_none_or(|undone| !undone.has_made(&name_of(path))));
        let names: BTreeSet<String> = paths.iter().map(|path| name_of(path)).collect();
        for number in &listed {
            let [segment, spare] = [segment_name(*number), spare_name(*number)];
            if !names.contains(&segment) && names.contains(&spare) {
                strays.push((spare, Why::GivenUp));
            }
        }
        for path in paths {
            let name = name_of(&path);
            if is_making_name(&name) {
                unused.push(path);
            } else if is_spare_name(&name) {
                let number = number_of_file(&name);
                if number.is_some_and(|number| Age::of(number, manifest) == Age::Later) {
                    strays.push((name, Why::GivenUpLater));
                }
            } else if let Some(number) = number_of_segment(&name)
                && !listed.contains(&number)
            {
                let file = open(home, &path)?;
                if is_empty(&*file, HEAD_BYTES as u64)? {
                    unused.push(path);
                } else {
                    match Sealed::read(path, number, file, Age::of(number, manifest))? {
                        Ok(file) => sealed.push(file),
                        Err(why) => strays.push((name, why)),
                    }
                }
            }
        }
        Ok(Self {
            unused,
            sealed,
            strays,
        })
    }

    /// The files that may be needed, each with the reason.
    pub(crate) fn strays(&self) -> impl Iterator<Item = (String, &'static str)> {
        let strays = self.strays.iter();
        strays.map(|(file, why)| (file.clone(), why.text()))
    }

    /// Whether one of them proves that the MANIFEST is older than the data. Complete segments do
    /// only once it was tried to prove that they may go.
    pub(crate) fn is_manifest_older(&self) -> bool {
        let mut strays = self.strays.iter();
        strays.any(|(_, why)| why.proves_manifest_older())
    }

    /// Fails if there is a file that may be needed.
    pub(crate) fn refuse_strays(&self) -> Result<(), OpenError> {
        match self.strays.first() {
            Some((file, why)) => Err(stray(file.clone(), *why)),
            None => Ok(()),
        }
    }

    /// Sorts out those that may be needed. Everything listed has been loaded.
    pub(crate) fn prove(&mut self, logs: &Logs, damage: &Damage, replay_from: u64) {
        for file in &self.sealed {
            let runs = &file.directory.entries;
            // What replay would have restored is in no MANIFEST.
            let is_told = file.directory.changes.is_empty() || file.number < replay_from;
            let is_elsewhere = |run| is_elsewhere(logs, damage, run, file.age);
            if !is_told || !runs.iter().all(is_elsewhere) {
                let why = match file.age {
                    Age::Earlier => Why::NowhereElse,
                    Age::Later => Why::BegunLater,
                };
                self.strays.push((segment_name(file.number), why));
            }
        }
    }

    /// Removes them all, once none of them may be needed.
    pub(crate) fn remove(&self, home: &Home) -> Result<(), OpenError> {
        let sealed = self.sealed.iter().map(|file| &file.path);
        for path in self.unused.iter().chain(sealed) {
            home.disk().remove(path).map_err(OpenError::writing)?;
        }
        Ok(())
    }
}

impl Sealed {
    /// The segment in a file; the inner `Err` says why it is none.
    fn read(
        path: PathBuf,
        number: u64,
        file: Arc<dyn File>,
        age: Age,
    ) -> Result<Result<Self, Why>, OpenError> {
        // A copy of a few records is shorter than `HEAD_BYTES`.
        let mut head = [0; SEGMENT_HEADER_BYTES];
        let read = match file.read_exact_at(&mut head, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            read => Some(read.map_err(OpenError::reading)?),
        };
        let header = read.and_then(|()| SegmentHeader::decode(&head));
        let Some(header) = header.filter(|header| header.number == number) else {
            return Ok(Err(Why::NotAsNamed));
        };
        let entry = SegmentEntry {
            number,
            salt: header.salt,
            is_sorted: false,
            replaces: 0,
            capacity_bytes: 0,
        };
        Ok(match read_footer(&Segment::new(&entry, file))? {
            Some(directory) => Ok(Self {
                path,
                age,
                number,
                directory,
            }),
            None => Err(match age {
                Age::Earlier => Why::NoEnd,
                Age::Later => Why::BegunLater,
            }),
        })
    }
}

/// Whether the records of a run are also in a listed segment, or can no longer be read.
fn is_elsewhere(logs: &Logs, damage: &Damage, run: &DirectoryEntry, age: Age) -> bool {
    let log = match (logs.find(run.log), age) {
        // It was deleted, unless damage has destroyed its creation.
        (None, Age::Earlier) => return !damage.is_any(),
        // What a copy was made of is listed still, or the log was made after the MANIFEST.
        (None, Age::Later) => logs.find_remains(run.log),
        (log @ Some(_), Age::Earlier | Age::Later) => log,
    };
    log.is_some_and(|log| {
        log.with(|state| {
            let first = run.first.max(state.first);
            let is_gap = |(from, to): &(_, _)| *from < run.end && first < *to;
            first >= run.end || (run.end <= state.end && !state.gaps().iter().any(is_gap))
        })
    })
}

/// Whether a file is all zeros, as far as it is examined.
fn is_empty(file: &dyn File, until: u64) -> Result<bool, OpenError> {
    let length = file.length().map_err(OpenError::reading)?.min(until);
    let mut at = 0;
    while at < length {
        let mut piece = vec![0; (length - at).min(PIECE_BYTES) as usize];
        file.read_exact_at(&mut piece, at)
            .map_err(OpenError::reading)?;
        if piece.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at += piece.len() as u64;
    }
    Ok(true)
}

fn open(home: &Home, path: &Path) -> Result<Arc<dyn File>, OpenError> {
    let opened = home.disk().open(path, OpenMode::Read);
    opened.map_err(OpenError::reading)
}

fn list(home: &Home) -> Result<Vec<PathBuf>, OpenError> {
    home.list().map_err(OpenError::reading)
}

fn stray(file: String, why: Why) -> OpenError {
    OpenError::Stray {
        file,
        what: why.text(),
    }
}
