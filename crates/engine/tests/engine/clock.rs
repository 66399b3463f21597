//! What a wall clock that is set back must not do.

use crate::world::{START, World};
use engine::operations::{DescribeStreamConsumer, RegisterStreamConsumer};
use engine::{Limits, Settings};
use std::time::Duration;
use wire::operations::{DescribeStreamConsumerInput, RegisterStreamConsumerInput};
use wire::types::ConsumerStatus;

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
