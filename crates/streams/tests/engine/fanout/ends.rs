//! How subscriptions end.

use super::*;
use millstream_env::Clock;
use millstream_protocol::operations::{DeleteStreamInput, DeregisterStreamConsumerInput};
use millstream_streams::operations::{DeleteStream, DeregisterStreamConsumer};

impl Caller {
    pub async fn deregister(&self, arn: &str) {
        let input = DeregisterStreamConsumerInput {
            consumer_arn: Some(arn.to_owned()),
            ..DeregisterStreamConsumerInput::default()
        };
        self.call::<DeregisterStreamConsumer>(input).await.unwrap();
    }
}

#[tokio::test]
async fn subscription_when_five_minutes_old_then_ends_without_an_error() {
    let world = aws();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let arn = caller.consumer("s", "c").await;
    let mut subscriber = caller.subscribe(&arn, FIRST, Start::Latest).await;
    let begun = world.clock.monotonic();
    loop {
        match subscriber.at_once().await {
            Some(Pushed::Event(event)) => assert!(event.continuation_sequence_number.is_some()),
            Some(pushed) => {
                assert_eq!(pushed, Pushed::End);
                break;
            }
            None => world.clock.advance(Duration::from_millis(500)),
        }
    }
    assert_eq!(world.clock.monotonic().since(begun), seconds(300));
    assert_eq!(subscriber.next().await, Pushed::End);
}

/// The end of a split shard: its children, no continuation, and nothing after.
async fn check_over(subscriber: &mut Subscriber, parent: &str) {
    let event = subscriber.event().await;
    assert_eq!(event.records, []);
    assert_eq!(event.continuation_sequence_number, None);
    assert_eq!(event.millis_behind_latest, 0);
    let children = event.child_shards.unwrap();
    let ids: Vec<_> = children
        .iter()
        .map(|child| child.shard_id.as_str())
        .collect();
    assert_eq!(ids, ["shardId-000000000001", "shardId-000000000002"]);
    assert!(children.iter().all(|child| child.parent_shards == [parent]));
    assert_eq!(subscriber.next().await, Pushed::End);
}

#[tokio::test]
async fn shard_when_split_then_its_subscribers_get_all_records_and_then_the_children() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    caller.put("s", "k", "a").await.unwrap();
    let live = caller.consumer("s", "live").await;
    let mut subscriber = caller.subscribe(&live, FIRST, Start::Horizon).await;
    assert_eq!(subscriber.drain().await.0, "a");
    caller.put("s", "k", "b").await.unwrap();
    caller.split("s", FIRST, 1 << 127).await.unwrap();
    let event = subscriber.event().await;
    assert_eq!(super::super::world::text(&event.records[0]), "b");
    assert!(event.continuation_sequence_number.is_some() && event.child_shards.is_none());
    check_over(&mut subscriber, FIRST).await;

    let shards = caller.shards("s").await;
    let ending = shards[0]
        .sequence_number_range
        .ending_sequence_number
        .as_deref();
    for (name, start) in [
        ("at-latest", Start::Latest),
        ("at-the-end", Start::At(ending.unwrap())),
    ] {
        let arn = caller.consumer("s", name).await;
        let mut subscriber = caller.subscribe(&arn, FIRST, start).await;
        check_over(&mut subscriber, FIRST).await;
    }
}

#[tokio::test]
async fn shard_when_its_reshard_takes_time_then_its_subscribers_wait_for_the_children() {
    let world = World::new(Settings {
        limits: Limits::Off,
        transition_time: seconds(10),
        ..Settings::default()
    });
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    world.pass(seconds(11)).await;
    let arn = caller.consumer("s", "c").await;
    world.pass(seconds(11)).await;
    let mut subscriber = caller.subscribe(&arn, FIRST, Start::Latest).await;
    caller.split("s", FIRST, 1 << 127).await.unwrap();
    let mut events = 0;
    let end = loop {
        match subscriber.at_once().await {
            None => world.clock.advance(seconds(1)),
            Some(Pushed::Event(event)) if event.child_shards.is_none() => events += 1,
            Some(other) => break other,
        }
    };
    assert!((2..=4).contains(&events), "{events}");
    let Pushed::Event(event) = end else {
        panic!("{end:?}");
    };
    assert_eq!(event.child_shards.unwrap().len(), 2);
}

#[tokio::test]
async fn consumer_when_deregistered_then_its_subscriptions_end_with_not_found() {
    for transition_time in [Duration::ZERO, seconds(10)] {
        let world = World::new(Settings {
            transition_time,
            ..Settings::default()
        });
        let caller = world.open().await;
        caller.create("s", 1).await.unwrap();
        world.pass(transition_time * 2).await;
        let arn = caller.consumer("s", "c").await;
        let other = caller.consumer("s", "other").await;
        world.pass(transition_time * 2).await;
        let mut subscriber = caller.subscribe(&arn, FIRST, Start::Latest).await;
        let mut remains = caller.subscribe(&other, FIRST, Start::Latest).await;
        subscriber.drain().await;
        remains.drain().await;
        caller.deregister(&arn).await;
        let expected = Pushed::Exception(
            "ResourceNotFoundException".to_owned(),
            format!("Consumer {arn}, account 111111111111 not found."),
        );
        assert_eq!(subscriber.at_once().await, Some(expected));
        assert_eq!(subscriber.at_once().await, Some(Pushed::End));
        assert_eq!(remains.at_once().await, None);
    }
}

#[tokio::test]
async fn stream_when_deleted_then_its_subscriptions_end_with_not_found() {
    let world = aws();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let arn = caller.consumer("s", "c").await;
    let mut subscriber = caller.subscribe(&arn, FIRST, Start::Latest).await;
    subscriber.drain().await;
    let input = DeleteStreamInput {
        stream_name: Some("s".to_owned()),
        enforce_consumer_deletion: Some(true),
        ..DeleteStreamInput::default()
    };
    caller.call::<DeleteStream>(input).await.unwrap();
    let expected = Pushed::Exception(
        "ResourceNotFoundException".to_owned(),
        "Stream s under account 111111111111 not found.".to_owned(),
    );
    assert_eq!(subscriber.at_once().await, Some(expected));
    assert_eq!(subscriber.at_once().await, Some(Pushed::End));
}

#[tokio::test]
async fn server_when_it_stops_then_subscriptions_end_without_an_error() {
    let world = aws();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let arn = caller.consumer("s", "c").await;
    let mut subscriber = caller.subscribe(&arn, FIRST, Start::Latest).await;
    subscriber.drain().await;
    let mut waiting = Box::pin(subscriber.next());
    tokio::select! {
        biased;
        pushed = &mut waiting => panic!("nothing is there: {pushed:?}"),
        () = turns() => caller.engine.end_subscriptions(),
    }
    assert_eq!(waiting.await, Pushed::End);
}
