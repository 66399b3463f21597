//! The plan of a reshard: which shards close and which are created, with their lineage.
//!
//! `apply` computes a plan once, from the open shards and the requested change; it is kept in the
//! catalog until it is completed. Pure arithmetic on ranges.

use super::codec;
use super::counts;
use super::shard::{Closed, Shard, Shards};
use millstream_env::Timestamp;
use millstream_model::{HashKey, HashRange, ShardId};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::ops::Bound;
use std::time::Duration;

/// Boundaries closer than this are considered equal; rounding moves a boundary by at most one key
/// per shard.
const SAME_KEYS: u128 = 1 << 16;
/// Cuts of one shard that are made from left to right.
const CUTS_IN_TURN: usize = 2;
/// Pieces of one range that are joined from left to right.
const PIECES_IN_TURN: usize = 3;

/// A change of a stream's shards.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Change {
    /// SplitShard.
    #[n(0)]
    Split {
        /// The shard's index.
        #[cbor(n(0), with = "counts::shard_index")]
        shard: u32,
        /// The first key of the right child.
        #[cbor(n(1), with = "codec::hash_key")]
        at: HashKey,
    },
    /// MergeShards.
    #[n(1)]
    Merge {
        /// The lower shard's index.
        #[cbor(n(0), with = "counts::shard_index")]
        shard: u32,
        /// The index of the shard directly above it.
        #[cbor(n(1), with = "counts::shard_index")]
        adjacent: u32,
    },
    /// UpdateShardCount, as earlier builds planned it: all splits, then all merges.
    #[n(2)]
    Scale {
        /// The target number of open shards.
        #[cbor(n(0), with = "counts::shard_count")]
        target: NonZeroU32,
    },
    /// UpdateShardCount as AWS carries it out: from the lowest key upwards, one target range after
    /// the other.
    #[n(3)]
    ScaleInTurn {
        /// The target number of open shards.
        #[cbor(n(0), with = "counts::shard_count")]
        target: NonZeroU32,
    },
    /// The same steps; all shards open at the same instant, just after the parents close.
    #[n(6)]
    ScaleAtOnce {
        /// The target number of open shards.
        #[cbor(n(0), with = "counts::shard_count")]
        target: NonZeroU32,
    },
    /// Each of some shards is divided evenly, as on-demand streams grow.
    #[n(4)]
    Divide {
        /// The shards, each once.
        #[cbor(n(0), with = "counts::divisions")]
        divisions: Vec<Division>,
    },
    /// Each of some pairs of adjacent shards is merged, as on-demand streams shrink.
    #[n(5)]
    Join {
        /// The pairs: no shard is in two of them.
        #[n(0)]
        pairs: Vec<Pair>,
    },
}

impl Change {
    /// The number of open shards that a scaling is to reach.
    pub fn target(&self) -> Option<u32> {
        match self {
            Self::Split { .. } | Self::Merge { .. } | Self::Divide { .. } | Self::Join { .. } => {
                None
            }
            Self::Scale { target }
            | Self::ScaleInTurn { target }
            | Self::ScaleAtOnce { target } => Some(target.get()),
        }
    }

    /// The indexes of the shards that a caller names in it.
    pub fn shards(&self) -> [Option<u32>; 2] {
        match self {
            Self::Split { shard, .. } => [Some(*shard), None],
            Self::Merge { shard, adjacent } => [Some(*shard), Some(*adjacent)],
            Self::Scale { .. }
            | Self::ScaleInTurn { .. }
            | Self::ScaleAtOnce { .. }
            | Self::Divide { .. }
            | Self::Join { .. } => [None, None],
        }
    }
}

/// The even division of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Division {
    /// The shard's index.
    #[cbor(n(0), with = "counts::shard_index")]
    pub shard: u32,
    /// The number of equal parts.
    #[n(1)]
    pub parts: u32,
}

