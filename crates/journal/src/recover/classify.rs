//! The tail of a segment without a footer, classified from what a scan found of it.
//!
//! It reads no file, writes none and logs nothing: the same evidence gives the same tail. What is
//! done about it is done elsewhere. The states are a table in docs/recovery.md. What always holds:
//! a frame before the durable end counts, and what does not hold there is damage.

use crate::read::scan::Found;

/// What was found of a segment without a footer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// Where the scan began: at the newest checkpoint that holds, or at the first frame. All before
    /// it was synced.
    pub(crate) scanned_from: u32,
    /// The frames from there on, in order.
    pub(crate) frames: Vec<Found>,
    /// Where bytes begin that are no frame, though a frame follows.
    pub(crate) unreadable: Vec<u32>,
    pub(crate) role: Role,
    /// Whether the file is shorter than it was made.
    pub(crate) is_cut_short: bool,
}

/// What is known of a segment from outside its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing was written after it, so it may end in a torn tail. Its first page says that all
    /// before `synced` was synced.
    Newest { synced: u32 },
    /// All of it was synced: a later segment was begun, or it is a copy. `end` is where its last
    /// frame ends, if the later segment's header says so.
    Sealed { end: Option<u32> },
}

/// What the tail of a segment is, and what is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) state: State,
    pub(crate) then: Then,
    /// How many of the frames count, from the first on.
    pub(crate) kept: usize,
    /// One past the last byte of the frames that count.
    pub(crate) end: u32,
    /// The checksum of the last of them; 0 if there is none.
    pub(crate) last_crc: u32,
    /// All before this was synced.
    pub(crate) durable_end: u32,
    /// One past the last byte of the frames that do not count.
    pub(crate) dropped_end: u32,
    /// Where something that was synced cannot be read, in order.
    pub(crate) damage: Vec<u32>,
    /// Whether entries count that nothing calls synced.
    pub(crate) is_unwitnessed: bool,
}

/// What a tail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// All frames count.
    Whole,
    /// Frames that nobody was told of do not hold, or follow one that does not.
    Torn,
    /// Something that was synced cannot be read; the end may be torn as well.
    Rotten,
}

/// What is to be done with a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It takes the next groups.
    GoOn,
    /// Its footer is written.
    WriteFooter,
    /// It stays as it is, so that every start finds the same.
    Leave,
}

/// Classifies the tail of a segment.
pub(crate) fn classify(found: &Evidence) -> Tail {
    let durable_end = found.durable_end();
    let kept = found.count_kept(durable_end);
    let (frames, dropped) = found.frames.split_at(kept);
    let end = frames
        .last()
        .map_or(found.scanned_from, |last| last.header.end());
    let damage = found.damage(durable_end, end);
    let is_unwitnessed = frames
        .iter()
        .any(|frame| frame.header.position >= durable_end && !frame.entries.is_empty());
    Tail {
        state: match (damage.is_empty(), dropped.is_empty()) {
            (true, true) => State::Whole,
            (true, false) => State::Torn,
            (false, _) => State::Rotten,
        },
        then: match (found.role, damage.is_empty()) {
            (Role::Newest { .. }, true) => Then::GoOn,
            (Role::Sealed { .. }, true) => Then::WriteFooter,
            (Role::Newest { .. } | Role::Sealed { .. }, false) => Then::Leave,
        },
        kept,
        end,
        last_crc: frames.last().map_or(0, |last| last.crc),
        durable_end,
        dropped_end: dropped.last().map_or(end, |last| last.header.end()),
        damage,
        is_unwitnessed,
    }
}

impl Evidence {
    /// How far the segment was surely synced.
    fn durable_end(&self) -> u32 {
        match self.role {
            Role::Newest { synced } => {
                let witnesses = self.frames.iter().map(|frame| frame.header.durable_through);
                witnesses.fold(self.scanned_from.max(synced), u32::max)
            }
            Role::Sealed { end } => end.unwrap_or(self.seen_end()),
        }
    }

    /// Where the last frame ends.
    fn seen_end(&self) -> u32 {
        let last = self.frames.last();
        last.map_or(self.scanned_from, |last| last.header.end())
    }

    /// How many frames count: in the newest segment those before the first place at or behind the
    /// durable end that does not hold.
    fn count_kept(&self, durable_end: u32) -> usize {
        let Role::Newest { .. } = self.role else {
            return self.frames.len();
        };
        let broken = self.frames.iter().filter(|frame| !frame.is_whole);
        let broken = broken.map(|frame| frame.header.position);
        let torn_at = broken
            .chain(self.unreadable.iter().copied())
            .filter(|position| *position >= durable_end)
            .min();
        torn_at.map_or(self.frames.len(), |torn| {
            self.frames
                .partition_point(|frame| frame.header.position < torn)
        })
    }

    /// Where something before the durable end cannot be read, if what counts ends at `end`.
    fn damage(&self, durable_end: u32, end: u32) -> Vec<u32> {
        let unreadable = self.unreadable.iter().copied();
        let mut damage: Vec<u32> = unreadable.filter(|from| *from < durable_end).collect();
        let ends_elsewhere = match self.role {
            Role::Newest { .. } => end < durable_end,
            Role::Sealed { .. } => end != durable_end,
        };
        if (ends_elsewhere || self.is_cut_short) && damage.last() != Some(&end) {
            damage.push(end);
        }
        damage
    }
}
