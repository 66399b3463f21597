//! Clients that subscribe and never read, beside one that does.

use super::*;
use crate::harness::{in_time, request};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Streams whose subscribers never read, and the number of subscribers of each.
const STREAMS: usize = 2;
const STALLED: usize = 110;
/// Two thirds of a MiB as an event: together they exceed what all events may hold.
const RECORD_BYTES: usize = 500_000;
/// At least this many of them hold what the others wait for.
const CUT_MIN: usize = 20;
/// Receive buffer of a client that never reads.
const RECEIVE_BYTES: u32 = 2048;

/// Subscribes at a record and reads nothing.
async fn stall(address: SocketAddr, arn: &str, number: String) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(RECEIVE_BYTES).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let input = SubscribeToShardInput {
        starting_position: StartingPosition {
            r#type: ShardIteratorType::AtSequenceNumber,
            sequence_number: Some(number),
            timestamp: None,
        },
        ..latest(arn)
    };
    let bytes = request("POST / HTTP/1.1", &HEADERS, &body_of(&input));
    stream.write_all(&bytes).await.unwrap();
    stream
}

impl World {
    async fn put_into(&self, stream: &str, data: &[u8]) -> String {
        let input = PutRecordInput {
            stream_name: Some(stream.to_owned()),
            partition_key: Some("key".to_owned()),
            data: Bytes::copy_from_slice(data),
            ..PutRecordInput::default()
        };
        let put = self.client.call::<PutRecord>(&input).await.unwrap();
        put.sequence_number
    }

    /// Enough subscribers to exhaust the budget, each at a record of its own, so that they share
    /// nothing.
    async fn crowd(&self) -> Vec<TcpStream> {
        let data = vec![7; RECORD_BYTES];
        let mut stalled = Vec::new();
        for stream in 0..STREAMS {
            let stream = format!("stalled-{stream}");
            let create = CreateStreamInput {
                stream_name: stream.clone(),
                shard_count: Some(1),
                ..CreateStreamInput::default()
            };
            self.client.call::<CreateStream>(&create).await.unwrap();
            for place in 0..STALLED {
                let register = RegisterStreamConsumerInput {
                    stream_arn: ARN.replace(STREAM, &stream),
                    consumer_name: format!("c{place}"),
                    ..RegisterStreamConsumerInput::default()
                };
                let registered = self.client.call::<RegisterStreamConsumer>(&register).await;
                let arn = registered.unwrap().consumer.consumer_arn;
                let number = self.put_into(&stream, &data).await;
                stalled.push(stall(self.server.address, &arn, number).await);
            }
        }
        stalled
    }
}

/// Reads to where a connection was cut off: by itself it would last for minutes.
async fn drain(mut stream: TcpStream) {
    // It may end in an error.
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn clients_when_hundreds_never_read_then_one_that_reads_waits_for_nothing() {
    let world = World::start(Limits::default(), Protocol::Json).await;
    let stalled = in_time(world.crowd()).await;
    // No time passes: no stream is cut off.
    let arn = world.consumer("healthy").await;
    let mut healthy = in_time(world.client.subscribe(&latest(&arn)))
        .await
        .unwrap();
    in_time(healthy.next()).await.unwrap().unwrap();
    for bytes in [1, 40_000, 400_000, 900_000, 100] {
        world.put(&vec![1; bytes]).await;
        let event = in_time(healthy.next()).await.unwrap().unwrap();
        assert_eq!(event.records.len(), 1, "{bytes} bytes");
        assert_eq!(event.records[0].data.len(), bytes);
    }
    drop(healthy);
    drop(stalled);
    world.server.stop().await;
}

#[tokio::test]
async fn clients_when_they_never_read_and_others_are_short_then_are_cut_off_within_seconds() {
    let world = World::start(Limits::default(), Protocol::Json).await;
    let stalled = in_time(world.crowd()).await;
    let passing = async {
        for _ in 0..4 {
            world.clock.advance(Duration::from_secs(1));
            for _ in 0..1000 {
                tokio::task::yield_now().await;
            }
        }
    };
    passing.await;
    let mut drained: FuturesUnordered<_> = stalled.into_iter().map(drain).collect();
    let some_end = async {
        for _ in 0..CUT_MIN {
            drained.next().await.unwrap();
        }
    };
    in_time(some_end).await;
    drop(drained);
    world.server.stop().await;
}

#[tokio::test]
async fn client_when_it_never_reads_and_nobody_is_short_then_is_waited_for() {
    let world = World::start(Limits::default(), Protocol::Json).await;
    let arn = world.consumer("slow").await;
    let number = world.put_into(STREAM, &vec![7; RECORD_BYTES]).await;
    let mut slow = stall(world.server.address, &arn, number).await;
    let mut received = Vec::new();
    in_time(slow.read_buf(&mut received)).await.unwrap();
    for _ in 0..50 {
        world.clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    while received.len() < RECORD_BYTES {
        assert!(in_time(slow.read_buf(&mut received)).await.unwrap() > 0);
    }
    drop(slow);
    world.server.stop().await;
}
