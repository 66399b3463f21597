//! What always holds of a stream, and is checked of one that a snapshot holds: the rest of the
//! server indexes, routes and counts by it.

use super::data_keys::{DATA_KEYS_PER_STREAM_MAX, DataKeys};
use super::plan::Plan;
use super::shard::{Shard, Shards};
use super::stream::{Reshard, Stream};
use millstream_env::Timestamp;
use millstream_model::{HashKey, SequenceNumber, ShardId};
use millstream_replicated::Namespace;
use std::collections::{BTreeMap, BTreeSet};

/// Whether a stream may have been written.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(stream: &Stream) -> Result<(), &'static str> {
    let Stream {
        shards, next_shard, ..
    } = stream;
    if stream.id >= Namespace::GROUPS {
        return Err("no stream has this id");
    }
    // Indexes rise, so the last is the highest.
    let highest = shards.all().last().map(|shard| shard.index);
    if *next_shard > ShardId::INDEX_MAX + 1 || highest.is_some_and(|index| index >= *next_shard) {
        return Err("the next shard's index is not the next");
    }
    if !shards.all().iter().all(is_numbered) {
        return Err("a shard's numbers are too high");
    }
    if !owns_every_key(shards) {
        return Err("the open shards do not own every key once");
    }
    if !are_numbered_once(&stream.data_keys) {
        return Err("the data keys are too many, or not in order");
    }
    match &stream.reshard {
        Some(reshard) => check_plan(stream, reshard),
        None => Ok(()),
    }
}

/// Whether its records, and its end, have numbers. Its own index is below the next shard's.
fn is_numbered(shard: &Shard) -> bool {
    let end = shard.closed.and_then(|closed| closed.end).unwrap_or(0);
    let parents = [shard.parent, shard.adjacent_parent];
    shard.counter_base <= SequenceNumber::COUNTER_CLOSED
        && end <= SequenceNumber::COUNTER_CLOSED
        && parents.into_iter().flatten().all(|it| it < shard.index)
}

/// Whether there are no more data keys than allowed, and their numbers rise from 1 on.
fn are_numbered_once(keys: &DataKeys) -> bool {
    let numbers = std::iter::once(0).chain(keys.all().iter().map(|key| key.number));
    keys.all().len() <= DATA_KEYS_PER_STREAM_MAX && numbers.is_sorted_by(|a, b| a < b)
}

/// Whether the open shards, by rising keys, own each key exactly once.
fn owns_every_key(shards: &Shards) -> bool {
    let mut next = Some(HashKey(0));
    for shard in shards.open() {
        if next != Some(shard.range.start) {
            return false;
        }
        next = shard.range.end.0.checked_add(1).map(HashKey);
    }
    next.is_none()
}

/// Whether a plan replaces open shards of the stream by ones that own the same keys.
fn check_plan(stream: &Stream, Reshard { plan, .. }: &Reshard) -> Result<(), &'static str> {
    let shards = &stream.shards;
    let Plan {
        parents, created, ..
    } = plan;
    let is_open = |index: &u32| shards.get(*index).is_some_and(Shard::is_open);
    if !parents.iter().all(is_open) {
        return Err("a shard that a plan closes is not open");
    }
    let mut known: BTreeSet<u32> = parents.iter().copied().collect();
    let mut next = shards.all().last().map_or(0, |shard| shard.index + 1);
    for planned in created {
        let mut parents = [Some(planned.parent), planned.adjacent_parent]
            .into_iter()
            .flatten();
        let is_next = (next..stream.next_shard).contains(&planned.index);
        if !is_next || !parents.all(|parent| known.contains(&parent)) {
            return Err("a planned shard is out of order");
        }
        known.insert(planned.index);
        next = planned.index + 1;
    }
    let after = plan.carry_out(shards, &BTreeMap::new(), Timestamp::default());
    if !owns_every_key(&after) {
        return Err("a plan loses keys");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