/// Two adjacent shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Pair {
    /// The lower shard's index.
    #[cbor(n(0), with = "counts::shard_index")]
    pub shard: u32,
    /// The index of the shard directly above it.
    #[cbor(n(1), with = "counts::shard_index")]
    pub adjacent: u32,
}

/// When a plan's shards open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Opening {
    /// Each after its parents and after every shard with a lower index.
    #[n(0)]
    InTurn,
    /// All at the same instant, after the parents. One that is cut or joined by the same plan is
    /// never open. By their creation seconds, none is older than a shard with a lower index.
    #[n(1)]
    AtOnce,
}

/// The planned shards, by ascending index.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Plan {
    /// The open shards that will close.
    #[n(0)]
    pub parents: Vec<u32>,
    /// The shards to be created.
    #[n(1)]
    pub created: Vec<Planned>,
    /// When they open; `None`: each after its parents, whatever its index.
    #[n(2)]
    pub opening: Option<Opening>,
}

/// A planned shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Planned {
    /// Its index.
    #[n(0)]
    pub index: u32,
    /// The keys that it will own.
    #[cbor(n(1), with = "codec::hash_range")]
    pub range: HashRange,
    /// Its parent.
    #[n(2)]
    pub parent: u32,
    /// Its second parent, for a merge.
    #[n(3)]
    pub adjacent_parent: Option<u32>,
}

/// Why a change cannot be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impossible {
    /// The shard is not open, or never existed.
    NotOpen(u32),
    /// The key is too close to the shard's edges, or outside.
    SplitKey {
        /// The shard's index.
        shard: u32,
        /// The shard's range.
        range: HashRange,
        /// The key.
        at: HashKey,
    },
    /// The two shards are not adjacent, in that order.
    NotAdjacent {
        /// The lower shard's index.
        shard: u32,
        /// The index of the one that should be directly above it.
        adjacent: u32,
    },
    /// There are not so many more indexes.
    IndexesUsedUp {
        /// The number of shards that would be open.
        target: u32,
    },
}

/// A part of the key space during the planning of a scaling.
#[derive(Clone, Copy)]
struct Piece {
    index: u32,
    range: HashRange,
}

/// Assigns indexes and collects planned shards.
struct Planner {
    next_index: u32,
    created: Vec<Planned>,
    opening: Option<Opening>,
}

impl Plan {
    /// Computes the plan of a change.
    ///
    /// # Errors
    /// If the shards do not allow it.
    pub fn new(shards: &Shards, next_index: u32, change: &Change) -> Result<Self, Impossible> {
        let mut planner = Planner {
            next_index,
            created: Vec::new(),
            opening: None,
        };
        match *change {
            Change::Split { shard, at } => {
                let parent = Piece::of_open(shards, shard)?;
                let range = parent.range;
                let impossible = Impossible::SplitKey { shard, range, at };
                planner.split(parent, at).ok_or(impossible)?;
            }
            Change::Merge { shard, adjacent } => {
                planner.merge_open(shards, Pair { shard, adjacent })?;
            }
            Change::Scale { target } => planner.scale(shards, target),
            Change::ScaleInTurn { target } => {
                planner.scale_in_turn(shards, target, Opening::InTurn);
            }
            Change::ScaleAtOnce { target } => {
                planner.scale_in_turn(shards, target, Opening::AtOnce);
            }
            Change::Divide { ref divisions } => planner.divide(shards, divisions)?,
            Change::Join { ref pairs } => planner.join_pairs(shards, pairs)?,
        }
        let plan = planner.finish(shards);
        if next_index > ShardId::INDEX_MAX + 1 - plan.created.len() as u32 {
            let open = shards.open().len() as u32;
            let target = open.saturating_add_signed(plan.growth() as i32);
            return Err(Impossible::IndexesUsedUp { target });
        }
        Ok(plan)
    }

    /// Whether the shard with this index will accept records, and so needs a log.
    pub fn has_log(&self, index: u32) -> bool {
        let is_created = self.created.binary_search_by_key(&index, |it| it.index);
        let is_parent = |it: &Planned| it.parent == index || it.adjacent_parent == Some(index);
        is_created.is_ok() && !self.created.iter().any(is_parent)
    }

