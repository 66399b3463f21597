//! An HTTP/2 client that does not read its responses: they are counted until the client is gone,
//! and do not wait for ever.

use crate::frames::{DATA, post, preface, read_frame};
use crate::harness::{self, Running, connect, exchange, in_time};
use millstream_env::{Env, ManualClock, Timestamp};
use millstream_http::Limits;
use millstream_streams::Settings;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amz-target", "Kinesis_20131202.DescribeStream"),
];
/// The error repeats the wrong name.
const NAME_BYTES: usize = 10_000;

/// A server with a budget for three responses, and its clock.
async fn start() -> (Running, Arc<ManualClock>, Limits) {
    let clock = Arc::new(ManualClock::new(Timestamp(1_767_225_600_000)));
    let env = Env {
        clock: Arc::clone(&clock) as _,
        ..Env::real()
    };
    let limits = Limits {
        answer_bytes_in_flight: 3 * NAME_BYTES,
        ..Limits::default()
    };
    let server = Running::start_in(env, Settings::default(), limits, None).await;
    (server, clock, limits)
}

/// A request about a stream with a long name.
fn body() -> String {
    format!(r#"{{"StreamName":"{}"}}"#, "a".repeat(NAME_BYTES))
}

#[tokio::test]
async fn answers_when_taken_by_the_byte_then_are_counted_and_their_connection_is_closed() {
    let (server, clock, limits) = start().await;
    let body = body();
    let status = async || {
        let request = harness::post(&HEADERS, body.as_bytes());
        exchange(server.address, &request).await.status
    };
    assert_eq!(status().await, 400);

    let mut stream = connect(server.address).await;
    let requests = [1, 3].map(|id| post(id, &HEADERS, body.as_bytes()));
    stream.write_all(&preface(1)).await.unwrap();
    stream.write_all(&requests.concat()).await.unwrap();
    for _ in 0..2 {
        let payload = loop {
            let (kind, _, payload) = read_frame(&mut stream).await;
            if kind == DATA {
                break payload;
            }
        };
        assert_eq!(payload.len(), 1);
    }
    assert_eq!(status().await, 503);
    clock.advance(limits.write_idle);
    in_time(stream.read_to_end(&mut Vec::new())).await.unwrap();
    while status().await == 503 {}
    server.stop().await;
}

#[tokio::test]
async fn answers_when_left_unread_and_others_have_no_room_then_are_cut_off_soon() {
    let (server, clock, limits) = start().await;
    let body = body();
    let mut stream = connect(server.address).await;
    let requests = [1, 3].map(|id| post(id, &HEADERS, body.as_bytes()));
    stream.write_all(&preface(1)).await.unwrap();
    stream.write_all(&requests.concat()).await.unwrap();
    for _ in 0..2 {
        while read_frame(&mut stream).await.0 != DATA {}
    }
    let status = async || {
        let request = harness::post(&HEADERS, body.as_bytes());
        exchange(server.address, &request).await.status
    };
    assert_eq!(status().await, 503);
    clock.advance(limits.write_idle_when_short);
    let served = async { while status().await == 503 {} };
    in_time(served).await;
    in_time(stream.read_to_end(&mut Vec::new())).await.unwrap();
    server.stop().await;
}
