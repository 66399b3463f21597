//! Many clients at once that do nothing, or next to nothing, with the real binary: its memory stays
//! within the formula of docs/operations/memory.md, and others are served meanwhile.

use crate::memory::{BASE_BYTES, CONNECTION_BYTES, MIB, Server, connections, post};
use std::io::{Read, Write};
use std::net::TcpStream;

/// Memory of a subscription beside its connection's: its task, its place in the engine, and the
/// small events that wait for its client.
const SUBSCRIPTION_BYTES: usize = 24 * 1024;
/// Events that are being pushed, and pieces of them that the transport holds.
const PUSHED_BYTES: usize = (128 + 64) * MIB;
/// Caches of reads.
const CACHE_BYTES: usize = 252 * MIB;

/// The body of an answer with status 200.
fn call(stream: &mut TcpStream, operation: &str, body: &str) -> String {
    let (status, body) = try_call(stream, operation, body);
    assert_eq!(status, "200", "{operation}: {body}");
    body
}

fn try_call(stream: &mut TcpStream, operation: &str, body: &str) -> (String, String) {
    let length = format!("content-length: {}", body.len());
    let bytes = String::from_utf8(post(&length, body.as_bytes())).unwrap();
    let bytes = bytes.replace("ListStreams", operation);
    stream.write_all(bytes.as_bytes()).unwrap();
    let head = read_head(stream);
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (head[9..12].to_owned(), String::from_utf8(body).unwrap())
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn connections_when_ten_thousand_are_idle_then_hold_no_more_than_the_formula_says() {
    let server = Server::start();
    let count = connections(10_000);
    let mut streams = Vec::new();
    for _ in 0..count {
        let mut stream = server.connect();
        call(&mut stream, "ListStreams", "{}");
        streams.push(stream);
    }
    // The last are idle, and not over: they have a minute.
    call(&mut streams[count - 1], "ListStreams", "{}");
    server.check_peak(BASE_BYTES + count * CONNECTION_BYTES);
}

#[test]
fn dribblers_when_there_are_a_thousand_then_others_are_served_between_all_their_bytes() {
    const ROUNDS: usize = 40;
    let server = Server::start();
    let count = connections(1000);
    let head = post("x-long: 0123456789", b"");
    let mut dribblers: Vec<TcpStream> = (0..count).map(|_| server.connect()).collect();
    let mut other = server.connect();
    for byte in &head[..ROUNDS] {
        for dribbler in &mut dribblers {
            dribbler.write_all(&[*byte]).unwrap();
        }
        call(&mut other, "ListStreams", "{}");
        call(&mut server.connect(), "ListStreams", "{}");
    }
    server.check_peak(BASE_BYTES + count * CONNECTION_BYTES);
}

/// A stream with consumers, as ARNs.
fn consumers(server: &Server, shards: usize, count: usize) -> Vec<String> {
    let mut stream = server.connect();
    let create = format!(r#"{{"StreamName":"s","ShardCount":{shards}}}"#);
    call(&mut stream, "CreateStream", &create);
    let summary = r#"{"StreamName":"s"}"#;
    while !call(&mut stream, "DescribeStreamSummary", summary).contains(r#""ACTIVE""#) {}
    let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
    let register = |place| {
        let register = format!(r#"{{"StreamARN":"{arn}","ConsumerName":"c{place}"}}"#);
        // So many may be on their way at once.
        let registered = loop {
            let (status, body) = try_call(&mut stream, "RegisterStreamConsumer", &register);
            if status == "200" {
                break body;
            }
        };
        let (_, rest) = registered.split_once(r#""ConsumerARN":""#).unwrap();
        let (arn, _) = rest.split_once('"').unwrap();
        let describe = format!(r#"{{"ConsumerARN":"{arn}"}}"#);
        while !call(&mut stream, "DescribeStreamConsumer", &describe).contains(r#""ACTIVE""#) {}
        arn.to_owned()
    };
    (0..count).map(register).collect()
}

/// A connection with a subscription, of which nothing but the answer's head is read.
fn subscribe(server: &Server, arn: &str, shard: usize, position: &str) -> TcpStream {
    let body = format!(
        r#"{{"ConsumerARN":"{arn}","ShardId":"shardId-{shard:012}","StartingPosition":{{"Type":"{position}"}}}}"#
    );
    let length = format!("content-length: {}", body.len());
    let bytes = String::from_utf8(post(&length, body.as_bytes())).unwrap();
    let bytes = bytes.replace("ListStreams", "SubscribeToShard");
    let mut stream = server.connect();
    stream.write_all(bytes.as_bytes()).unwrap();
    let head = read_head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    stream
}

#[test]
fn subscriptions_when_two_thousand_wait_for_records_then_hold_no_more_than_the_formula_says() {
    const SHARDS: usize = 100;
    const CONSUMERS: usize = 20;
    let server = Server::start();
    assert_eq!(connections(SHARDS * CONSUMERS), SHARDS * CONSUMERS);
    let arns = consumers(&server, SHARDS, CONSUMERS);
    let before = server.memory("VmRSS");
    let mut streams = Vec::new();
    for arn in &arns {
        streams.extend((0..SHARDS).map(|shard| subscribe(&server, arn, shard, "LATEST")));
    }
    server.list(&mut server.connect());
    let each = server.memory("VmRSS").saturating_sub(before) / streams.len();
    assert!(
        each <= CONNECTION_BYTES + SUBSCRIPTION_BYTES,
        "{each} bytes"
    );
}

#[test]
fn subscribers_when_hundreds_take_nothing_then_hold_no_more_than_the_formula_says() {
    const SHARDS: usize = 20;
    const CONSUMERS: usize = 20;
    const RECORDS: usize = 4;
    let server = Server::start();
    assert_eq!(connections(SHARDS * CONSUMERS), SHARDS * CONSUMERS);
    let arns = consumers(&server, SHARDS, CONSUMERS);
    let data = "QUJD".repeat(250_000);
    let mut stream = server.connect();
    for shard in 0..SHARDS {
        let hash = u128::MAX / SHARDS as u128 * shard as u128 + u128::from(u64::MAX);
        let put = format!(
            r#"{{"StreamName":"s","PartitionKey":"k","ExplicitHashKey":"{hash}","Data":"{data}"}}"#
        );
        for _ in 0..RECORDS {
            call(&mut stream, "PutRecord", &put);
        }
    }
    let mut streams = Vec::new();
    for arn in &arns {
        streams.extend((0..SHARDS).map(|shard| subscribe(&server, arn, shard, "TRIM_HORIZON")));
        call(&mut stream, "ListStreams", "{}");
    }
    let each = CONNECTION_BYTES + SUBSCRIPTION_BYTES;
    server.check_peak(BASE_BYTES + PUSHED_BYTES + CACHE_BYTES + streams.len() * each);
}
