//! What a stream's rates mean for its shards: pure, without clock or catalog.
//!
//! Growing comes first: shards that are hot are halved, and the widest are divided until there are
//! as many as the stream needs. Shards merge only where nothing has to grow.

use super::growth::divisions;
use super::rate::Rate;
use crate::catalog::{Change, Pair};
use millstream_model::{HashRange, limits};
use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// A stream has at most so many times the shards that its rate needs. Halving a shard whose load is
/// that of one key leaves it as hot as it was: without a bound it would never end.
const SPREAD_MAX: u32 = 8;

/// An open shard, as it was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) index: u32,
    pub(super) range: HashRange,
    /// What producers wanted to put, over the last sample.
    pub(super) demand: Rate,
    /// For how long it has been quiet.
    pub(super) quiet_for: Duration,
}

/// What a stream needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs {
    /// Open shards that it has to have: for twice its peak, and for its warm throughput.
    pub(super) shards: u32,
    /// Open shards that it may have in its region.
    pub(super) most: u32,
    /// How long two shards are quiet before they merge; `None` while no shard merges.
    pub(super) merge_after: Option<Duration>,
}

/// Why a stream is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Shards take more than half of what they can.
    Hot,
    /// There are too few for the stream's peak or its warm throughput.
    Room,
    /// Shards have been quiet for long.
    Quiet,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hot => "shards are above half their write limit",
            Self::Room => "there was no room for twice the peak or the warm throughput",
            Self::Quiet => "shards have been quiet for long",
        })
    }
}

impl Needs {
    /// The same while no shard merges.
    pub(super) fn without_merges(self) -> Self {
        Self {
            merge_after: None,
            ..self
        }
    }
}

/// A change of a stream's shards, and its reason.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judgement {
    pub(super) change: Change,
    pub(super) reason: Reason,
}

/// Judges a stream by its open shards, which are given by rising keys.
pub(super) fn judge(open: &[Seen], needs: Needs) -> Option<Judgement> {
    let hot = hot(open, needs);
    let reason = if hot.is_empty() {
        Reason::Room
    } else {
        Reason::Hot
    };
    let ranges: Vec<_> = open.iter().map(|it| (it.index, it.range)).collect();
    let divisions = divisions(&ranges, &hot, needs.shards.min(needs.most));
    if !divisions.is_empty() {
        let change = Change::Divide { divisions };
        return Some(Judgement { change, reason });
    }
    let pairs = quiet_pairs(open, needs);
    let reason = Reason::Quiet;
    (!pairs.is_empty()).then_some(Judgement {
        change: Change::Join { pairs },
        reason,
    })
}

/// The indexes of the shards to be halved: the hottest, if there is not room for all.
fn hot(open: &[Seen], needs: Needs) -> BTreeSet<u32> {
    let needed = needs.shards.max(limits::ON_DEMAND_SHARDS);
    let most = needs.most.min(needed.saturating_mul(SPREAD_MAX));
    let room = most.saturating_sub(open.len() as u32);
    let mut hot: Vec<&Seen> = open
        .iter()
        .filter(|shard| shard.demand.is_hot() && shard.range.has_even_parts(2))
        .collect();
    hot.sort_by_key(|shard| std::cmp::Reverse(shard.demand.load()));
    hot.truncate(room as usize);
    hot.iter().map(|shard| shard.index).collect()
}

/// Pairs of neighbours that have been quiet for long, the narrowest first: ranges stay even.
fn quiet_pairs(open: &[Seen], needs: Needs) -> Vec<Pair> {
    let Some(merge_after) = needs.merge_after else {
        return Vec::new();
    };
    let kept = needs.shards.max(limits::ON_DEMAND_SHARDS) as usize;
    let is_quiet = |shard: &Seen| shard.quiet_for >= merge_after;
    let mut pairs: Vec<&[Seen]> = open
        .windows(2)
        .filter(|pair| pair.iter().all(is_quiet))
        .collect();
    pairs.sort_by_key(|pair| pair[1].range.end.0 - pair[0].range.start.0);
    let mut merged = BTreeSet::new();
    let mut chosen = Vec::new();
    for pair in pairs {
        let [shard, adjacent] = [0, 1].map(|place| pair[place].index);
        let is_free = !merged.contains(&shard) && !merged.contains(&adjacent);
        if is_free && open.len() - chosen.len() > kept {
            merged.extend([shard, adjacent]);
            chosen.push(Pair { shard, adjacent });
        }
    }
    chosen
}

#[cfg(test)]
mod tests;
