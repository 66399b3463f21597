//! What CloudWatch would show of streams and shards, as Prometheus series.
//!
//! AWS's metric names, behind `kinesis_` and with dots as underscores. Stream-level series are always
//! there; shard-level ones for the metrics that EnableEnhancedMonitoring switched on. Sums count from
//! the start of the process. AWS's definitions:
//! <https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html>

use crate::catalog::{Catalog, Stream};
use crate::runtime::Runtimes;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A sum or a last value that many threads write.
#[derive(Debug, Default)]
pub struct Cell(AtomicU64);

impl Cell {
    /// Adds to a sum.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// Sets a last value.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $metric:literal, $kind:ident, $help:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name {
            $(#[doc = $help] pub $field: Cell,)*
        }

        impl $name {
            const ROWS: &[Row<Self>] = &[$(Row {
                metric: $metric,
                kind: MetricType::$kind,
                help: $help,
                value: |counters| counters.$field.get(),
            },)*];
        }
    };
}

struct Row<T> {
    /// AWS's name.
    metric: &'static str,
    kind: MetricType,
    help: &'static str,
    value: fn(&T) -> u64,
}

counters! {
    /// Of one stream.
    StreamCounters {
        incoming_bytes: "IncomingBytes", Counter, "Bytes put into the stream";
        incoming_records: "IncomingRecords", Counter, "Records put into the stream";
        put_record_bytes: "PutRecord.Bytes", Counter, "Bytes put with PutRecord";
        put_record_success: "PutRecord.Success", Counter, "Successful PutRecord calls";
        put_records_bytes: "PutRecords.Bytes", Counter, "Bytes put with PutRecords";
        put_records_success: "PutRecords.Success", Counter, "PutRecords calls with at least one record put";
        put_records_total: "PutRecords.TotalRecords", Counter, "Records of PutRecords calls";
        put_records_successful: "PutRecords.SuccessfulRecords", Counter, "Records of PutRecords calls that were put";
        put_records_failed: "PutRecords.FailedRecords", Counter, "Records of PutRecords calls that failed inside";
        put_records_throttled: "PutRecords.ThrottledRecords", Counter, "Records of PutRecords calls that were throttled";
        write_throttled: "WriteProvisionedThroughputExceeded", Counter, "Records that were throttled";
        get_records_bytes: "GetRecords.Bytes", Counter, "Bytes read with GetRecords";
        get_records_records: "GetRecords.Records", Counter, "Records read with GetRecords";
        get_records_success: "GetRecords.Success", Counter, "Successful GetRecords calls";
        iterator_age_ms: "GetRecords.IteratorAgeMilliseconds", Gauge, "Age of the last record of the last GetRecords call; 0 at the tip";
        read_throttled: "ReadProvisionedThroughputExceeded", Counter, "GetRecords calls that were throttled";
    }
}

counters! {
    /// Of one shard.
    ShardCounters {
        incoming_bytes: "IncomingBytes", Counter, "Bytes put into the shard";
        incoming_records: "IncomingRecords", Counter, "Records put into the shard";
        outgoing_bytes: "OutgoingBytes", Counter, "Bytes read from the shard";
        outgoing_records: "OutgoingRecords", Counter, "Records read from the shard";
        iterator_age_ms: "IteratorAgeMilliseconds", Gauge, "Age of the last record of the last GetRecords call; 0 at the tip";
        read_throttled: "ReadProvisionedThroughputExceeded", Counter, "GetRecords calls on the shard that were throttled";
        write_throttled: "WriteProvisionedThroughputExceeded", Counter, "Records for the shard that were throttled";
    }
}

/// The names that EnableEnhancedMonitoring takes, without `ALL`.
pub fn shard_level_metrics() -> impl Iterator<Item = &'static str> {
    ShardCounters::ROWS.iter().map(|row| row.metric)
}

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
                    let runtime = self.runtimes.stream(stream.id).shard(shard.index);
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
