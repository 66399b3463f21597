//! Tests of which shard is read when.

use super::*;
use millstream_protocol::types::SequenceNumberRange;

/// A shard by its number, and those of its parents.
fn shard(number: u8, parents: &[u8], is_closed: bool) -> Shard {
    Shard {
        shard_id: id(number),
        parent_shard_id: parents.first().map(|number| id(*number)),
        adjacent_parent_shard_id: parents.get(1).map(|number| id(*number)),
        sequence_number_range: SequenceNumberRange {
            starting_sequence_number: "1".to_owned(),
            ending_sequence_number: is_closed.then(|| "9".to_owned()),
        },
        ..Shard::default()
    }
}

fn child(number: u8, parents: &[u8]) -> ChildShard {
    ChildShard {
        shard_id: id(number),
        parent_shards: parents.iter().map(|number| id(*number)).collect(),
        ..ChildShard::default()
    }
}

fn id(number: u8) -> String {
    format!("shardId-{number:012}")
}

/// 0 was split into 1 and 2, these merged into 3; 4 has always been there.
fn history() -> Vec<Shard> {
    vec![
        shard(0, &[], true),
        shard(1, &[0], true),
        shard(2, &[0], true),
        shard(3, &[1, 2], false),
        shard(4, &[], false),
    ]
}

fn plan(
    from: &Position,
    positions: &[(u8, Position)],
    checkpoints: &[(u8, Checkpoint)],
) -> Lineage {
    let own = |(number, position): &(u8, Position)| (id(*number), position.clone());
    let positions = positions.iter().map(own).collect();
    let own = |(number, checkpoint): &(u8, Checkpoint)| (id(*number), checkpoint.clone());
    let checkpoints = checkpoints.iter().map(own).collect();
    let plan = Plan {
        from,
        positions: &positions,
        checkpoints: &checkpoints,
        only: &BTreeSet::new(),
    };
    plan.lineage(history())
}

/// The shards that begin now, and where.
fn begun(lineage: &mut Lineage) -> Vec<(String, Position)> {
    let begun = lineage.begin().into_iter();
    begun
        .map(|begin| (begin.shard_id, begin.position))
        .collect()
}

fn after(number: &str) -> Position {
    Position::AfterSequenceNumber(number.to_owned())
}

#[test]
fn child_when_it_has_two_parents_then_begins_after_both_and_once() {
    let horizon = || Position::TrimHorizon;
    let mut lineage = plan(&horizon(), &[], &[]);
    assert_eq!(
        begun(&mut lineage),
        [(id(0), horizon()), (id(4), horizon())]
    );
    assert_eq!(begun(&mut lineage), []);
    lineage.end(&id(0), vec![child(1, &[0]), child(2, &[0])]);
    assert_eq!(
        begun(&mut lineage),
        [(id(1), horizon()), (id(2), horizon())]
    );
    lineage.end(&id(2), vec![child(3, &[1, 2])]);
    assert_eq!(begun(&mut lineage), []);
    lineage.end(&id(1), vec![child(3, &[1, 2])]);
    assert_eq!(begun(&mut lineage), [(id(3), horizon())]);
    // A child that was not listed at the start.
    lineage.end(&id(4), vec![child(5, &[4])]);
    assert_eq!(begun(&mut lineage), [(id(5), horizon())]);
    assert!(!lineage.is_over_for_good());
    lineage.end(&id(3), Vec::new());
    lineage.end(&id(5), Vec::new());
    assert!(lineage.is_over_for_good());
}

