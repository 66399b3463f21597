//! What the commands of earlier versions did, they do.

use super::*;
use crate::catalog::{Change, Command, CreateStream};
use millstream_model::limits::MODE_SWITCHES_PER_DAY;
use millstream_model::{AccountId, Region, StreamName};
use millstream_replicated::Machine as _;
use millstream_store::Offset;
use std::num::NonZeroU32;

const NOW: Timestamp = Timestamp(1_767_225_600_000);

fn scope() -> Scope {
    Scope {
        account: AccountId::parse("111111111111").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
    }
}

fn create(name: &str, mode: Mode, shards: u32, quotas: Quotas) -> Command {
    Command::CreateStream(CreateStream {
        scope: scope(),
        name: StreamName::parse(name).unwrap(),
        mode,
        shards: NonZeroU32::new(shards).unwrap(),
        tags: Default::default(),
        record_kib_max: 1024,
        transition_ms: 0,
        quotas,
        warm_mibps: None,
        distribution: Default::default(),
    })
}

fn apply(state: &mut State, at: u64, command: &Command) -> Verdict {
    state.apply(Offset(at), NOW, command)
}

/// An account that has an on-demand stream with four shards.
fn with_four_on_demand() -> State {
    let mut state = State::default();
    let on_demand = create("a", Mode::OnDemand, 4, Quotas::default());
    apply(&mut state, 0, &on_demand).unwrap();
    state
}

#[test]
fn create_when_its_quota_is_of_all_shards_then_those_on_demand_count() {
    let mut state = with_four_on_demand();
    let quotas = Quotas {
        shards: Some(5),
        ..Quotas::default()
    };
    let refused = Refusal::TooManyShards {
        scope: scope(),
        current: 4,
        most: 5,
        more: 2,
    };
    for mode in [Mode::Provisioned, Mode::OnDemand] {
        let command = create("b", mode, 2, quotas);
        assert_eq!(apply(&mut state, 1, &command), Err(refused.clone()));
    }
    apply(&mut state, 2, &create("b", Mode::OnDemand, 1, quotas)).unwrap();
}

#[test]
fn create_when_its_quota_is_of_provisioned_shards_then_those_on_demand_do_not_count() {
    let mut state = with_four_on_demand();
    let quotas = Quotas {
        provisioned_shards: Some(2),
        ..Quotas::default()
    };
    apply(&mut state, 1, &create("b", Mode::OnDemand, 4, quotas)).unwrap();
    apply(&mut state, 2, &create("c", Mode::Provisioned, 2, quotas)).unwrap();
    let refused = Refusal::TooManyShards {
        scope: scope(),
        current: 2,
        most: 2,
        more: 1,
    };
    let command = create("d", Mode::Provisioned, 1, quotas);
    assert_eq!(apply(&mut state, 3, &command), Err(refused));
}

fn switch(mode: Mode, quota: Option<u32>, remembered: Option<u32>) -> Command {
    Command::SetMode(SetMode {
        stream: 0,
        mode,
        transition_ms: 0,
        quotas: Quotas {
            mode_switches_per_day: quota,
            ..Quotas::default()
        },
        warmth: None,
        remembered,
    })
}

/// The last switch of an even number without a quota and one under it.
fn switch_after_many(remembered: Option<u32>, at: Timestamp) -> Verdict {
    let mut state = State::default();
    let created = create("a", Mode::Provisioned, 1, Quotas::default());
    apply(&mut state, 0, &created).unwrap();
    for mode in [Mode::OnDemand, Mode::Provisioned].repeat(4) {
        apply(&mut state, 1, &switch(mode, None, remembered)).unwrap();
    }
    let kept = remembered.map_or(0, |remembered| remembered as usize);
    let stream = state.stream_by_id(0).unwrap();
    assert_eq!(stream.mode_switches_ms, vec![NOW.0; kept]);
    let under_quota = switch(Mode::OnDemand, Some(MODE_SWITCHES_PER_DAY), remembered);
    state.apply(Offset(1), at, &under_quota)
}

#[test]
fn mode_when_switched_without_a_quota_then_counts_towards_a_later_one_if_it_says_so() {
    let all = Some(MODE_SWITCHES_PER_DAY);
    let day = Duration::from_hours(24);
    let last = NOW.plus(day).minus(Duration::from_millis(1));
    let refused = switch_after_many(all, last).unwrap_err();
    assert!(matches!(
        refused,
        Refusal::TooManyModeSwitches { most: 2, .. }
    ));
    switch_after_many(all, NOW.plus(day)).unwrap();
    // As earlier builds had it.
    switch_after_many(None, NOW).unwrap();
}

fn none_of_an_earlier_build() -> Command {
    Command::SetWarmThroughput(SetWarmThroughput {
        stream: 0,
        warmth: Warmth {
            mibps: 0,
            change: Change::ScaleInTurn {
                target: NonZeroU32::new(4).unwrap(),
            },
        },
        transition_ms: 0,
        quotas: Quotas::default(),
    })
}

#[test]
fn warm_throughput_of_none_when_asked_for_by_an_earlier_build_then_adds_shards_as_it_did() {
    let mut state = State::default();
    let on_demand = create("a", Mode::OnDemand, 1, Quotas::default());
    apply(&mut state, 0, &on_demand).unwrap();
    let commitment = Command::SetCommitment(SetCommitment {
        scope: scope(),
        is_enabled: true,
        binds_ms: 86_400_000,
    });
    apply(&mut state, 1, &commitment).unwrap();
    let Ok(Applied::Stream(stream)) = apply(&mut state, 2, &none_of_an_earlier_build()) else {
        panic!("it is refused");
    };
    let plan = &stream.reshard.as_ref().unwrap().plan;
    assert_eq!(plan.growth(), 3);
}

#[test]
fn warm_throughput_of_none_when_without_a_commitment_then_is_refused_to_earlier_builds_alone() {
    let mut state = with_four_on_demand();
    let refused = apply(&mut state, 1, &none_of_an_earlier_build());
    let scope = scope();
    assert_eq!(refused.unwrap_err(), Refusal::NotCommitted { scope });
    let Command::SetWarmThroughput(mut now) = none_of_an_earlier_build() else {
        panic!("it is another command");
    };
    now.warmth.change = Change::Divide {
        divisions: Vec::new(),
    };
    apply(&mut state, 2, &Command::SetWarmThroughput(now)).unwrap();
}
