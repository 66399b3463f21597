//! The server's metrics, in a registry that also holds the engine's.

use crate::audit::Audit;
use crate::receive::budgets::Budgets;
use millstream_env::Deaths;
use millstream_memory::Budget;
use millstream_service::operations;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The code of successful requests.
const OK: &str = "OK";
/// The operation of requests for unknown ones.
const UNKNOWN: &str = "unknown";

/// Metrics of the request path.
#[derive(Debug)]
pub(crate) struct Metrics {
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabels, Histogram, fn() -> Histogram>,
    /// Open API connections.
    pub(crate) connections: Gauge,
    /// Open admin connections.
    pub(crate) admin_connections: Gauge,
    /// Connections closed on arrival because of the limit.
    pub(crate) connections_refused: Counter,
    /// Responses dropped for lack of budget after they were made.
    pub(crate) answers_refused: Counter,
    /// For each operation, the metrics of its usual outcome, without a lookup.
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
        let usual = operations().iter().map(|operation| {
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
            answers_refused: Counter::default(),
            usual,
        })
    }

    /// Counts a request and its outcome.
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
        let operation = operation.map_or(UNKNOWN, |place| operations()[place].name);
        let code = error.unwrap_or(OK);
        self.requests
            .get_or_create(&RequestLabels { operation, code })
            .inc();
    }

    /// Registers these metrics, the engine's and the build's.
    pub(crate) fn register(&self, engine: Arc<millstream_streams::Metrics>, own: Own) -> Registry {
        let mut registry = Registry::with_prefix("millstream");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The running version", build);
        registry.register(
            "requests",
            "Requests, by operation and code",
            self.requests.clone(),
        );
        registry.register(
            "request_duration_seconds",
            "Time from a request's head to its response, by operation",
            self.durations.clone(),
        );
        registry.register(
            "connections",
            "Open connections to the API",
            self.connections.clone(),
        );
        registry.register(
            "admin_connections",
            "Open connections to the admin pages",
            self.admin_connections.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections closed at once because there were too many",
            self.connections_refused.clone(),
        );
        registry.register(
            "answers_refused",
            "Responses turned into a 503 because responses held too much",
            self.answers_refused.clone(),
        );
        registry.register_collector(Box::new(own));
        registry.register_collector(Box::new(OfEngine { metrics: engine }));
        registry
    }
}

/// Buckets from 50 µs to 13 s, doubling.
fn duration_buckets() -> Histogram {
    Histogram::new(exponential_buckets(50e-6, 2.0, 19))
}

/// Values that are counted elsewhere in the process and read on demand.
#[derive(Debug)]
pub(crate) struct Own {
    /// Budgets of requests and responses.
    pub(crate) budgets: Arc<Budgets>,
    /// The panics of requests.
    pub(crate) deaths: Deaths,
    /// Lines that the log lost.
    pub(crate) log_lines_lost: Arc<AtomicU64>,
    /// The audit log, if there is one.
    pub(crate) audit: Option<Audit>,
}

impl Own {
    /// Encodes what is held, and the number of refusals.
    fn encode_budgets(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Budgets {
            small_bodies,
            large_bodies,
            heads,
            ..
        } = &*self.budgets;
        let bodies = small_bodies.taken() + large_bodies.taken();
        for (name, help, bytes) in [
            (
                "body_bytes_in_flight",
                "Bytes of the bodies of requests in flight",
                bodies,
            ),
            (
                "small_body_bytes_in_flight",
                "Bytes of them taken from the reserve for small bodies",
                small_bodies.taken(),
            ),
            (
                "head_bytes_in_flight",
                "Bytes of requests' heads beyond each connection's free part",
                heads.taken(),
            ),
        ] {
            let taken = ConstGauge::new(bytes as i64);
            taken.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        let refused = |budget: &Budget| ConstCounter::new(budget.refused());
        for (name, help, refused) in [
            (
                "large_bodies_refused",
                "Requests answered 503 because large bodies held too much",
                refused(large_bodies),
            ),
            (
                "small_bodies_refused",
                "Requests answered 503 because even small bodies had no room",
                refused(small_bodies),
            ),
            (
                "heads_refused",
                "Requests answered 503, or connections closed, because heads held too much",
                refused(heads),
            ),
        ] {
            refused.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        Ok(())
    }
}

impl Own {
    /// Encodes what became of the audit log's lines; all of it is 0 without one.
    fn encode_audit(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let count = |of: fn(&Audit) -> u64| self.audit.as_ref().map_or(0, of);
        for (name, help, value) in [
            (
                "audit_lines",
                "Lines of the audit log that were taken to be written",
                count(Audit::taken),
            ),
            (
                "audit_lines_lost",
                "Lines that the audit log had no room for, because they could not be written",
                count(Audit::lost),
            ),
            (
                "audit_denials_left_out",
                "Denials of unidentified senders without a line, because there were too many",
                count(Audit::left_out),
            ),
        ] {
            let value = ConstCounter::new(value);
            value.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        Ok(())
    }
}

impl Collector for Own {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.encode_budgets(&mut encoder)?;
        self.encode_audit(&mut encoder)?;
        let panics = ConstCounter::new(self.deaths.requests());
        let help = "Requests and connections ended by a bug in the server";
        panics.encode(encoder.encode_descriptor("panics", help, None, MetricType::Counter)?)?;
        let lost = ConstCounter::new(self.log_lines_lost.load(Ordering::Relaxed));
        let help = "Log lines that could not be written";
        let name = "log_lines_lost";
        lost.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)
    }
}

/// An adapter that registers metrics which the engine also holds.
#[derive(Debug)]
struct OfEngine {
    metrics: Arc<millstream_streams::Metrics>,
}

impl Collector for OfEngine {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        self.metrics.encode(encoder)
    }
}
