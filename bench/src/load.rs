//! The load generator: a closed loop over many connections, on the calling thread alone.
//!
//! Requests are encoded and hashed ahead, and sent by a [`Connection`] of the bench's own, so that
//! the generator costs less than the server. `millstream bench` is the load generator for users,
//! which stands on the client and also has an open loop.
//!
//! Each connection sends its next request when the last one is answered. Requests that begin after
//! the warm-up are counted. The clock stops when the last of them is answered, so that none in
//! flight is lost or counted early.

use crate::connection::Connection;
use crate::requests::{self, Body};
use crate::signer::{Head, Signer};
use crate::usage;
use crate::workload::{Operation, Workload};
use anyhow::Context;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Latencies are recorded with three significant digits, up to a minute.
const LATENCY_NANOS_MAX: u64 = 60_000_000_000;

/// The duration of a load.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// The warm-up, which is not counted.
    pub warm_up: Duration,
    /// The measured time.
    pub measured: Duration,
}

/// The server under load.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its address.
    pub address: SocketAddr,
    /// Its process, whose processor time is measured.
    pub process: Option<u32>,
}

/// The requests of a connection.
#[derive(Clone, Debug)]
pub enum Source {
    /// These bodies, round-robin.
    Puts(Arc<[Body]>),
    /// The records at this iterator, repeatedly.
    Tail(Body),
    /// All records from this iterator to the end, repeatedly.
    Walk(Body),
}

impl Source {
    /// The first read.
    pub fn first_read(&self) -> anyhow::Result<Body> {
        match self {
            Self::Puts(_) => anyhow::bail!("only reads have answers to prepare"),
            Self::Tail(body) | Self::Walk(body) => Ok(body.clone()),
        }
    }

    /// The next request of a walk after a response, unless that was the last.
    pub fn next_read(&self, workload: &Workload, answer: &[u8]) -> anyhow::Result<Option<Body>> {
        match self {
            Self::Puts(_) | Self::Tail(_) => Ok(None),
            Self::Walk(_) => {
                let next = requests::next_iterator(answer).context("no next iterator")?;
                let is_full = answer.len() >= workload.request_bytes();
                Ok(is_full.then(|| requests::get(workload, next)))
            }
        }
    }
}

/// The result of a load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Successful requests.
    pub requests: u64,
    /// Successful requests of the warm-up, of which nothing else is recorded.
    pub warm_up_requests: u64,
    /// Requests that failed, entirely or in part.
    pub errors: u64,
    /// The first failure's text.
    pub first_error: Option<String>,
    /// Seconds until the last of them was answered.
    pub seconds: f64,
    /// Bytes of all response bodies.
    pub answer_bytes: u64,
    /// Processor time of the server per request in microseconds, if its process is known.
    pub server_micros: Option<f64>,
    /// The same over the whole turn, including the warm-up and background work until the server is
    /// idle again, if the load waited for that.
    pub whole_turn: Option<WholeTurn>,
    /// Processor time of the generator per request in microseconds.
    pub client_micros: f64,
    /// Latencies in nanoseconds at [`QUANTILES`].
    pub latency_nanos: Vec<u64>,
}

/// A server's work from the beginning of a turn until it is idle again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WholeTurn {
    /// Successful requests, including those of the warm-up.
    pub requests: u64,
    /// Processor time of the server in microseconds.
    pub server_micros: f64,
}

/// The recorded quantiles of the latencies.
pub const QUANTILES: [f64; 12] = [
    0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1.0,
];

impl Measured {
    /// Requests per second.
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// The latency at one of [`QUANTILES`], in milliseconds.
    pub fn latency_millis(&self, quantile: f64) -> f64 {
        let index = QUANTILES.iter().position(|known| *known >= quantile);
        let nanos = index.and_then(|index| self.latency_nanos.get(index));
        nanos.map_or(f64::NAN, |nanos| *nanos as f64 / 1e6)
    }
}

