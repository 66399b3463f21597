//! Reshards that the service asks for, beside those of callers and of earlier versions.

use super::*;
use crate::catalog::plan::{Change, Division};
use millstream_model::{AccountId, Region, StreamName};
use millstream_replicated::Machine as _;
use std::num::NonZeroU32;

const NOW: Timestamp = Timestamp(1_767_225_600_000);

fn counted(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

fn create(name: &str, mode: Mode, shards: u32, quotas: Quotas) -> Command {
    Command::CreateStream(CreateStream {
        scope: Scope {
            account: AccountId::parse("111111111111").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
        },
        name: StreamName::parse(name).unwrap(),
        mode,
        shards: counted(shards),
        tags: BTreeMap::new(),
        record_kib_max: 1_024,
        transition_ms: 0,
        quotas,
        warm_mibps: None,
        distribution: Distribution::UserPartitionKey,
    })
}

/// A state with one stream, whose id is 0.
fn with_stream(mode: Mode, shards: u32) -> State {
    let mut state = State::default();
    let created = create("s", mode, shards, Quotas::default());
    state.apply(Offset(0), NOW, &created).unwrap();
    state
}

fn reshard(change: Change, quotas: Quotas, by_service: Option<bool>) -> Command {
    Command::BeginReshard(BeginReshard {
        stream: 0,
        change,
        transition_ms: 0,
        quotas,
        by_service,
        remembered: None,
    })
}

fn divide(parts: u32) -> Change {
    let division = Division { shard: 0, parts };
    Change::Divide {
        divisions: vec![division],
    }
}

fn refusal(state: &mut State, command: &Command) -> Option<Refusal> {
    state.apply(Offset(1), NOW, command).err()
}

#[test]
fn reshard_when_the_service_asks_then_the_stream_has_to_be_on_demand() {
    let command = reshard(divide(2), Quotas::default(), Some(true));
    let refused = refusal(&mut with_stream(Mode::Provisioned, 4), &command);
    let expected = matches!(refused, Some(Refusal::NotOnDemand { .. }));
    assert!(expected, "{refused:?}");
    assert_eq!(refusal(&mut with_stream(Mode::OnDemand, 4), &command), None);
}

#[test]
fn reshard_when_the_service_asks_then_goes_up_to_the_streams_ceiling() {
    let quotas = Quotas {
        stream_shards: Some(6),
        ..Quotas::default()
    };
    let asked = |parts| {
        let command = reshard(divide(parts), quotas, Some(true));
        refusal(&mut with_stream(Mode::OnDemand, 4), &command)
    };
    assert_eq!(asked(3), None);
    let too_large = Refusal::ScalingTooLarge {
        current: 4,
        target: 7,
        most: 6,
    };
    assert_eq!(asked(4), Some(too_large));
}

#[test]
fn scaling_when_the_service_asks_then_callers_limits_are_not_its_own() {
    let quotas = Quotas {
        scalings_per_day: Some(0),
        ..Quotas::default()
    };
    let scale = |by_service| {
        reshard(
            Change::Scale {
                target: counted(40),
            },
            quotas,
            by_service,
        )
    };
    let mut state = with_stream(Mode::OnDemand, 4);
    let (current, target) = (4, 40);
    let too_far = Refusal::ScalingTooFar { current, target };
    for callers in [None, Some(false)] {
        assert_eq!(refusal(&mut state, &scale(callers)), Some(too_far.clone()));
    }
    assert_eq!(refusal(&mut state, &scale(Some(true))), None);
    let stream = state.stream_by_id(0).unwrap();
    assert!(stream.scalings_ms.is_empty(), "it counts as no call");
}

#[test]
fn shards_when_counted_for_a_quota_then_earlier_commands_count_those_of_all_streams() {
    let mut state = with_stream(Mode::OnDemand, 4);
    let earlier = Quotas {
        shards: Some(5),
        ..Quotas::default()
    };
    let now = Quotas {
        provisioned_shards: Some(5),
        ..Quotas::default()
    };
    let refused = |state: &mut State, mode, quotas| {
        let refused = refusal(state, &create("t", mode, 2, quotas));
        matches!(refused, Some(Refusal::TooManyShards { current: 4, .. }))
    };
    for mode in [Mode::Provisioned, Mode::OnDemand] {
        assert!(refused(&mut state, mode, earlier), "{mode:?}");
    }
    let mut provisioned = with_stream(Mode::Provisioned, 4);
    assert!(refused(&mut provisioned, Mode::Provisioned, now));
    assert!(!refused(&mut provisioned, Mode::OnDemand, now));
    assert!(!refused(&mut state, Mode::Provisioned, now));
}

#[test]
fn reshard_when_encoded_by_an_earlier_version_then_is_a_callers() {
    let quotas = Quotas {
        shards: Some(7),
        ..Quotas::default()
    };
    let written = (0_u64, Change::Scale { target: counted(3) }, 9_u64, quotas);
    let bytes = minicbor::to_vec(written).unwrap();
    let read: BeginReshard = minicbor::decode(&bytes).unwrap();
    let expected = reshard(Change::Scale { target: counted(3) }, quotas, None);
    let Command::BeginReshard(mut expected) = expected else {
        panic!("it is a reshard");
    };
    expected.transition_ms = 9;
    assert_eq!(read, expected);
}

#[test]
fn reshard_when_the_stream_has_used_its_indexes_up_then_is_refused() {
    let four_more = |next_shard| {
        let mut state = with_stream(Mode::OnDemand, 4);
        let mut stream = Stream::clone(state.stream_by_id(0).unwrap());
        stream.next_shard = next_shard;
        state.put(stream);
        let command = reshard(divide(3), Quotas::default(), None);
        refusal(&mut state, &command)
    };
    // Two splits make four shards, of which three stay open.
    let after_the_last = ShardId::INDEX_MAX + 1;
    assert_eq!(four_more(after_the_last - 4), None);
    let too_large = Refusal::ScalingTooLarge {
        current: 4,
        target: 6,
        most: 4,
    };
    assert_eq!(four_more(after_the_last - 3), Some(too_large.clone()));
    assert_eq!(four_more(after_the_last), Some(too_large));
}
