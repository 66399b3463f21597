//! What is out of retention is hidden at once and never comes back.

use crate::world::{START, Start, World, text};
use engine::operations::{
    DecreaseStreamRetentionPeriod, EnableEnhancedMonitoring, IncreaseStreamRetentionPeriod,
};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;
use wire::operations::{
    DecreaseStreamRetentionPeriodInput, EnableEnhancedMonitoringInput,
    IncreaseStreamRetentionPeriodInput,
};
use wire::types::MetricsName;

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

#[tokio::test]
async fn sweep_when_a_closed_shard_has_expired_then_forgets_it_and_its_log() {
    let world = World::without_limits();
    let caller = world.open().await;
    caller.create("s", 1).await.unwrap();
    caller.put("s", "k", "a").await.unwrap();
    caller.split("s", "0", 5).await.unwrap();
    let logs_before = world.store.list().len();
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
    assert_eq!(world.store.list().len(), logs_before - 1);
    // A child still names the parent that is gone, as on AWS.
    let parent = caller.shards("s").await[0].parent_shard_id.clone();
    assert_eq!(parent.as_deref(), Some("shardId-000000000000"));
}

/// Lets a registry hold what the engine holds too.
#[derive(Debug)]
struct OfEngine(Arc<engine::Metrics>);

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
