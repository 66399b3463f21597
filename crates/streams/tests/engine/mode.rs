//! UpdateStreamMode: between provisioned and on demand.

use super::record_size::{arn, summary};
use super::world::{Caller, START, World, message};
use millstream_protocol::operations::{
    CreateStreamInput, DescribeLimitsInput, UpdateShardCountInput, UpdateStreamModeInput,
};
use millstream_protocol::types::{ScalingType, StreamMode, StreamModeDetails, StreamStatus};
use millstream_protocol::{Error, ErrorCode};
use millstream_streams::operations::{
    CreateStream, DescribeLimits, UpdateShardCount, UpdateStreamMode,
};
use millstream_streams::{Limits, Settings};
use std::time::Duration;

pub async fn set_mode(
    caller: &Caller,
    stream: &str,
    stream_mode: StreamMode,
    warm: Option<i32>,
) -> Result<(), Error> {
    let input = UpdateStreamModeInput {
        stream_arn: arn(stream),
        stream_id: None,
        stream_mode_details: StreamModeDetails { stream_mode },
        warm_throughput_mibps: warm,
    };
    caller.call::<UpdateStreamMode>(input).await
}

pub async fn create_on_demand(
    caller: &Caller,
    stream: &str,
    warm: Option<i32>,
) -> Result<(), Error> {
    let stream_mode = StreamMode::OnDemand;
    let input = CreateStreamInput {
        stream_name: stream.to_owned(),
        stream_mode_details: Some(StreamModeDetails { stream_mode }),
        warm_throughput_mibps: warm,
        ..CreateStreamInput::default()
    };
    caller.call::<CreateStream>(input).await
}

async fn scale(caller: &Caller, target: i32) -> Result<(), Error> {
    let input = UpdateShardCountInput {
        stream_name: Some("s".to_owned()),
        target_shard_count: target,
        scaling_type: ScalingType::UniformScaling,
        stream_arn: None,
        stream_id: None,
    };
    caller.call::<UpdateShardCount>(input).await.map(drop)
}

async fn mode(caller: &Caller, stream: &str) -> StreamMode {
    let details = summary(caller, stream).await.stream_mode_details;
    details.unwrap().stream_mode
}

/// Open shards, and on-demand streams.
async fn counts(caller: &Caller) -> (i32, i32) {
    let input = DescribeLimitsInput {};
    let output = caller.call::<DescribeLimits>(input).await.unwrap();
    (output.open_shard_count, output.on_demand_stream_count)
}

#[tokio::test]
async fn mode_when_changed_then_keeps_the_shards_and_decides_who_may_change_them() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    caller.create("s", 3).await.unwrap();
    caller.put("s", "k", "before").await.unwrap();
    let shards = caller.shards("s").await;
    set_mode(&caller, "s", StreamMode::OnDemand, None)
        .await
        .unwrap();
    assert_eq!(counts(&caller).await, (3, 1));
    let error = caller.split("s", "0", 5).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ValidationException);
    let reopened = world.open().await;
    assert_eq!(mode(&reopened, "s").await, StreamMode::OnDemand);
    assert_eq!(reopened.shards("s").await, shards);
    reopened.put("s", "k", "after").await.unwrap();
    assert_eq!(reopened.read_all("s").await, ["before", "after"]);
    set_mode(&reopened, "s", StreamMode::Provisioned, None)
        .await
        .unwrap();
    assert_eq!(reopened.shards("s").await, shards);
    assert_eq!(counts(&reopened).await, (3, 0));
    reopened.split("s", "0", 5).await.unwrap();
}

