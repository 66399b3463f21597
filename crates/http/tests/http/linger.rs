//! A client that writes everything before it reads still gets its response, even an early one.

use crate::harness::{Answer, Running, connect, in_time, read_answer};
use millstream_http::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const MIB: usize = 1024 * 1024;
/// The head of the operation with the largest bodies.
const HEAD: &str = concat!(
    "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-amz-json-1.1\r\n",
    "x-amz-target: Kinesis_20131202.PutRecords\r\n",
);

/// Writes everything, then reads; after the response the connection must be closed cleanly.
async fn write_then_read(server: &Running, head: &str, body: &[u8]) -> Answer {
    let mut stream = connect(server.address).await;
    let whole = [HEAD.as_bytes(), head.as_bytes(), b"\r\n\r\n", body].concat();
    in_time(stream.write_all(&whole)).await.unwrap();
    let answer = read_answer(&mut stream).await;
    assert_eq!(answer.header("connection"), "close");
    let mut rest = Vec::new();
    in_time(stream.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty());
    answer
}

fn chunked(length: usize) -> Vec<u8> {
    let chunk = [&b"10000\r\n"[..], &[b' '; 0x10000], b"\r\n"].concat();
    [chunk.repeat(length / 0x10000), b"0\r\n\r\n".to_vec()].concat()
}

#[tokio::test]
async fn body_when_refused_while_it_comes_then_its_client_reads_the_answer() {
    let server = Running::start(Limits {
        body_bytes_in_flight: 40 * MIB,
        body_bytes_of_connection: 4 * MIB,
        ..Limits::default()
    })
    .await;
    let too_large = vec![b' '; 20 * MIB];
    let declared = format!("content-length: {}", too_large.len());
    let answer = write_then_read(&server, &declared, &too_large).await;
    assert_eq!(answer.status, 413);
    let coded = "transfer-encoding: chunked";
    let answer = write_then_read(&server, coded, &chunked(20 * MIB)).await;
    assert_eq!(
        answer.status, 503,
        "its connection's part is used up before"
    );
    let too_much = vec![b' '; 8 * MIB];
    let declared = format!("content-length: {}", too_much.len());
    let answer = write_then_read(&server, &declared, &too_much).await;
    assert_eq!(answer.status, 503);
    let headless = format!("host: b\r\ncontent-length: {}", too_much.len());
    let answer = write_then_read(&server, &headless, &too_much).await;
    assert_eq!(answer.status, 400);
    server
        .until("millstream_body_bytes_in_flight", |bytes| bytes == 0)
        .await;
    server.stop().await;
}

#[tokio::test]
async fn body_when_refused_before_it_was_asked_for_then_is_not_waited_for() {
    let server = Running::start(Limits::default()).await;
    let mut stream = connect(server.address).await;
    let head = format!("{HEAD}expect: 100-continue\r\ncontent-length: 20000000\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 413);
    let mut rest = Vec::new();
    in_time(stream.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty());
    server.stop().await;
}

/// Lingering is bounded: a client that sends for ever is disconnected.
#[tokio::test]
async fn body_when_refused_and_it_does_not_end_then_is_closed() {
    let server = Running::start(Limits {
        body_bytes: 1000,
        linger_bytes: MIB,
        ..Limits::default()
    })
    .await;
    let mut stream = connect(server.address).await;
    let head = format!("{HEAD}transfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = [&b"10000\r\n"[..], &[b' '; 0x10000], b"\r\n"].concat();
    let sending = async { while stream.write_all(&chunk).await.is_ok() {} };
    in_time(sending).await;
    server.stop().await;
}
