//! Warm throughput: shards before the traffic.

use super::account::commit;
use super::mode::{create_on_demand, set_mode};
use super::record_size::{arn, summary};
use super::world::{Caller, START, World, message};
use millstream_protocol::operations::{
    CreateStreamInput, DeleteStreamInput, UpdateStreamWarmThroughputInput,
};
use millstream_protocol::types::MinimumThroughputBillingCommitmentInputStatus as Wanted;
use millstream_protocol::types::{Shard, StreamMode, StreamStatus, WarmThroughputObject};
use millstream_protocol::{Error, ErrorCode};
use millstream_streams::operations::{CreateStream, DeleteStream, UpdateStreamWarmThroughput};
use millstream_streams::{Limits, Settings};
use std::time::Duration;

pub async fn warm(
    caller: &Caller,
    stream: &str,
    mibps: i32,
) -> Result<Option<WarmThroughputObject>, Error> {
    let input = UpdateStreamWarmThroughputInput {
        stream_name: Some(stream.to_owned()),
        stream_arn: Some(arn(stream)),
        warm_throughput_mibps: mibps,
        ..UpdateStreamWarmThroughputInput::default()
    };
    let output = caller.call::<UpdateStreamWarmThroughput>(input).await?;
    assert_eq!(output.stream_name.as_deref(), Some(stream));
    assert_eq!(output.stream_arn, Some(arn(stream)));
    Ok(output.warm_throughput)
}

fn of(target: i32, current: i32) -> Option<WarmThroughputObject> {
    Some(WarmThroughputObject {
        target_mibps: Some(target),
        current_mibps: Some(current),
    })
}

async fn shown(caller: &Caller, stream: &str) -> Option<WarmThroughputObject> {
    summary(caller, stream).await.warm_throughput
}

fn code<T: std::fmt::Debug>(answer: Result<T, Error>) -> ErrorCode {
    answer.unwrap_err().code
}

#[tokio::test]
async fn throughput_when_asked_for_then_has_its_shards_and_is_released_by_less() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    commit(&caller, Wanted::Enabled).await.unwrap();
    create_on_demand(&caller, "s", None).await.unwrap();
    assert_eq!(shown(&caller, "s").await, of(0, 4));
    // What it has while the shards are being made.
    assert_eq!(warm(&caller, "s", 7).await.unwrap(), of(7, 4));
    assert_eq!(shown(&caller, "s").await, of(7, 7));
    let reopened = world.open().await;
    assert_eq!(shown(&reopened, "s").await, of(7, 7));
    assert_eq!(warm(&reopened, "s", 7).await.unwrap(), of(7, 7));
    assert_eq!(warm(&reopened, "s", 2).await.unwrap(), of(2, 7));
    assert_eq!(warm(&reopened, "s", 0).await.unwrap(), of(0, 7));
    assert_eq!(warm(&reopened, "s", 8).await.unwrap(), of(8, 7));
    assert_eq!(shown(&reopened, "s").await, of(8, 8));
}

#[tokio::test]
async fn throughput_when_it_grows_then_is_not_bound_to_double_nor_to_ten_a_day() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    commit(&caller, Wanted::Enabled).await.unwrap();
    create_on_demand(&caller, "s", None).await.unwrap();
    for mibps in 20..32 {
        warm(&caller, "s", mibps).await.unwrap();
        assert_eq!(shown(&caller, "s").await, of(mibps, mibps));
    }
}

/// The first keys of the open shards, in 64ths of all keys.
async fn boundaries(caller: &Caller, stream: &str) -> Vec<u128> {
    let shards = caller.shards(stream).await;
    let is_open = |it: &&Shard| it.sequence_number_range.ending_sequence_number.is_none();
    let start = |it: &Shard| it.hash_key_range.starting_hash_key.parse::<u128>().unwrap();
    let mut starts: Vec<u128> = shards.iter().filter(is_open).map(start).collect();
    starts.sort_unstable();
    assert!(
        starts.iter().all(|start| start % (1 << 122) == 0),
        "{starts:?}"
    );
    starts.iter().map(|start| start >> 122).collect()
}

/// A stream of five shards, of which the first two are narrow: their range was hot.
async fn split_where_hot(caller: &Caller) {
    caller.create("s", 2).await.unwrap();
    for (shard, boundary) in [("0", 4), ("2", 2), ("1", 48)] {
        caller.split("s", shard, boundary << 122).await.unwrap();
    }
    assert_eq!(boundaries(caller, "s").await, [0, 2, 4, 32, 48]);
}

