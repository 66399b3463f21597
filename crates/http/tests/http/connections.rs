//! Limits on a single client: time, bytes, connections.

use crate::harness::{Running, connect, exchange, in_time, post, read_answer, request};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use millstream_http::Limits;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SOON: Duration = Duration::from_millis(50);
const NEVER: Duration = Duration::from_secs(3600);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amz-target", "Kinesis_20131202.ListStreams"),
];

/// Limits that end nothing within this test's time.
fn patient() -> Limits {
    Limits {
        first_bytes: NEVER,
        head: NEVER,
        body_idle: NEVER,
        body: NEVER,
        keep_alive_idle: NEVER,
        ping_interval: NEVER,
        ..Limits::default()
    }
}

async fn check_closed(mut stream: TcpStream, case: &str) {
    let mut rest = Vec::new();
    // A reset is an acceptable end, too.
    let _ = in_time(stream.read_to_end(&mut rest)).await;
    assert!(!rest.starts_with(b"HTTP/1.1 200"), "{case}: {rest:?}");
}

#[tokio::test]
async fn connection_when_it_stalls_anywhere_then_is_closed_by_that_timer() {
    let whole = request("POST / HTTP/1.1", &HEADERS, b"{}");
    let half_a_body = &whole[..whole.len() - 1];
    let half_a_head = &whole[..whole.len() / 2];
    let first_bytes = Limits {
        first_bytes: SOON,
        ..patient()
    };
    let head = Limits {
        head: SOON,
        ..patient()
    };
    let body_idle = Limits {
        body_idle: SOON,
        ..patient()
    };
    let ping = Limits {
        ping_interval: SOON,
        ping_answer: SOON,
        ..patient()
    };
    for (case, limits, bytes) in [
        ("silent", first_bytes, &b""[..]),
        ("half a preface", first_bytes, &PREFACE[..10]),
        ("one byte", head, b"G"),
        ("half a head", head, half_a_head),
        ("half a body", body_idle, half_a_body),
        ("only a preface", ping, PREFACE),
    ] {
        let server = Running::start(limits).await;
        let mut stream = connect(server.address).await;
        stream.write_all(bytes).await.unwrap();
        check_closed(stream, case).await;
        server.stop().await;
    }
}

/// Sends a byte at a time, as long as the server accepts them.
async fn dribble(mut stream: TcpStream, first: &[u8]) {
    stream.write_all(first).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let mut rest = Vec::new();
    let dribbling = async {
        while writing.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    // A reset is an acceptable end, too.
    tokio::select! {
        biased;
        _ = in_time(reading.read_to_end(&mut rest)) => (),
        () = dribbling => (),
    }
    assert!(!rest.starts_with(b"HTTP/1.1 200"), "{rest:?}");
}

#[tokio::test]
async fn connection_when_it_dribbles_then_is_closed_though_it_never_pauses() {
    let head = Limits {
        head: SOON,
        head_bytes: 1 << 30,
        ..patient()
    };
    let body = Limits {
        body: SOON,
        body_bytes_per_second_min: 1 << 30,
        large_body_bytes_per_second_min: 1 << 30,
        ..patient()
    };
    let body_begun = [
        &b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 16000000\r\n\r\n"[..],
        b"{",
    ]
    .concat();
    for (limits, first) in [
        (head, &b"POST / HTTP/1.1\r\nx-long: "[..]),
        (body, &body_begun),
    ] {
        let server = Running::start(limits).await;
        dribble(connect(server.address).await, first).await;
        server.stop().await;
    }
}

#[tokio::test]
async fn connection_when_idle_after_a_request_then_is_closed_by_the_idle_timer() {
    let server = Running::start(Limits {
        keep_alive_idle: SOON,
        ..patient()
    })
    .await;
    let mut stream = connect(server.address).await;
    stream
        .write_all(&request("POST / HTTP/1.1", &HEADERS, b"{}"))
        .await
        .unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 200);
    check_closed(stream, "idle").await;

    let mut stream = connect(server.address).await;
    let whole = request("POST / HTTP/1.1", &HEADERS, b"{}");
    stream
        .write_all(&[&whole[..], &whole[..]].concat())
        .await
        .unwrap();
    for _ in 0..2 {
        assert_eq!(read_answer(&mut stream).await.status, 200, "pipelined");
    }
    check_closed(stream, "idle after two").await;
    server.stop().await;
}

