//! Overload: how much is still done when more is asked for than there is capacity, and what a quiet
//! client notices of a hot shard and of a hot account.
//!
//! **Goodput**: closed loops with more and more connections, of which those with the best rate of
//! answers with status 200 are the capacity; then they, twice and ten times as many ask in turns.
//! **Neighbours**: a producer with a steady rate far below its limit, in turns alone, beside
//! clients that put ten times what another shard allows, and beside the same from another account.
//! AWS's limits are on, so that most of what the hot clients send is refused.

use crate::connection::Connection;
use crate::load::{self, Measured, Source, Span, Target};
use crate::report::short;
use crate::requests::{self, Body};
use crate::server::Server;
use crate::setup::{self, Setup, Streams};
use crate::signer::{Head, Signer};
use crate::workload::{Operation, Protocol, Workload};
use anyhow::{Context, ensure};
use hdrhistogram::Histogram;
use millstream_client::Credentials;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Connections among which the best rate is looked for.
const CONNECTIONS: [usize; 5] = [8, 16, 32, 64, 128];
/// Multiples of the best number that then ask in turns, and how often.
const FACTORS: [usize; 3] = [1, 2, 10];
const GOODPUT_ROUNDS: usize = 5;
const SPAN: Span = Span {
    warm_up: Duration::from_millis(500),
    measured: Duration::from_secs(2),
};
/// Required share of the best rate under overload.
const GOODPUT_DUE: f64 = 0.9;

/// Rounds of the three turns, and their duration.
const ROUNDS: usize = 8;
const TURN: Duration = Duration::from_secs(4);
/// Requests a second of the quiet producer, a tenth of its shard's limit.
const QUIET_RATE: u32 = 100;
/// Requests a second of the hot ones: ten times what their shard allows.
const HOT_RATE: u32 = 10_000;
const HOT_CONNECTIONS: u32 = 16;
const RECORD_BYTES: usize = 100;
/// Upper bound on the quiet producer's 99th percentile, as a multiple of the one alone.
const NEIGHBOUR_DUE: f64 = 1.2;
const QUIET_ACCOUNT: &str = "111111111111";
const HOT_ACCOUNT: &str = "222222222222";
/// Latencies are recorded up to a minute.
const LATENCY_NANOS_MAX: u64 = 60_000_000_000;

/// The rate at a number of connections.
#[derive(Debug)]
struct Goodput {
    connections: usize,
    rate: f64,
    errors: u64,
    late_millis: f64,
}

/// Rates of one kind of request: in each round at the capacity, and at its multiples.
#[derive(Debug)]
pub struct Rates {
    title: &'static str,
    rounds: Vec<Vec<Goodput>>,
}

/// Measures the rates of small and large requests.
pub async fn goodput(server: &Server) -> anyhow::Result<Vec<Rates>> {
    let workload = |batch, record_size| Workload {
        operation: match batch {
            1 => Operation::PutRecord,
            _ => Operation::PutRecords,
        },
        protocol: Protocol::Json,
        record_size,
        batch,
        connections: 1,
        shards: 4,
    };
    let mut all = Vec::new();
    for (title, workload) in [
        ("PutRecord 100 B", workload(1, 100)),
        ("PutRecords 100 × 10 KiB", workload(100, 10 * 1024)),
    ] {
        let mut tried = Vec::new();
        for connections in CONNECTIONS {
            tried.push(rate(server, workload, connections).await?);
        }
        let best = best(&tried).context("there are rates")?.connections;
        let mut rounds = Vec::new();
        for _ in 0..GOODPUT_ROUNDS {
            let mut round = Vec::new();
            for factor in FACTORS {
                round.push(rate(server, workload, factor * best).await?);
            }
            rounds.push(round);
        }
        all.push(Rates { title, rounds });
    }
    Ok(all)
}

fn best(rates: &[Goodput]) -> Option<&Goodput> {
    rates.iter().max_by(|a, b| a.rate.total_cmp(&b.rate))
}

async fn rate(server: &Server, workload: Workload, connections: usize) -> anyhow::Result<Goodput> {
    let workload = Workload {
        connections,
        ..workload
    };
    let sources: Vec<Source> = Setup::new(server.address, Streams::Plain)?
        .prepare(&workload)
        .await?;
    let target = Target {
        address: server.address,
        process: None,
    };
    let measured: Measured = load::run(&target, &workload, sources, SPAN).await?;
    Ok(Goodput {
        connections,
        rate: measured.rate(),
        errors: measured.errors,
        late_millis: measured.latency_millis(0.99),
    })
}

