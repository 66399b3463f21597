//! Expired records are hidden at once and never come back.

use super::world::{START, Start, World, text};
use crate::interposed::{Hook, Interposed};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{
    DecreaseStreamRetentionPeriodInput, EnableEnhancedMonitoringInput,
    IncreaseStreamRetentionPeriodInput,
};
use millstream_protocol::types::MetricsName;
use millstream_store::{LogId, LogStore, MemoryStore, StoreError};
use millstream_streams::operations::{
    DecreaseStreamRetentionPeriod, EnableEnhancedMonitoring, IncreaseStreamRetentionPeriod,
};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);

fn increase(hours: i32) -> IncreaseStreamRetentionPeriodInput {
    IncreaseStreamRetentionPeriodInput {
        stream_name: Some("s".to_owned()),
        retention_period_hours: hours,
        ..IncreaseStreamRetentionPeriodInput::default()
    }
}

fn decrease(hours: i32) -> DecreaseStreamRetentionPeriodInput {
    DecreaseStreamRetentionPeriodInput {
        stream_name: Some("s".to_owned()),
        retention_period_hours: hours,
        ..DecreaseStreamRetentionPeriodInput::default()
    }
}

#[tokio::test]
async fn records_when_a_day_old_then_are_hidden_to_the_millisecond() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let number = caller.put("s", "k", "a").await.unwrap().sequence_number;
    world.clock.advance(HOUR);
    caller.put("s", "k", "b").await.unwrap();
    world.clock.advance(23 * HOUR);
    assert_eq!(caller.read_all("s").await, ["a", "b"]);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(caller.read_all("s").await, ["b"]);
    let (records, _) = caller.read("s", "0", Start::At(&number)).await;
    assert_eq!(
        records.iter().map(text).collect::<String>(),
        "b",
        "an old number moves up"
    );
}

#[tokio::test]
async fn hidden_records_when_retention_grows_or_the_clock_turns_back_then_stay_hidden() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    caller.put("s", "k", "a").await.unwrap();
    world.clock.advance(25 * HOUR);
    caller.put("s", "k", "b").await.unwrap();
    caller
        .call::<IncreaseStreamRetentionPeriod>(increase(48))
        .await
        .unwrap();
    assert_eq!(caller.read_all("s").await, ["b"]);
    world.clock.set_wall(START);
    assert_eq!(caller.read_all("s").await, ["b"]);
    // Also when nothing of this process is left.
    let restarted = world.open().await;
    assert_eq!(restarted.read_all("s").await, ["b"]);
}

#[tokio::test]
async fn records_when_retention_shrinks_then_are_hidden_at_once() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    caller
        .call::<IncreaseStreamRetentionPeriod>(increase(48))
        .await
        .unwrap();
    caller.put("s", "k", "a").await.unwrap();
    world.clock.advance(30 * HOUR);
    assert_eq!(caller.read_all("s").await, ["a"]);
    caller
        .call::<DecreaseStreamRetentionPeriod>(decrease(24))
        .await
        .unwrap();
    assert!(caller.read_all("s").await.is_empty());
    caller
        .call::<IncreaseStreamRetentionPeriod>(increase(24))
        .await
        .unwrap();
    caller
        .call::<IncreaseStreamRetentionPeriod>(increase(23))
        .await
        .unwrap_err();
    caller
        .call::<IncreaseStreamRetentionPeriod>(increase(8761))
        .await
        .unwrap_err();
    caller
        .call::<DecreaseStreamRetentionPeriod>(decrease(25))
        .await
        .unwrap_err();
}

/// A world whose store tells what its logs are like, and how many hours a stream's first log is
/// for.
fn told() -> (World, impl Fn() -> u64) {
    let world = World::without_limits();
    let store = Arc::new(MemoryStore::new(world.clock.clone()));
    let world = World {
        store: store.clone(),
        ..world
    };
    let hours = move || {
        let is_shard = |log: &LogId| log.group != u64::MAX;
        let log = store.known_list().into_iter().find(is_shard).unwrap();
        let settings = store.settings(log).unwrap();
        settings.retention_ms / HOUR.as_millis() as u64
    };
    (world, hours)
}

