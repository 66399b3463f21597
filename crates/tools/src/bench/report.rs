//! What is reported in the end: a document for programs, from which the text for people is made.

use super::compare::Compared;
use super::drawing::{draw, plain};
use super::latencies::{Summary, shown};
use super::run::Finished;
use super::schedule::Extent;
use super::stream::Stream;
use super::tally::Failed;
use super::workload::{Http, Operation, Workload};
use crate::Failure;
use crate::manager::Form;
use crate::shards::pen::Pen;
use crate::shown::NONE;
use crate::terminal::{Output, Table, counted};
use millstream_client::{Client, Protocol};
use serde::{Deserialize, Serialize};

const MIB: f64 = 1024.0 * 1024.0;

/// The result of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Report {
    /// The version of this tool.
    pub(super) version: String,
    pub(super) parameters: Parameters,
    pub(super) ended: Ended,
    /// From the first request that counts until the last had its outcome.
    pub(super) seconds: f64,
    pub(super) requests: Requests,
    pub(super) records: Records,
    /// Data and keys of the records.
    pub(super) bytes: u64,
    pub(super) per_second: PerSecond,
    /// Of requests that succeeded.
    pub(super) latency_micros: Option<Summary>,
    /// Of requests that failed.
    pub(super) failed_latency_micros: Option<Summary>,
    /// From a record's put to its delivery.
    pub(super) delivery_micros: Option<Summary>,
    /// How many deliveries did not come, if there were to be any.
    pub(super) missing_deliveries: Option<u64>,
    /// This run beside an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) compared: Option<Compared>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Ended {
    Done,
    /// By Ctrl-C.
    Stopped,
    /// By a failure that trying again would not mend.
    Failed,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Parameters {
    pub(super) endpoint: String,
    pub(super) region: String,
    pub(super) operation: String,
    pub(super) shards: usize,
    pub(super) is_stream_made: bool,
    pub(super) record_bytes: usize,
    pub(super) records_per_request: u32,
    pub(super) in_flight: u32,
    pub(super) rate: Option<u32>,
    pub(super) duration_seconds: Option<f64>,
    pub(super) request_count: Option<u64>,
    pub(super) warm_up_seconds: f64,
    pub(super) keys: Option<u32>,
    pub(super) hot_key_percent: u8,
    pub(super) consumers: Option<u32>,
    pub(super) poll_every_seconds: Option<f64>,
    pub(super) protocol: String,
    pub(super) http: String,
    /// Connections that are shared; `None` if each request has its own.
    pub(super) connections: Option<u32>,
}

/// The requests that count.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Requests {
    pub(super) succeeded: u64,
    pub(super) failed: u64,
    pub(super) errors: Vec<Failed>,
    /// Those that were due and never begun, as the endpoint did not keep up with the rate.
    pub(super) never_begun: u64,
}

/// The records in requests that succeeded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Records {
    pub(super) succeeded: u64,
    pub(super) refused: u64,
    pub(super) errors: Vec<Failed>,
}

/// Rates of what succeeded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PerSecond {
    pub(super) requests: f64,
    pub(super) records: f64,
    pub(super) mebibytes: f64,
}

impl Parameters {
    /// Those of a load on a stream.
    pub(super) fn of(workload: &Workload, client: &Client, stream: &Stream, shards: usize) -> Self {
        let (duration, requests) = match workload.extent {
            Extent::Time(time) => (Some(time.as_secs_f64()), None),
            Extent::Requests(requests) => (None, Some(requests)),
        };
        let is = |operation| workload.operation == operation;
        let poll_every = workload.poll_every.as_secs_f64();
        Self {
            endpoint: client.endpoint().to_string(),
            region: client.region().to_owned(),
            operation: workload.operation.word().to_owned(),
            shards,
            is_stream_made: stream.is_made,
            record_bytes: workload.record_bytes,
            records_per_request: workload.records,
            in_flight: workload.in_flight,
            rate: workload.rate.map(std::num::NonZeroU32::get),
            duration_seconds: duration,
            request_count: requests,
            warm_up_seconds: workload.warm_up.as_secs_f64(),
            keys: workload.keys,
            hot_key_percent: workload.hot_percent,
            consumers: is(Operation::Subscribe).then_some(workload.consumers),
            poll_every_seconds: is(Operation::EndToEnd).then_some(poll_every),
            protocol: match client.protocol() {
                Protocol::Json => "json".to_owned(),
                Protocol::Cbor => "cbor".to_owned(),
            },
            http: workload.http.word().to_owned(),
            connections: (workload.http == Http::Http2).then_some(workload.connections),
        }
    }

    /// In a few words.
    fn words(&self) -> String {
        let Self {
            operation,
            record_bytes,
            in_flight,
            shards,
            endpoint,
            ..
        } = self;
        let records = self.records_per_request;
        let rate = self.rate.map(|rate| format!(", {rate} requests/s"));
        let rate = rate.unwrap_or_default();
        let shards = counted(*shards as u64, "shard");
        format!(
            "{operation}: {records} x {record_bytes} bytes, {in_flight} in flight{rate}, \
             {shards} at {endpoint}"
        )
    }
}

