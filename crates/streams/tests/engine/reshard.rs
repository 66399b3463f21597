//! Splits, merges and scalings, also while records are put.

use super::world::{Start, World, message, text};
use crate::interposed::{Hook, Interposed};
use millstream_model::SequenceNumber;
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{ListShardsInput, MergeShardsInput, UpdateShardCountInput};
use millstream_protocol::types::{ScalingType, ShardFilter, ShardFilterType};
use millstream_streams::operations::{ListShards, MergeShards, UpdateShardCount};
use millstream_streams::{Limits, Settings};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn merge(shard: &str, adjacent: &str) -> MergeShardsInput {
    MergeShardsInput {
        stream_name: Some("s".to_owned()),
        shard_to_merge: shard.to_owned(),
        adjacent_shard_to_merge: adjacent.to_owned(),
        ..MergeShardsInput::default()
    }
}

fn scale(target: i32) -> UpdateShardCountInput {
    UpdateShardCountInput {
        stream_name: Some("s".to_owned()),
        target_shard_count: target,
        scaling_type: ScalingType::UniformScaling,
        stream_arn: None,
        stream_id: None,
    }
}

#[tokio::test]
async fn shard_when_closed_then_cannot_be_split_or_merged_again() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    caller.split("s", "0", 1 << 127).await.unwrap();
    let again = caller.split("s", "0", 1 << 126).await.unwrap_err();
    let merged = caller
        .call::<MergeShards>(merge("0", "1"))
        .await
        .unwrap_err();
    for error in [again, merged] {
        assert_eq!(error.code, ErrorCode::InvalidArgumentException);
        let text = "Shard shardId-000000000000 in stream s under account 111111111111 has already \
                    been merged or split, and thus is not eligible for merging or splitting.";
        assert_eq!(message(&error), text);
    }
    let absent = caller.split("s", "9", 1).await.unwrap_err();
    assert_eq!(absent.code, ErrorCode::ResourceNotFoundException);
    let wrong_order = caller
        .call::<MergeShards>(merge("2", "1"))
        .await
        .unwrap_err();
    assert!(message(&wrong_order).ends_with("not an adjacent pair of shards eligible for merging"));
    caller.call::<MergeShards>(merge("1", "2")).await.unwrap();
    let shards = caller.shards("s").await;
    assert_eq!(
        shards[3].parent_shard_id.as_deref(),
        Some("shardId-000000000001")
    );
    assert_eq!(
        shards[3].adjacent_parent_shard_id.as_deref(),
        Some("shardId-000000000002")
    );
}

/// Changes take their time, each another.
struct Slow {
    turns: AtomicUsize,
}

impl Slow {
    async fn dawdle(&self) {
        for _ in 0..self.turns.fetch_add(7, Ordering::Relaxed) % 11 {
            tokio::task::yield_now().await;
        }
    }
}

impl Hook for Slow {
    async fn before(&self) {
        self.dawdle().await;
    }

    async fn after(&self) {
        self.dawdle().await;
    }
}

#[tokio::test]
async fn records_when_put_during_reshards_then_are_all_read_once_and_in_order() {
    let world = World::without_limits();
    let store = world.store.clone();
    let hook = Slow {
        turns: AtomicUsize::new(0),
    };
    let caller = world.open_on(Arc::new(Interposed { store, hook })).await;
    caller.create("s", 2).await.unwrap();
    let producer = |key: &'static str| {
        let caller = caller.clone();
        async move {
            let mut numbers = Vec::new();
            for i in 0..200 {
                let data = format!("{key}{i}");
                let put = caller.put("s", key, &data).await.unwrap();
                numbers.push((data, put.shard_id, put.sequence_number));
                tokio::task::yield_now().await;
            }
            numbers
        }
    };
    let reshards = async {
        for target in [3, 7, 2, 4, 1, 5] {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            caller
                .call::<UpdateShardCount>(scale(target))
                .await
                .unwrap();
        }
    };
    let (a, b, c, ()) = tokio::join!(producer("a"), producer("b"), producer("c"), reshards);
    let mut read = BTreeMap::new();
    for shard in caller.shards("s").await {
        let (records, _) = caller.read("s", &shard.shard_id, Start::Horizon).await;
        for record in records {
            let place = (shard.shard_id.clone(), record.sequence_number.clone());
            assert_eq!(
                read.insert(text(&record), place),
                None,
                "twice: {}",
                text(&record)
            );
        }
    }
    assert_eq!(read.len(), 600);
    let mut moved = false;
    for numbers in [a, b, c] {
        assert!(numbers.is_sorted_by_key(|(_, _, number)| SequenceNumber::parse(number).unwrap()));
        moved |= numbers[0].1 != numbers[199].1;
        for (data, shard, number) in numbers {
            assert_eq!(read.get(&data), Some(&(shard, number)), "{data}");
        }
    }
    assert!(moved, "no producer met a reshard: the test shows nothing");
}

