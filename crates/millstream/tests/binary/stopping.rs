//! A server is told to stop while thousands of clients are using it: it shuts down gracefully and
//! at once, and everything acknowledged is kept.

use crate::calls::{client, connect, head, iterator, send, status};
use crate::lifecycle::dev;
use crate::process::{Running, Stopped, millstream};
use bytes::Bytes;
use millstream_protocol::operations::*;
use millstream_protocol::types::ConsumerStatus;
use rustix::process::Signal;
use std::io::Write;
use std::net::TcpStream;

/// Streams, shards of each, and consumers of each; every consumer subscribes to every shard.
const STREAMS: usize = 5;
const SHARDS: usize = 20;
const CONSUMERS: usize = 20;
/// Clients that send half of a body, and clients that do not read their response.
const HALVES: usize = 50;
const UNREAD: usize = 10;
/// A response with all these records exceeds what the system buffers for a connection.
const RECORDS: usize = 10;
const RECORD_BYTES: usize = 1_000_000;

fn stream_name(number: usize) -> String {
    format!("stream-{number}")
}

/// Registers the consumers of a stream; returns their ARNs.
async fn register(url: &str, stream: usize) -> Vec<String> {
    let client = client(url);
    let describe = DescribeStreamSummaryInput {
        stream_name: Some(stream_name(stream)),
        ..DescribeStreamSummaryInput::default()
    };
    let described = client
        .call::<DescribeStreamSummary>(&describe)
        .await
        .unwrap();
    let stream_arn = described.stream_description_summary.stream_arn;
    let mut arns = Vec::new();
    for number in 0..CONSUMERS {
        let register = RegisterStreamConsumerInput {
            stream_arn: stream_arn.clone(),
            consumer_name: format!("consumer-{number}"),
            ..RegisterStreamConsumerInput::default()
        };
        let registered = client
            .call::<RegisterStreamConsumer>(&register)
            .await
            .unwrap();
        let consumer = registered.consumer;
        assert_ne!(consumer.consumer_status, ConsumerStatus::Deleting);
        arns.push(consumer.consumer_arn);
    }
    arns
}

/// Starts a subscription, and reads only its head.
fn subscribe(url: &str, consumer: &str, shard: usize) -> TcpStream {
    let mut stream = connect(url);
    let body = format!(
        r#"{{"ConsumerARN":"{consumer}","ShardId":"shardId-{shard:012}","StartingPosition":{{"Type":"TRIM_HORIZON"}}}}"#
    );
    send(&mut stream, "SubscribeToShard", &body);
    assert_eq!(status(&mut stream), "200");
    stream
}

/// Starts a request and sends half of its body.
fn send_half(url: &str) -> TcpStream {
    let mut stream = connect(url);
    let head = head("ListStreams", 2);
    let (rest, blank) = head.split_at(head.len() - 2);
    let request = format!("{rest}expect: 100-continue\r\n{blank}{{");
    stream.write_all(request.as_bytes()).unwrap();
    assert_eq!(status(&mut stream), "100", "it is being served");
    stream
}

/// Asks for more than the connection can buffer, and reads only the head.
fn leave_unread(url: &str, iterator: &str) -> TcpStream {
    let mut stream = connect(url);
    let body = format!(r#"{{"ShardIterator":"{iterator}"}}"#);
    send(&mut stream, "GetRecords", &body);
    assert_eq!(status(&mut stream), "200");
    stream
}

/// All records of the first stream's first shard.
async fn read_all(url: &str) -> usize {
    let client = client(url);
    let mut next = Some(iterator(&client, &stream_name(0)).await);
    let mut count = 0;
    while let Some(shard_iterator) = next {
        let input = GetRecordsInput {
            shard_iterator,
            ..GetRecordsInput::default()
        };
        let read = client.call::<GetRecords>(&input).await.unwrap();
        count += read.records.len();
        next = read
            .next_shard_iterator
            .filter(|_| read.millis_behind_latest != Some(0));
    }
    count
}

fn check_good(stopped: &Stopped) {
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
    for bad in ["panicked", "a bug", "did not finish in time", "ERROR"] {
        assert!(!stopped.log.contains(bad), "{bad}\n{}", stopped.log);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_when_thousands_want_something_of_it_then_still_stops_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let streams = (0..STREAMS).map(|stream| format!("{}:{SHARDS}", stream_name(stream)));
    let streams = streams.collect::<Vec<_>>().join(",");
    let start = || {
        let mut command = dev(folder.path());
        command
            .args(["--limits", "off", "--stream", &streams, "--data-dir"])
            .arg(folder.path().join("data"));
        Running::start(&mut command)
    };
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let server = start();
        let url = &server.url;
        let known = read_all(url).await;
        for _ in 0..RECORDS {
            let data = Bytes::from(vec![7; RECORD_BYTES]);
            put_zero(url, data).await;
        }
        let mut held = Vec::new();
        for stream in 0..STREAMS {
            let consumers = register_once(url, stream, signal).await;
            for consumer in &consumers {
                held.extend((0..SHARDS).map(|shard| subscribe(url, consumer, shard)));
            }
        }
        assert_eq!(held.len(), STREAMS * SHARDS * CONSUMERS);
        held.extend((0..HALVES).map(|_| send_half(url)));
        let at = iterator(&client(url), &stream_name(0)).await;
        held.extend((0..UNREAD).map(|_| leave_unread(url, &at)));
        server.signal(signal);
        check_good(&server.wait());
        let server = start();
        assert_eq!(read_all(&server.url).await, known + RECORDS);
        server.signal(Signal::TERM);
        check_good(&server.wait());
    }
}

/// Registers the consumers on a server's first use, and finds them later.
async fn register_once(url: &str, stream: usize, signal: Signal) -> Vec<String> {
    if signal == Signal::TERM {
        return register(url, stream).await;
    }
    let client = client(url);
    let describe = DescribeStreamSummaryInput {
        stream_name: Some(stream_name(stream)),
        ..DescribeStreamSummaryInput::default()
    };
    let described = client
        .call::<DescribeStreamSummary>(&describe)
        .await
        .unwrap();
    let list = ListStreamConsumersInput {
        stream_arn: described.stream_description_summary.stream_arn,
        ..ListStreamConsumersInput::default()
    };
    let listed = client.call::<ListStreamConsumers>(&list).await.unwrap();
    let consumers = listed.consumers.unwrap_or_default().into_iter();
    consumers.map(|consumer| consumer.consumer_arn).collect()
}

/// Puts into the first stream's first shard.
async fn put_zero(url: &str, data: Bytes) {
    let input = PutRecordInput {
        stream_name: Some(stream_name(0)),
        partition_key: Some("key".to_owned()),
        explicit_hash_key: Some("0".to_owned()),
        data,
        ..PutRecordInput::default()
    };
    client(url).call::<PutRecord>(&input).await.unwrap();
}

#[test]
fn server_when_it_speaks_tls_then_stops_without_a_panic_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let made = millstream()
        .args(["cert", "--out"])
        .arg(folder.path())
        .output()
        .unwrap();
    let flags = String::from_utf8(made.stdout).unwrap();
    for _ in 0..20 {
        let mut command = dev(folder.path());
        let server = Running::start(command.args(flags.split_whitespace()));
        server.signal(Signal::TERM);
        check_good(&server.wait());
    }
}
