//! Judgements, and what becomes of the shards when they are carried out.

use super::*;
use proptest::prelude::*;
use std::num::NonZeroU32;

const DAY: Duration = Duration::from_hours(24);
const NEVER: Duration = Duration::ZERO;

fn records(records_per_second: u64) -> Rate {
    Rate {
        bytes_per_second: 0,
        records_per_second,
    }
}

/// Uniform shards with these demands, each quiet for so long.
fn seen(of_shards: &[(u64, Duration)]) -> Vec<Seen> {
    let count = NonZeroU32::new(of_shards.len() as u32).unwrap();
    let ranges = HashRange::uniform(count);
    let shards = (0..).zip(ranges).zip(of_shards);
    let seen = |((index, range), (rate, quiet_for)): ((u32, HashRange), &(u64, Duration))| Seen {
        index,
        range,
        demand: records(*rate),
        quiet_for: *quiet_for,
    };
    shards.map(seen).collect()
}

fn needs(shards: u32) -> Needs {
    Needs {
        shards,
        most: 200,
        merge_after: Some(DAY),
    }
}

fn divided(judgement: Option<Judgement>) -> Vec<(u32, u32)> {
    match judgement.map(|judgement| judgement.change) {
        Some(Change::Divide { divisions }) => {
            divisions.iter().map(|it| (it.shard, it.parts)).collect()
        }
        Some(
            Change::Split { .. }
            | Change::Merge { .. }
            | Change::Scale { .. }
            | Change::ScaleInTurn { .. }
            | Change::ScaleAtOnce { .. },
        ) => {
            panic!("the service does not ask for it")
        }
        Some(Change::Join { .. }) | None => Vec::new(),
    }
}

fn joined(judgement: Option<Judgement>) -> Vec<(u32, u32)> {
    match judgement.map(|judgement| judgement.change) {
        Some(Change::Join { pairs }) => pairs.iter().map(|it| (it.shard, it.adjacent)).collect(),
        Some(
            Change::Split { .. }
            | Change::Merge { .. }
            | Change::Scale { .. }
            | Change::ScaleInTurn { .. }
            | Change::ScaleAtOnce { .. }
            | Change::Divide { .. },
        )
        | None => Vec::new(),
    }
}

#[test]
fn shards_when_above_half_their_limit_then_are_halved_together_and_the_others_stay() {
    let open = seen(&[(500, NEVER), (501, NEVER), (0, DAY), (900, NEVER)]);
    let judgement = judge(&open, needs(4));
    assert_eq!(judgement.as_ref().unwrap().reason, Reason::Hot);
    assert_eq!(divided(judgement), [(1, 2), (3, 2)]);
    let calm = seen(&[(500, NEVER); 4]);
    assert_eq!(judge(&calm, needs(4)), None);
}

#[test]
fn shards_when_too_few_for_the_peak_or_warm_throughput_then_the_widest_are_divided() {
    let open = seen(&[(0, DAY); 4]);
    let judgement = judge(&open, needs(16));
    assert_eq!(judgement.as_ref().unwrap().reason, Reason::Room);
    assert_eq!(divided(judgement), [(0, 4), (1, 4), (2, 4), (3, 4)]);
    let (mut uneven, mut quarters) = (seen(&[(0, DAY); 2]), seen(&[(0, DAY); 4]));
    uneven.truncate(1);
    uneven.extend(quarters.split_off(2));
    assert_eq!(
        divided(judge(&uneven, needs(4))),
        [(0, 2)],
        "the half, not a quarter"
    );
    assert_eq!(divided(judge(&uneven, needs(5))), [(0, 2), (3, 2)]);
    let hot = seen(&[(0, DAY), (501, NEVER)]);
    assert_eq!(
        divided(judge(&hot, needs(4))),
        [(0, 2), (1, 2)],
        "both reasons at once"
    );
}

#[test]
fn stream_when_at_its_regions_ceiling_then_grows_no_further() {
    let most = |most| Needs {
        most,
        ..needs(1_000)
    };
    let hot = seen(&[(700, NEVER), (900, NEVER), (800, NEVER), (100, NEVER)]);
    assert_eq!(judge(&hot, most(4)), None);
    assert_eq!(
        divided(judge(&hot, most(5))),
        [(1, 2)],
        "the hottest comes first"
    );
    assert_eq!(divided(judge(&hot, most(6))), [(1, 2), (2, 2)]);
}

