//! Each rule refuses what breaks it alone, and nothing else.

use super::*;
use crate::catalog::data_keys::StreamDataKey;
use crate::catalog::plan::{Change, Planned};
use crate::catalog::shard::Closed;
use crate::catalog::{Command, CreateStream, Mode, Quotas, Scope, State};
use millstream_kms::KeyArn;
use millstream_model::{AccountId, HashRange, Region, StreamName};
use millstream_replicated::Machine as _;
use millstream_store::Offset;
use std::num::NonZeroU32;
use std::sync::Arc;

const NOW: Timestamp = Timestamp(1_767_225_600_000);

fn create(name: &str) -> Command {
    Command::CreateStream(CreateStream {
        scope: Scope {
            account: AccountId::parse("111111111111").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        },
        name: StreamName::parse(name).unwrap(),
        mode: Mode::Provisioned,
        shards: NonZeroU32::MIN.saturating_add(1),
        tags: Default::default(),
        record_kib_max: 1_024,
        transition_ms: 0,
        quotas: Quotas::default(),
        warm_mibps: None,
        distribution: Default::default(),
    })
}

/// A stream whose first shard was split: shards 0 to 3, of which 0 is closed. A plan merges shards
/// 2 and 3, and splits what becomes of them.
fn stream() -> Stream {
    let mut state = State::default();
    state.apply(Offset(0), NOW, &create("s")).unwrap();
    let mut stream = Stream::clone(state.stream_by_id(0).unwrap());
    let quarter = HashKey(1 << 126);
    let split = Change::Split {
        shard: 0,
        at: quarter,
    };
    let plan = Plan::new(&stream.shards, 2, &split).unwrap();
    let ends = BTreeMap::from([(0, 5)]);
    stream.shards = Arc::new(plan.carry_out(&stream.shards, &ends, NOW));
    let whole = HashRange {
        start: HashKey(0),
        end: HashKey((1 << 127) - 1),
    };
    let (low, high) = whole.split_at(HashKey(9)).unwrap();
    let planned = |index, range, parent, adjacent_parent| Planned {
        index,
        range,
        parent,
        adjacent_parent,
    };
    stream.next_shard = 7;
    stream.reshard = Some(Reshard {
        id: 1,
        begun: NOW,
        lasts_ms: 0,
        plan: Plan {
            parents: vec![2, 3],
            created: vec![
                planned(4, whole, 2, Some(3)),
                planned(5, low, 4, None),
                planned(6, high, 4, None),
            ],
            opening: None,
        },
    });
    stream
}

/// The stream, changed.
fn with(change: impl FnOnce(&mut Stream)) -> Result<(), &'static str> {
    let mut stream = stream();
    change(&mut stream);
    check(&stream)
}

fn with_shard(index: u32, change: impl FnOnce(&mut Shard)) -> Result<(), &'static str> {
    with(|stream| {
        let mut all = stream.shards.all().to_vec();
        change(all.iter_mut().find(|it| it.index == index).unwrap());
        stream.shards = Arc::new(Shards::new(all));
    })
}

fn with_plan(change: impl FnOnce(&mut Plan)) -> Result<(), &'static str> {
    with(|stream| change(&mut stream.reshard.as_mut().unwrap().plan))
}

#[test]
fn stream_when_whole_then_is_sound() {
    assert_eq!(with(|_| ()), Ok(()));
    assert_eq!(with(|stream| stream.reshard = None), Ok(()));
}

#[test]
fn stream_when_its_numbers_lead_out_of_its_own_logs_then_is_refused() {
    let id = with(|stream| stream.id = Namespace::GROUPS);
    assert_eq!(id, Err("no stream has this id"));
    let next = Err("the next shard's index is not the next");
    for next_shard in [0, 3, ShardId::INDEX_MAX + 2, u32::MAX] {
        assert_eq!(with(|stream| stream.next_shard = next_shard), next);
    }
    let ends_it = |stream: &mut Stream| {
        stream.next_shard = ShardId::INDEX_MAX + 1;
    };
    assert_eq!(with(ends_it), Ok(()));
}

