//! The latency of fan-out: the time from the producer's response until a record reaches its
//! subscribers.
//!
//! It runs on Millstream alone: one shard, a producer that puts small records with pauses in
//! between, and a number of consumers, each with a subscription over a connection of its own. The
//! consumers share a thread, so with many of them the last one's latency includes the generator's
//! work. The producer has its own thread; otherwise it would see its response only after all
//! consumers have seen the record.

use crate::report::short;
use crate::results::Spread;
use crate::setup;
use anyhow::{Context, ensure};
use millstream_client::types::{ShardIteratorType, StartingPosition};
use millstream_client::{Client, Events, Retries};
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// The numbers of subscribers, measured one after the other.
const SUBSCRIBERS: [usize; 3] = [1, 20, 500];
/// Number of measured records, and of those before them that are not.
const PUTS: usize = 300;
const WARM_UP_PUTS: usize = 20;
/// Pause between two puts, so that each finds all subscribers waiting.
const PAUSE: Duration = Duration::from_millis(5);
const RECORD_BYTES: usize = 100;
/// The only shard.
const SHARD: &str = "shardId-000000000000";
/// Upper bound on the median with one subscriber.
const DUE_MILLIS: f64 = 2.0;

/// The latencies with one number of subscribers, in milliseconds.
#[derive(Clone, Debug)]
pub struct Found {
    subscribers: usize,
    /// Since the producer's acknowledgement; zero if the record arrives before it.
    after_answer: Vec<f64>,
    /// Since the put was sent.
    after_send: Vec<f64>,
}

impl Found {
    /// Since the response: median, 99th percentile and maximum, in milliseconds.
    pub fn quantiles(&self) -> [f64; 3] {
        quantiles(&self.after_answer)
    }
}

/// The arrival of a record: its index among the puts, and the time.
type Receipt = (usize, Instant);

/// Measures all numbers of subscribers on a server, one after the other.
pub async fn measure(address: SocketAddr) -> anyhow::Result<Vec<Found>> {
    let mut all = Vec::new();
    for subscribers in SUBSCRIBERS {
        let stream = format!("fan-out-{subscribers}");
        all.push(measure_one(address, &stream, subscribers).await?);
    }
    Ok(all)
}

