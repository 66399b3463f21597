//! A file's bytes, twice: as the running system sees them, and as they are on stable storage; with
//! the changes between the two.

use crate::Random;
use std::ops::Range;

/// The unit that a device writes atomically.
const SECTOR_BYTES: usize = 512;

/// What can remain of an unsynced write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tearing {
    /// All of it or nothing.
    Never,
    /// Any subset of its sectors.
    Sectors,
}

#[derive(Default)]
pub(super) struct Inode {
    /// The permission bits, if any were set. They are durable at once.
    pub(super) mode: Option<u32>,
    /// What reads see.
    pub(super) now: Vec<u8>,
    safe: Vec<u8>,
    pending: Vec<Change>,
    /// Changes whose sync failed. They are visible, but no later sync makes them durable: Linux
    /// marks such pages clean. Writing and syncing the same range anew does.
    doomed: Vec<Change>,
}

enum Change {
    Write { position: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Inode {
    pub(super) fn write(&mut self, bytes: &[u8], position: u64) {
        let change = Change::Write {
            position: position as usize,
            bytes: bytes.to_vec(),
        };
        change.apply(&mut self.now);
        self.pending.push(change);
    }

    pub(super) fn set_length(&mut self, length: u64) {
        let change = Change::Length(length as usize);
        change.apply(&mut self.now);
        self.pending.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            self.supersede(&change);
            change.apply(&mut self.safe);
        }
    }

    /// Drops failed changes that are superseded by a durable one.
    fn supersede(&mut self, change: &Change) {
        let place = match change {
            Change::Write { position, bytes } => *position..position + bytes.len(),
            Change::Length(length) => {
                self.doomed
                    .retain(|doomed| matches!(doomed, Change::Write { .. }));
                *length..usize::MAX
            }
        };
        let doomed = std::mem::take(&mut self.doomed);
        let left = doomed.into_iter().flat_map(|it| it.outside(&place));
        self.doomed = left.collect();
    }

    pub(super) fn fail_sync(&mut self) {
        self.doomed.append(&mut self.pending);
    }

    /// Flips bits, on stable storage and in memory alike.
    pub(super) fn corrupt(&mut self, position: usize, mask: u8) {
        for bytes in [&mut self.now, &mut self.safe] {
            if let Some(byte) = bytes.get_mut(position) {
                *byte ^= mask;
            }
        }
    }

    /// Loses power: each unsynced change survives whole, in some of its sectors, or not at all.
    /// Returns how many were torn.
    pub(super) fn lose_power(&mut self, random: &dyn Random, tearing: Tearing) -> u64 {
        let mut torn = 0;
        let outcomes = match tearing {
            Tearing::Never => 2,
            Tearing::Sectors => 3,
        };
        let changes: Vec<Change> = self
            .doomed
            .drain(..)
            .chain(self.pending.drain(..))
            .collect();
        for change in changes {
            match roll(random, outcomes) {
                0 => {}
                1 => change.apply(&mut self.safe),
                _ => {
                    change.tear(&mut self.safe, random);
                    torn += 1;
                }
            }
        }
        self.now = self.safe.clone();
        torn
    }
}

impl Change {
    /// The parts of a write before and after a range; a new length is kept as it is.
    fn outside(self, place: &Range<usize>) -> Vec<Self> {
        let (position, bytes) = match self {
            Self::Write { position, bytes } => (position, bytes),
            Self::Length(_) => return vec![self],
        };
        let end = position + bytes.len();
        let before = position..end.min(place.start);
        let behind = position.max(place.end)..end;
        let part = |part: Range<usize>| Self::Write {
            position: part.start,
            bytes: bytes[part.start - position..part.end - position].to_vec(),
        };
        let parts = [before, behind].into_iter();
        parts.filter(|part| !part.is_empty()).map(part).collect()
    }

    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { position, bytes } => put(file, *position, bytes),
            Self::Length(length) => file.resize(*length, 0),
        }
    }

    fn tear(&self, file: &mut Vec<u8>, random: &dyn Random) {
        match self {
            Self::Write { position, bytes } => {
                let mut at = *position;
                let end = position + bytes.len();
                while at < end {
                    let sector_end = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
                    let until = sector_end.min(end);
                    if roll(random, 2) == 0 {
                        put(file, at, &bytes[at - position..until - position]);
                    }
                    at = until;
                }
            }
            Self::Length(_) => self.apply(file),
        }
    }
}

fn put(file: &mut Vec<u8>, position: usize, bytes: &[u8]) {
    let end = position + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[position..end].copy_from_slice(bytes);
}

/// A number below `sides`.
pub(super) fn roll(random: &dyn Random, sides: u8) -> u8 {
    let mut byte = [0];
    random.fill(&mut byte);
    byte[0] % sides
}
