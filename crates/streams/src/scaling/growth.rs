//! Which shards are divided for a stream to grow: pure arithmetic on ranges.

use crate::catalog::Division;
use millstream_model::HashRange;
use std::collections::{BTreeSet, BinaryHeap};

/// Halves some of the open shards, given by rising keys, and divides the widest parts until there
/// are so many. Boundaries that there are stay: narrow shards are those that were hot once.
pub(crate) fn divisions(
    open: &[(u32, HashRange)],
    halved: &BTreeSet<u32>,
    shards: u32,
) -> Vec<Division> {
    let parts = open
        .iter()
        .map(|(index, _)| 1 + u32::from(halved.contains(index)));
    let mut parts: Vec<u32> = parts.collect();
    let width = |place: usize, parts: u32| {
        let (_, range) = open[place];
        (range.end.0 - range.start.0) / u128::from(parts)
    };
    let mut missing = (shards as usize).saturating_sub(open.len() + halved.len());
    if missing > 0 {
        let widths = parts.iter().enumerate();
        let mut widest: BinaryHeap<(u128, usize)> = widths
            .map(|(place, parts)| (width(place, *parts), place))
            .collect();
        while missing > 0
            && let Some((_, place)) = widest.pop()
        {
            let (_, range) = open[place];
            if range.has_even_parts(parts[place] + 1) {
                parts[place] += 1;
                missing -= 1;
                widest.push((width(place, parts[place]), place));
            }
        }
    }
    let divided = open.iter().zip(parts).filter(|(_, parts)| *parts > 1);
    let division = |((shard, _), parts): (&(u32, HashRange), u32)| Division {
        shard: *shard,
        parts,
    };
    divided.map(division).collect()
}