/// The counters of one connection.
pub(crate) struct Tally {
    begin: Instant,
    warm_up_requests: u64,
    latencies: Histogram<u64>,
    errors: u64,
    first_error: Option<String>,
    answer_bytes: u64,
    last: Instant,
}

impl Tally {
    pub(crate) fn new(begin: Instant) -> Self {
        let latencies = Histogram::new_with_bounds(1, LATENCY_NANOS_MAX, 3);
        Self {
            begin,
            warm_up_requests: 0,
            latencies: latencies.expect("the bounds are good"),
            errors: 0,
            first_error: None,
            answer_bytes: 0,
            last: begin,
        }
    }

    /// Records the result of a request; for one of the warm-up, only that it was answered.
    pub(crate) fn note(&mut self, begun: Instant, outcome: anyhow::Result<u64>) {
        if begun < self.begin {
            self.warm_up_requests += u64::from(outcome.is_ok());
            return;
        }
        self.last = Instant::now();
        match outcome {
            Ok(bytes) => {
                let nanos = u64::try_from((self.last - begun).as_nanos()).unwrap_or(u64::MAX);
                self.latencies.saturating_record(nanos);
                self.answer_bytes += bytes;
            }
            Err(error) => {
                self.errors += 1;
                self.first_error.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }

    fn join(&mut self, other: Self) {
        self.latencies
            .add(other.latencies)
            .expect("both have the same bounds");
        self.warm_up_requests += other.warm_up_requests;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
        self.answer_bytes += other.answer_bytes;
        self.last = self.last.max(other.last);
    }
}

/// The time span in which requests are counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) begin: Instant,
    pub(crate) end: Instant,
}

impl Window {
    pub(crate) fn new(span: Span) -> Self {
        let begin = Instant::now() + span.warm_up;
        let end = begin + span.measured;
        Self { begin, end }
    }

    /// Whether to stop: the time is up, and at least one request was counted, however slow the
    /// server is.
    pub(crate) fn is_over(&self, now: Instant, tally: &Tally) -> bool {
        let has_counted = !tally.latencies.is_empty() || tally.errors > 0;
        now >= self.end && has_counted
    }
}

/// Runs a load on an idle server, and waits until it is idle again.
pub async fn until_quiet(
    process: u32,
    load: impl Future<Output = anyhow::Result<Measured>>,
) -> anyhow::Result<Measured> {
    let before = usage::settle(process).await;
    let mut measured = load.await?;
    let used = usage::settle(process).await.saturating_sub(before);
    measured.whole_turn = Some(WholeTurn {
        requests: measured.warm_up_requests + measured.requests,
        server_micros: used.as_secs_f64() * 1e6,
    });
    Ok(measured)
}

/// Runs a load with one connection per source.
pub async fn run(
    target: &Target,
    workload: &Workload,
    sources: Vec<Source>,
    span: Span,
) -> anyhow::Result<Measured> {
    let window = Window::new(span);
    let workers = sources.into_iter().map(|source| {
        let worker = Worker::new(target.address, workload, source);
        tokio::spawn(worker.run(window))
    });
    let workers: Vec<_> = workers.collect();
    collect(target.process, window, workers).await
}

/// Waits for the workers, and measures processor time meanwhile.
pub(crate) async fn collect(
    process: Option<u32>,
    window: Window,
    workers: Vec<tokio::task::JoinHandle<Tally>>,
) -> anyhow::Result<Measured> {
    tokio::time::sleep_until(window.begin.into()).await;
    let server = process.map(usage::processor_time);
    let own = usage::own_processor_time();
    let mut sum = Tally::new(window.begin);
    for worker in workers {
        sum.join(worker.await.context("a connection's task panicked")?);
    }
    let own = usage::own_processor_time().saturating_sub(own);
    let server = process
        .zip(server)
        .map(|(process, before)| usage::processor_time(process).saturating_sub(before));
    let requests = sum.latencies.len();
    let each = |time: Duration| time.as_secs_f64() * 1e6 / requests.max(1) as f64;
    let quantiles = QUANTILES.iter();
    Ok(Measured {
        requests,
        warm_up_requests: sum.warm_up_requests,
        errors: sum.errors,
        first_error: sum.first_error,
        seconds: (sum.last - window.begin).as_secs_f64(),
        answer_bytes: sum.answer_bytes,
        server_micros: server.map(each),
        whole_turn: None,
        client_micros: each(own),
        latency_nanos: quantiles
            .map(|quantile| sum.latencies.value_at_quantile(*quantile))
            .collect(),
    })
}

/// One connection and its source.
struct Worker {
    connection: Connection,
    signer: Signer,
    head: Head,
    workload: Workload,
    source: Source,
    next: usize,
    /// The position of a walk; `None` at its beginning.
    position: Option<Body>,
    buffer: Vec<u8>,
}

impl Worker {
    fn new(address: SocketAddr, workload: &Workload, source: Source) -> Self {
        let protocol = millstream_protocol::Protocol::from(workload.protocol);
        Self {
            connection: Connection::new(address),
            signer: Signer::new(),
            head: Head {
                host: address.to_string(),
                content_type: protocol.content_type(),
                target: format!(
                    "{}.{}",
                    millstream_protocol::TARGET_PREFIX,
                    workload.operation.name()
                ),
            },
            workload: *workload,
            source,
            next: fastrand::usize(..1024),
            position: None,
            buffer: Vec::new(),
        }
    }

