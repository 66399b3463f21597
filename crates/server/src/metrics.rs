//! The server's own numbers, in a registry that also holds the engine's.

use crate::budget::Budget;
use crate::dispatch;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The code of requests that succeeded.
const OK: &str = "OK";
/// The operation of requests that name none that there is.
const UNKNOWN: &str = "unknown";

/// What is counted while requests are served.
#[derive(Debug)]
pub(crate) struct Metrics {
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabels, Histogram, fn() -> Histogram>,
    /// Connections to the API that are open.
    pub(crate) connections: Gauge,
    /// Connections to the operator's pages that are open.
    pub(crate) admin_connections: Gauge,
    /// Connections that were closed at once because there were too many.
    pub(crate) connections_refused: Counter,
    /// Of each operation, what almost every request needs, without a look-up.
    usual: Vec<(Counter, Histogram)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
}

impl Metrics {
    /// Metrics at zero.
    pub(crate) fn new() -> Arc<Self> {
        let requests = Family::<RequestLabels, Counter>::default();
        let durations = Family::new_with_constructor(duration_buckets as fn() -> Histogram);
        let usual = dispatch::operations().iter().map(|operation| {
            let operation = operation.name;
            let counter = requests.get_or_create_owned(&RequestLabels {
                operation,
                code: OK,
            });
            (
                counter,
                durations.get_or_create_owned(&OperationLabels { operation }),
            )
        });
        let usual = usual.collect();
        Arc::new(Self {
            requests,
            durations,
            connections: Gauge::default(),
            admin_connections: Gauge::default(),
            connections_refused: Counter::default(),
            usual,
        })
    }

    /// Counts a request that was answered.
    pub(crate) fn note_request(
        &self,
        operation: Option<usize>,
        error: Option<&'static str>,
        took: Duration,
    ) {
        if let Some((succeeded, durations)) = operation.map(|place| &self.usual[place]) {
            durations.observe(took.as_secs_f64());
            if error.is_none() {
                succeeded.inc();
                return;
            }
        }
        let operation = operation.map_or(UNKNOWN, |place| dispatch::operations()[place].name);
        let code = error.unwrap_or(OK);
        self.requests
            .get_or_create(&RequestLabels { operation, code })
            .inc();
    }

    /// Puts these metrics, the engine's and the build's into one registry.
    pub(crate) fn register(&self, engine: Arc<engine::Metrics>, budget: Arc<Budget>) -> Registry {
        let mut registry = Registry::with_prefix("millstream");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version that runs", build);
        registry.register(
            "requests",
            "Requests, by operation and code",
            self.requests.clone(),
        );
        registry.register(
            "request_duration_seconds",
            "From the head of a request to its answer, by operation",
            self.durations.clone(),
        );
        registry.register(
            "connections",
            "Connections to the API that are open",
            self.connections.clone(),
        );
        registry.register(
            "admin_connections",
            "Connections to the operator's pages that are open",
            self.admin_connections.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections closed at once because there were too many",
            self.connections_refused.clone(),
        );
        registry.register_collector(Box::new(Bodies { budget }));
        registry.register_collector(Box::new(OfEngine { metrics: engine }));
        registry
    }
}

/// 50 µs to 13 s, each twice the one before.
fn duration_buckets() -> Histogram {
    Histogram::new(exponential_buckets(50e-6, 2.0, 19))
}

/// Tells what bodies hold, when asked.
#[derive(Debug)]
struct Bodies {
    budget: Arc<Budget>,
}

impl Collector for Bodies {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let taken = ConstGauge::new(self.budget.taken() as i64);
        let help = "Bytes of the bodies of requests that are being served";
        let name = "body_bytes_in_flight";
        taken.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
    }
}

/// Lets the registry hold metrics that the engine holds too.
#[derive(Debug)]
struct OfEngine {
    metrics: Arc<engine::Metrics>,
}

impl Collector for OfEngine {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.metrics.encode(encoder)
    }
}