/// Latencies of the quiet producer, in nanoseconds: alone, beside a hot shard, beside a hot
/// account.
#[derive(Debug)]
pub struct Neighbours {
    alone: Histogram<u64>,
    beside_shard: Histogram<u64>,
    beside_account: Histogram<u64>,
    hot_served: u64,
    hot_refused: u64,
}

/// Measures what the quiet producer notices.
pub async fn neighbours(server: &Server) -> anyhow::Result<Neighbours> {
    let address = server.address;
    create(address, QUIET_ACCOUNT, "quiet").await?;
    create(address, QUIET_ACCOUNT, "hot").await?;
    create(address, HOT_ACCOUNT, "hot").await?;
    let mut found = Neighbours {
        alone: histogram(),
        beside_shard: histogram(),
        beside_account: histogram(),
        hot_served: 0,
        hot_refused: 0,
    };
    for _ in 0..ROUNDS {
        let alone = quiet(address).run(TURN).await?;
        found.alone.add(alone.latencies)?;
        for account in [QUIET_ACCOUNT, HOT_ACCOUNT] {
            let hot = (0..HOT_CONNECTIONS).map(|place| {
                let hot = Paced::new(address, account, "hot", HOT_RATE / HOT_CONNECTIONS);
                tokio::spawn(hot.begun_after(place).run(TURN))
            });
            let hot: Vec<_> = hot.collect();
            let beside = quiet(address).run(TURN).await?;
            for hot in hot {
                let hot = hot.await.context("a hot client panicked")??;
                found.hot_served += hot.latencies.len();
                found.hot_refused += hot.refused;
            }
            match account {
                QUIET_ACCOUNT => found.beside_shard.add(beside.latencies)?,
                _ => found.beside_account.add(beside.latencies)?,
            }
        }
    }
    Ok(found)
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_NANOS_MAX, 3).expect("the bounds are good")
}

fn quiet(address: SocketAddr) -> Paced {
    Paced::new(address, QUIET_ACCOUNT, "quiet", QUIET_RATE)
}

async fn create(address: SocketAddr, account: &str, stream: &str) -> anyhow::Result<()> {
    let credentials = Credentials::new(account, "secret", None);
    let client = setup::client(address).credentials(credentials).build()?;
    client.create_stream(stream).shard_count(1).await?;
    client.wait_until_stream_exists(stream).await?;
    Ok(())
}

/// A connection that puts records at a steady rate, whatever becomes of them. A latency counts from
/// when the put was due, so that none is hidden by a late one before it.
struct Paced {
    connection: Connection,
    signer: Signer,
    head: Head,
    bodies: Arc<[Body]>,
    every: Duration,
    delay: Duration,
}

/// What became of a connection's puts.
struct Outcome {
    latencies: Histogram<u64>,
    refused: u64,
}

impl Paced {
    fn new(address: SocketAddr, account: &str, stream: &str, per_second: u32) -> Self {
        let workload = Workload {
            operation: Operation::PutRecord,
            protocol: Protocol::Json,
            record_size: RECORD_BYTES,
            batch: 1,
            connections: 1,
            shards: 1,
        };
        let prefix = millstream_protocol::TARGET_PREFIX;
        Self {
            connection: Connection::new(address),
            signer: Signer::of(account),
            head: Head {
                host: address.to_string(),
                content_type: millstream_protocol::Protocol::Json.content_type(),
                target: format!("{prefix}.PutRecord"),
            },
            bodies: requests::pool(&workload, stream),
            every: Duration::from_secs(1) / per_second,
            delay: Duration::ZERO,
        }
    }

    /// The same, its puts between those of others.
    fn begun_after(self, place: u32) -> Self {
        let delay = self.every * place / HOT_CONNECTIONS;
        Self { delay, ..self }
    }

    async fn run(mut self, lasts: Duration) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome {
            latencies: histogram(),
            refused: 0,
        };
        let begun = Instant::now() + self.delay;
        let mut buffer = Vec::new();
        for place in 0_u32.. {
            let due = begun + self.every * place;
            if due >= begun + lasts {
                break;
            }
            tokio::time::sleep_until(due.into()).await;
            let body = &self.bodies[place as usize % self.bodies.len()];
            buffer.clear();
            let covered = (&body.hash, body.bytes.len());
            self.signer
                .write_head(&self.head, covered, SystemTime::now(), &mut buffer);
            let answer = self.connection.call(&mut buffer, &body.bytes).await?;
            match answer.status {
                200 => {
                    let nanos = u64::try_from(due.elapsed().as_nanos())?;
                    outcome.latencies.saturating_record(nanos);
                }
                400 => outcome.refused += 1,
                status => anyhow::bail!("{status}: {}", String::from_utf8_lossy(answer.body)),
            }
        }
        ensure!(!outcome.latencies.is_empty(), "nothing was served");
        Ok(outcome)
    }
}

