//! What the commands of earlier versions did, they do.

use super::*;
use crate::catalog::{Command, CreateStream};
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