#[tokio::test]
async fn mode_when_the_stream_has_it_then_is_refused_and_not_counted() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    create_on_demand(&caller, "t", None).await.unwrap();
    for (stream, has, name) in [
        ("s", StreamMode::Provisioned, "PROVISIONED"),
        ("t", StreamMode::OnDemand, "ON_DEMAND"),
    ] {
        for _ in 0..3 {
            let error = set_mode(&caller, stream, has, None).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidArgumentException);
            let text = format!("is already in the {name} capacity mode.");
            assert!(message(&error).ends_with(&text), "{error}");
        }
    }
    set_mode(&caller, "s", StreamMode::OnDemand, None)
        .await
        .unwrap();
    set_mode(&caller, "s", StreamMode::Provisioned, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn mode_when_changed_a_third_time_in_a_day_then_is_refused_until_the_first_is_a_day_ago() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    caller.create("t", 1).await.unwrap();
    let at = |hours: u64| {
        world
            .clock
            .set_wall(START.plus(Duration::from_hours(hours)))
    };
    set_mode(&caller, "s", StreamMode::OnDemand, None)
        .await
        .unwrap();
    at(10);
    set_mode(&caller, "s", StreamMode::Provisioned, None)
        .await
        .unwrap();
    world.clock.set_wall(
        START
            .plus(Duration::from_hours(24))
            .minus(Duration::from_millis(1)),
    );
    let caller = world.open().await;
    let error = set_mode(&caller, "s", StreamMode::OnDemand, None)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::LimitExceededException);
    assert!(
        message(&error).contains("more than 2 times in 24 hours"),
        "{error}"
    );
    assert_eq!(mode(&caller, "s").await, StreamMode::Provisioned);
    set_mode(&caller, "t", StreamMode::OnDemand, None)
        .await
        .unwrap();
    at(24);
    set_mode(&caller, "s", StreamMode::OnDemand, None)
        .await
        .unwrap();
    at(33);
    set_mode(&caller, "s", StreamMode::Provisioned, None)
        .await
        .unwrap_err();
    at(34);
    set_mode(&caller, "s", StreamMode::Provisioned, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn mode_when_there_are_no_limits_then_changes_as_often_as_asked() {
    let world = World::new(Settings {
        limits: Limits::Off,
        ..Settings::default()
    });
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    for _ in 0..5 {
        set_mode(&caller, "s", StreamMode::OnDemand, None)
            .await
            .unwrap();
        set_mode(&caller, "s", StreamMode::Provisioned, None)
            .await
            .unwrap();
    }
}

/// Whoever turns the limits on again finds the newest changes counted.
#[tokio::test]
async fn changes_when_made_without_limits_then_count_once_there_are_some() {
    let mut world = World::new(Settings {
        limits: Limits::Off,
        ..Settings::default()
    });
    let caller = world.open().await;
    caller.create("s", 4).await.unwrap();
    for target in [3, 4].repeat(6) {
        scale(&caller, target).await.unwrap();
    }
    for mode in [StreamMode::OnDemand, StreamMode::Provisioned].repeat(3) {
        set_mode(&caller, "s", mode, None).await.unwrap();
    }
    world.settings.limits = Limits::Aws;
    let caller = world.open().await;
    let switched = set_mode(&caller, "s", StreamMode::OnDemand, None).await;
    let scaled = scale(&caller, 3).await;
    for (error, times) in [(switched.unwrap_err(), 2), (scaled.unwrap_err(), 10)] {
        assert_eq!(error.code, ErrorCode::LimitExceededException);
        let text = format!("more than {times} times in 24 hours");
        assert!(message(&error).contains(&text), "{error}");
    }
    world.clock.set_wall(START.plus(Duration::from_hours(24)));
    let caller = world.open().await;
    scale(&caller, 3).await.unwrap();
    set_mode(&caller, "s", StreamMode::OnDemand, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn mode_when_changed_then_the_stream_is_updating_for_a_while() {
    let world = World::new(Settings {
        transition_time: Duration::from_secs(1),
        ..Settings::default()
    });
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    world.pass(Duration::from_secs(2)).await;
    set_mode(&caller, "s", StreamMode::OnDemand, None)
        .await
        .unwrap();
    assert_eq!(
        summary(&caller, "s").await.stream_status,
        StreamStatus::Updating
    );
    caller.put("s", "k", "a").await.unwrap();
    let error = set_mode(&caller, "s", StreamMode::Provisioned, None)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::ResourceInUseException);
    world.pass(Duration::from_secs(2)).await;
    assert_eq!(
        summary(&caller, "s").await.stream_status,
        StreamStatus::Active
    );
    set_mode(&caller, "s", StreamMode::Provisioned, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn mode_when_the_account_has_fifty_on_demand_streams_then_no_stream_becomes_another() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    for number in 0..50 {
        create_on_demand(&caller, &format!("s{number}"), None)
            .await
            .unwrap();
    }
    caller.create("t", 1).await.unwrap();
    let error = set_mode(&caller, "t", StreamMode::OnDemand, None)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::LimitExceededException);
    set_mode(&caller, "s7", StreamMode::Provisioned, None)
        .await
        .unwrap();
    set_mode(&caller, "t", StreamMode::OnDemand, None)
        .await
        .unwrap();
    assert_eq!(counts(&caller).await, (201, 50));
}

#[tokio::test]
async fn shards_when_of_on_demand_streams_then_count_towards_the_quota_once_provisioned() {
    let world = World::new(Settings {
        shard_limit: Some(5),
        ..Settings::default()
    });
    let caller = world.open().await;
    create_on_demand(&caller, "a", None).await.unwrap();
    create_on_demand(&caller, "b", None).await.unwrap();
    caller.create("s", 2).await.unwrap();
    let error = set_mode(&caller, "a", StreamMode::Provisioned, None)
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::LimitExceededException);
    let counts = "Current shard count for the account: 2. Limit: 5. Number of additional shards \
                  that would have resulted from this request: 4.";
    assert!(message(&error).contains(counts), "{error}");
    set_mode(&caller, "s", StreamMode::OnDemand, None)
        .await
        .unwrap();
    set_mode(&caller, "a", StreamMode::Provisioned, None)
        .await
        .unwrap();
    caller.create("t", 1).await.unwrap();
    caller.create("u", 1).await.unwrap_err();
}