    /// The indexes of the shards that will accept records, and so need logs.
    pub fn with_logs(&self) -> impl Iterator<Item = u32> {
        let named = self
            .created
            .iter()
            .flat_map(|p| [Some(p.parent), p.adjacent_parent]);
        let parents: BTreeSet<u32> = named.flatten().collect();
        let made = self.created.iter().map(|planned| planned.index);
        made.filter(move |index| !parents.contains(index))
    }

    /// The change in the number of open shards.
    pub fn growth(&self) -> i64 {
        self.with_logs().count() as i64 - self.parents.len() as i64
    }

    /// The shards after the plan was carried out: parents closed where their logs ended, at `time`
    /// or later, and the new ones added. A child opens one millisecond after its parents closed, so
    /// that at every instant the open shards own each key exactly once. Planned in turn or at once,
    /// none is older than a shard with a lower index: in turn, a scaling of thousands of shards
    /// opens the last of them seconds ahead of the clock, so callers plan it at once.
    pub fn carry_out(&self, shards: &Shards, ends: &BTreeMap<u32, u64>, time: Timestamp) -> Shards {
        let mut all: BTreeMap<u32, Shard> = shards
            .all()
            .iter()
            .map(|shard| (shard.index, shard.clone()))
            .collect();
        // Never before a parent opened, whatever the current time.
        let opened = self.parents.iter().map(|index| all[index].opened);
        let start = opened.chain([time]).max().unwrap_or(time);
        let mut depths = BTreeMap::new();
        let mut floor = self.opening.map(|_| Floor::above(shards));
        for planned in &self.created {
            let parents: Vec<u32> = [Some(planned.parent), planned.adjacent_parent]
                .into_iter()
                .flatten()
                .collect();
            let depth_of = |index: &u32| depths.get(index).copied().unwrap_or(0u64);
            let depth = match self.opening {
                Some(Opening::AtOnce) => 1,
                None | Some(Opening::InTurn) => 1 + parents.iter().map(depth_of).max().unwrap_or(0),
            };
            let mut opens = start.plus(Duration::from_millis(depth));
            let parents_created_s = parents.iter().map(|index| all[index].created_s).max();
            let mut created_s = opens
                .seconds()
                .max(parents_created_s.map_or(0, |s| s.saturating_add(1)));
            if let Some(floor) = &mut floor {
                (opens, created_s) = floor.raise(opens, created_s);
            }
            depths.insert(planned.index, opens.since(start).as_millis() as u64);
            for index in &parents {
                let parent = all
                    .get_mut(index)
                    .expect("parents stand before their children");
                let at = Timestamp(opens.0 - 1);
                parent.closed = Some(Closed {
                    at,
                    end: ends.get(index).copied(),
                });
            }
            all.insert(planned.index, planned.open(opens, created_s));
        }
        Shards::new(all.into_values().collect())
    }
}

/// The youngest shard so far: none that follows is older.
struct Floor {
    opened: Timestamp,
    created_s: u64,
}

impl Floor {
    fn above(shards: &Shards) -> Self {
        let all = shards.all().iter();
        Self {
            opened: all
                .clone()
                .map(|shard| shard.opened)
                .max()
                .unwrap_or_default(),
            created_s: all.map(|shard| shard.created_s).max().unwrap_or_default(),
        }
    }

    fn raise(&mut self, opened: Timestamp, created_s: u64) -> (Timestamp, u64) {
        self.opened = self.opened.max(opened);
        self.created_s = self.created_s.max(created_s);
        (self.opened, self.created_s)
    }
}

impl Planned {
    fn open(&self, opened: Timestamp, created_s: u64) -> Shard {
        Shard {
            index: self.index,
            range: self.range,
            opened,
            created_s,
            counter_base: 0,
            parent: Some(self.parent),
            adjacent_parent: self.adjacent_parent,
            closed: None,
        }
    }
}

