//! What CloudWatch would show of streams and shards, as Prometheus series.
//!
//! AWS's metric names, behind `kinesis_` and with dots as underscores. Stream-level series are always
//! there; shard-level ones for the metrics that EnableEnhancedMonitoring switched on. The
//! counters themselves are in `counters`.

use crate::catalog::{Catalog, Stream};
use crate::counters::{ShardCounters, StreamCounters};
use crate::runtime::Runtimes;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use std::fmt;
use std::sync::Arc;

/// The engine's series, collected when they are asked for.
pub struct Metrics {
    catalog: Arc<Catalog>,
    runtimes: Arc<Runtimes>,
}

impl Metrics {
    pub(crate) fn new(catalog: Arc<Catalog>, runtimes: Arc<Runtimes>) -> Self {
        Self { catalog, runtimes }
    }

    fn encode_streams(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        all: &[Arc<Stream>],
    ) -> fmt::Result {
        for row in StreamCounters::ROWS {
            let name = format!("kinesis_{}", row.metric.replace('.', "_"));
            let mut metric = encoder.encode_descriptor(&name, row.help, None, row.kind)?;
            for stream in all {
                let value = self
                    .runtimes
                    .known(stream.id)
                    .map_or(0, |r| (row.value)(&r.counters));
                let labels = labels(stream);
                encode_value(metric.encode_family(&labels)?, row.kind, value)?;
            }
        }
        Ok(())
    }

    fn encode_shards(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        all: &[Arc<Stream>],
    ) -> fmt::Result {
        for row in ShardCounters::ROWS {
            let name = format!("kinesis_shard_{}", row.metric);
            let mut metric = encoder.encode_descriptor(&name, row.help, None, row.kind)?;
            let is_enabled = |stream: &&Arc<Stream>| stream.shard_metrics.contains(row.metric);
            for stream in all.iter().filter(is_enabled) {
                for shard in stream.shards.all() {
                    let runtime = self.runtimes.stream(stream.id).counted_shard(shard.index);
                    let mut labels = labels(stream).to_vec();
                    labels.push(("ShardId", shard.id().to_string()));
                    let value = (row.value)(&runtime.counters);
                    encode_value(metric.encode_family(&labels)?, row.kind, value)?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let all: Vec<Arc<Stream>> = self.catalog.state().streams().cloned().collect();
        self.encode_streams(&mut encoder, &all)?;
        self.encode_shards(&mut encoder, &all)
    }
}

fn labels(stream: &Stream) -> [(&'static str, String); 3] {
    [
        ("account", stream.scope.account.to_string()),
        ("region", stream.scope.region.to_string()),
        ("StreamName", stream.name.to_string()),
    ]
}

fn encode_value(
    mut metric: prometheus_client::encoding::MetricEncoder<'_>,
    kind: MetricType,
    value: u64,
) -> fmt::Result {
    match kind {
        MetricType::Gauge => metric.encode_gauge(&(value as i64)),
        MetricType::Counter | MetricType::Histogram | MetricType::Info | MetricType::Unknown => {
            metric.encode_counter::<[(&str, &str); 0], _, u64>(&value, None)
        }
    }
}