#[tokio::test]
async fn retention_when_made_longer_then_the_store_was_told_before_it_is_acknowledged() {
    let (world, hours) = told();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    assert_eq!(hours(), 24);
    let longer = caller.call::<IncreaseStreamRetentionPeriod>(increase(48));
    longer.await.unwrap();
    assert_eq!(hours(), 48);
    let (a, b) = tokio::join!(
        caller.call::<IncreaseStreamRetentionPeriod>(increase(72)),
        caller.call::<IncreaseStreamRetentionPeriod>(increase(60)),
    );
    a.unwrap();
    b.unwrap_err();
    assert_eq!(hours(), 72, "the longer of two that come at once");
}

/// The store does not take a change of settings.
struct Deaf;

impl Hook for Deaf {
    async fn before(&self) {}

    async fn after(&self) {}

    fn configure(&self, _: LogId) -> Option<StoreError> {
        Some(StoreError::NotApplied("for a reason".to_owned()))
    }
}

#[tokio::test]
async fn retention_when_the_store_cannot_be_told_then_stays_what_it_was() {
    let (world, hours) = told();
    let store = world.store.clone();
    let caller = world
        .open_on(Arc::new(Interposed { store, hook: Deaf }))
        .await;
    caller.create("s", 1).await.unwrap();
    let longer = caller.call::<IncreaseStreamRetentionPeriod>(increase(48));
    assert_eq!(longer.await.unwrap_err().code, ErrorCode::InternalFailure);
    assert_eq!(hours(), 24);
    caller.put("s", "k", "a").await.unwrap();
    world.clock.advance(24 * HOUR + Duration::from_millis(1));
    assert!(caller.read_all("s").await.is_empty());
}

#[tokio::test]
async fn sweep_when_a_closed_shard_has_expired_then_forgets_it_and_its_log() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    caller.put("s", "k", "a").await.unwrap();
    caller.split("s", "0", 5).await.unwrap();
    let logs_before = world.store.known_list().len();
    world.pass(24 * HOUR).await;
    assert_eq!(caller.shards("s").await.len(), 3);
    world.pass(Duration::from_mins(2)).await;
    let ids: Vec<String> = caller
        .shards("s")
        .await
        .into_iter()
        .map(|s| s.shard_id)
        .collect();
    assert_eq!(ids, ["shardId-000000000001", "shardId-000000000002"]);
    assert_eq!(world.store.known_list().len(), logs_before - 1);
    // A child still names the parent that is gone, as on AWS.
    let parent = caller.shards("s").await[0].parent_shard_id.clone();
    assert_eq!(parent.as_deref(), Some("shardId-000000000000"));
}

/// Lets a registry hold what the engine holds too.
#[derive(Debug)]
struct OfEngine(Arc<millstream_streams::Metrics>);

impl Collector for OfEngine {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        self.0.encode(encoder)
    }
}

#[tokio::test]
async fn series_of_shards_when_a_closed_one_has_expired_then_go_with_it() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    let monitoring = EnableEnhancedMonitoringInput {
        stream_name: Some("s".to_owned()),
        shard_level_metrics: vec![MetricsName::IncomingBytes],
        ..EnableEnhancedMonitoringInput::default()
    };
    let enabled = caller.call::<EnableEnhancedMonitoring>(monitoring).await;
    enabled.unwrap();
    caller.put("s", "k", "a").await.unwrap();
    caller.split("s", "0", 5).await.unwrap();
    let mut registry = Registry::default();
    registry.register_collector(Box::new(OfEngine(caller.engine.metrics())));
    let shown = || {
        let mut page = String::new();
        prometheus_client::encoding::text::encode(&mut page, &registry).unwrap();
        let shards = (0..3).map(|index| format!("ShardId=\"shardId-{index:012}\""));
        shards.map(|id| page.contains(&id)).collect::<Vec<_>>()
    };
    world.pass(24 * HOUR).await;
    assert_eq!(shown(), [true, true, true]);
    world.pass(Duration::from_mins(2)).await;
    assert_eq!(shown(), [false, true, true]);
}
