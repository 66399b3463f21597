//! CloudWatch metrics of streams and shards, as Prometheus series.
//!
//! AWS's metric names, with prefix `kinesis_` and dots replaced by underscores. The number of
//! streams with stream-level series is bounded, and so is that of shards with shard-level ones (for
//! metrics that EnableEnhancedMonitoring enabled). The number left out is a series of its own: a
//! scrape every few seconds must not return tens of megabytes. The counters themselves are in
//! `counters`; the store's series are added (see `store_series`).

use crate::admission::Admission;
use crate::catalog::{Catalog, Stream};
use crate::counters::{ShardCounters, StreamCounters};
use crate::runtime::Runtimes;
use crate::scaling::Scaling;
use crate::store_series;
use millstream_store::LogStore;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use std::fmt;
use std::sync::Arc;

/// Maximum number of streams with series. Streams used since the process started come first, then
/// the older ones, so that a stream in use keeps its series.
const STREAMS_MAX: usize = 1_000;
/// Maximum number of shards with series, in the order of their streams.
const SHARDS_MAX: usize = 2_000;

/// The engine's series, collected on demand.
pub struct Metrics {
    catalog: Arc<Catalog>,
    runtimes: Arc<Runtimes>,
    reads: Arc<Admission>,
    scaling: Arc<Scaling>,
    store: Arc<dyn LogStore>,
}

impl Metrics {
    pub(crate) fn new(
        catalog: Arc<Catalog>,
        runtimes: Arc<Runtimes>,
        reads: Arc<Admission>,
        scaling: Arc<Scaling>,
        store: Arc<dyn LogStore>,
    ) -> Self {
        Self {
            catalog,
            runtimes,
            reads,
            scaling,
            store,
        }
    }

    fn encode_reads(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let rows = [
            (
                "answer_bytes_in_flight",
                "Bytes that answers hold, from before their records are read until they are written",
                MetricType::Gauge,
                self.reads.room().taken() as u64,
            ),
            (
                "cold_reads",
                "Reads that wait for the disk",
                MetricType::Gauge,
                self.reads.cold_reads() as u64,
            ),
            (
                "reads_refused",
                "Reads that were refused because too many waited for the disk or for room",
                MetricType::Counter,
                self.reads.refused(),
            ),
            (
                "subscriptions",
                "Open subscriptions",
                MetricType::Gauge,
                self.reads.subscriptions().taken() as u64,
            ),
            (
                "subscriptions_refused",
                "Subscriptions that were refused because there were too many",
                MetricType::Counter,
                self.reads.subscriptions().refused(),
            ),
        ];
        for (name, help, kind, value) in rows {
            let metric = encoder.encode_descriptor(name, help, None, kind)?;
            encode_value(metric, kind, value)?;
        }
        Ok(())
    }

    fn encode_scalings(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let (name, help) = ("scalings", "Scalings of on-demand streams, by direction");
        let kind = MetricType::Counter;
        let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
        let scaled = self.scaling.scaled();
        for (direction, count) in [("up", &scaled.up), ("down", &scaled.down)] {
            let labels = [("direction", direction)];
            encode_value(metric.encode_family(&labels)?, kind, count.get())?;
        }
        Ok(())
    }

    fn encode_streams(&self, encoder: &mut DescriptorEncoder<'_>, shown: &[Shown]) -> fmt::Result {
        for row in StreamCounters::ROWS {
            let name = format!("kinesis_{}", row.metric.replace('.', "_"));
            let mut metric = encoder.encode_descriptor(&name, row.help, None, row.kind)?;
            for Shown { stream, labels } in shown {
                let value = self
                    .runtimes
                    .known(stream.id)
                    .map_or(0, |r| (row.value)(&r.counters));
                encode_value(metric.encode_family(labels)?, row.kind, value)?;
            }
        }
        Ok(())
    }

    /// The streams with series, and the number of others.
    fn choose_streams(&self, mut all: Vec<Arc<Stream>>) -> (Vec<Shown>, usize) {
        let left_out = all.len().saturating_sub(STREAMS_MAX);
        if left_out > 0 {
            all.sort_by_cached_key(|stream| (self.runtimes.known(stream.id).is_none(), stream.id));
            all.truncate(STREAMS_MAX);
        }
        (all.into_iter().map(Shown::new).collect(), left_out)
    }

    fn encode_shards(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        monitored: &[MonitoredShard],
    ) -> fmt::Result {
        for row in ShardCounters::ROWS {
            let name = format!("kinesis_shard_{}", row.metric);
            let mut metric = encoder.encode_descriptor(&name, row.help, None, row.kind)?;
            for shard in monitored.iter().filter(|shard| shard.has(row.metric)) {
                let runtime = self.runtimes.stream(shard.stream.id);
                let value = (row.value)(&runtime.counted_shard(shard.index).counters);
                encode_value(metric.encode_family(&shard.labels)?, row.kind, value)?;
            }
        }
        Ok(())
    }
}

/// A stream with series.
struct Shown {
    stream: Arc<Stream>,
    labels: [(&'static str, String); 3],
}

impl Shown {
    fn new(stream: Arc<Stream>) -> Self {
        let labels = labels(&stream);
        Self { stream, labels }
    }
}

/// A shard with series.
struct MonitoredShard {
    stream: Arc<Stream>,
    index: u32,
    labels: Vec<(&'static str, String)>,
}

impl MonitoredShard {
    fn has(&self, metric: &str) -> bool {
        self.stream.shard_metrics.contains(metric)
    }
}

/// The shards with series, and the number of others.
fn choose_shards(all: &[Arc<Stream>]) -> (Vec<MonitoredShard>, usize) {
    let is_monitored = |stream: &&Arc<Stream>| !stream.shard_metrics.is_empty();
    let mut shown = Vec::new();
    let mut count = 0;
    for stream in all.iter().filter(is_monitored) {
        count += stream.shards.all().len();
        let room = SHARDS_MAX - shown.len();
        for shard in stream.shards.all().iter().take(room) {
            let mut labels = labels(stream).to_vec();
            labels.push(("ShardId", shard.id().to_string()));
            shown.push(MonitoredShard {
                stream: Arc::clone(stream),
                index: shard.index,
                labels,
            });
        }
    }
    let left_out = count - shown.len();
    (shown, left_out)
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let all: Vec<Arc<Stream>> = self.catalog.state().streams().cloned().collect();
        self.encode_reads(&mut encoder)?;
        self.encode_scalings(&mut encoder)?;
        store_series::encode(&*self.store, &mut encoder)?;
        let (shards, shards_left_out) = choose_shards(&all);
        let (streams, streams_left_out) = self.choose_streams(all);
        self.encode_streams(&mut encoder, &streams)?;
        self.encode_shards(&mut encoder, &shards)?;
        for (name, help, count) in [
            (
                "kinesis_streams_left_out",
                "Streams that have no series here: there are too many",
                streams_left_out,
            ),
            (
                "kinesis_shards_left_out",
                "Monitored shards that have no series here: there are too many",
                shards_left_out,
            ),
        ] {
            let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            encode_value(gauge, MetricType::Gauge, count as u64)?;
        }
        Ok(())
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