impl Piece {
    fn of_open(shards: &Shards, index: u32) -> Result<Self, Impossible> {
        match shards.get(index) {
            Some(shard) if shard.is_open() => Ok(Self {
                index,
                range: shard.range,
            }),
            Some(_) | None => Err(Impossible::NotOpen(index)),
        }
    }
}

impl Planner {
    fn make(&mut self, range: HashRange, parent: u32, adjacent_parent: Option<u32>) -> Piece {
        let index = self.next_index;
        self.next_index += 1;
        self.created.push(Planned {
            index,
            range,
            parent,
            adjacent_parent,
        });
        Piece { index, range }
    }

    fn split(&mut self, parent: Piece, at: HashKey) -> Option<(Piece, Piece)> {
        let (left, right) = parent.range.split_at(at)?;
        Some((
            self.make(left, parent.index, None),
            self.make(right, parent.index, None),
        ))
    }

    fn merge(&mut self, lower: Piece, upper: Piece) -> Option<Piece> {
        let range = lower.range.merge_with(upper.range)?;
        Some(self.make(range, lower.index, Some(upper.index)))
    }

    fn merge_open(&mut self, shards: &Shards, pair: Pair) -> Result<(), Impossible> {
        let Pair { shard, adjacent } = pair;
        let lower = Piece::of_open(shards, shard)?;
        let upper = Piece::of_open(shards, adjacent)?;
        let impossible = Impossible::NotAdjacent { shard, adjacent };
        self.merge(lower, upper).ok_or(impossible)?;
        Ok(())
    }

    /// Plans even parts of each shard. A shard that is named twice is not open the second time.
    fn divide(&mut self, shards: &Shards, divisions: &[Division]) -> Result<(), Impossible> {
        let mut divided = BTreeSet::new();
        for Division { shard, parts } in divisions {
            let piece = Piece::of_open(shards, *shard)?;
            if !divided.insert(*shard) {
                return Err(Impossible::NotOpen(*shard));
            }
            let cuts = piece.range.even_cuts(*parts);
            let impossible = Impossible::SplitKey {
                shard: *shard,
                range: piece.range,
                at: piece.range.end,
            };
            let cuts = cuts.ok_or(impossible)?;
            self.cut(piece, &cuts, &mut Vec::new());
        }
        Ok(())
    }

    /// Plans a merge of each pair. A shard that is named twice is not open the second time.
    fn join_pairs(&mut self, shards: &Shards, pairs: &[Pair]) -> Result<(), Impossible> {
        let mut merged = BTreeSet::new();
        for pair in pairs {
            for shard in [pair.shard, pair.adjacent] {
                if !merged.insert(shard) {
                    return Err(Impossible::NotOpen(shard));
                }
            }
            self.merge_open(shards, *pair)?;
        }
        Ok(())
    }

    /// Plans uniform ranges with the fewest steps: one split for each new boundary, one merge for
    /// each removed one. Splits and merges are balanced, so that lineages stay short.
    fn scale(&mut self, shards: &Shards, target: NonZeroU32) {
        let starts = uniform_starts(shards, target);
        let mut pieces = Vec::new();
        for shard in shards.open() {
            let whole = Piece {
                index: shard.index,
                range: shard.range,
            };
            self.cut(whole, &cuts_in(shard.range, &starts), &mut pieces);
        }
        for same in pieces.chunk_by(|_, next| !starts.contains(&next.range.start)) {
            self.join(same);
        }
    }

    /// Plans the same ranges, also with the fewest steps, in AWS's order: the splits and merges of
    /// the lowest range come first, and so do its shards' indexes.
    fn scale_in_turn(&mut self, shards: &Shards, target: NonZeroU32, opening: Opening) {
        self.opening = Some(opening);
        let starts = uniform_starts(shards, target);
        let mut range = Vec::new();
        for shard in shards.open() {
            if starts.contains(&shard.range.start) {
                self.finish_range(&mut range);
            }
            let whole = Piece {
                index: shard.index,
                range: shard.range,
            };
            self.cut_in_turn(whole, &cuts_in(shard.range, &starts), &mut range);
        }
        self.finish_range(&mut range);
    }

