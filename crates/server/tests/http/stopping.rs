//! A server that is told to stop finishes what it accepted, and only that.

use crate::harness::{Running, connect, in_time, read_answer, request};
use futures_util::FutureExt;
use millstream_server::Limits;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn server_when_stopped_then_finishes_what_it_accepted_and_takes_no_more() {
    let server = Running::start(Limits::default()).await;
    let address = server.address;
    let mut idle = connect(address).await;
    idle.write_all(&list("close-not")).await.unwrap();
    assert_eq!(read_answer(&mut idle).await.status, 200);

    let whole = list("100-continue");
    let (head, body) = whole.split_at(whole.len() - 2);
    let mut accepted = connect(address).await;
    accepted.write_all(head).await.unwrap();
    assert_eq!(
        read_answer(&mut accepted).await.status,
        100,
        "it was accepted"
    );

    let mut stopped = Box::pin(server.stop());
    let mut rest = Vec::new();
    in_time(idle.read_to_end(&mut rest)).await.unwrap();
    assert!(
        rest.is_empty(),
        "the idle connection is closed: the server is stopping"
    );
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );

    assert!(
        (&mut stopped).now_or_never().is_none(),
        "it waits for what it accepted"
    );

    accepted.write_all(body).await.unwrap();
    assert_eq!(read_answer(&mut accepted).await.status, 200);
    in_time(accepted.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty(), "and then the connection is closed");
    stopped.await;
}

#[tokio::test]
async fn server_when_a_client_never_finishes_then_stops_without_it() {
    let drain = Duration::from_millis(50);
    let server = Running::start(Limits {
        drain,
        ..Limits::default()
    })
    .await;
    let whole = list("100-continue");
    let mut stalled = connect(server.address).await;
    stalled.write_all(&whole[..whole.len() - 1]).await.unwrap();
    assert_eq!(read_answer(&mut stalled).await.status, 100);
    server.stop().await;
}

fn list(expect: &str) -> Vec<u8> {
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "Kinesis_20131202.ListStreams"),
        ("expect", expect),
    ];
    request("POST / HTTP/1.1", &headers, b"{}")
}