impl Report {
    /// The report of a run that has ended.
    pub(super) fn new(parameters: Parameters, finished: &Finished) -> Self {
        let tally = &finished.tally;
        let per_second = |count: u64| match finished.seconds > 0.0 {
            true => count as f64 / finished.seconds,
            false => 0.0,
        };
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            parameters,
            ended: finished.ended,
            seconds: finished.seconds,
            requests: Requests {
                succeeded: tally.latencies.count(),
                failed: tally.failures.count(),
                errors: tally.failures.all().to_vec(),
                never_begun: finished.never_begun,
            },
            records: Records {
                succeeded: tally.records,
                refused: tally.refused.count(),
                errors: tally.refused.all().to_vec(),
            },
            bytes: tally.bytes,
            per_second: PerSecond {
                requests: per_second(tally.latencies.count()),
                records: per_second(tally.records),
                mebibytes: per_second(tally.bytes) / MIB,
            },
            latency_micros: tally.latencies.summary(),
            failed_latency_micros: tally.failed_latencies.summary(),
            delivery_micros: tally.deliveries.summary(),
            missing_deliveries: finished.missing_deliveries,
            compared: None,
        }
    }

    /// Prints it.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(super) fn print(&self, form: Form, output: &Output) -> Result<(), Failure> {
        match form {
            Form::Json => output.document(self),
            Form::Text => self.print_text(output),
        }
    }

    fn print_text(&self, output: &Output) -> Result<(), Failure> {
        let pen = Pen::new(false, output);
        output.line(self.parameters.words())?;
        output.line("")?;
        output.table(self.counts())?;
        output.line("")?;
        output.table(self.latencies(pen))?;
        if self.requests.failed + self.records.refused > 0 {
            output.line("")?;
            output.table(self.failures())?;
        }
        if let Some(of_most) = self
            .delivery_micros
            .as_ref()
            .or(self.latency_micros.as_ref())
        {
            output.line("")?;
            let lines = draw(&of_most.buckets, pen);
            lines.iter().try_for_each(|line| output.line(line))?;
        }
        if let Some(compared) = &self.compared {
            output.line("")?;
            output.table(compared.table(pen))?;
            if let Some(words) = compared.differing_words() {
                output.line(words)?;
            }
        }
        let never_begun = self.requests.never_begun;
        if never_begun > 0 {
            let rate = self.parameters.rate.unwrap_or_default();
            output.line("")?;
            output.line(format!(
                "{rate} requests/s were too many: {never_begun} that were due never began."
            ))?;
        }
        Ok(())
    }

    fn counts(&self) -> Table {
        let mut table = Table::new(&["", ">ALL", ">A SECOND", ">FAILED"]);
        let rates = &self.per_second;
        let requests = &self.requests;
        let row = |what: &str, all: String, rate: f64, failed: String| {
            [what.to_owned(), all, format!("{rate:.1}"), failed]
        };
        let (succeeded, failed) = (requests.succeeded.to_string(), requests.failed.to_string());
        table.row(row("requests", succeeded, rates.requests, failed));
        let records = &self.records;
        let (succeeded, refused) = (records.succeeded.to_string(), records.refused.to_string());
        table.row(row("records", succeeded, rates.records, refused));
        let mib = format!("{:.1}", self.bytes as f64 / MIB);
        table.row(row("MiB", mib, rates.mebibytes, NONE.to_owned()));
        table
    }

    fn latencies(&self, pen: Pen) -> Table {
        let heads = [
            "LATENCY OF",
            ">MIN",
            ">P50",
            ">P90",
            ">P99",
            ">P99.9",
            ">MAX",
        ];
        let mut table = Table::new(&heads);
        for (what, summary) in [
            ("requests", &self.latency_micros),
            ("failed requests", &self.failed_latency_micros),
            ("deliveries", &self.delivery_micros),
        ] {
            if let Some(summary) = summary {
                let values = [
                    summary.min,
                    summary.p50,
                    summary.p90,
                    summary.p99,
                    summary.p99_9,
                    summary.max,
                ];
                let values = values.map(|micros| plain(shown(micros), pen));
                table.row([what.to_owned()].into_iter().chain(values));
            }
        }
        table
    }

    fn failures(&self) -> Table {
        let mut table = Table::new(&["FAILED", ">COUNT", "CODE", "THE FIRST"]);
        let requests = self.requests.errors.iter().map(|it| ("request", it));
        let records = self.records.errors.iter().map(|it| ("record", it));
        for (what, failed) in requests.chain(records) {
            let count = failed.count.to_string();
            table.row([what, &count, &failed.code, &failed.first]);
        }
        table
    }
}
