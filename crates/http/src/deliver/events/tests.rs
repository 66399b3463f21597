//! What a subscription over HTTP/1.1 hands to its socket, write by write.

use crate::config::Config;
use crate::connection::activity::Activity;
use crate::metrics::Metrics;
use crate::service::Service;
use bytes::{Buf, Bytes};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use millstream_auth::{Channel, Context as Circumstances, Head};
use millstream_env::Env;
use millstream_protocol::Protocol;
use millstream_service::Calls;
use millstream_store::MemoryStore;
use millstream_streams::{Engine, Limits, Settings};
use parking_lot::Mutex;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

type Writes = Arc<Mutex<Vec<Vec<u8>>>>;

/// A client that sends a request and takes everything at once.
struct Client {
    request: Bytes,
    writes: Writes,
}

impl AsyncRead for Client {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.request.is_empty() {
            return Poll::Pending;
        }
        let count = self.request.len().min(buffer.remaining());
        buffer.put_slice(&self.request.split_to(count));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Client {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.lock().push(bytes.to_vec());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let slices: Vec<&[u8]> = slices.iter().map(|slice| &**slice).collect();
        self.poll_write(cx, &slices.concat())
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

async fn call(calls: &Calls, operation: &str, body: String) -> String {
    let (parts, ()) = http::Request::post("/").body(()).unwrap().into_parts();
    let context = Circumstances {
        peer: ([127, 0, 0, 1], 1).into(),
        channel: Channel::Plain,
    };
    let head = Head::new(&parts, context);
    let answer = calls
        .call(head, operation, Protocol::Json, body.into())
        .await;
    let bytes = answer.unwrap().into_bytes().unwrap_or_default();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// An engine with a stream of one record, and the request of a consumer for all of it.
async fn subscribe(env: &Env) -> (Arc<Engine>, Bytes) {
    let store = Arc::new(MemoryStore::new(Arc::clone(&env.clock)));
    let settings = Settings {
        limits: Limits::Off,
        ..Settings::default()
    };
    let engine = Engine::open(env.clone(), store, settings).await.unwrap();
    let calls = Calls::new(
        env.clone(),
        Arc::clone(&engine),
        millstream_service::Settings::default(),
    );
    let stream = r#""StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/a""#;
    let create = r#"{"StreamName":"a","ShardCount":1}"#.to_owned();
    call(&calls, "CreateStream", create).await;
    let put = r#"{"StreamName":"a","PartitionKey":"k","Data":"b25l"}"#.to_owned();
    call(&calls, "PutRecord", put).await;
    let register = format!(r#"{{{stream},"ConsumerName":"c"}}"#);
    let registered = call(&calls, "RegisterStreamConsumer", register).await;
    let (_, arn) = registered.split_once(r#""ConsumerARN":""#).unwrap();
    let (arn, _) = arn.split_once('"').unwrap();
    let body = format!(
        r#"{{"ConsumerARN":"{arn}","ShardId":"0","StartingPosition":{{"Type":"TRIM_HORIZON"}}}}"#
    );
    let request = format!(
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: Kinesis_20131202.SubscribeToShard\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    (engine, request.into())
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// The only chunk of some bytes, which is one whole message.
fn message(mut bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == b'\r').unwrap();
    let size = std::str::from_utf8(&bytes[..end]).unwrap();
    let size = usize::from_str_radix(size, 16).unwrap();
    bytes.advance(end + 2);
    let (message, rest) = bytes.split_at(size);
    assert_eq!(rest, b"\r\n", "one chunk");
    let (mut length, _) = message.split_at(4);
    assert_eq!(length.get_u32() as usize, message.len(), "one message");
    message
}

#[tokio::test]
async fn first_frame_when_the_first_event_is_there_already_then_is_written_before_it() {
    let env = Env::real();
    let (engine, request) = subscribe(&env).await;
    let config = Config::new(([127, 0, 0, 1], 0).into());
    let service = Service::new(env, engine, config, Metrics::new());
    let writes = Writes::default();
    let client = Client {
        request,
        writes: Arc::clone(&writes),
    };
    let activity = Activity::for_test();
    let service = service_fn(move |request| Arc::clone(&service).answer(request, activity.begin()));
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(client), service);
    let is_there = async {
        while !writes.lock().iter().any(|write| has(write, "b25l")) {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        _ = connection => panic!("it goes on"),
        () = is_there => (),
    }
    let writes = std::mem::take(&mut *writes.lock());
    let [first, event] = &writes[..] else {
        panic!("two writes, not {}", writes.len());
    };
    let end = first
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    assert!(has(message(&first[end + 4..]), "initial-response"));
    assert!(has(message(event), "SubscribeToShardEvent"));
}
