//! The shards that a consumer follows: which may be read, which wait for their parents, which are
//! read to their end.
//!
//! Pure bookkeeping, which calls nothing. What always holds: a shard begins once, and not before
//! every parent of it that is followed has been read to its end. Shards that have ended are
//! remembered, so that none is read twice if a parent is.

use super::checkpoint::{Checkpoint, Checkpoints};
use super::position::Position;
use crate::routing::{HashRange, range_of};
use millstream_protocol::types::{ChildShard, Shard};
use std::collections::{BTreeMap, BTreeSet};

/// The shards that are followed.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    shards: BTreeMap<String, Followed>,
}

#[derive(Debug)]
struct Followed {
    parents: Vec<String>,
    range: Option<HashRange>,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Its parents are not read to their ends yet; then it begins here.
    Waits(Position),
    /// It is being read, and is or is not at its newest record.
    Read { is_latest: bool },
    /// There is nothing left to read.
    Ended,
}

/// A shard to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Begin {
    pub(super) shard_id: String,
    pub(super) position: Position,
    pub(super) range: Option<HashRange>,
}

/// Where a consumer starts.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// The shards without a position of their own.
    pub(super) from: &'a Position,
    /// Positions of some.
    pub(super) positions: &'a BTreeMap<String, Position>,
    /// What an earlier consumer has done; it comes before the others.
    pub(super) checkpoints: &'a Checkpoints,
    /// The shards to follow with all that comes of them; empty for all.
    pub(super) only: &'a BTreeSet<String>,
}

impl Plan<'_> {
    /// The shards to follow, of those that the stream has.
    ///
    /// A shard whose ancestor has a position begins at its oldest record: it has what came after
    /// that position. From [`Position::Latest`], other shards that are closed have nothing to read.
    pub(super) fn lineage(&self, listed: Vec<Shard>) -> Lineage {
        let followed = self.followed(&listed);
        let covered = descendants(&listed, |id| self.has_position(id));
        let mut lineage = Lineage::default();
        for shard in listed {
            if !followed.contains(&shard.shard_id) {
                continue;
            }
            let is_covered = covered.contains(&shard.shard_id);
            let state = self.state(&shard, is_covered);
            lineage.add(
                shard.shard_id.clone(),
                parents(&shard),
                range_of(&shard.hash_key_range),
                state,
            );
        }
        lineage
    }

    fn has_position(&self, shard_id: &str) -> bool {
        self.checkpoints.contains_key(shard_id) || self.positions.contains_key(shard_id)
    }

    fn state(&self, shard: &Shard, is_covered: bool) -> State {
        match self.checkpoints.get(&shard.shard_id) {
            Some(Checkpoint::End) => return State::Ended,
            Some(Checkpoint::After(number)) => {
                return State::Waits(Position::AfterSequenceNumber(number.clone()));
            }
            None => {}
        }
        if let Some(position) = self.positions.get(&shard.shard_id) {
            return State::Waits(position.clone());
        }
        let is_closed = shard.sequence_number_range.ending_sequence_number.is_some();
        if is_covered {
            State::Waits(Position::TrimHorizon)
        } else if *self.from == Position::Latest && is_closed {
            State::Ended
        } else {
            State::Waits(self.from.clone())
        }
    }

    fn followed(&self, listed: &[Shard]) -> BTreeSet<String> {
        let ids = listed.iter().map(|shard| shard.shard_id.clone());
        if self.only.is_empty() {
            return ids.collect();
        }
        let mut followed = descendants(listed, |id| self.only.contains(id));
        followed.extend(ids.filter(|id| self.only.contains(id)));
        followed
    }
}

/// The shards with an ancestor that satisfies the condition, whether or not that is still listed.
fn descendants(listed: &[Shard], is_ancestor: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    loop {
        let known = found.len();
        for shard in listed {
            let descends = |parent: &String| is_ancestor(parent) || found.contains(parent);
            if parents(shard).iter().any(descends) {
                found.insert(shard.shard_id.clone());
            }
        }
        if found.len() == known {
            return found;
        }
    }
}

impl Lineage {
    fn add(&mut self, id: String, parents: Vec<String>, range: Option<HashRange>, state: State) {
        self.shards.entry(id).or_insert(Followed {
            parents,
            range,
            state,
        });
    }

    /// The shards that begin now.
    pub(super) fn begin(&mut self) -> Vec<Begin> {
        let is_ready = |shard: &Followed| shard.parents.iter().all(|parent| self.is_over(parent));
        let ready = self.shards.iter().filter(|(_, shard)| is_ready(shard));
        let ready = ready.filter_map(|(id, shard)| match &shard.state {
            State::Waits(position) => Some(Begin {
                shard_id: id.clone(),
                position: position.clone(),
                range: shard.range,
            }),
            State::Read { .. } | State::Ended => None,
        });
        let ready: Vec<Begin> = ready.collect();
        for begin in &ready {
            self.set(&begin.shard_id, State::Read { is_latest: false });
        }
        ready
    }

    /// Whether nothing is to be waited for: it has ended, or is not followed.
    fn is_over(&self, shard_id: &str) -> bool {
        let shard = self.shards.get(shard_id);
        shard.is_none_or(|shard| shard.state == State::Ended)
    }

    fn set(&mut self, shard_id: &str, state: State) {
        if let Some(shard) = self.shards.get_mut(shard_id) {
            shard.state = state;
        }
    }

    /// Notes whether there is more to read at once; `true` if that has changed.
    pub(super) fn progress(&mut self, shard_id: &str, is_latest: bool) -> bool {
        let state = State::Read { is_latest };
        let has_changed = self
            .shards
            .get(shard_id)
            .is_some_and(|shard| shard.state != state);
        self.set(shard_id, state);
        has_changed
    }

    /// Notes the end of a shard, and what comes after it.
    pub(super) fn end(&mut self, shard_id: &str, children: Vec<ChildShard>) {
        self.set(shard_id, State::Ended);
        for child in children {
            let range = range_of(&child.hash_key_range);
            let state = State::Waits(Position::TrimHorizon);
            self.add(child.shard_id, child.parent_shards, range, state);
        }
    }

    /// Whether everything that is there has been read.
    pub(super) fn is_caught_up(&self) -> bool {
        let mut states = self.shards.values().map(|shard| &shard.state);
        states.all(|state| match state {
            State::Waits(_) => false,
            State::Read { is_latest } => *is_latest,
            State::Ended => true,
        })
    }

    /// Whether there will be nothing to read any more.
    pub(super) fn is_over_for_good(&self) -> bool {
        let mut states = self.shards.values().map(|shard| &shard.state);
        states.all(|state| *state == State::Ended)
    }
}

/// The parents of a shard.
pub(super) fn parents(shard: &Shard) -> Vec<String> {
    let parents = [&shard.parent_shard_id, &shard.adjacent_parent_shard_id];
    parents.into_iter().flatten().cloned().collect()
}

#[cfg(test)]
mod tests;
