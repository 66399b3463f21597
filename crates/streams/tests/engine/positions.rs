//! Starting positions, the ends of shards, and what iterators promise.

use super::world::{START, Start, World, message, text};
use millstream_model::SequenceNumber;
use millstream_protocol::ErrorCode;
use std::time::Duration;

#[tokio::test]
async fn positions_when_of_all_five_types_then_start_exactly_there() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let mut numbers = Vec::new();
    for data in ["a", "b", "c", "d"] {
        numbers.push(caller.put("s", "k", data).await.unwrap().sequence_number);
        world.clock.advance(Duration::from_secs(1));
    }
    assert!(numbers.is_sorted());
    let second = START.plus(Duration::from_secs(1));
    let between = START.plus(Duration::from_millis(1_001));
    for (start, expected) in [
        (Start::Horizon, "abcd"),
        (Start::Latest, ""),
        (Start::At(&numbers[1]), "bcd"),
        (Start::After(&numbers[1]), "cd"),
        (Start::After(&numbers[3]), ""),
        (Start::Time(START), "abcd"),
        (Start::Time(second), "bcd"),
        (Start::Time(between), "cd"),
    ] {
        let (records, is_over) = caller.read("s", "shardId-000000000000", start).await;
        let read: String = records.iter().map(text).collect();
        assert_eq!((read.as_str(), is_over), (expected, false));
    }
    let starting = &caller.shards("s").await[0]
        .sequence_number_range
        .starting_sequence_number;
    for start in [Start::At(starting), Start::After(starting)] {
        assert_eq!(caller.read("s", "0", start).await.0.len(), 4);
    }
}

#[tokio::test]
async fn continuation_when_it_belongs_to_no_record_then_is_exact() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let first = caller.put("s", "k", "a").await.unwrap().sequence_number;
    caller.put("s", "k", "b").await.unwrap();
    let first = SequenceNumber::parse(&first).unwrap();
    let later = SequenceNumber {
        arrival_s: SequenceNumber::SECOND_MAX,
        ..first
    }
    .to_string();
    let earlier = SequenceNumber {
        arrival_s: first.arrival_s - 1,
        ..first
    }
    .to_string();
    for (start, expected) in [
        (Start::After(&later), "b"),
        (Start::At(&later), "b"),
        (Start::At(&earlier), "ab"),
        (Start::After(&earlier), "ab"),
    ] {
        let (records, _) = caller.read("s", "0", start).await;
        assert_eq!(records.iter().map(text).collect::<String>(), expected);
    }
}

#[tokio::test]
async fn numbers_when_not_of_this_shard_then_are_refused_in_awss_words() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let own = caller.put("s", "k", "a").await.unwrap();
    let number = SequenceNumber::parse(&own.sequence_number).unwrap();
    let with = |change: fn(&mut SequenceNumber)| {
        let mut number = number;
        change(&mut number);
        number.to_string()
    };
    let shard = own.shard_id.as_str();
    for (given, code, text) in [
        ("0".to_owned(), ErrorCode::InternalFailure, ""),
        (
            "65536".to_owned(),
            ErrorCode::InvalidArgumentException,
            "did not come from this stream",
        ),
        (
            "9".repeat(60),
            ErrorCode::InvalidArgumentException,
            "is invalid.",
        ),
        (
            with(|n| n.counter += 1),
            ErrorCode::InvalidArgumentException,
            "did not come from",
        ),
        (
            with(|n| n.created_s += 1),
            ErrorCode::InvalidArgumentException,
            "did not come from",
        ),
        (
            with(|n| n.shard_index ^= 1),
            ErrorCode::InvalidArgumentException,
            "It encodes shardId-",
        ),
        (
            with(|n| n.counter = SequenceNumber::COUNTER_CLOSED),
            ErrorCode::InvalidArgumentException,
            "did not come from this stream",
        ),
    ] {
        let error = caller
            .iterator("s", shard, Start::At(&given))
            .await
            .unwrap_err();
        assert_eq!(error.code, code, "{given}");
        assert_eq!(error.message.is_none(), given == "0", "{given}");
        assert!(
            message(&error).contains(text),
            "{given}: {}",
            message(&error)
        );
    }
}