    /// Cuts a piece; what lies behind the last cut begins the next range.
    ///
    /// Doubling at most, a shard has two cuts at most. Of more, which only an unlimited scaling
    /// needs, the middle comes first: otherwise the last piece would have them all as ancestors.
    fn cut_in_turn(&mut self, piece: Piece, cuts: &[HashKey], range: &mut Vec<Piece>) {
        let place = if cuts.len() > CUTS_IN_TURN {
            cuts.len() / 2
        } else {
            0
        };
        let Some(at) = cuts.get(place) else {
            range.push(piece);
            return;
        };
        let halves = self.split(piece, *at);
        let (left, right) = halves.expect("a new boundary lies far from the others");
        self.cut_in_turn(left, &cuts[..place], range);
        self.finish_range(range);
        self.cut_in_turn(right, &cuts[place + 1..], range);
    }

    /// Joins the pieces of a target range, from the left. Many, as only an unlimited scaling has
    /// them, are joined in pairs, for the same reason.
    fn finish_range(&mut self, range: &mut Vec<Piece>) {
        let pieces = std::mem::take(range);
        if pieces.len() > PIECES_IN_TURN {
            self.join(&pieces);
            return;
        }
        pieces.into_iter().reduce(|lower, upper| {
            let joined = self.merge(lower, upper);
            joined.expect("the pieces of a range are neighbours")
        });
    }

    fn cut(&mut self, piece: Piece, cuts: &[HashKey], pieces: &mut Vec<Piece>) {
        let Some(middle) = cuts.get(cuts.len() / 2) else {
            pieces.push(piece);
            return;
        };
        let halves = self.split(piece, *middle);
        let (left, right) = halves.expect("a new boundary lies far from the others");
        self.cut(left, &cuts[..cuts.len() / 2], pieces);
        self.cut(right, &cuts[cuts.len() / 2 + 1..], pieces);
    }

    fn join(&mut self, pieces: &[Piece]) -> Piece {
        if let [one] = pieces {
            return *one;
        }
        let (lower, upper) = pieces.split_at(pieces.len() / 2);
        let (lower, upper) = (self.join(lower), self.join(upper));
        self.merge(lower, upper)
            .expect("the pieces of a range are neighbours")
    }

    fn finish(self, shards: &Shards) -> Plan {
        let named = self
            .created
            .iter()
            .flat_map(|p| [Some(p.parent), p.adjacent_parent]);
        let mut parents: Vec<u32> = named
            .flatten()
            .filter(|index| shards.get(*index).is_some())
            .collect();
        parents.sort_unstable();
        parents.dedup();
        Plan {
            parents,
            created: self.created,
            opening: self.opening,
        }
    }
}

/// The boundaries inside a range.
fn cuts_in(range: HashRange, starts: &BTreeSet<HashKey>) -> Vec<HashKey> {
    // A range of one key has none.
    if range.start >= range.end {
        return Vec::new();
    }
    let inside = (Bound::Excluded(range.start), Bound::Included(range.end));
    starts.range(inside).copied().collect()
}

/// The starts of uniform ranges. The ranges of different counts differ by a few keys, since each is
/// rounded; an existing boundary within that distance is kept.
fn uniform_starts(shards: &Shards, target: NonZeroU32) -> BTreeSet<HashKey> {
    let present: BTreeSet<HashKey> = shards.open().map(|shard| shard.range.start).collect();
    let present_or_new = |range: HashRange| {
        let key = range.start;
        let near =
            HashKey(key.0.saturating_sub(SAME_KEYS))..=HashKey(key.0.saturating_add(SAME_KEYS));
        present
            .range(near)
            .min_by_key(|there| there.0.abs_diff(key.0))
            .copied()
            .unwrap_or(key)
    };
    HashRange::uniform(target)
        .into_iter()
        .map(present_or_new)
        .collect()
}

#[cfg(test)]
mod tests;
