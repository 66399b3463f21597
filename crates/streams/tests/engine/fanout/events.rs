//! What events hold.

use super::super::world::START;
use super::*;
use millstream_protocol::operations::{CreateStreamInput, PutRecordInput};
use millstream_protocol::types::RecordDistributionStrategy;
use millstream_streams::operations::{CreateStream, PutRecord};
use std::collections::BTreeSet;

#[tokio::test]
async fn positions_when_of_all_five_types_then_are_pushed_from_exactly_there() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let mut numbers = Vec::new();
    for data in ["a", "b", "c", "d"] {
        numbers.push(caller.put("s", "k", data).await.unwrap().sequence_number);
        world.clock.advance(seconds(1));
    }
    let starting = &caller.shards("s").await[0]
        .sequence_number_range
        .starting_sequence_number
        .clone();
    for (place, (start, expected)) in [
        (Start::Horizon, "abcd"),
        (Start::Latest, ""),
        (Start::At(&numbers[1]), "bcd"),
        (Start::After(&numbers[1]), "cd"),
        (Start::After(&numbers[3]), ""),
        (Start::After(starting), "abcd"),
        (Start::Time(START), "abcd"),
        (Start::Time(START.plus(seconds(1))), "bcd"),
        (Start::Time(START.plus(Duration::from_millis(1001))), "cd"),
    ]
    .into_iter()
    .enumerate()
    {
        let arn = caller.consumer("s", &format!("c{place}")).await;
        let mut subscriber = caller.subscribe(&arn, FIRST, start).await;
        let (data, last) = subscriber.drain().await;
        assert_eq!(data, expected);
        assert_eq!(last.millis_behind_latest, 0);
        assert_eq!(last.child_shards, None);
    }
}

#[tokio::test]
async fn record_when_put_then_is_pushed_without_any_time_passing() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let arn = caller.consumer("s", "c").await;
    let mut subscriber = caller.subscribe(&arn, FIRST, Start::Latest).await;
    let (nothing, first) = subscriber.drain().await;
    let starting = &caller.shards("s").await[0]
        .sequence_number_range
        .starting_sequence_number;
    assert_eq!(nothing, "");
    assert_eq!(first.continuation_sequence_number.as_ref(), Some(starting));
    for data in ["a", "b"] {
        let put = caller.put("s", "k", data).await.unwrap();
        let Some(Pushed::Event(event)) = subscriber.at_once().await else {
            panic!("it is pushed");
        };
        let [record] = &event.records[..] else {
            panic!("one record: {event:?}");
        };
        assert_eq!(record.sequence_number, put.sequence_number);
        assert_eq!(record.partition_key.as_deref(), Some("k"));
        assert_eq!(&record.data[..], data.as_bytes());
        assert_eq!(
            event.continuation_sequence_number,
            Some(put.sequence_number)
        );
        assert_eq!(subscriber.at_once().await, None);
    }
}

#[tokio::test]
async fn continuation_when_subscribed_after_then_brings_the_rest_and_nothing_twice() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    caller.put("s", "k", "a").await.unwrap();
    // Of an event with records, of one without at the tip, and at the tip of an empty shard.
    caller.create("empty", 1).await.unwrap();
    for (stream, start, expected) in [
        ("s", Start::Horizon, "bc"),
        ("s", Start::Latest, "bc"),
        ("empty", Start::Latest, "bc"),
    ] {
        let name = format!("{expected}{}", caller.shards(stream).await.len());
        let arn = caller.consumer(stream, &name).await;
        let mut subscriber = caller.subscribe(&arn, FIRST, start).await;
        let (_, last) = subscriber.drain().await;
        drop(subscriber);
        let continuation = last.continuation_sequence_number.unwrap();
        for data in ["b", "c"] {
            caller.put(stream, "k", data).await.unwrap();
        }
        for start in [Start::After(&continuation)] {
            world.clock.advance(seconds(5));
            let mut again = caller.subscribe(&arn, FIRST, start).await;
            assert_eq!(again.drain().await.0, expected, "{stream}");
        }
        caller.deregister(&arn).await;
    }
}

