//! Malformed and ambiguous HTTP requests: each with its response, after which the connection is
//! closed.

use crate::harness::{Running, connect, in_time};
use millstream_http::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const API: &str = "content-type: application/x-amz-json-1.1\r\n\
                   x-amz-target: Kinesis_20131202.ListStreams\r\n";

/// Status and body of the only response, or nothing; the connection must be closed after it.
async fn status_of(server: &Running, bytes: &[u8]) -> (String, String) {
    let mut stream = connect(server.address).await;
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    in_time(stream.read_to_end(&mut answer)).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert_eq!(answer.matches("HTTP/1.").count(), 1, "{answer}");
    let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, body.to_owned())
}

/// A request for a list that closes the connection: its request line, further headers, and what
/// follows them.
fn list(line: &str, headers: &str, rest: &str) -> Vec<u8> {
    format!("{line}\r\n{API}connection: close\r\n{headers}\r\n{rest}").into_bytes()
}

const LINE: &str = "POST / HTTP/1.1";

#[tokio::test]
async fn request_when_its_framing_is_wrong_then_is_answered_400_and_closed() {
    let server = Running::start(Limits::default()).await;
    let host = "host: a\r\n";
    let chunked = "host: a\r\ntransfer-encoding: chunked\r\n";
    let many = format!("{host}{}", "x: y\r\n".repeat(100));
    let long = format!("{host}x: {}\r\n", "y".repeat(70_000));
    for (headers, rest, status) in [
        // Hosts.
        ("content-length: 2\r\n", "{}", "400"),
        ("host: a\r\nhost: a\r\ncontent-length: 2\r\n", "{}", "400"),
        ("host: a\r\nHost: b\r\ncontent-length: 2\r\n", "{}", "400"),
        // Transfer codings.
        (
            "host: a\r\ntransfer-encoding: gzip, chunked\r\n",
            "2\r\n{}\r\n0\r\n\r\n",
            "400",
        ),
        (
            "host: a\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n",
            "2\r\n{}\r\n0\r\n\r\n",
            "400",
        ),
        (
            "host: a\r\ntransfer-encoding: chunked, gzip\r\n",
            "2\r\n{}\r\n0\r\n\r\n",
            "400",
        ),
        ("host: a\r\ntransfer-encoding: identity\r\n", "{}", "400"),
        // Chunks.
        (chunked, "zz\r\n{}\r\n0\r\n\r\n", "400"),
        (chunked, "2\r\n{}0\r\n\r\n", "400"),
        (chunked, "-2\r\n{}\r\n0\r\n\r\n", "400"),
        (chunked, "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n", "400"),
        (chunked, "2\n{}\r\n0\r\n\r\n", "400"),
        // Lengths.
        (
            "host: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n",
            "{}",
            "400",
        ),
        ("host: a\r\ncontent-length: +2\r\n", "{}", "400"),
        ("host: a\r\ncontent-length: 2, 3\r\n", "{}", "400"),
        (
            "host: a\r\ncontent-length: 99999999999999999999\r\n",
            "{}",
            "400",
        ),
        // Line endings.
        (
            "host: a\r\ncontent-length: 2\r\nx: y\r\n z\r\n",
            "{}",
            "400",
        ),
        ("host: a\r\ncontent-length : 2\r\n", "{}", "400"),
        ("host: a\r\ncontent-length: 2\r\nx: \0\r\n", "{}", "400"),
        (&many, "{}", "431"),
        (&long, "{}", "431"),
    ] {
        let (found, _) = status_of(&server, &list(LINE, headers, rest)).await;
        assert_eq!(
            found,
            status,
            "{:?} {rest:?}",
            headers.get(..80).unwrap_or(headers)
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn request_when_its_framing_is_odd_and_clear_then_is_served() {
    let server = Running::start(Limits::default()).await;
    for (line, headers, rest) in [
        (LINE, "host: a\r\ncontent-length: 2\r\n", "{}"),
        (LINE, "host:\r\ncontent-length: 2\r\n", "{}"),
        ("POST / HTTP/1.0", "content-length: 2\r\n", "{}"),
        (
            "POST http://b/ HTTP/1.1",
            "host: a\r\ncontent-length: 2\r\n",
            "{}",
        ),
        (
            LINE,
            "host: a\r\ncontent-length: 2\r\ncontent-length: 2\r\n",
            "{}",
        ),
        (
            LINE,
            "host: a\r\ntransfer-encoding: Chunked\r\n",
            "2;x=y\r\n{}\r\n0\r\na: b\r\n\r\n",
        ),
        (
            LINE,
            "host: a\r\ncontent-encoding: identity\r\ncontent-length: 2\r\n",
            "{}",
        ),
    ] {
        let (found, body) = status_of(&server, &list(line, headers, rest)).await;
        assert_eq!(found, "200", "{line} {headers:?} {rest:?} {body}");
    }
    // If both are given the coding wins, and the connection is closed, whatever the client wants.
    for both in [
        "content-length: 9\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 9\r\n",
    ] {
        let bytes = format!(
            "{LINE}\r\n{API}host: a\r\n{both}\r\n2\r\n{{}}\r\n0\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n"
        );
        assert_eq!(status_of(&server, bytes.as_bytes()).await.0, "200");
    }
    server.stop().await;
}

#[tokio::test]
async fn body_when_it_is_said_to_be_encoded_then_is_no_object() {
    let server = Running::start(Limits::default()).await;
    for encoding in ["gzip", "GZIP", "deflate", "identity, br", "aws-chunked"] {
        let headers = format!("host: a\r\ncontent-encoding: {encoding}\r\ncontent-length: 2\r\n");
        let (status, body) = status_of(&server, &list(LINE, &headers, "{}")).await;
        let expected = r#"{"__type":"SerializationException"}"#;
        assert_eq!((&*status, &*body), ("400", expected), "{encoding}");
    }
    server.stop().await;
}

#[tokio::test]
async fn expectation_when_there_is_no_body_then_is_not_waited_for() {
    let server = Running::start(Limits::default()).await;
    for length in ["", "content-length: 0\r\n"] {
        let headers = format!("host: a\r\nexpect: 100-continue\r\n{length}");
        let (status, body) = status_of(&server, &list(LINE, &headers, "")).await;
        let expected = r#"{"__type":"SerializationException"}"#;
        assert_eq!((&*status, &*body), ("400", expected));
    }
    server.stop().await;
}