/// Both tables in Markdown.
pub fn table(rates: &[Rates], neighbours: &Neighbours) -> String {
    let mut out = String::new();
    write_tables(&mut out, rates, neighbours).expect("a string can be written to");
    out
}

fn write_tables(out: &mut String, rates: &[Rates], neighbours: &Neighbours) -> std::fmt::Result {
    writeln!(
        out,
        "| requests | connections | answered 200, per second | of the capacity | refused | 99 % ms | due |\n\
         |---|---|---|---|---|---|---|"
    )?;
    for Rates { title, rounds } in rates {
        for (place, factor) in FACTORS.iter().enumerate() {
            let turns = || {
                rounds
                    .iter()
                    .filter_map(|round| round.get(place).zip(round.first()))
            };
            let rate = median(turns().map(|(turn, _)| turn.rate));
            let ratio = median(turns().map(|(turn, capacity)| turn.rate / capacity.rate));
            let late = median(turns().map(|(turn, _)| turn.late_millis));
            let errors: u64 = turns().map(|(turn, _)| turn.errors).sum();
            let connections = turns().next().map_or(0, |(turn, _)| turn.connections);
            let due = match (factor, ratio >= GOODPUT_DUE) {
                (1, _) => "",
                (_, true) => "met",
                (_, false) => "**not met**",
            };
            writeln!(
                out,
                "| {title} | {connections} | {rate:.0} | {ratio:.2} | {errors} | {} | {due} |",
                short(late)
            )?;
        }
    }
    let alone = late(&neighbours.alone);
    writeln!(
        out,
        "\n| a quiet producer | puts | median ms | 99 % ms | of alone | due |\n|---|---|---|---|---|---|"
    )?;
    for (title, found) in [
        ("alone", &neighbours.alone),
        (
            "beside a hot shard of its account",
            &neighbours.beside_shard,
        ),
        ("beside a hot account", &neighbours.beside_account),
    ] {
        let due = match (title, late(found) / alone < NEIGHBOUR_DUE) {
            ("alone", _) => "",
            (_, true) => "met",
            (_, false) => "**not met**",
        };
        writeln!(
            out,
            "| {title} | {} | {} | {} | {:.2} | {due} |",
            found.len(),
            short(millis(found, 0.5)),
            short(late(found)),
            late(found) / alone,
        )?;
    }
    writeln!(
        out,
        "\nof the hot clients' puts {} were served and {} refused",
        neighbours.hot_served, neighbours.hot_refused
    )
}

fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = of.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn late(of: &Histogram<u64>) -> f64 {
    millis(of, 0.99)
}

fn millis(of: &Histogram<u64>, quantile: f64) -> f64 {
    of.value_at_quantile(quantile) as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_when_written_then_says_what_was_met() {
        let goodput = |connections, rate| Goodput {
            connections,
            rate,
            errors: 0,
            late_millis: 1.0,
        };
        let rates = Rates {
            title: "PutRecord",
            rounds: vec![
                vec![goodput(8, 100.0), goodput(16, 95.0), goodput(80, 80.0)],
                vec![goodput(8, 50.0), goodput(16, 45.0), goodput(80, 40.0)],
                vec![goodput(8, 10.0), goodput(16, 1.0), goodput(80, 10.0)],
            ],
        };
        let histogram = |nanos: u64| {
            let mut found = histogram();
            found.saturating_record(nanos);
            found
        };
        let neighbours = Neighbours {
            alone: histogram(1_000_000),
            beside_shard: histogram(1_100_000),
            beside_account: histogram(1_300_000),
            hot_served: 1,
            hot_refused: 9,
        };
        let table = table(&[rates], &neighbours);
        let ends: Vec<&str> = table
            .lines()
            .filter(|line| line.starts_with("| ") && !line.contains("ms |"))
            .map(|line| line.rsplit("| ").next().unwrap_or_default())
            .collect();
        let expected = [
            " |",
            "met |",
            "**not met** |",
            " |",
            "met |",
            "**not met** |",
        ];
        assert_eq!(ends.len(), expected.len(), "{table}");
        for (end, expected) in ends.iter().zip(expected) {
            assert_eq!(end.trim(), expected.trim(), "{table}");
        }
    }
}
