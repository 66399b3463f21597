//! Files in the directory that no MANIFEST lists: which of them are provably unused and may be
//! removed.
//!
//! A crash leaves four kinds. An unfinished segment has a name of its own. A finished but unused
//! one is zeros where the first frame would be. A complete copy that is not yet listed, and a
//! segment that is no longer listed and not yet removed, have a header and a footer; such a file
//! may be removed if everything in it is also in listed segments, or can no longer be read. Any
//! other file was written by a journal whose MANIFEST is not this one: it is an error with the
//! file's name. What always holds: nothing is removed before everything was examined, and an
//! unreadable file proves nothing.

use crate::format::footer::{Directory, DirectoryEntry};
use crate::format::manifest::{Manifest, SegmentEntry};
use crate::format::segment::{
    HEAD_BYTES, SEGMENT_HEADER_BYTES, Segment, SegmentHeader, is_making_name, is_spare_name,
    number_of_segment, segment_name, spare_name,
};
use crate::open_error::OpenError;
use crate::recover::listed::read_footer;
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
    strays: Vec<(String, &'static str)>,
    /// Whether one of them proves that the MANIFEST is older than the data.
    is_manifest_older: bool,
}

/// Why a segment without an end that holds proves the MANIFEST to be older.
const BEGUN_LATER: &str = "was begun after MANIFEST was written: MANIFEST is older than the data";

/// A complete segment.
struct Sealed {
    path: PathBuf,
    number: u64,
    directory: Directory,
}

impl Unlisted {
    /// The files without any MANIFEST: those of a journal that was never used, and nothing else.
    pub(crate) fn without_manifest(home: &Home) -> Result<Self, OpenError> {
        let mut unused = Vec::new();
        for path in list(home)? {
            let name = name_of(&path);
            if is_spare_name(&name) {
                return Err(stray(name, "was a segment once, and MANIFEST is missing"));
            }
            if number_of_segment(&name).is_some() {
                if !is_empty(&*open(home, &path)?, u64::MAX)? {
                    return Err(stray(name, "is not empty, and MANIFEST is missing"));
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
            is_manifest_older: false,
        })
    }

    /// The files that a MANIFEST does not list.
    pub(crate) fn beside(home: &Home, manifest: &Manifest) -> Result<Self, OpenError> {
        let listed: BTreeSet<u64> = manifest.segments.iter().map(|entry| entry.number).collect();
        let (mut unused, mut sealed, mut strays) = (Vec::new(), Vec::new(), Vec::new());
        let mut is_manifest_older = false;
        let paths = list(home)?;
        let names: BTreeSet<String> = paths.iter().map(|path| name_of(path)).collect();
        for number in &listed {
            let [segment, spare] = [segment_name(*number), spare_name(*number)];
            if !names.contains(&segment) && names.contains(&spare) {
                let what = "was given up, and MANIFEST lists it still: MANIFEST is older than that";
                strays.push((spare, what));
                is_manifest_older = true;
            }
        }
        for path in paths {
            let name = name_of(&path);
            if is_making_name(&name) {
                unused.push(path);
            } else if let Some(number) = number_of_segment(&name)
                && !listed.contains(&number)
            {
                let file = open(home, &path)?;
                if is_empty(&*file, HEAD_BYTES as u64)? {
                    unused.push(path);
                } else {
                    let is_new = number >= manifest.next_number;
                    match Sealed::read(path, number, file, is_new)? {
                        Ok(file) => sealed.push(file),
                        Err(what) => {
                            is_manifest_older |= what == BEGUN_LATER;
                            strays.push((name, what));
                        }
                    }
                }
            }
        }
        Ok(Self {
            unused,
            sealed,
            strays,
            is_manifest_older,
        })
    }

    /// The files that may be needed, each with the reason.
    pub(crate) fn strays(&self) -> &[(String, &'static str)] {
        &self.strays
    }

    /// Whether one of them proves that the MANIFEST is older than the data.
    pub(crate) fn is_manifest_older(&self) -> bool {
        self.is_manifest_older
    }

    /// Fails if there is a file that may be needed.
    pub(crate) fn refuse_strays(&self) -> Result<(), OpenError> {
        match self.strays.first() {
            Some((file, what)) => Err(stray(file.clone(), what)),
            None => Ok(()),
        }
    }

    /// Sorts out those that may be needed. Everything listed has been loaded.
    pub(crate) fn prove(&mut self, logs: &Logs, damage: &Damage, replay_from: u64) {
        for file in &self.sealed {
            let runs = &file.directory.entries;
            // What replay would have restored is in no MANIFEST.
            let is_told = file.directory.changes.is_empty() || file.number < replay_from;
            if !is_told || !runs.iter().all(|run| is_elsewhere(logs, damage, run)) {
                let what = "holds what stands nowhere else, and MANIFEST does not list it";
                self.strays.push((segment_name(file.number), what));
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
        is_new: bool,
    ) -> Result<Result<Self, &'static str>, OpenError> {
        // A copy of a few records is shorter than `HEAD_BYTES`.
        let mut head = [0; SEGMENT_HEADER_BYTES];
        let read = match file.read_exact_at(&mut head, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            read => Some(read.map_err(OpenError::reading)?),
        };
        let header = read.and_then(|()| SegmentHeader::decode(&head));
        let Some(header) = header.filter(|header| header.number == number) else {
            let what = "does not begin as its name says, and MANIFEST does not list it";
            return Ok(Err(what));
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
                number,
                directory,
            }),
            None if is_new => Err(BEGUN_LATER),
            None => Err("has no end that holds, and MANIFEST does not list it"),
        })
    }
}

/// Whether the records of a run are also in a listed segment, or can no longer be read.
fn is_elsewhere(logs: &Logs, damage: &Damage, run: &DirectoryEntry) -> bool {
    let Some(log) = logs.find(run.log) else {
        // It was deleted, unless damage has destroyed its creation.
        return !damage.is_any();
    };
    log.with(|state| {
        let first = run.first.max(state.first);
        let is_gap = |(from, to): &(_, _)| *from < run.end && first < *to;
        first >= run.end || (run.end <= state.end && !state.gaps().iter().any(is_gap))
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

fn stray(file: String, what: &'static str) -> OpenError {
    OpenError::Stray { file, what }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
