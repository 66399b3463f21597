//! Commands of earlier builds do what they did then, and new ones what is new.

use super::*;
use crate::catalog::Change;
use millstream_model::{AccountId, ConsumerName, Region, StreamName};
use std::num::NonZeroU32;

const SECOND: u64 = 1_767_225_600;

fn scope() -> Scope {
    Scope {
        account: AccountId::parse("111111111111").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
    }
}

fn counted(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

/// A state with one stream, and the time of its commands.
struct Catalog {
    state: State,
    stream: u64,
    now: Timestamp,
}

impl Catalog {
    fn new(shards: u32) -> Self {
        let mut catalog = Self {
            state: State::default(),
            stream: 0,
            now: Timestamp(SECOND * 1000),
        };
        let create = CreateStream {
            scope: scope(),
            name: StreamName::parse("s").unwrap(),
            mode: Mode::Provisioned,
            shards: counted(shards),
            tags: BTreeMap::new(),
            record_kib_max: 1024,
            transition_ms: 0,
            quotas: Quotas::default(),
            warm_mibps: None,
            distribution: Distribution::UserPartitionKey,
        };
        catalog.apply(Command::CreateStream(create)).unwrap();
        catalog
    }

    fn apply(&mut self, command: Command) -> Verdict {
        self.state.carry_out(Offset(0), self.now, &command)
    }

    fn stream(&self) -> &Stream {
        self.state.stream_by_id(self.stream).unwrap()
    }

    /// The second in the new consumer's ARN.
    fn register(&mut self, name: &str, arn_second: Option<ArnSecond>) -> u64 {
        let name = ConsumerName::parse(name).unwrap();
        let register = RegisterConsumer {
            stream: self.stream,
            name: name.clone(),
            transition_ms: 0,
            quotas: Quotas::default(),
            tags: BTreeMap::new(),
            arn_second,
        };
        self.apply(Command::RegisterConsumer(register)).unwrap();
        self.stream().consumer(&name).unwrap().arn_s
    }

    fn deregister(&mut self, name: &str) {
        let deregister = DeregisterConsumer {
            stream: self.stream,
            name: ConsumerName::parse(name).unwrap(),
            transition_ms: 0,
        };
        self.apply(Command::DeregisterConsumer(deregister)).unwrap();
    }

    fn names(&self) -> Vec<&str> {
        let consumers = self.stream().consumers.iter();
        consumers.map(|consumer| consumer.name.as_str()).collect()
    }

    /// Scales, with all logs empty, and says which shards are open, by key.
    fn scale(&mut self, change: Change) -> Vec<u32> {
        let begin = BeginReshard {
            stream: self.stream,
            change,
            transition_ms: 0,
            quotas: Quotas::default(),
            by_service: None,
            remembered: None,
        };
        self.carry_out(begin).unwrap()
    }

    fn carry_out(&mut self, begin: BeginReshard) -> Result<Vec<u32>, Refusal> {
        let begun = self.apply(Command::BeginReshard(begin))?;
        let reshard = begun.into_stream().unwrap().reshard.clone().unwrap();
        let closes = reshard.plan.parents.iter().map(|index| (*index, 0));
        let complete = CompleteReshard {
            stream: self.stream,
            reshard: reshard.id,
            closes: closes.collect(),
            arrived_ms: None,
        };
        self.apply(Command::CompleteReshard(complete)).unwrap();
        let open = self.stream().shards.open();
        Ok(open.map(|shard| shard.index).collect())
    }
}

#[test]
fn register_when_of_an_earlier_build_then_is_numbered_above_every_remembered_consumer() {
    let mut catalog = Catalog::new(1);
    assert_eq!(catalog.register("a", None), SECOND);
    assert_eq!(catalog.register("b", None), SECOND + 1);
    catalog.deregister("b");
    assert_eq!(catalog.register("c", None), SECOND + 2);
    assert_eq!(catalog.names(), ["a", "c"], "what is gone is forgotten");
    // Once forgotten, it does not matter any more.
    catalog.deregister("c");
    catalog.deregister("a");
    assert_eq!(catalog.register("a", None), SECOND + 3);
}

#[test]
fn register_when_told_to_take_its_second_then_keeps_apart_only_what_has_the_same_name() {
    let mut catalog = Catalog::new(1);
    let own = Some(ArnSecond::Registered);
    assert_eq!(catalog.register("a", own), SECOND);
    assert_eq!(catalog.register("b", own), SECOND);
    catalog.deregister("b");
    assert_eq!(catalog.register("c", own), SECOND);
    assert_eq!(catalog.names(), ["a", "b", "c"], "until its second is over");
    assert_eq!(catalog.register("b", own), SECOND + 1);
    assert_eq!(catalog.names(), ["a", "b", "c"]);
    catalog.deregister("b");
    catalog.now = Timestamp((SECOND + 2) * 1000);
    assert_eq!(catalog.register("d", own), SECOND + 2);
    assert_eq!(catalog.names(), ["a", "c", "d"]);
    assert_eq!(catalog.register("b", own), SECOND + 2);
}

#[test]
fn consumers_when_gone_and_still_remembered_then_take_no_ones_place() {
    let mut catalog = Catalog::new(1);
    catalog.register("a", Some(ArnSecond::Registered));
    catalog.deregister("a");
    let register = RegisterConsumer {
        stream: catalog.stream,
        name: ConsumerName::parse("b").unwrap(),
        transition_ms: 0,
        quotas: Quotas {
            consumers: Some(1),
            ..Quotas::default()
        },
        tags: BTreeMap::new(),
        arn_second: Some(ArnSecond::Registered),
    };
    catalog.apply(Command::RegisterConsumer(register)).unwrap();
    assert_eq!(catalog.names(), ["a", "b"]);
    assert_eq!(catalog.stream().consumers_at(catalog.now).count(), 1);
}

#[test]
fn scale_when_of_an_earlier_build_then_splits_all_and_merges_all() {
    let mut catalog = Catalog::new(4);
    assert_eq!(
        catalog.scale(Change::Scale { target: counted(3) }),
        [8, 9, 10]
    );
    let opened = catalog.stream().shards.all().iter();
    let opened: Vec<u64> = opened.map(|shard| shard.opened.0 - SECOND * 1000).collect();
    assert_eq!(opened, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2]);
    let created = catalog.stream().shards.all().iter();
    let created: Vec<u64> = created.map(|shard| shard.created_s - SECOND).collect();
    assert_eq!(created, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2]);
}

