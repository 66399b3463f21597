//! A client's declared lengths take nothing from others; what it sends is bounded per connection.

use crate::harness::{Running, connect, exchange, in_time, post, read_answer, request};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use hyper_util::rt::{TokioExecutor, TokioIo};
use millstream_http::Limits;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWriteExt;

const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amz-target", "Kinesis_20131202.ListStreams"),
];
/// The headers of the operation with the largest bodies.
const OF_RECORDS: [(&str, &str); 2] = [HEADERS[0], ("x-amz-target", "Kinesis_20131202.PutRecords")];
const MIB: usize = 1024 * 1024;

/// A body with a declared length that arrives in part only.
struct Promised {
    length: u64,
    comes: Option<Bytes>,
}

impl Promised {
    fn of(length: usize, comes: usize) -> Self {
        Self {
            length: length as u64,
            comes: (comes > 0).then(|| vec![b' '; comes].into()),
        }
    }
}

impl Body for Promised {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.comes.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None => Poll::Pending,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

type Sender<B> = hyper::client::conn::http2::SendRequest<B>;

/// An HTTP/2 connection that lives as long as its sender.
async fn connect_http2<B>(server: &Running) -> Sender<B>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + Unpin + 'static,
{
    let io = TokioIo::new(connect(server.address).await);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await;
    let (sender, connection) = handshake.unwrap();
    let connection = async {
        // It may end in any way.
        let _ = connection.await;
    };
    millstream_env::Env::real()
        .tasks
        .spawn("connection", Box::pin(connection));
    sender
}

fn over_http2<B>(body: B) -> http::Request<B> {
    with_headers(&HEADERS, body)
}

fn with_headers<B>(headers: &[(&str, &str)], body: B) -> http::Request<B> {
    let mut request = http::Request::post("http://localhost/");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).unwrap()
}

async fn check_others_are_served(server: &Running) {
    let mut http2 = connect_http2(server).await;
    for _ in 0..20 {
        let large = [&b"{}"[..], &vec![b' '; MIB]].concat();
        let answer = exchange(server.address, &post(&HEADERS, b"{}")).await;
        assert_eq!(answer.status, 200);
        // Received, and found not to be a batch.
        let answer = exchange(server.address, &post(&OF_RECORDS, &large)).await;
        assert_eq!(answer.status, 400);
        let answer = http2.send_request(over_http2(Full::from("{}"))).await;
        assert_eq!(answer.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn promises_when_made_on_one_http2_connection_then_cost_the_others_nothing() {
    let server = Running::start(Limits::default()).await;
    let mut sender = connect_http2(&server).await;
    let promised: Vec<_> = (0..8)
        .map(|_| sender.send_request(with_headers(&OF_RECORDS, Promised::of(16 * MIB, 0))))
        .collect();
    check_others_are_served(&server).await;
    assert_eq!(server.metric("millstream_body_bytes_in_flight").await, 0);
    drop(promised);
    server.stop().await;
}

#[tokio::test]
async fn promises_when_made_on_many_connections_then_cost_the_others_nothing() {
    let server = Running::start(Limits::default()).await;
    let line = concat!(
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-amz-json-1.1\r\n",
        "x-amz-target: Kinesis_20131202.PutRecords\r\n",
        "content-length: 16777216\r\nexpect: 100-continue\r\n\r\n",
    );
    let mut promised = Vec::new();
    for _ in 0..8 {
        let mut stream = connect(server.address).await;
        stream.write_all(line.as_bytes()).await.unwrap();
        assert_eq!(read_answer(&mut stream).await.status, 100);
        promised.push(stream);
    }
    check_others_are_served(&server).await;
    drop(promised);
    server.stop().await;
}

#[tokio::test]
async fn connection_when_its_bodies_hold_its_part_then_is_refused_more_and_the_others_are_not() {
    let limits = Limits {
        small_body_bytes: 1000,
        small_body_bytes_in_flight: 10_000,
        small_body_bytes_of_connection: 1000,
        body_bytes_in_flight: 110_000,
        body_bytes_of_connection: 30_000,
        ..Limits::default()
    };
    let server = Running::start(limits).await;
    let mut sender = connect_http2(&server).await;
    let send = |sender: &mut Sender<Promised>, length, comes| {
        sender.send_request(over_http2(Promised::of(length, comes)))
    };
    let mut held: Vec<_> = (0..3)
        .map(|_| Box::pin(send(&mut sender, 10_000, 9_999)))
        .collect();
    for answer in &mut held {
        // Sent once they are awaited.
        assert!(futures_util::poll!(answer).is_pending());
    }
    server
        .until("millstream_body_bytes_in_flight", |bytes| {
            bytes >= 3 * 9_999
        })
        .await;
    let refused = in_time(send(&mut sender, 2000, 1999)).await.unwrap();
    assert_eq!(refused.status(), 503);
    let mut small = Box::pin(send(&mut sender, 900, 899));
    assert!(futures_util::poll!(&mut small).is_pending());
    server
        .until("millstream_small_body_bytes_in_flight", |bytes| {
            bytes >= 899
        })
        .await;

    let mut other = connect_http2(&server).await;
    let body = [&b"{}"[..], &[b' '; 29_000]].concat();
    let answer = other.send_request(over_http2(Full::from(body))).await;
    assert_eq!(answer.unwrap().status(), 200);
    drop((held, small, sender));
    for name in ["body", "head", "answer"] {
        let name = format!("millstream_{name}_bytes_in_flight");
        server.until(&name, |bytes| bytes == 0).await;
    }
    server.stop().await;
}

/// A thousand small requests on one connection are not unusual.
#[tokio::test]
async fn connection_when_it_has_a_thousand_small_requests_then_all_are_served() {
    let server = Running::start(Limits::default()).await;
    let mut sender = connect_http2(&server).await;
    let mut answers: Vec<_> = (0..1024)
        .map(|_| {
            let body = [&b"{}"[..], &[b' '; 2000]].concat();
            Box::pin(sender.send_request(over_http2(Full::from(body))))
        })
        .collect();
    for answer in &mut answers {
        let _sent = futures_util::poll!(answer);
    }
    for answer in answers {
        assert_eq!(in_time(answer).await.unwrap().status(), 200);
    }
    let whole = request("POST / HTTP/1.1", &HEADERS, b"{}");
    let mut stream = connect(server.address).await;
    stream.write_all(&whole).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 200);
    server.stop().await;
}
