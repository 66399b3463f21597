//! Heads are charged like bodies: incomplete ones, and those of all streams.

use crate::frames::{ACKNOWLEDGED, HEADERS_FRAME, SETTINGS, frame, preface, read_frame};
use crate::harness::{Running, connect, exchange, in_time, post};
use millstream_http::Limits;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amz-target", "Kinesis_20131202.ListStreams"),
];
const ROOM: usize = 1024 * 1024;

/// Budget for few heads, and timers that never fire.
fn limits() -> Limits {
    Limits {
        head: Duration::from_secs(3600),
        body_idle: Duration::from_secs(3600),
        body: Duration::from_secs(3600),
        body_when_short: Duration::from_secs(3600),
        head_bytes_in_flight: ROOM,
        head_bytes_of_connection: ROOM / 2,
        ..Limits::default()
    }
}

async fn check_others_are_served(server: &Running) {
    for _ in 0..10 {
        let answer = exchange(server.address, &post(&HEADERS, b"{}")).await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn heads_when_half_of_them_are_there_then_hold_no_more_than_their_budget() {
    let server = Running::start(limits()).await;
    let half = [
        &b"POST / HTTP/1.1\r\nhost: a\r\nx-long: "[..],
        &[b'a'; 60_000],
    ]
    .concat();
    let mut streams: Vec<TcpStream> = Vec::new();
    for _ in 0..64 {
        let mut stream = connect(server.address).await;
        // A refused connection may be closed before everything is sent.
        let _ = stream.write_all(&half).await;
        streams.push(stream);
        let taken = server.metric("millstream_head_bytes_in_flight").await;
        assert!(taken <= ROOM as u64, "{taken}");
    }
    // Each holds at least what it has sent.
    let most = ROOM / half.len();
    let refused = 64 - most as u64;
    server
        .until("millstream_heads_refused_total", |count| count >= refused)
        .await;
    check_others_are_served(&server).await;
    drop(streams);
    server
        .until("millstream_head_bytes_in_flight", |bytes| bytes == 0)
        .await;
    server.stop().await;
}

/// A HEADERS frame without END_STREAM: a body follows.
fn stream_without_body(stream: u32, field: usize) -> Vec<u8> {
    const END_HEADERS: u8 = 4;
    // POST, http, / from the static table, then one literal field.
    let length = field - 127;
    let low = u8::try_from(length & 0x7f).unwrap() | 0x80;
    let high = u8::try_from(length >> 7).unwrap();
    let start = [&[0x83, 0x86, 0x84, 0, 1, b'x', 0x7f, low, high][..]].concat();
    let block = [start, vec![b'a'; field]].concat();
    frame(HEADERS_FRAME, END_HEADERS, stream, &block)
}

async fn open_streams(server: &Running, count: u32) -> TcpStream {
    let mut stream = connect(server.address).await;
    let streams = (0..count).map(|number| stream_without_body(2 * number + 1, 10_000));
    stream.write_all(&preface(1 << 16)).await.unwrap();
    assert_eq!(read_frame(&mut stream).await.0, SETTINGS);
    let acknowledged = frame(SETTINGS, ACKNOWLEDGED, 0, b"");
    let bytes = [acknowledged, streams.collect::<Vec<_>>().concat()].concat();
    stream.write_all(&bytes).await.unwrap();
    stream
}

#[tokio::test]
async fn streams_when_their_heads_are_large_then_hold_no_more_than_their_connections_part() {
    let server = Running::start(limits()).await;
    let mut connections = Vec::new();
    for part in 1..=3_u64 {
        connections.push(open_streams(&server, 30).await);
        // Such a stream is charged about 28 kB, so a connection may have 18.
        server
            .until("millstream_heads_refused_total", |count| count >= 12 * part)
            .await;
        let taken = server.metric("millstream_head_bytes_in_flight").await;
        assert!(taken <= (ROOM / 2) as u64 * part, "{taken}");
        assert!(taken <= ROOM as u64, "{taken}");
    }
    check_others_are_served(&server).await;
    drop(connections);
    server
        .until("millstream_head_bytes_in_flight", |bytes| bytes == 0)
        .await;
    server.stop().await;
}

/// A client that opens no window receives the heads of responses, but not their bodies.
#[tokio::test]
async fn streams_when_their_small_answers_are_left_unread_then_are_still_counted() {
    let server = Running::start(limits()).await;
    let mut stream = connect(server.address).await;
    let requests = (0..20).map(|number| crate::frames::post(2 * number + 1, &HEADERS, b"{}"));
    let bytes = [preface(1), requests.collect::<Vec<_>>().concat()].concat();
    stream.write_all(&bytes).await.unwrap();
    // All but the connection's free part.
    server
        .until("millstream_head_bytes_in_flight", |bytes| bytes > 14 * 8192)
        .await;
    server
        .until(
            "millstream_requests_total{operation=\"ListStreams\",code=\"OK\"}",
            |count| count >= 20,
        )
        .await;
    let taken = server.metric("millstream_head_bytes_in_flight").await;
    assert!(taken > 14 * 8192, "{taken}");
    stream.shutdown().await.unwrap();
    let _ = in_time(stream.read_to_end(&mut Vec::new())).await;
    server
        .until("millstream_head_bytes_in_flight", |bytes| bytes == 0)
        .await;
    server.stop().await;
}

/// An indexed field keeps the frame alive that it arrived in.
#[tokio::test]
async fn server_when_greeted_then_says_that_it_remembers_no_fields() {
    const HEADER_TABLE_SIZE: u16 = 1;
    let server = Running::start(Limits::default()).await;
    let mut stream = connect(server.address).await;
    stream.write_all(&preface(1 << 16)).await.unwrap();
    let (_, _, settings) = read_frame(&mut stream).await;
    let table = settings
        .chunks(6)
        .find(|setting| setting[..2] == HEADER_TABLE_SIZE.to_be_bytes());
    assert_eq!(table.map(|setting| &setting[2..]), Some(&[0; 4][..]));
    server.stop().await;
}

#[tokio::test]
async fn client_when_it_does_not_acknowledge_the_settings_then_is_closed_before_it_holds_much() {
    let server = Running::start(Limits::default()).await;
    let mut stream = connect(server.address).await;
    stream.write_all(&preface(1 << 16)).await.unwrap();
    let mut number = 1;
    in_time(async {
        while stream
            .write_all(&stream_without_body(number, 10_000))
            .await
            .is_ok()
        {
            number += 2;
        }
    })
    .await;
    server
        .until("millstream_heads_refused_total", |count| count > 0)
        .await;
    server
        .until("millstream_head_bytes_in_flight", |bytes| bytes == 0)
        .await;
    server.stop().await;
}