#[tokio::test]
async fn closed_shard_when_read_then_its_end_comes_alone_and_with_children() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    caller.put("s", "k", "a").await.unwrap();
    let latest = caller.iterator("s", "0", Start::Latest).await.unwrap();
    caller.split("s", "0", 1 << 127).await.unwrap();
    let first = caller.iterator("s", "0", Start::Horizon).await.unwrap();
    let records = caller.get(&first).await.unwrap();
    assert_eq!(records.records.len(), 1);
    assert_eq!(records.child_shards, None);
    let ended = caller.shards("s").await[0]
        .sequence_number_range
        .ending_sequence_number
        .clone();
    let at_end = caller
        .iterator("s", "0", Start::At(&ended.unwrap()))
        .await
        .unwrap();
    let at_latest = caller.iterator("s", "0", Start::Latest).await.unwrap();
    for iterator in [
        records.next_shard_iterator.unwrap(),
        latest,
        at_end,
        at_latest,
    ] {
        let end = caller.get(&iterator).await.unwrap();
        assert!(end.records.is_empty());
        assert_eq!(end.next_shard_iterator, None);
        assert_eq!(end.millis_behind_latest, Some(0));
        let children = end.child_shards.unwrap();
        let ids: Vec<&str> = children
            .iter()
            .map(|child| child.shard_id.as_str())
            .collect();
        assert_eq!(ids, ["shardId-000000000001", "shardId-000000000002"]);
        assert!(
            children
                .iter()
                .all(|child| child.parent_shards == ["shardId-000000000000"])
        );
    }
}

#[tokio::test]
async fn behind_when_records_are_unread_then_is_the_age_of_the_next_one() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    for data in ["a", "b"] {
        caller.put("s", "k", data).await.unwrap();
        world.clock.advance(Duration::from_secs(10));
    }
    let iterator = caller.iterator("s", "0", Start::Horizon).await.unwrap();
    let input = millstream_protocol::operations::GetRecordsInput {
        shard_iterator: iterator,
        limit: Some(1),
        ..Default::default()
    };
    let one = caller
        .call::<millstream_streams::operations::GetRecords>(input)
        .await
        .unwrap();
    assert_eq!(
        (one.records.len(), one.millis_behind_latest),
        (1, Some(10_000))
    );
    let rest = caller.get(&one.next_shard_iterator.unwrap()).await.unwrap();
    assert_eq!(
        (rest.records.len(), rest.millis_behind_latest),
        (1, Some(0))
    );
}

#[tokio::test]
async fn iterator_when_five_minutes_old_then_expires_in_awss_words() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let iterator = caller.iterator("s", "0", Start::Latest).await.unwrap();
    world.clock.advance(Duration::from_secs(300));
    caller.get(&iterator).await.unwrap();
    world.clock.advance(Duration::from_millis(1));
    let error = caller.get(&iterator).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ExpiredIteratorException);
    let expected = "Iterator expired. The iterator was created at time Thu Jan 01 00:00:00 UTC 2026 \
                    while right now it is Thu Jan 01 00:05:00 UTC 2026 which is further in the \
                    future than the tolerated delay of 300000 milliseconds.";
    assert_eq!(message(&error), expected);
}

#[tokio::test]
async fn iterators_and_numbers_when_from_before_a_restart_then_still_hold() {
    let world = World::without_limits();
    let before = world.open().await;
    before.create("s", 1).await.unwrap();
    let number = before.put("s", "k", "a").await.unwrap().sequence_number;
    let iterator = before.iterator("s", "0", Start::Latest).await.unwrap();
    drop(before);
    let after = world.open().await;
    let next = after.put("s", "k", "b").await.unwrap().sequence_number;
    assert!(next > number);
    let read = after.get(&iterator).await.unwrap();
    assert_eq!(read.records.iter().map(text).collect::<String>(), "b");
    assert_eq!(after.read("s", "0", Start::At(&number)).await.0.len(), 2);
}
