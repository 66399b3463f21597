//! A server that is told to stop finishes what it accepted, and only that.

use crate::harness::{Running, connect, in_time, read_answer, request};
use futures_util::FutureExt;
use millstream_env::{Clock, Env, ManualClock, Timestamp};
use millstream_http::Limits;
use std::io::ErrorKind;
use std::sync::Arc;
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
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(
        refused.kind(),
        ErrorKind::ConnectionRefused,
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

/// None of these connections ends on its own: one has begun its first request, one its first body,
/// the third's client does not listen. Only the server's farewell closes them before the one-hour
/// limits.
#[tokio::test]
async fn server_when_stopped_then_gives_connections_without_a_request_a_moment_and_no_more() {
    const HOUR: Duration = Duration::from_hours(1);
    const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let clock = Arc::new(ManualClock::new(Timestamp(0)));
    let env = Env {
        clock: Arc::clone(&clock) as _,
        ..Env::real()
    };
    let limits = Limits {
        first_bytes: HOUR,
        head: HOUR,
        body: HOUR,
        body_idle: HOUR,
        keep_alive_idle: HOUR,
        ping_interval: HOUR,
        drain: HOUR,
        ..Limits::default()
    };
    let server =
        Running::start_in(env, millstream_streams::Settings::default(), limits, None).await;
    let mut half_a_head = connect(server.address).await;
    half_a_head.write_all(b"POST / HT").await.unwrap();
    // The rest of its request never arrives.
    let whole = list("100-continue");
    let mut half_a_body = connect(server.address).await;
    half_a_body
        .write_all(&whole[..whole.len() - 1])
        .await
        .unwrap();
    assert_eq!(read_answer(&mut half_a_body).await.status, 100);
    // A later request is answered once the server has seen this one.
    let mut other = connect(server.address).await;
    other.write_all(&list("nothing")).await.unwrap();
    assert_eq!(read_answer(&mut other).await.status, 200);
    let mut http2 = connect(server.address).await;
    http2.write_all(HTTP2).await.unwrap();
    in_time(http2.read_u8()).await.unwrap();

    let began = clock.monotonic();
    let stopped = server.stop();
    let moments = async {
        loop {
            clock.advance(Duration::from_millis(25));
            for _ in 0..64 {
                tokio::task::yield_now().await;
            }
        }
    };
    let closed = async {
        for mut stream in [half_a_head, half_a_body, http2] {
            // A reset is an acceptable end, too.
            let _ = in_time(stream.read_to_end(&mut Vec::new())).await;
        }
        stopped.await;
    };
    tokio::select! {
        biased;
        () = closed => (),
        () = moments => (),
    }
    let waited = clock.monotonic().since(began);
    assert!(waited <= Duration::from_secs(2), "{waited:?}");
}

fn list(expect: &str) -> Vec<u8> {
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "Kinesis_20131202.ListStreams"),
        ("expect", expect),
    ];
    request("POST / HTTP/1.1", &headers, b"{}")
}