/// Measures a number of subscribers to a stream, which it creates.
pub async fn measure_one(
    address: SocketAddr,
    stream: &str,
    subscribers: usize,
) -> anyhow::Result<Found> {
    let client = setup::client(address).build()?;
    client.create_stream(stream).shard_count(1).await?;
    let arn = arn(&client, stream).await?;
    let (told, mut receipts) = mpsc::channel(subscribers * 4);
    let mut tasks = tokio::task::JoinSet::new();
    for place in 0..subscribers {
        let events = subscribe(&client, &arn, place).await?;
        tasks.spawn(receive(events, told.clone()));
    }
    let producer = Producer::start(address, stream.to_owned());
    let mut sent = Vec::new();
    let mut latencies = (Vec::new(), Vec::new());
    for place in 0..WARM_UP_PUTS + PUTS {
        sent.push(producer.put(place).await?);
        for _ in 0..subscribers {
            let (place, received) = receipts.recv().await.context("a subscription ended")?;
            let (begun, answered) = sent[place];
            if place >= WARM_UP_PUTS {
                latencies
                    .0
                    .push(millis(received.saturating_duration_since(answered)));
                latencies
                    .1
                    .push(millis(received.saturating_duration_since(begun)));
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    tasks.abort_all();
    let (after_answer, after_send) = latencies;
    Ok(Found {
        subscribers,
        after_answer,
        after_send,
    })
}

/// A producer in a thread of its own.
struct Producer {
    orders: mpsc::Sender<(usize, oneshot::Sender<anyhow::Result<Sent>>)>,
}

/// The times at which a put was sent and answered.
type Sent = (Instant, Instant);

impl Producer {
    fn start(address: SocketAddr, stream: String) -> Self {
        let (orders, mut ordered) = mpsc::channel::<(_, oneshot::Sender<_>)>(1);
        let work = async move {
            // A put that is tried again would hide what it took.
            let client = setup::client(address).retries(Retries::none()).build()?;
            while let Some((place, answer)) = ordered.recv().await {
                // The receiver is gone only if the whole measurement has failed.
                let _ = answer.send(put(&client, &stream, place).await);
            }
            Ok(())
        };
        std::thread::spawn(move || crate::on_one_thread(work));
        Self { orders }
    }

    async fn put(&self, place: usize) -> anyhow::Result<Sent> {
        let (answer, answered) = oneshot::channel();
        let order = self.orders.send((place, answer)).await;
        order.ok().context("the producer has ended")?;
        answered.await?
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The ARN of a stream, once it is active.
pub async fn arn(client: &Client, stream: &str) -> anyhow::Result<String> {
    let stream = client.wait_until_stream_exists(stream).await?;
    Ok(stream.stream_arn)
}

/// Registers a consumer, and waits until its subscription has started.
async fn subscribe(client: &Client, stream_arn: &str, place: usize) -> anyhow::Result<Events> {
    let name = format!("consumer-{place}");
    let registered = client.register_stream_consumer(stream_arn, name).await?;
    let latest = StartingPosition {
        r#type: ShardIteratorType::Latest,
        sequence_number: None,
        timestamp: None,
    };
    let arn = registered.consumer.consumer_arn;
    client.wait_until_consumer_active(&arn).await?;
    let call = client.subscribe_to_shard(arn, SHARD, latest);
    let mut events = call.subscribe().await?;
    let first = events.next().await?.context("the subscription ended")?;
    ensure!(first.records.is_empty(), "there are no records yet");
    Ok(events)
}

async fn receive(mut events: Events, told: mpsc::Sender<Receipt>) -> anyhow::Result<()> {
    while let Some(event) = events.next().await? {
        let received = Instant::now();
        for record in event.records {
            let (place, _) = record.data.split_first_chunk().context("a place")?;
            let place = usize::try_from(u64::from_be_bytes(*place))?;
            told.send((place, received)).await?;
        }
    }
    Ok(())
}

async fn put(client: &Client, stream: &str, place: usize) -> anyhow::Result<Sent> {
    let mut data = vec![b'x'; RECORD_BYTES];
    data[..8].copy_from_slice(&(place as u64).to_be_bytes());
    let put = client.put_record(stream, data).partition_key("key");
    let begun = Instant::now();
    put.await?;
    Ok((begun, Instant::now()))
}

/// The table in Markdown.
pub fn table(all: &[Found]) -> String {
    let mut out = String::new();
    write_table(&mut out, all).expect("a string can be written to");
    out
}

fn write_table(out: &mut String, all: &[Found]) -> std::fmt::Result {
    writeln!(
        out,
        "| subscribers | events | after the answer: median ms | 99 % | most | after sending: median ms | 99 % | met |\n\
         |---|---|---|---|---|---|---|---|"
    )?;
    for found in all {
        let [median, late, most] = found.quantiles();
        let [median_sent, late_sent, _] = quantiles(&found.after_send);
        let met = match found.subscribers {
            1 if median < DUE_MILLIS => "yes",
            1 => "**no**",
            _ => "",
        };
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {met} |",
            found.subscribers,
            found.after_answer.len(),
            short(median),
            short(late),
            short(most),
            short(median_sent),
            short(late_sent),
        )?;
    }
    Ok(())
}

/// Median, 99th percentile and maximum.
fn quantiles(millis: &[f64]) -> [f64; 3] {
    let mut sorted = millis.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(spread) = Spread::of(sorted.iter().copied()) else {
        return [f64::NAN; 3];
    };
    let late = sorted.get(sorted.len() * 99 / 100).copied();
    [spread.median, late.unwrap_or(spread.max), spread.max]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_when_written_then_has_a_row_for_each_number_and_says_what_was_met() {
        let found = |subscribers, millis: f64| Found {
            subscribers,
            after_answer: vec![millis; 4],
            after_send: vec![millis * 2.0; 4],
        };
        let table = table(&[found(1, 0.25), found(20, 5.0)]);
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| 1 | 4 | 0.250 | 0.250 | 0.250 | 0.500 | 0.500 | yes |",
                "| 20 | 4 | 5.00 | 5.00 | 5.00 | 10.0 | 10.0 |  |",
            ]
        );
    }
}
