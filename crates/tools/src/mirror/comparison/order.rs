//! The order of a key's records: which of the source's the target has, and which of those are
//! out of order.

use super::Seen;
use std::collections::{BTreeMap, BTreeSet};

/// Where each digest is, in order.
pub(super) fn positions(seen: &[Seen]) -> BTreeMap<u128, Vec<usize>> {
    let mut positions: BTreeMap<u128, Vec<usize>> = BTreeMap::new();
    for (at, seen) in seen.iter().enumerate() {
        positions.entry(seen.digest).or_default().push(at);
    }
    positions
}

/// The records of the source that the target has, each with its place there: the first of a digest
/// with the first, and so on. And those that are missing.
pub(super) fn in_turn(
    from: &[Seen],
    positions: &BTreeMap<u128, Vec<usize>>,
) -> (Vec<(usize, usize)>, Vec<usize>) {
    let mut used: BTreeMap<u128, usize> = BTreeMap::new();
    let (mut matched, mut missing) = (Vec::new(), Vec::new());
    for (at, seen) in from.iter().enumerate() {
        let used = used.entry(seen.digest).or_default();
        let position = positions.get(&seen.digest);
        match position.and_then(|positions| positions.get(*used)) {
            Some(position) => matched.push((at, *position)),
            None => missing.push(at),
        }
        *used += 1;
    }
    (matched, missing)
}

/// The fewest of the matched records without which the rest are in order; none, if each may be
/// taken for one behind the one before, which repetitions allow.
pub(super) fn out_of_order(
    from: &[Seen],
    matched: &[(usize, usize)],
    positions: &BTreeMap<u128, Vec<usize>>,
) -> BTreeSet<usize> {
    let mut next = 0;
    let is_in_order = matched.iter().all(|(at, _)| {
        let places = positions.get(&from[*at].digest);
        let place = places.and_then(|places| {
            let first = places.partition_point(|place| *place < next);
            places.get(first)
        });
        next = place.map_or(next, |place| place + 1);
        place.is_some()
    });
    if is_in_order {
        return BTreeSet::new();
    }
    let longest = longest_rise(matched);
    let all = matched.iter().map(|(at, _)| *at);
    all.filter(|at| !longest.contains(at)).collect()
}

/// The longest run of matched records, not necessarily adjacent, whose places rise.
fn longest_rise(matched: &[(usize, usize)]) -> BTreeSet<usize> {
    // Of each length, the run that ends lowest; each entry knows the one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(matched.len());
    for (index, (_, place)) in matched.iter().enumerate() {
        let length = ends.partition_point(|end| matched[*end].1 < *place);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let last = ends.last().copied();
    let run = std::iter::successors(last, |index| before[*index]);
    run.map(|index| matched[index].0).collect()
}