#[tokio::test]
async fn filters_when_around_a_split_then_cover_all_keys_at_every_moment() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 2).await.unwrap();
    world.clock.advance(std::time::Duration::from_secs(60));
    let split_at = world.env.clock.now();
    caller.split("s", "0", 5).await.unwrap();
    world.clock.advance(std::time::Duration::from_secs(60));
    let list = async |kind, shard: Option<&str>, time: Option<u64>| {
        let filter = ShardFilter {
            r#type: kind,
            shard_id: shard.map(str::to_owned),
            timestamp: time.map(|time| millstream_protocol::Timestamp(time as i64)),
        };
        let input = ListShardsInput {
            stream_name: Some("s".to_owned()),
            shard_filter: Some(filter),
            ..ListShardsInput::default()
        };
        let shards = caller
            .call::<ListShards>(input)
            .await
            .unwrap()
            .shards
            .unwrap();
        shards
            .iter()
            .map(|s| {
                s.shard_id
                    .trim_start_matches("shardId-00000000000")
                    .to_owned()
            })
            .collect::<Vec<_>>()
            .concat()
    };
    use ShardFilterType as Type;
    assert_eq!(list(Type::AtLatest, None, None).await, "123");
    assert_eq!(list(Type::AtTrimHorizon, None, None).await, "01");
    assert_eq!(list(Type::FromTrimHorizon, None, None).await, "0123");
    assert_eq!(
        list(Type::AfterShardId, Some("shardId-000000000001"), None).await,
        "23"
    );
    for (time, at, from) in [
        (split_at.0 - 1, "01", "0123"),
        (split_at.0, "01", "0123"),
        (split_at.0 + 1, "123", "123"),
        (0, "01", "0123"),
    ] {
        assert_eq!(
            list(Type::AtTimestamp, None, Some(time)).await,
            at,
            "at {time}"
        );
        assert_eq!(
            list(Type::FromTimestamp, None, Some(time)).await,
            from,
            "from {time}"
        );
    }
}

/// Ten scalings a day: what changes nothing is none of them.
#[tokio::test]
async fn scaling_when_to_the_same_uniform_shards_then_does_nothing_and_is_not_counted() {
    let world = World::new(Settings {
        limits: Limits::Aws,
        transition_time: Duration::ZERO,
        ..Settings::default()
    });
    let caller = world.open().await;
    caller.create("s", 2).await.unwrap();
    let scale_to = async |target| caller.call::<UpdateShardCount>(scale(target)).await;
    for _ in 0..20 {
        let same = scale_to(2).await.unwrap();
        assert_eq!(
            (same.current_shard_count, same.target_shard_count),
            (Some(2), Some(2))
        );
    }
    assert_eq!(caller.shards("s").await.len(), 2);
    for target in [3, 2, 3, 2, 3, 2, 3, 2, 3, 2] {
        scale_to(target).await.unwrap();
    }
    let eleventh = scale_to(3).await.unwrap_err();
    assert_eq!(eleventh.code, ErrorCode::LimitExceededException);
    scale_to(2).await.unwrap();
    let too_many = scale_to(5).await.unwrap_err();
    assert_eq!(too_many.code, ErrorCode::LimitExceededException);
}

#[tokio::test]
async fn listing_when_a_page_does_not_say_its_size_then_has_the_default_and_not_the_last_ones() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 5).await.unwrap();
    let list = async |stream: Option<&str>, token: Option<String>, size: Option<i32>| {
        let input = ListShardsInput {
            stream_name: stream.map(str::to_owned),
            next_token: token,
            max_results: size,
            ..ListShardsInput::default()
        };
        let listed = caller.call::<ListShards>(input).await.unwrap();
        (listed.shards.unwrap().len(), listed.next_token)
    };
    let (first, token) = list(Some("s"), None, Some(1)).await;
    assert_eq!(first, 1);
    let (some, more) = list(None, token.clone(), Some(2)).await;
    assert_eq!((some, more.is_some()), (2, true));
    assert_eq!(list(None, token, None).await, (4, None));
}
