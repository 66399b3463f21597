//! The effect of stalled subscribers on the latency of another one.
//!
//! A subscription as in [`fan_out`](crate::fan_out), once alone and once beside many whose clients
//! have small receive buffers and never read, with more data than the server may buffer for them.
//! When the server disconnects them, they do not reconnect.

use crate::fan_out::{self, Found};
use crate::report::short;
use crate::server::Server;
use crate::setup;
use anyhow::Context;
use millstream_client::Client;
use millstream_client::operations::SubscribeToShardInput;
use millstream_client::types::{ShardIteratorType, StartingPosition};
use std::fmt::Write;
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

const STREAMS: usize = 5;
const SHARDS: usize = 20;
/// Stalled consumers of each stream; each subscribes to all of its shards.
const CONSUMERS: usize = 20;
const RECORDS: usize = 3;
const RECORD_BYTES: usize = 800_000;
const RECEIVE_BYTES: u32 = 2048;
/// Upper bound on the median, as a multiple of the median alone.
const DUE: f64 = 1.2;

/// The latencies: alone, then beside the others.
#[derive(Debug)]
pub struct Beside {
    alone: (Found, u64),
    beside: (Found, u64),
}

/// Measures a server.
pub async fn measure(server: &Server) -> anyhow::Result<Beside> {
    let address = server.address;
    let alone = fan_out::measure_one(address, "alone", 1).await?;
    let alone = (alone, resident_mib(server)?);
    let stalled = stall(address).await?;
    let beside = fan_out::measure_one(address, "beside", 1).await?;
    let beside = (beside, resident_mib(server)?);
    drop(stalled);
    Ok(Beside { alone, beside })
}

/// Creates the streams, and subscribes without ever reading.
async fn stall(address: SocketAddr) -> anyhow::Result<Vec<TcpStream>> {
    let client = setup::client(address).build()?;
    let mut stalled = Vec::new();
    for stream in 0..STREAMS {
        let stream = format!("stalled-{stream}");
        let stream_arn = fill(&client, &stream).await?;
        for consumer in 0..CONSUMERS {
            let name = format!("consumer-{consumer}");
            let registered = client.register_stream_consumer(&stream_arn, name).await?;
            let arn = registered.consumer.consumer_arn;
            client.wait_until_consumer_active(&arn).await?;
            for shard in 0..SHARDS {
                stalled.push(subscribe(address, &arn, shard).await?);
            }
        }
    }
    Ok(stalled)
}

/// Creates a stream with records in each shard. Returns its ARN.
async fn fill(client: &Client, stream: &str) -> anyhow::Result<String> {
    let shards = i32::try_from(SHARDS)?;
    client.create_stream(stream).shard_count(shards).await?;
    let arn = fan_out::arn(client, stream).await?;
    for shard in 0..SHARDS {
        let hash_key = u128::MAX / SHARDS as u128 * shard as u128 + u128::from(u64::MAX);
        for _ in 0..RECORDS {
            client
                .put_record(stream, vec![b'x'; RECORD_BYTES])
                .partition_key("key")
                .explicit_hash_key(hash_key.to_string())
                .await?;
        }
    }
    Ok(arn)
}

/// Subscribes over a socket of its own: the client sets no receive buffer, and always reads.
async fn subscribe(address: SocketAddr, arn: &str, shard: usize) -> anyhow::Result<TcpStream> {
    let input = SubscribeToShardInput {
        consumer_arn: arn.to_owned(),
        shard_id: format!("shardId-{shard:012}"),
        starting_position: StartingPosition {
            r#type: ShardIteratorType::TrimHorizon,
            sequence_number: None,
            timestamp: None,
        },
        stream_id: None,
        dry_run: None,
    };
    let mut body = Vec::new();
    millstream_protocol::encode(millstream_protocol::Protocol::Json, &input, &mut body);
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: Kinesis_20131202.SubscribeToShard\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BYTES)?;
    let mut stream = socket.connect(address).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await?;
    Ok(stream)
}

/// The server's resident memory.
fn resident_mib(server: &Server) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: u64 = kib
        .context("the kernel says how much is resident")?
        .parse()?;
    Ok(kib / 1024)
}

/// The table, and the ratio of the medians.
pub fn table(found: &Beside) -> String {
    let mut out = String::from(
        "| stalled subscribers | after the answer: median ms | 99 % | most | resident MiB |\n\
         |---|---|---|---|---|\n",
    );
    let mut medians = Vec::new();
    for (stalled, (found, resident)) in [
        (0, &found.alone),
        (STREAMS * SHARDS * CONSUMERS, &found.beside),
    ] {
        let [median, late, most] = found.quantiles();
        medians.push(median);
        writeln!(
            out,
            "| {stalled} | {} | {} | {} | {resident} |",
            short(median),
            short(late),
            short(most)
        )
        .expect("a string can be written to");
    }
    // Events that arrive before the put's response have a latency of zero, of which there is no
    // multiple.
    let [alone, beside] = [medians[0], medians[1]];
    let met = match beside <= alone * DUE {
        true => "met",
        false => "**not met**",
    };
    let (alone, beside) = (short(alone), short(beside));
    out += &format!("\nthe median is {beside} ms, and {alone} ms alone: {met}\n");
    out
}
