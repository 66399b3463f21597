//! The order of shards: parents before their children.

use millstream_client::types::Shard;
use std::collections::BTreeSet;

/// The parents of a shard, whether or not they are still listed.
pub(super) fn parents(shard: &Shard) -> impl Iterator<Item = &str> {
    let parents = [&shard.parent_shard_id, &shard.adjacent_parent_shard_id];
    parents.into_iter().filter_map(Option::as_deref)
}

/// The shards, each after those of its parents that are among them.
pub(super) fn ordered(mut left: Vec<Shard>) -> Vec<Shard> {
    left.sort_by(|a, b| a.shard_id.cmp(&b.shard_id));
    let mut waiting: BTreeSet<String> = left.iter().map(|shard| shard.shard_id.clone()).collect();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let before = left.len();
        let mut later = Vec::new();
        for shard in left {
            if parents(&shard).any(|parent| waiting.contains(parent)) {
                later.push(shard);
            } else {
                waiting.remove(&shard.shard_id);
                ordered.push(shard);
            }
        }
        left = later;
        if left.len() == before {
            // No service lists shards that are each other's parents.
            ordered.append(&mut left);
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_when_ordered_then_each_comes_after_its_parents() {
        let shard = |id: &str, parents: [Option<&str>; 2]| Shard {
            shard_id: id.to_owned(),
            parent_shard_id: parents[0].map(str::to_owned),
            adjacent_parent_shard_id: parents[1].map(str::to_owned),
            ..Shard::default()
        };
        let shards = vec![
            shard("a", [Some("c"), Some("d")]),
            shard("b", [Some("a"), None]),
            shard("c", [None, None]),
            shard("d", [Some("trimmed"), None]),
            shard("x", [Some("y"), None]),
            shard("y", [Some("x"), None]),
        ];
        let ordered: Vec<String> = ordered(shards).into_iter().map(|s| s.shard_id).collect();
        assert_eq!(ordered, ["c", "d", "a", "b", "x", "y"]);
    }
}
