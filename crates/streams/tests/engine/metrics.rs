//! The exported metrics are bounded, and say what they leave out.

use super::world::World;
use millstream_env::DoomedTasks;
use millstream_protocol::operations::EnableEnhancedMonitoringInput;
use millstream_protocol::types::MetricsName;
use millstream_streams::operations::EnableEnhancedMonitoring;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// Streams and shards of which all series are shown.
const STREAMS_MAX: usize = 1_000;
const SHARDS_MAX: usize = 2_000;
/// How many of each there are beyond.
const LEFT_OUT: usize = 7;

/// Lets a registry hold what the engine holds too.
#[derive(Debug)]
struct OfEngine(Arc<millstream_streams::Metrics>);

impl Collector for OfEngine {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        self.0.encode(encoder)
    }
}

#[tokio::test]
async fn series_when_there_are_very_many_streams_and_shards_then_are_bounded_and_the_rest_is_counted()
 {
    let world = World::without_limits();
    let caller = world.open().await;
    for number in 1..STREAMS_MAX + LEFT_OUT {
        caller.create(&format!("s-{number}"), 1).await.unwrap();
    }
    let shards = i32::try_from(SHARDS_MAX + LEFT_OUT).unwrap();
    caller.create("last", shards).await.unwrap();
    let monitoring = EnableEnhancedMonitoringInput {
        stream_name: Some("last".to_owned()),
        shard_level_metrics: vec![MetricsName::All],
        ..EnableEnhancedMonitoringInput::default()
    };
    let enabled = caller.call::<EnableEnhancedMonitoring>(monitoring).await;
    enabled.unwrap();
    caller.put("last", "key", "data").await.unwrap();

    let mut registry = Registry::default();
    registry.register_collector(Box::new(OfEngine(caller.engine.metrics())));
    let mut page = String::new();
    text::encode(&mut page, &registry).unwrap();
    let count = |name: &str| page.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!(count("kinesis_IncomingBytes_total{"), STREAMS_MAX);
    assert_eq!(count("kinesis_shard_IncomingBytes_total{"), SHARDS_MAX);
    let is_shown = |line: &str| line.starts_with("kinesis_IncomingBytes") && line.contains("last");
    assert!(page.lines().any(is_shown), "one that is used is shown");
    for line in [
        format!("kinesis_streams_left_out {LEFT_OUT}\n"),
        format!("kinesis_shards_left_out {LEFT_OUT}\n"),
    ] {
        assert!(page.contains(&line), "{line}");
    }
    let mib = page.len() / (1024 * 1024);
    assert!(mib < 6, "{mib} MiB");
}

#[tokio::test]
async fn engine_when_a_background_task_has_died_then_is_not_ready() {
    let world = World::without_limits();
    assert!(world.open().await.engine.is_writable());
    let tasks = DoomedTasks::new(Arc::clone(&world.env.tasks), "duties", 0);
    let mut env = world.env.clone();
    env.tasks = Arc::new(tasks);
    let world = World { env, ..world };
    let caller = world.open().await;
    let death = world.env.tasks.deaths().wait().await;
    assert_eq!(death.task, "duties");
    assert!(!caller.engine.is_writable());
}
