//! Settings of an account: a commitment to a minimum of throughput, and what comes with it.

use super::world::{Caller, START, World, message};
use millstream_env::Timestamp;
use millstream_protocol::operations::{
    DescribeAccountSettingsInput, RegisterStreamConsumerInput, UpdateAccountSettingsInput,
};
use millstream_protocol::types::MinimumThroughputBillingCommitmentInputStatus as Wanted;
use millstream_protocol::types::MinimumThroughputBillingCommitmentOutputStatus as Status;
use millstream_protocol::types::{
    MinimumThroughputBillingCommitmentInput, MinimumThroughputBillingCommitmentOutput,
};
use millstream_protocol::{Error, ErrorCode};
use millstream_streams::Settings;
use millstream_streams::operations::{
    DescribeAccountSettings, RegisterStreamConsumer, UpdateAccountSettings,
};
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

/// Asks for the commitment, or for its end.
pub async fn commit(
    caller: &Caller,
    status: Wanted,
) -> Result<MinimumThroughputBillingCommitmentOutput, Error> {
    let input = UpdateAccountSettingsInput {
        minimum_throughput_billing_commitment: MinimumThroughputBillingCommitmentInput { status },
    };
    let output = caller.call::<UpdateAccountSettings>(input).await?;
    Ok(output.minimum_throughput_billing_commitment.unwrap())
}

async fn described(caller: &Caller) -> MinimumThroughputBillingCommitmentOutput {
    let input = DescribeAccountSettingsInput {};
    let output = caller.call::<DescribeAccountSettings>(input).await.unwrap();
    output.minimum_throughput_billing_commitment.unwrap()
}

/// A commitment with times in hours since the start: begun, allowed to end, ended.
fn shown(
    status: Status,
    started: Option<u64>,
    earliest: Option<u64>,
    ended: Option<u64>,
) -> MinimumThroughputBillingCommitmentOutput {
    let at = |hours: u64| {
        let Timestamp(ms) = START.plus(Duration::from_hours(hours));
        millstream_protocol::Timestamp(ms as i64)
    };
    MinimumThroughputBillingCommitmentOutput {
        status,
        started_at: started.map(at),
        ended_at: ended.map(at),
        earliest_allowed_end_at: earliest.map(at),
    }
}

#[tokio::test]
async fn commitment_when_made_and_ended_then_has_these_times_whatever_restarts_come() {
    let world = World::new(Settings::default());
    let none = shown(Status::Disabled, None, None, None);
    let enabled = shown(Status::Enabled, Some(2), Some(26), None);
    let until = Status::EnabledUntilEarliestAllowedEnd;
    let ending = shown(until, Some(2), Some(26), None);
    let lapsed = shown(Status::Disabled, Some(2), Some(26), Some(26));
    let again = shown(Status::Enabled, Some(30), Some(54), None);
    let ended = shown(Status::Disabled, Some(30), Some(54), Some(55));
    let steps = [
        (0, None, &none),
        (1, Some(Wanted::Disabled), &none),
        (2, Some(Wanted::Enabled), &enabled),
        (3, Some(Wanted::Enabled), &enabled),
        (4, Some(Wanted::Disabled), &ending),
        (5, Some(Wanted::Disabled), &ending),
        (6, Some(Wanted::Enabled), &enabled),
        (7, Some(Wanted::Disabled), &ending),
        (25, None, &ending),
        (26, None, &lapsed),
        (27, Some(Wanted::Disabled), &lapsed),
        (30, Some(Wanted::Enabled), &again),
        (55, Some(Wanted::Disabled), &ended),
        (56, Some(Wanted::Disabled), &ended),
    ];
    for (hour, wanted, expected) in steps {
        world.clock.set_wall(START.plus(Duration::from_hours(hour)));
        let caller = world.open().await;
        if let Some(wanted) = wanted {
            let told = commit(&caller, wanted).await.unwrap();
            assert_eq!(&told, expected, "told at {hour} h");
        }
        assert_eq!(&described(&caller).await, expected, "at {hour} h");
        let reopened = world.open().await;
        assert_eq!(&described(&reopened).await, expected, "restart at {hour} h");
    }
    world.clock.set_wall(START.plus(Duration::from_hours(31)));
    let caller = world.open().await;
    assert_eq!(described(&caller).await, ended, "the clock was turned back");
}

#[tokio::test]
async fn commitment_when_a_millisecond_before_its_earliest_end_then_is_still_ending() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    commit(&caller, Wanted::Enabled).await.unwrap();
    commit(&caller, Wanted::Disabled).await.unwrap();
    let end = START.plus(24 * HOUR);
    world.clock.set_wall(end.minus(Duration::from_millis(1)));
    let until = Status::EnabledUntilEarliestAllowedEnd;
    assert_eq!(described(&caller).await.status, until);
    world.clock.set_wall(end);
    assert_eq!(described(&caller).await.status, Status::Disabled);
}

#[tokio::test]
async fn commitment_when_made_then_is_of_one_account_in_one_region() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    commit(&caller, Wanted::Enabled).await.unwrap();
    for (account, region) in [("111111111111", "eu-west-1"), ("222222222222", "us-east-1")] {
        let other = described(&caller.of(account, region)).await;
        assert_eq!(other, shown(Status::Disabled, None, None, None), "{region}");
    }
}

async fn register(caller: &Caller, number: u32) -> Result<(), Error> {
    let input = RegisterStreamConsumerInput {
        stream_arn: "arn:aws:kinesis:us-east-1:111111111111:stream/s".to_owned(),
        consumer_name: format!("c{number}"),
        ..RegisterStreamConsumerInput::default()
    };
    caller.call::<RegisterStreamConsumer>(input).await.map(drop)
}

#[tokio::test]
async fn consumers_when_the_account_is_committed_then_may_be_fifty_and_stay_when_it_ends() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let refused = async |number, most| {
        let error = register(&caller, number).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::LimitExceededException);
        let text = message(&error);
        assert!(text.contains("number of registered consumers"), "{error}");
        assert!(text.ends_with(&format!("Limit: {most}.")), "{error}");
    };
    for number in 0..20 {
        register(&caller, number).await.unwrap();
    }
    refused(20, 20).await;
    commit(&caller, Wanted::Enabled).await.unwrap();
    commit(&caller, Wanted::Disabled).await.unwrap();
    for number in 20..50 {
        register(&caller, number).await.unwrap();
    }
    refused(50, 50).await;
    world.clock.set_wall(START.plus(24 * HOUR));
    refused(50, 20).await;
    let reopened = world.open().await;
    let state = register(&reopened, 49).await.unwrap_err();
    assert_eq!(state.code, ErrorCode::ResourceInUseException, "it is there");
}
