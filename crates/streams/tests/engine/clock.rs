//! What a wall clock that is set back must not do.

use super::world::{START, Start, World};
use millstream_model::SequenceNumber;
use millstream_protocol::operations::{
    DescribeStreamConsumerInput, PutRecordInput, RegisterStreamConsumerInput,
};
use millstream_protocol::types::ConsumerStatus;
use millstream_streams::operations::{DescribeStreamConsumer, PutRecord, RegisterStreamConsumer};
use millstream_streams::{Limits, Settings};
use std::time::Duration;

fn settings() -> Settings {
    Settings {
        limits: Limits::Off,
        transition_time: Duration::from_secs(1),
        ..Settings::default()
    }
}

#[tokio::test]
async fn stream_when_the_clock_is_set_back_before_its_creation_then_stays_active() {
    let world = World::new(settings());
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    caller.put("s", "k", "too early").await.unwrap_err();
    world.pass(Duration::from_secs(2)).await;
    caller.put("s", "k", "a").await.unwrap();
    world.clock.set_wall(START.minus(Duration::from_hours(1)));
    caller.put("s", "k", "b").await.unwrap();
    assert_eq!(caller.read_all("s").await, ["a", "b"]);
}

#[tokio::test]
async fn consumer_when_the_clock_is_set_back_before_its_registration_then_stays_active() {
    let world = World::new(settings());
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    world.pass(Duration::from_secs(2)).await;
    let arn = "arn:aws:kinesis:us-east-1:111111111111:stream/s";
    let input = RegisterStreamConsumerInput {
        stream_arn: arn.to_owned(),
        consumer_name: "c".to_owned(),
        ..RegisterStreamConsumerInput::default()
    };
    caller.call::<RegisterStreamConsumer>(input).await.unwrap();
    world.pass(Duration::from_secs(2)).await;
    world.clock.set_wall(START.minus(Duration::from_hours(1)));
    let input = DescribeStreamConsumerInput {
        stream_arn: Some(arn.to_owned()),
        consumer_name: Some("c".to_owned()),
        ..DescribeStreamConsumerInput::default()
    };
    let answer = caller.call::<DescribeStreamConsumer>(input).await.unwrap();
    let status = answer.consumer_description.consumer_status;
    assert_eq!(status, ConsumerStatus::Active);
}

#[tokio::test]
async fn numbers_and_times_that_were_given_out_when_the_clock_is_set_back_then_still_hold() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let number = caller.put("s", "k", "a").await.unwrap().sequence_number;
    let arrived = world.env.clock.now();
    world.clock.set_wall(arrived.minus(Duration::from_mins(1)));
    let chained = |number: String| PutRecordInput {
        stream_name: Some("s".to_owned()),
        partition_key: Some("k".to_owned()),
        data: "b".into(),
        sequence_number_for_ordering: Some(number),
        ..PutRecordInput::default()
    };
    let next = caller
        .call::<PutRecord>(chained(number.clone()))
        .await
        .unwrap();
    assert!(next.sequence_number > number);
    let (records, _) = caller.read("s", "0", Start::Time(arrived)).await;
    assert_eq!(records.len(), 2);
    let later = Start::Time(arrived.plus(Duration::from_millis(1)));
    caller.iterator("s", "0", later).await.unwrap_err();
    let parsed = SequenceNumber::parse(&next.sequence_number).unwrap();
    let made_up = SequenceNumber {
        counter: parsed.counter + 1,
        ..parsed
    };
    caller
        .call::<PutRecord>(chained(made_up.to_string()))
        .await
        .unwrap_err();
}

/// The shard's last record arrived later than the clock said when the shard was closed.
#[tokio::test]
async fn parent_when_closed_after_the_clock_was_set_back_then_lasts_as_long_as_its_records() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    world.clock.set_wall(START.plus(Duration::from_hours(1)));
    caller.put("s", "k", "a").await.unwrap();
    world.clock.set_wall(START);
    caller.split("s", "0", 1 << 127).await.unwrap();
    let late = START.plus(Duration::from_hours(25));
    world.clock.set_wall(late.minus(Duration::from_secs(1)));
    caller.engine.sweep().await;
    assert_eq!(caller.read_all("s").await, ["a"]);
    world.clock.set_wall(late.plus(Duration::from_secs(1)));
    caller.engine.sweep().await;
    assert_eq!(caller.shards("s").await.len(), 2);
}