#[tokio::test]
async fn throughput_when_a_hot_range_was_split_then_the_widest_shards_are_divided_instead() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    commit(&caller, Wanted::Enabled).await.unwrap();
    split_where_hot(&caller).await;
    set_mode(&caller, "s", StreamMode::OnDemand, None)
        .await
        .unwrap();
    for key in ["a", "b", "c"] {
        caller.put("s", key, key).await.unwrap();
    }
    // From 4 to 32 is the widest.
    assert_eq!(warm(&caller, "s", 6).await.unwrap(), of(6, 5));
    assert_eq!(boundaries(&caller, "s").await, [0, 2, 4, 18, 32, 48]);
    assert_eq!(warm(&caller, "s", 8).await.unwrap(), of(8, 6));
    assert_eq!(
        boundaries(&caller, "s").await,
        [0, 2, 4, 18, 32, 40, 48, 56]
    );
    assert_eq!(shown(&caller, "s").await, of(8, 8));
    let mut read = caller.read_all("s").await;
    read.sort_unstable();
    assert_eq!(read, ["a", "b", "c"]);
}

#[tokio::test]
async fn mode_when_it_comes_with_a_throughput_then_keeps_the_splits_of_a_hot_range() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    commit(&caller, Wanted::Enabled).await.unwrap();
    split_where_hot(&caller).await;
    set_mode(&caller, "s", StreamMode::OnDemand, Some(8))
        .await
        .unwrap();
    let kept = [0, 2, 4, 18, 32, 40, 48, 56];
    assert_eq!(boundaries(&caller, "s").await, kept);
}

#[tokio::test]
async fn stream_when_created_for_a_throughput_then_begins_with_its_shards() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    assert_eq!(
        code(create_on_demand(&caller, "s", Some(6)).await),
        ErrorCode::InvalidArgumentException,
        "no commitment"
    );
    commit(&caller, Wanted::Enabled).await.unwrap();
    for (stream, mibps, target, shards) in [("s", 6, 6, 6), ("t", 2, 2, 4), ("u", 0, 0, 4)] {
        create_on_demand(&caller, stream, Some(mibps))
            .await
            .unwrap();
        assert_eq!(shown(&caller, stream).await, of(target, shards));
        assert_eq!(caller.shards(stream).await.len(), shards as usize);
    }
    let provisioned = CreateStreamInput {
        stream_name: "v".to_owned(),
        shard_count: Some(1),
        warm_throughput_mibps: Some(1),
        ..CreateStreamInput::default()
    };
    let error = caller.call::<CreateStream>(provisioned).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidArgumentException);
    let text = "WarmThroughputMiBps must not be specified for a stream in the PROVISIONED capacity \
                mode.";
    assert_eq!(message(&error), text);
}

#[tokio::test]
async fn throughput_when_it_cannot_be_had_then_is_refused_and_nothing_changes() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    caller.create("p", 1).await.unwrap();
    create_on_demand(&caller, "s", None).await.unwrap();
    let unknown = code(warm(&caller, "missing", 5).await);
    assert_eq!(unknown, ErrorCode::ResourceNotFoundException);
    let error = warm(&caller, "p", 5).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ValidationException);
    let text = "Request is invalid. Stream p under account 111111111111 is in Provisioned mode.";
    assert_eq!(message(&error), text);
    let error = warm(&caller, "s", 5).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidArgumentException);
    let text = "WarmThroughputMiBps is only supported for accounts with \
                MinimumThroughputBillingCommitment enabled.";
    assert!(message(&error).starts_with(text), "{error}");
    commit(&caller, Wanted::Enabled).await.unwrap();
    let error = warm(&caller, "s", 10_241).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::LimitExceededException);
    let error = create_on_demand(&caller, "t", Some(10_241))
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::LimitExceededException);
    assert_eq!(shown(&caller, "s").await, of(0, 4));
    assert_eq!(caller.shards("p").await.len(), 1);
}

#[tokio::test]
async fn throughput_when_in_a_smaller_region_then_ends_at_two_hundred() {
    let world = World::new(Settings::default());
    let caller = world.open().await.of("111111111111", "eu-central-1");
    commit(&caller, Wanted::Enabled).await.unwrap();
    let refused = code(create_on_demand(&caller, "s", Some(201)).await);
    assert_eq!(refused, ErrorCode::LimitExceededException);
    create_on_demand(&caller, "s", Some(200)).await.unwrap();
    assert_eq!(shown(&caller, "s").await, of(200, 200));
}