#[test]
fn hot_shard_when_halving_does_not_cool_it_then_it_is_halved_a_bounded_number_of_times() {
    let mut open = seen(&[(0, NEVER); 4]);
    let mut next = 4;
    // One key has all the load, so that one of the halves is as hot as the shard was.
    open[0].demand = records(1_000);
    while let [(hot, 2)] = divided(judge(&open, needs(2)))[..] {
        let place = open.iter().position(|shard| shard.index == hot).unwrap();
        let cut = open[place].range.even_cuts(2).unwrap()[0];
        let (left, right) = open[place].range.split_at(cut).unwrap();
        let half = |index, range, rate| Seen {
            index,
            range,
            demand: records(rate),
            quiet_for: NEVER,
        };
        open.splice(
            place..=place,
            [half(next, left, 1_000), half(next + 1, right, 0)],
        );
        next += 2;
    }
    assert_eq!(open.len(), 32, "eight times the four that every stream has");
    let one_key = HashRange {
        start: open[0].range.start,
        end: open[0].range.start,
    };
    open.truncate(1);
    open[0].range = one_key;
    assert_eq!(judge(&open, needs(1)), None, "one key cannot be halved");
}

#[test]
fn neighbours_when_quiet_for_long_then_merge_the_narrowest_first_and_never_below_what_is_needed() {
    let quiet = |count| seen(&vec![(0, DAY); count]);
    assert_eq!(
        joined(judge(&quiet(8), needs(0))),
        [(0, 1), (2, 3), (4, 5), (6, 7)]
    );
    assert_eq!(joined(judge(&quiet(8), needs(6))), [(0, 1), (2, 3)]);
    assert_eq!(judge(&quiet(8), needs(8)), None);
    assert_eq!(judge(&quiet(4), needs(0)), None, "four always stay");
    let a_moment = DAY - Duration::from_nanos(1);
    let busy = seen(&[(0, DAY), (0, a_moment), (0, DAY), (0, DAY), (0, a_moment)]);
    assert_eq!(joined(judge(&busy, needs(0))), [(2, 3)]);
    assert_eq!(judge(&quiet(8), needs(0).without_merges()), None);
    let mut narrow = quiet(6);
    let cut = narrow[5].range.even_cuts(2).unwrap()[0];
    let (left, right) = narrow[5].range.split_at(cut).unwrap();
    narrow[5].range = left;
    narrow.push(Seen {
        index: 6,
        range: right,
        ..narrow[5]
    });
    assert_eq!(
        joined(judge(&narrow, needs(6))),
        [(5, 6)],
        "the ranges become even again"
    );
}

#[test]
fn stream_when_some_shards_are_hot_and_others_quiet_then_grows_first() {
    let open = seen(&[(900, NEVER), (0, DAY), (0, DAY), (0, DAY), (0, DAY)]);
    assert_eq!(divided(judge(&open, needs(2))), [(0, 2)]);
}

proptest! {
    #[test]
    fn stream_when_judged_again_and_again_then_has_the_shards_it_needs_and_no_more_than_it_may(
        rates in proptest::collection::vec((0..1_100_u64, prop_oneof![Just(NEVER), Just(DAY)]), 1..40),
        shards in 0..300_u32,
        most in 1..250_u32,
    ) {
        let open = seen(&rates);
        let judgement = judge(&open, Needs { shards, most, merge_after: Some(DAY) });
        let before = open.len() as u32;
        let grown: u32 = divided(judgement.clone()).iter().map(|(_, parts)| parts - 1).sum();
        let merged = joined(judgement.clone()).len() as u32;
        prop_assert!(grown == 0 || before + grown <= most);
        prop_assert!(before + grown >= shards.min(most) || merged == 0);
        if grown > 0 || before < shards.min(most) {
            prop_assert!(before + grown >= shards.min(most));
        }
        prop_assert!(merged == 0 || before - merged >= shards.max(limits::ON_DEMAND_SHARDS));
        let hot = open.iter().filter(|shard| shard.demand.is_hot()).count() as u32;
        if hot > 0 && before + hot <= most.min(shards.max(4).saturating_mul(SPREAD_MAX)) {
            let halved = divided(judgement);
            for shard in open.iter().filter(|shard| shard.demand.is_hot()) {
                prop_assert!(halved.iter().any(|(index, _)| *index == shard.index));
            }
        }
    }
}