#[tokio::test]
async fn connection_when_its_client_takes_no_answers_then_is_cut_off() {
    let server = Running::start(Limits {
        write_idle: SOON,
        ..patient()
    })
    .await;
    let mut stalled = connect(server.admin).await;
    // Far more responses than the sockets' buffers hold.
    let metrics = request("GET /metrics HTTP/1.1", &[], b"");
    stalled.write_all(&metrics.repeat(500)).await.unwrap();
    assert_eq!(read_answer(&mut stalled).await.status, 200);
    let once = request("GET /metrics HTTP/1.1", &[("connection", "close")], b"");
    let cut_off = async {
        let alone = "\nmillstream_admin_connections 1\n";
        while !exchange(server.admin, &once).await.text().contains(alone) {}
    };
    in_time(cut_off).await;
    server.stop().await;
}

#[tokio::test]
async fn connection_when_one_too_many_then_is_closed_and_the_others_are_not() {
    let server = Running::start(Limits {
        connections: 1,
        ..patient()
    })
    .await;
    let mut first = connect(server.address).await;
    first
        .write_all(&request("POST / HTTP/1.1", &HEADERS, b"{}"))
        .await
        .unwrap();
    assert_eq!(read_answer(&mut first).await.status, 200);
    check_closed(connect(server.address).await, "second").await;
    let ready = request("GET /readyz HTTP/1.1", &[("connection", "close")], b"");
    assert_eq!(
        exchange(server.admin, &ready).await.status,
        200,
        "the operator is let in"
    );
    first
        .write_all(&request("POST / HTTP/1.1", &HEADERS, b"{}"))
        .await
        .unwrap();
    assert_eq!(read_answer(&mut first).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn body_when_too_large_then_is_answered_413_without_a_body() {
    let server = Running::start(Limits {
        body_bytes: 1000,
        ..patient()
    })
    .await;
    let declared = post(&HEADERS, &[b' '; 1001]);
    let chunked = [
        &b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"[..],
        &b"3e8\r\n"[..],
        &[b' '; 1000],
        b"\r\n1\r\n \r\n0\r\n\r\n",
    ]
    .concat();
    for bytes in [declared, chunked] {
        let answer = exchange(server.address, &bytes).await;
        assert_eq!((answer.status, answer.text()), (413, ""));
        assert_eq!(answer.header("x-amzn-requestid").len(), 36);
    }
    let fits = [&b"{}"[..], &[b' '; 998]].concat();
    assert_eq!(
        exchange(server.address, &post(&HEADERS, &fits))
            .await
            .status,
        200
    );
    server.stop().await;
}

#[tokio::test]
async fn body_when_larger_than_its_operation_has_a_use_for_then_is_413_before_it_comes() {
    let server = Running::start(patient()).await;
    const MIB: usize = 1024 * 1024;
    let head = |target: &str, content_type: &str, length: usize| {
        format!(
            "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-amz-target: {target}\r\n\
             content-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
        )
    };
    let api = "application/x-amz-json-1.1";
    for (operation, content_type, refused, fits) in [
        // A token of a mebibyte.
        ("ListStreams", api, 2 * MIB, MIB),
        ("DescribeStream", api, MIB / 4, MIB / 16),
        ("AddTagsToStream", api, 2 * MIB, MIB / 2),
        // 10 MiB in base64.
        ("PutRecord", api, 15 * MIB, 14_000_000),
        ("PutRecords", api, 17 * MIB, 15 * MIB),
        ("Nothing", api, MIB / 8, MIB / 16),
        ("PutRecords", "application/json", MIB / 8, MIB / 16),
    ] {
        let target = format!("Kinesis_20131202.{operation}");
        let announced = head(&target, content_type, refused);
        let answer = exchange(server.address, announced.as_bytes()).await;
        assert_eq!((answer.status, answer.text()), (413, ""), "{operation}");
        let mut whole = head(&target, content_type, fits).into_bytes();
        whole.extend(std::iter::repeat_n(b' ', fits));
        let answer = exchange(server.address, &whole).await;
        assert_ne!(answer.status, 413, "{operation}");
    }
    server.stop().await;
}

#[tokio::test]
async fn bodies_when_they_hold_too_much_together_then_are_refused_for_a_while() {
    let server = Running::start(Limits {
        small_body_bytes: 20,
        small_body_bytes_in_flight: 50,
        body_bytes_in_flight: 150,
        ..patient()
    })
    .await;
    let body = [&b"{}"[..], &[b' '; 78]].concat();
    let whole = request("POST / HTTP/1.1", &HEADERS, &body);
    let (begun, end) = whole.split_at(whole.len() - 1);
    let mut holder = connect(server.address).await;
    holder.write_all(begun).await.unwrap();
    server
        .until("millstream_body_bytes_in_flight", |bytes| bytes >= 79)
        .await;

    let refused = exchange(server.address, &post(&HEADERS, &[b' '; 30])).await;
    assert_eq!(refused.status, 503);
    assert_eq!(
        server.metric("millstream_large_bodies_refused_total").await,
        1
    );
    let small = exchange(server.address, &post(&HEADERS, b"{}")).await;
    assert_eq!(small.status, 200, "small ones have a reserve");
    holder.write_all(end).await.unwrap();
    assert_eq!(read_answer(&mut holder).await.status, 200);
    let served = exchange(
        server.address,
        &post(&HEADERS, b"{}                            "),
    )
    .await;
    assert_eq!(served.status, 200);
    server
        .until("millstream_body_bytes_in_flight", |bytes| bytes == 0)
        .await;
    server.stop().await;
}

type Http2Sender = hyper::client::conn::http2::SendRequest<Full<Bytes>>;

/// Lists the streams over HTTP/2.
#[tokio::test]
async fn answers_when_they_would_hold_too_much_then_are_refused_and_none_is_counted_for_ever() {
    let whole = request("POST / HTTP/1.1", &HEADERS, b"{}");
    let server = Running::start(patient()).await;
    let mut stream = connect(server.address).await;
    stream.write_all(&whole).await.unwrap();
    let length = read_answer(&mut stream).await.body.len();
    for (room, status) in [(length, 200), (length - 1, 503)] {
        let limits = Limits {
            answer_bytes_in_flight: room,
            ..patient()
        };
        let server = Running::start(limits).await;
        let mut stream = connect(server.address).await;
        for _ in 0..3 {
            stream.write_all(&whole).await.unwrap();
            let answer = read_answer(&mut stream).await;
            assert_eq!(answer.status, status, "{room} bytes of room for {length}");
        }
    }
}

async fn list_over_http2(sender: &mut Http2Sender) {
    let request = http::Request::post("http://localhost/")
        .header(HEADERS[0].0, HEADERS[0].1)
        .header(HEADERS[1].0, HEADERS[1].1)
        .body(Full::new(Bytes::from("{}")));
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), http::StatusCode::OK);
    assert_eq!(answer.version(), http::Version::HTTP_2);
    assert_eq!(answer.headers()["x-amzn-requestid"].len(), 36);
    assert!(answer.headers().contains_key("date"));
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(b"{\"StreamNames\":[],\"HasMoreStreams\":false"));
}

