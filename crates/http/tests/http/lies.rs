//! HTTP/1 bodies that are not what their heads say: shorter, longer, without end. Each is refused
//! or given up; what it took is given back, and others are served meanwhile.

use crate::harness::{Running, connect, exchange, in_time, parse, post};
use millstream_http::Limits;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const LIST: [(&str, &str); 2] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amz-target", "Kinesis_20131202.ListStreams"),
];
const SOON: Duration = Duration::from_millis(50);
const CHUNKED: &str = "transfer-encoding: chunked";

/// A head of a list of streams with one more header.
fn head(header: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: a\r\n{}: {}\r\n{}: {}\r\n{header}\r\n\r\n",
        LIST[0].0, LIST[0].1, LIST[1].0, LIST[1].1
    )
}

/// Sends bytes, then a piece again and again until the connection has ended; returns what was
/// answered.
async fn endlessly(server: &Running, first: &str, piece: &[u8]) -> Vec<u8> {
    let stream = connect(server.address).await;
    let (mut reading, mut writing) = stream.into_split();
    let mut answer = Vec::new();
    let sending = async {
        writing.write_all(first.as_bytes()).await.unwrap();
        while writing.write_all(piece).await.is_ok() {
            tokio::task::yield_now().await;
        }
        // The answer is read to its end.
        std::future::pending::<()>().await;
    };
    // A reset is an acceptable end, too.
    tokio::select! {
        biased;
        _ = in_time(reading.read_to_end(&mut answer)) => (),
        () = sending => (),
    }
    answer
}

async fn check_others_are_served(server: &Running) {
    let answer = exchange(server.address, &post(&LIST, b"{}")).await;
    assert_eq!(answer.status, 200);
    for metric in [
        "millstream_body_bytes_in_flight",
        "millstream_connections",
        "millstream_head_bytes_in_flight",
    ] {
        server.until(metric, |held| held == 0).await;
    }
}

/// What is sent has no end: chunks, an extension of a chunk, trailers, a chunk's length.
#[tokio::test]
async fn body_when_it_has_no_end_then_is_refused_and_closed() {
    let server = Running::start(Limits {
        linger: SOON,
        ..Limits::default()
    })
    .await;
    let chunks = b"400\r\n".to_vec();
    let chunks = [&chunks[..], &[b' '; 1024], b"\r\n"].concat();
    let extension = format!("{}1;", head(CHUNKED));
    let trailers = format!("{}2\r\n{{}}\r\n0\r\n", head(CHUNKED));
    let length = format!("{}0", head(CHUNKED));
    for (case, first, piece, status) in [
        ("chunks", &head(CHUNKED), &chunks[..], Some(413)),
        ("an extension", &extension, &[b'x'; 1024], Some(400)),
        ("trailers", &trailers, b"a: b\r\n", None),
        ("a length", &length, b"0", None),
    ] {
        let answer = endlessly(&server, first, piece).await;
        match (status, &answer[..]) {
            (_, []) => (),
            (Some(status), answer) => assert_eq!(parse(answer).status, status, "{case}"),
            (None, answer) => assert_ne!(parse(answer).status, 200, "{case}"),
        }
        check_others_are_served(&server).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn body_when_shorter_than_its_length_then_is_given_up_and_nothing_is_done() {
    let server = Running::start(Limits {
        body_idle: SOON,
        ..Limits::default()
    })
    .await;
    let create = head("content-length: 100").replace("ListStreams", "CreateStream");
    let half = format!("{create}{{\"StreamName\": \"half\", \"ShardCount\": 1}}");
    // The client waits, or ends its side, or all of it.
    for ends in [false, true] {
        let mut stream = connect(server.address).await;
        stream.write_all(half.as_bytes()).await.unwrap();
        if ends {
            stream.shutdown().await.unwrap();
        }
        let mut answer = Vec::new();
        let _ = in_time(stream.read_to_end(&mut answer)).await;
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
        check_others_are_served(&server).await;
    }
    let answer = exchange(server.address, &post(&LIST, b"{}")).await;
    assert!(answer.text().starts_with("{\"StreamNames\":[]"));
    server.stop().await;
}

/// What follows a body is the next request, and an answer of its own.
#[tokio::test]
async fn body_when_longer_than_its_length_then_the_rest_is_another_request() {
    let server = Running::start(Limits::default()).await;
    let mut stream = connect(server.address).await;
    let bytes = format!(
        "{}{{}}GET /rest HTTP/1.1\r\n\r\n",
        head("content-length: 2")
    );
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut answers = Vec::new();
    in_time(stream.read_to_end(&mut answers)).await.unwrap();
    let answers = String::from_utf8(answers).unwrap();
    let statuses: Vec<_> = answers
        .match_indices("HTTP/1.1 ")
        .map(|(at, start)| &answers[at + start.len()..at + start.len() + 3])
        .collect();
    // The second names no host, and is the last of its connection.
    assert_eq!(statuses, ["200", "400"], "{answers}");
    check_others_are_served(&server).await;
    server.stop().await;
}