#[tokio::test]
async fn events_when_more_waits_then_say_truly_how_far_behind_they_are() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    for _ in 0..1000 {
        caller.put("s", "k", "a").await.unwrap();
    }
    world.clock.advance(seconds(2));
    caller.put("s", "k", "b").await.unwrap();
    world.clock.advance(seconds(3));
    let arn = caller.consumer("s", "c").await;
    let other = caller.consumer("s", "d").await;
    let mut subscriber = caller.subscribe(&arn, FIRST, Start::Horizon).await;
    let first = subscriber.event().await;
    assert_eq!(
        (first.records.len(), first.millis_behind_latest),
        (1000, 3000)
    );
    let second = subscriber.event().await;
    assert_eq!((second.records.len(), second.millis_behind_latest), (1, 0));
    // Another finds the same records encoded, but not the same moment.
    world.clock.advance(seconds(1));
    let mut subscriber = caller.subscribe(&other, FIRST, Start::Horizon).await;
    let event = subscriber.event().await;
    assert_eq!(
        (event.records, event.millis_behind_latest),
        (first.records, 4000)
    );
}

#[tokio::test]
async fn subscribers_when_at_the_same_place_then_share_one_copy_and_one_that_stalls_holds_up_nobody()
 {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let mut subscribers = Vec::new();
    for place in 0..20 {
        let arn = caller.consumer("s", &format!("c{place}")).await;
        let mut subscriber = caller.subscribe(&arn, FIRST, Start::Latest).await;
        subscriber.drain().await;
        subscribers.push(subscriber);
    }
    // The last takes nothing from now on.
    let mut stalled = subscribers.pop().unwrap();
    let large = "x".repeat(100_000);
    for _ in 0..3 {
        caller.put("s", "k", &large).await.unwrap();
        // Kept until all have theirs: memory that is free again could be another's.
        let mut frames = Vec::new();
        for subscriber in &mut subscribers {
            let frame = subscriber.frames.next().await.unwrap();
            assert!(frame.parts[1].len() > large.len());
            frames.push(frame);
        }
        let places = frames.iter().map(|frame| frame.parts[1].as_ptr() as usize);
        assert_eq!(places.collect::<BTreeSet<_>>().len(), 1);
    }
    assert_eq!(stalled.drain().await.0.len(), 3 * large.len());
}

#[tokio::test]
async fn records_when_retention_hides_them_then_are_not_pushed_from_memory() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    caller.put("s", "k", "old").await.unwrap();
    let first = caller.consumer("s", "first").await;
    let second = caller.consumer("s", "second").await;
    let mut subscriber = caller.subscribe(&first, FIRST, Start::Horizon).await;
    assert_eq!(subscriber.drain().await.0, "old");
    world.clock.advance(Duration::from_hours(25));
    caller.put("s", "k", "new").await.unwrap();
    let mut subscriber = caller.subscribe(&second, FIRST, Start::Horizon).await;
    assert_eq!(subscriber.drain().await.0, "new");
}

#[tokio::test]
async fn subscriber_when_nothing_comes_then_hears_so_before_clients_give_up() {
    let world = aws();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let arn = caller.consumer("s", "c").await;
    let mut subscriber = caller.subscribe(&arn, FIRST, Start::Latest).await;
    let (_, first) = subscriber.drain().await;
    for _ in 0..10 {
        let pushed = subscriber.within(&world, seconds(5)).await;
        assert_eq!(
            pushed,
            Pushed::Event(first.clone()),
            "the same place, and no records"
        );
    }
}

#[tokio::test]
async fn record_when_put_without_a_key_then_is_pushed_without_one() {
    let world = World::without_limits();
    let caller = world.open().await;
    let input = CreateStreamInput {
        stream_name: "s".to_owned(),
        record_distribution_strategy: Some(RecordDistributionStrategy::Auto),
        ..CreateStreamInput::default()
    };
    caller.call::<CreateStream>(input).await.unwrap();
    let arn = caller.consumer("s", "c").await;
    let keys = [None, Some("a"), None, Some("b")];
    // Each shard gets one of each.
    for key in keys {
        for _ in 0..4 {
            let put = PutRecordInput {
                stream_name: Some("s".to_owned()),
                partition_key: key.map(str::to_owned),
                data: Bytes::from_static(b"x"),
                ..PutRecordInput::default()
            };
            caller.call::<PutRecord>(put).await.unwrap();
        }
    }
    for protocol in [Protocol::Json, Protocol::Cbor] {
        let mut subscriber = caller
            .subscribe_in(protocol, &arn, FIRST, Start::Horizon)
            .await;
        let mut pushed = Vec::new();
        while pushed.len() < keys.len() {
            let event = subscriber.event().await;
            pushed.extend(event.records.into_iter().map(|record| record.partition_key));
        }
        let expected = keys.map(|key| key.map(str::to_owned));
        assert_eq!(pushed, expected, "{protocol:?}");
        drop(subscriber);
        world.clock.advance(seconds(6));
    }
}