#[test]
fn scale_when_in_turn_then_goes_from_range_to_range_and_ages_with_the_indexes() {
    let mut catalog = Catalog::new(4);
    assert_eq!(
        catalog.scale(Change::ScaleInTurn { target: counted(3) }),
        [6, 9, 10]
    );
    let opened = catalog.stream().shards.all().iter();
    let opened: Vec<u64> = opened.map(|shard| shard.opened.0 - SECOND * 1000).collect();
    assert_eq!(opened, [0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3]);
    let created = catalog.stream().shards.all().iter();
    let created: Vec<u64> = created.map(|shard| shard.created_s - SECOND).collect();
    assert_eq!(created, [0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3]);
    let five = catalog.scale(Change::ScaleInTurn { target: counted(5) });
    assert_eq!(five, [11, 15, 16, 20, 19]);
}

#[test]
fn scale_when_at_once_then_has_the_shards_of_one_in_turn_and_opens_them_together() {
    let mut catalog = Catalog::new(4);
    assert_eq!(
        catalog.scale(Change::ScaleAtOnce { target: counted(3) }),
        [6, 9, 10]
    );
    let opened = catalog.stream().shards.all().iter();
    let opened: Vec<u64> = opened.map(|shard| shard.opened.0 - SECOND * 1000).collect();
    assert_eq!(opened, [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
    let closed = catalog.stream().shards.all().iter();
    let closed = closed.filter_map(|shard| shard.closed);
    let closed: Vec<u64> = closed.map(|closed| closed.at.0 - SECOND * 1000).collect();
    assert_eq!(closed, [0; 8]);
    let created = catalog.stream().shards.all().iter();
    let created: Vec<u64> = created.map(|shard| shard.created_s - SECOND).collect();
    assert_eq!(created, [0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3]);
    let five = catalog.scale(Change::ScaleAtOnce { target: counted(5) });
    assert_eq!(five, [11, 15, 16, 20, 19]);
}

/// Two scalings without a quota, and whether one more is allowed under a quota of two a day.
fn third_scaling(remembered: Option<u32>) -> Result<Vec<u32>, Refusal> {
    let mut catalog = Catalog::new(4);
    let scaling = |target, scalings_per_day| BeginReshard {
        stream: 0,
        change: Change::ScaleAtOnce {
            target: counted(target),
        },
        transition_ms: 0,
        quotas: Quotas {
            scalings_per_day,
            ..Quotas::default()
        },
        by_service: None,
        remembered,
    };
    for target in [3, 4, 3] {
        catalog.carry_out(scaling(target, None)).unwrap();
        catalog.now.0 += 1;
    }
    let kept = remembered.map_or(0, |remembered| remembered as usize);
    assert_eq!(catalog.stream().scalings_ms.len(), kept);
    catalog.carry_out(scaling(4, Some(2)))
}

#[test]
fn scaling_when_made_without_a_quota_then_counts_towards_a_later_one_if_it_says_so() {
    let refused = third_scaling(Some(2)).unwrap_err();
    assert!(matches!(refused, Refusal::TooManyScalings { most: 2, .. }));
    // As earlier builds had it.
    third_scaling(None).unwrap();
}