#[test]
fn plan_when_it_starts_somewhere_then_leaves_out_what_is_before() {
    use Checkpoint::{After, End};
    use Position::{AtTimestamp, Latest, TrimHorizon};
    let time = AtTimestamp(crate::Timestamp(7));
    let number = || "5".to_owned();
    for (from, positions, checkpoints, expected) in [
        (Latest, vec![], vec![], vec![(3, Latest), (4, Latest)]),
        (
            time.clone(),
            vec![],
            vec![],
            vec![(0, time.clone()), (4, time)],
        ),
        // The children of 1 are read whole, and 2 as if there were no position.
        (
            Latest,
            vec![(1, after("5"))],
            vec![],
            vec![(1, after("5")), (4, Latest)],
        ),
        (
            Latest,
            vec![],
            vec![(0, End)],
            vec![(1, TrimHorizon), (2, TrimHorizon), (4, Latest)],
        ),
        (
            Latest,
            vec![],
            vec![(0, After(number()))],
            vec![(0, after("5")), (4, Latest)],
        ),
        // A checkpoint comes before the position.
        (
            Latest,
            vec![(4, TrimHorizon)],
            vec![(3, After(number())), (4, After(number()))],
            vec![(3, after("5")), (4, after("5"))],
        ),
        // A parent whose checkpoint has gone missing is read again, its child goes on.
        (
            TrimHorizon,
            vec![],
            vec![(0, End), (1, End), (3, After(number()))],
            vec![(2, TrimHorizon), (4, TrimHorizon)],
        ),
    ] {
        let mut lineage = plan(&from, &positions, &checkpoints);
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(at, from)| (id(at), from))
            .collect();
        assert_eq!(
            begun(&mut lineage),
            expected,
            "{from:?} {positions:?} {checkpoints:?}"
        );
    }
}

#[test]
fn plan_when_it_has_chosen_shards_then_follows_them_and_what_comes_of_them() {
    for (only, from, expected) in [
        (&[1][..], Position::TrimHorizon, &[1][..]),
        (&[4], Position::TrimHorizon, &[4]),
        (&[3, 4], Position::TrimHorizon, &[3, 4]),
        (&[1, 2], Position::TrimHorizon, &[1, 2]),
        (&[0], Position::Latest, &[3]),
    ] {
        let plan = Plan {
            from: &from,
            positions: &BTreeMap::new(),
            checkpoints: &Checkpoints::new(),
            only: &only.iter().map(|number| id(*number)).collect(),
        };
        let mut lineage = plan.lineage(history());
        let found: Vec<_> = lineage
            .begin()
            .into_iter()
            .map(|begin| begin.shard_id)
            .collect();
        let expected: Vec<_> = expected.iter().map(|number| id(*number)).collect();
        assert_eq!(found, expected, "{only:?}");
    }
}

#[test]
fn shard_when_it_ended_before_then_is_not_read_again_though_its_parent_is() {
    let mut lineage = plan(
        &Position::TrimHorizon,
        &[],
        &[
            (1, Checkpoint::End),
            (2, Checkpoint::End),
            (3, Checkpoint::After("5".to_owned())),
        ],
    );
    let first: Vec<_> = begun(&mut lineage).into_iter().map(|(id, _)| id).collect();
    assert_eq!(first, [id(0), id(3), id(4)]);
    lineage.end(&id(0), vec![child(1, &[0]), child(2, &[0])]);
    assert_eq!(begun(&mut lineage), []);
}

#[test]
fn lineage_when_all_that_is_open_is_at_its_end_and_nothing_waits_then_is_caught_up() {
    let mut lineage = plan(&Position::TrimHorizon, &[], &[(0, Checkpoint::End)]);
    lineage.begin();
    for number in [1, 2, 4] {
        assert!(!lineage.is_caught_up());
        assert!(lineage.progress(&id(number), true));
        assert!(!lineage.progress(&id(number), true));
    }
    // 3 waits for its parents.
    assert!(!lineage.is_caught_up());
    lineage.end(&id(1), Vec::new());
    lineage.end(&id(2), Vec::new());
    lineage.begin();
    assert!(!lineage.is_caught_up());
    lineage.progress(&id(3), true);
    assert!(lineage.is_caught_up());
    assert!(lineage.progress(&id(4), false));
    assert!(!lineage.is_caught_up());
}