#[test]
fn shard_when_a_number_of_its_records_would_overflow_then_is_refused() {
    let too_high = Err("a shard's numbers are too high");
    const HIGHEST: u64 = SequenceNumber::COUNTER_CLOSED;
    for (base, expected) in [
        (HIGHEST, Ok(())),
        (HIGHEST + 1, too_high),
        (u64::MAX, too_high),
    ] {
        assert_eq!(with_shard(1, |shard| shard.counter_base = base), expected);
        let closed = |shard: &mut Shard| {
            shard.closed = Some(Closed {
                at: NOW,
                end: Some(base),
            });
        };
        assert_eq!(with_shard(0, closed), expected);
    }
    for parent in [3, u32::MAX] {
        assert_eq!(with_shard(3, |shard| shard.parent = Some(parent)), too_high);
        let adjacent = |shard: &mut Shard| shard.adjacent_parent = Some(parent);
        assert_eq!(with_shard(3, adjacent), too_high);
    }
}

#[test]
fn shards_when_a_key_has_no_owner_or_two_then_are_refused() {
    let not_once = Err("the open shards do not own every key once");
    let none = |stream: &mut Stream| stream.shards = Arc::new(Shards::NONE);
    assert_eq!(with(none), not_once);
    for index in [1, 2, 3] {
        assert_eq!(with_shard(index, |it| it.range.end.0 -= 1), not_once);
        assert_eq!(with_shard(index, |it| it.range.start.0 += 1), not_once);
    }
    let reopened = |shard: &mut Shard| shard.closed = None;
    assert_eq!(with_shard(0, reopened), not_once);
}

#[test]
fn data_keys_when_out_of_order_or_too_many_then_are_refused() {
    let of = |numbers: &mut dyn Iterator<Item = u32>| {
        let mut keys = DataKeys::default();
        for number in numbers {
            keys.push(StreamDataKey {
                number,
                key: KeyArn::parse("arn:aws:kms:us-east-1:111111111111:key/a").unwrap(),
                ciphertext: vec![7].into(),
                created_ms: 0,
            });
        }
        with(|stream| stream.data_keys = Arc::new(keys))
    };
    let wrong = Err("the data keys are too many, or not in order");
    let most = DATA_KEYS_PER_STREAM_MAX as u32;
    assert_eq!(of(&mut [1, 4, u32::MAX].into_iter()), Ok(()));
    assert_eq!(of(&mut (1..=most)), Ok(()));
    assert_eq!(of(&mut (1..=most + 1)), wrong);
    for numbers in [vec![0], vec![2, 2], vec![3, 2]] {
        assert_eq!(of(&mut numbers.into_iter()), wrong);
    }
}

#[test]
fn plan_when_it_does_not_fit_its_stream_then_is_refused() {
    let not_open = Err("a shard that a plan closes is not open");
    for parent in [0, 4, u32::MAX] {
        assert_eq!(with_plan(|plan| plan.parents[0] = parent), not_open);
    }
    let order = Err("a planned shard is out of order");
    for index in [0, 3, 5, 7, u32::MAX] {
        assert_eq!(with_plan(|plan| plan.created[0].index = index), order);
    }
    for parent in [0, 1, 5, u32::MAX] {
        assert_eq!(with_plan(|plan| plan.created[1].parent = parent), order);
        let adjacent = |plan: &mut Plan| plan.created[1].adjacent_parent = Some(parent);
        assert_eq!(with_plan(adjacent), order);
    }
    let loses = Err("a plan loses keys");
    assert_eq!(with_plan(|plan| plan.created.truncate(2)), loses);
    assert_eq!(with_plan(|plan| plan.created[2].range.end.0 -= 1), loses);
}