#[tokio::test]
async fn throughput_when_there_are_no_limits_then_ends_where_any_stream_does() {
    let world = World::new(Settings {
        limits: Limits::Off,
        ..Settings::default()
    });
    let caller = world.open().await;
    commit(&caller, Wanted::Enabled).await.unwrap();
    create_on_demand(&caller, "s", None).await.unwrap();
    for mibps in [100_001, i32::MAX] {
        let refused = code(warm(&caller, "s", mibps).await);
        assert_eq!(refused, ErrorCode::LimitExceededException);
    }
}

#[tokio::test]
async fn stream_when_it_warms_up_then_is_updating_until_the_shards_are_there() {
    let world = World::new(Settings {
        transition_time: Duration::from_secs(1),
        ..Settings::default()
    });
    let caller = world.open().await;
    commit(&caller, Wanted::Enabled).await.unwrap();
    create_on_demand(&caller, "s", None).await.unwrap();
    assert_eq!(
        code(warm(&caller, "s", 6).await),
        ErrorCode::ResourceInUseException
    );
    world.pass(Duration::from_secs(2)).await;
    for mibps in [6, 5] {
        warm(&caller, "s", mibps).await.unwrap();
        assert_eq!(
            summary(&caller, "s").await.stream_status,
            StreamStatus::Updating
        );
        caller.put("s", "k", "a").await.unwrap();
        assert_eq!(
            code(warm(&caller, "s", 9).await),
            ErrorCode::ResourceInUseException
        );
        world.pass(Duration::from_secs(2)).await;
        assert_eq!(
            summary(&caller, "s").await.stream_status,
            StreamStatus::Active
        );
        assert_eq!(shown(&caller, "s").await, of(mibps, 6));
    }
    assert_eq!(caller.read_all("s").await, ["a", "a"]);
}

#[tokio::test]
async fn commitment_when_streams_are_warm_then_does_not_end_until_none_is() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    commit(&caller, Wanted::Enabled).await.unwrap();
    for stream in ["released", "provisioned", "deleted"] {
        create_on_demand(&caller, stream, Some(5)).await.unwrap();
    }
    for count in [3, 2, 1] {
        let error = commit(&caller, Wanted::Disabled).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidArgumentException);
        let text = format!("Current count of such streams: {count}.");
        assert!(message(&error).ends_with(&text), "{error}");
        match count {
            3 => drop(warm(&caller, "released", 0).await.unwrap()),
            2 => set_mode(&caller, "provisioned", StreamMode::Provisioned, None)
                .await
                .unwrap(),
            _ => {
                let input = DeleteStreamInput {
                    stream_name: Some("deleted".to_owned()),
                    ..DeleteStreamInput::default()
                };
                caller.call::<DeleteStream>(input).await.unwrap();
            }
        }
    }
    commit(&caller, Wanted::Disabled).await.unwrap();
    assert_eq!(
        shown(&caller, "released").await,
        of(0, 5),
        "it has not ended yet"
    );
    world.clock.set_wall(START.plus(Duration::from_hours(24)));
    assert_eq!(shown(&caller, "released").await, None);
    assert_eq!(
        code(warm(&caller, "released", 5).await),
        ErrorCode::InvalidArgumentException
    );
}

#[tokio::test]
async fn mode_when_it_comes_with_a_throughput_then_both_are_had_or_neither() {
    let world = World::new(Settings::default());
    let caller = world.open().await;
    caller.create("s", 2).await.unwrap();
    let on_demand = StreamMode::OnDemand;
    let refused = code(set_mode(&caller, "s", on_demand, Some(5)).await);
    assert_eq!(
        refused,
        ErrorCode::InvalidArgumentException,
        "no commitment"
    );
    commit(&caller, Wanted::Enabled).await.unwrap();
    let error = set_mode(&caller, "s", StreamMode::Provisioned, Some(5))
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidArgumentException);
    assert!(
        message(&error).starts_with("WarmThroughputMiBps must not"),
        "{error}"
    );
    let refused = code(set_mode(&caller, "s", on_demand, Some(10_241)).await);
    assert_eq!(refused, ErrorCode::LimitExceededException);
    assert_eq!(shown(&caller, "s").await, None, "it is provisioned");
    set_mode(&caller, "s", on_demand, Some(5)).await.unwrap();
    assert_eq!(shown(&caller, "s").await, of(5, 5));
    set_mode(&caller, "s", StreamMode::Provisioned, None)
        .await
        .unwrap();
    assert_eq!(shown(&caller, "s").await, None);
    assert_eq!(
        caller
            .shards("s")
            .await
            .iter()
            .filter(|it| { it.sequence_number_range.ending_sequence_number.is_none() })
            .count(),
        5
    );
}