/// Opens an HTTP/2 connection; the returned future drives it to its end.
async fn connect_http2(server: &Running) -> (Http2Sender, impl Future<Output = ()> + use<>) {
    let io = TokioIo::new(connect(server.address).await);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await;
    let (sender, connection) = handshake.unwrap();
    (sender, async { connection.await.unwrap() })
}

#[tokio::test]
async fn http2_when_spoken_with_prior_knowledge_then_is_served() {
    let server = Running::start(Limits::default()).await;
    let (mut sender, connection) = connect_http2(&server).await;
    let requests = async move {
        list_over_http2(&mut sender).await;
        list_over_http2(&mut sender).await;
    };
    in_time(async { tokio::join!(connection, requests) }).await;
    server.stop().await;
}

#[tokio::test]
async fn http2_when_idle_after_a_request_then_is_closed_in_good_order() {
    let server = Running::start(Limits {
        keep_alive_idle: SOON,
        ..patient()
    })
    .await;
    let (mut sender, connection) = connect_http2(&server).await;
    in_time(async { tokio::join!(connection, list_over_http2(&mut sender)) }).await;
    assert!(sender.is_closed());
    server.stop().await;
}

#[tokio::test]
async fn http2_when_the_server_stops_then_is_closed_in_good_order() {
    let server = Running::start(patient()).await;
    let (mut sender, connection) = connect_http2(&server).await;
    let request_then_stop = async {
        list_over_http2(&mut sender).await;
        server.stop().await;
    };
    in_time(async { tokio::join!(connection, request_then_stop) }).await;
    assert!(sender.is_closed());
}
