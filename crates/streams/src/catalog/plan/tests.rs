//! Plans of splits, merges and scalings: lineage, ranges, and how few steps they take.

use super::*;
use millstream_env::Timestamp;
use millstream_model::SequenceNumber;
use proptest::prelude::*;

fn counted(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

fn uniform(count: u32, opened: u64) -> Shards {
    let shard = |(index, range)| Shard {
        index,
        range,
        opened: Timestamp(opened),
        created_s: opened / 1000,
        counter_base: 0,
        parent: None,
        adjacent_parent: None,
        closed: None,
    };
    let ranges = HashRange::uniform(counted(count));
    Shards::new((0..).zip(ranges).map(shard).collect())
}

fn carry_out(shards: &Shards, change: Change, now: u64) -> (Plan, Shards) {
    let next = shards.all().last().map_or(0, |shard| shard.index + 1);
    let plan = Plan::new(shards, next, &change).unwrap();
    let ends = plan
        .parents
        .iter()
        .map(|index| (*index, u64::from(*index) * 10))
        .collect();
    let after = plan.carry_out(shards, &ends, Timestamp(now));
    (plan, after)
}

/// At every instant the open shards own each key exactly once, children begin above their parents,
/// and lineage is as ListShards promises it.
fn check(shards: &Shards) {
    let instants = shards.all().iter().flat_map(|shard| {
        [Some(shard.opened.0), shard.closed.map(|closed| closed.at.0)]
            .into_iter()
            .flatten()
    });
    let first = shards
        .all()
        .iter()
        .map(|shard| shard.opened.0)
        .min()
        .unwrap_or(0);
    for at in instants
        .flat_map(|at| [at - 1, at, at + 1])
        .filter(|at| *at >= first)
    {
        let is_open =
            |s: &&Shard| s.opened.0 <= at && s.closed.is_none_or(|closed| closed.at.0 >= at);
        let mut open: Vec<HashRange> = shards
            .all()
            .iter()
            .filter(is_open)
            .map(|shard| shard.range)
            .collect();
        open.sort_unstable();
        let whole = open.into_iter().reduce(|a, b| a.merge_with(b).unwrap());
        assert_eq!(whole, Some(HashRange::ALL), "at {at}");
    }
    for child in shards.all() {
        for index in [child.parent, child.adjacent_parent].into_iter().flatten() {
            let parent = shards.get(index).unwrap();
            let ending: SequenceNumber = parent.ending_sequence_number().unwrap();
            assert!(child.starting_sequence_number() > ending);
            assert!(parent.index < child.index);
            assert!(parent.starting_sequence_number() < ending);
        }
        assert_eq!(
            child.closed.is_some(),
            shards.children(child.index).next().is_some()
        );
    }
}

fn divide(divisions: &[(u32, u32)]) -> Change {
    let division = |(shard, parts): &(u32, u32)| Division {
        shard: *shard,
        parts: *parts,
    };
    let divisions = divisions.iter().map(division).collect();
    Change::Divide { divisions }
}

fn join(pairs: &[(u32, u32)]) -> Change {
    let pair = |(shard, adjacent): &(u32, u32)| Pair {
        shard: *shard,
        adjacent: *adjacent,
    };
    let pairs = pairs.iter().map(pair).collect();
    Change::Join { pairs }
}

fn open_starts(shards: &Shards) -> Vec<u128> {
    shards.open().map(|shard| shard.range.start.0).collect()
}

#[test]
fn shards_when_some_are_divided_and_joined_then_others_stay_and_ranges_are_even() {
    let (plan, divided) = carry_out(&uniform(4, 5), divide(&[(1, 2), (3, 3)]), 1_000);
    check(&divided);
    assert_eq!((plan.parents.as_slice(), plan.growth()), (&[1, 3][..], 3));
    let halved = [0, 2, 3, 4].map(|eighth| eighth << 125);
    assert_eq!(open_starts(&divided)[..4], halved);
    let ends = divided
        .open()
        .map(|shard| shard.range.end.0 - shard.range.start.0);
    let widths: Vec<u128> = ends.skip(4).collect();
    assert!(
        widths.iter().max().unwrap() - widths.iter().min().unwrap() <= 1,
        "{widths:?}"
    );
    let pairs: Vec<(u32, u32)> = vec![(4, 5), (0, 4)];
    let twice = Plan::new(&divided, 20, &join(&pairs));
    assert_eq!(twice, Err(Impossible::NotOpen(4)));
    let (plan, joined) = carry_out(&divided, join(&[(4, 5)]), 2_000);
    check(&joined);
    assert_eq!((plan.parents.as_slice(), plan.growth()), (&[4, 5][..], -1));
    let open = joined.open().map(|shard| shard.range.start.0);
    assert_eq!(
        open.take(3).collect::<Vec<_>>(),
        [0, 1, 2].map(|quarter| quarter << 126)
    );
}

#[test]
fn split_and_merge_when_carried_out_then_lineage_and_ranges_hold() {
    let start = uniform(2, 5_000);
    let (plan, split) = carry_out(
        &start,
        Change::Split {
            shard: 0,
            at: HashKey(77),
        },
        9_000,
    );
    assert_eq!(
        (plan.parents.as_slice(), plan.growth()),
        ([0].as_slice(), 1)
    );
    assert_eq!(
        split.open().map(|shard| shard.index).collect::<Vec<_>>(),
        [2, 3, 1]
    );
    assert_eq!(
        split.get(0).unwrap().closed,
        Some(Closed {
            at: Timestamp(9_000),
            end: Some(0)
        })
    );
    assert_eq!(split.get(3).unwrap().opened, Timestamp(9_001));
    check(&split);
    let (plan, merged) = carry_out(
        &split,
        Change::Merge {
            shard: 3,
            adjacent: 1,
        },
        9_500,
    );
    assert_eq!(
        (plan.parents.as_slice(), plan.growth()),
        ([1, 3].as_slice(), -1)
    );
    let child = merged.get(4).unwrap();
    assert_eq!((child.parent, child.adjacent_parent), (Some(3), Some(1)));
    assert_eq!(
        child.created_s, 10,
        "above its parent's, though the clock says 9"
    );
    check(&merged);
}

#[test]
fn plan_when_the_shards_do_not_allow_it_then_says_why() {
    let start = uniform(3, 0);
    let (_, split) = carry_out(
        &start,
        Change::Split {
            shard: 1,
            at: HashKey(1 << 127),
        },
        1,
    );
    let range = split.get(0).unwrap().range;
    let split_at = |shard, at| Change::Split { shard, at };
    let split_key = |at| Impossible::SplitKey {
        shard: 0,
        range,
        at,
    };
    let merge = |shard, adjacent| Change::Merge { shard, adjacent };
    let not_adjacent = |shard, adjacent| Impossible::NotAdjacent { shard, adjacent };
    for (change, why) in [
        (split_at(1, HashKey(1 << 127)), Impossible::NotOpen(1)),
        (split_at(9, HashKey(5)), Impossible::NotOpen(9)),
        (split_at(0, HashKey(1)), split_key(HashKey(1))),
        (split_at(0, HashKey::MAX), split_key(HashKey::MAX)),
        (merge(0, 2), not_adjacent(0, 2)),
        (merge(3, 0), not_adjacent(3, 0)),
        (merge(0, 1), Impossible::NotOpen(1)),
        (divide(&[(1, 2)]), Impossible::NotOpen(1)),
        (divide(&[(0, 2), (0, 2)]), Impossible::NotOpen(0)),
        (divide(&[(0, 0)]), split_key(range.end)),
        (join(&[(0, 2)]), not_adjacent(0, 2)),
        (join(&[(3, 4), (4, 2)]), Impossible::NotOpen(4)),
    ] {
        assert_eq!(Plan::new(&split, 5, &change), Err(why), "{change:?}");
    }
}

#[test]
fn scale_when_the_count_is_the_same_then_does_nothing() {
    let plan = Plan::new(&uniform(4, 0), 4, &SCALINGS[0](4)).unwrap();
    assert_eq!(
        plan,
        Plan {
            parents: vec![],
            created: vec![],
            opening: None
        }
    );
}

/// Scalings of all orders.
const SCALINGS: [fn(u32) -> Change; 3] = [
    |target| Change::Scale {
        target: counted(target),
    },
    |target| Change::ScaleInTurn {
        target: counted(target),
    },
    |target| Change::ScaleAtOnce {
        target: counted(target),
    },
];

#[test]
fn scale_when_doubled_or_halved_then_makes_no_shard_in_between() {
    for scale in SCALINGS {
        let (plan, doubled) = carry_out(&uniform(4, 0), scale(8), 1);
        assert_eq!((plan.created.len(), plan.growth()), (8, 4));
        let (plan, _) = carry_out(&doubled, scale(4), 2);
        assert_eq!((plan.created.len(), plan.growth()), (4, -4));
    }
}

/// The created shards of a scaling in turn, each with its parents.
fn lineage(from: u32, target: u32) -> Vec<(u32, u32, Option<u32>)> {
    let (plan, _) = carry_out(&uniform(from, 0), SCALINGS[1](target), 1);
    let created = plan.created.iter();
    created
        .map(|it| (it.index, it.parent, it.adjacent_parent))
        .collect()
}

#[test]
fn scale_in_turn_when_ranges_are_cut_and_joined_then_begins_at_the_lowest_key() {
    assert_eq!(
        lineage(4, 3),
        [
            (4, 1, None),
            (5, 1, None),
            (6, 0, Some(4)),
            (7, 2, None),
            (8, 2, None),
            (9, 5, Some(7)),
            (10, 8, Some(3)),
        ]
    );
    assert_eq!(
        lineage(3, 5),
        [
            (3, 0, None),
            (4, 0, None),
            (5, 1, None),
            (6, 1, None),
            (7, 4, Some(5)),
            (8, 6, None),
            (9, 6, None),
            (10, 2, None),
            (11, 2, None),
            (12, 9, Some(10)),
        ]
    );
}

/// Without limits a stream may grow or shrink by any factor.
#[test]
fn scale_in_turn_when_by_a_large_factor_then_lineages_stay_short() {
    for (from, target) in [(1, 1_000), (1_000, 1)] {
        let (_, after) = carry_out(&uniform(from, 0), SCALINGS[1](target), 1);
        let mut generations = BTreeMap::new();
        for shard in after.all() {
            let parents = [shard.parent, shard.adjacent_parent].into_iter().flatten();
            let above = parents.map(|index| generations[&index]).max();
            generations.insert(shard.index, above.map_or(0, |above: u32| above + 1));
        }
        assert!(
            generations.values().all(|count| *count <= 12),
            "{from} {target}"
        );
    }
}

proptest! {
    #[test]
    fn scale_when_repeated_then_is_uniform_with_the_fewest_steps(
        first in 1u32..40, targets in prop::collection::vec((1u32..40, 0..SCALINGS.len()), 1..4),
    ) {
        let mut shards = uniform(first, 1_000);
        let mut now = 2_000;
        for (target, order) in targets {
            let before: BTreeSet<HashKey> = shards.open().map(|shard| shard.range.start).collect();
            let youngest = shards.all().iter().map(|shard| (shard.opened, shard.created_s));
            let youngest: Vec<_> = youngest.collect();
            let (plan, after) = carry_out(&shards, SCALINGS[order](target), now);
            if plan.opening.is_some() {
                let ages = plan.created.iter().map(|planned| {
                    let shard = after.get(planned.index).unwrap();
                    (shard.opened, shard.created_s)
                });
                let ages: Vec<_> = ages.collect();
                prop_assert!(ages.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1));
                let first = ages.first().copied();
                let is_older = |(opened, created_s): &(Timestamp, u64)| {
                    first.is_none_or(|first| *opened <= first.0 && *created_s <= first.1)
                };
                prop_assert!(youngest.iter().all(is_older));
            }
            let open: BTreeSet<HashKey> = after.open().map(|shard| shard.range.start).collect();
            let splits = open.difference(&before).count();
            let merges = before.difference(&open).count();
            prop_assert_eq!(plan.created.len(), 2 * splits + merges);
            prop_assert_eq!(open.len(), target as usize);
            for (start, range) in open.iter().zip(HashRange::uniform(counted(target))) {
                prop_assert!(start.0.abs_diff(range.start.0) <= 64, "uniform but for rounding");
            }
            // A boundary that is wanted and there already is not made again.
            let moved = open.difference(&before).filter(|key| {
                before.iter().any(|there| there.0.abs_diff(key.0) <= 64)
            });
            prop_assert_eq!(moved.count(), 0);
            check(&after);
            shards = after;
            now += 10_000;
        }
    }
}