    async fn run(mut self, window: Window) -> Tally {
        let mut tally = Tally::new(window.begin);
        loop {
            let begun = Instant::now();
            if window.is_over(begun, &tally) {
                return tally;
            }
            let outcome = self.ask().await;
            let failed = outcome.is_err();
            tally.note(begun, outcome);
            if failed {
                // A server that refuses everything must not make the generator spin.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    async fn ask(&mut self) -> anyhow::Result<u64> {
        let body = match &self.source {
            Source::Puts(pool) => {
                self.next += 1;
                &pool[self.next % pool.len()]
            }
            Source::Tail(body) => body,
            Source::Walk(first) => self.position.as_ref().unwrap_or(first),
        };
        self.buffer.clear();
        let covered = (&body.hash, body.bytes.len());
        self.signer
            .write_head(&self.head, covered, SystemTime::now(), &mut self.buffer);
        let answer = self.connection.call(&mut self.buffer, &body.bytes).await?;
        if answer.status != 200 {
            let text = String::from_utf8_lossy(answer.body);
            anyhow::bail!("{}: {text}", answer.status);
        }
        match self.workload.operation {
            Operation::PutRecord | Operation::GetRecordsAtTail => (),
            Operation::PutRecords => {
                anyhow::ensure!(!requests::says_failed(answer.body), "records were refused");
            }
            Operation::GetRecordsCold => {
                self.position = self.source.next_read(&self.workload, answer.body)?;
            }
        }
        Ok(answer.body.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_when_joined_then_add_up_and_keep_the_first_failure() {
        let begin = Instant::now();
        let (mut one, mut other) = (Tally::new(begin), Tally::new(begin));
        one.note(begin - Duration::from_millis(1), Ok(7));
        one.note(begin, Ok(10));
        other.note(begin, Ok(5));
        other.note(begin, Err(anyhow::anyhow!("refused")));
        other.note(begin, Err(anyhow::anyhow!("again")));
        let last = other.last;
        one.join(other);
        assert_eq!(
            (one.latencies.len(), one.errors, one.answer_bytes),
            (2, 2, 15)
        );
        assert_eq!(one.first_error.as_deref(), Some("refused"));
        assert_eq!((one.last, one.warm_up_requests), (last, 1));
    }
}
