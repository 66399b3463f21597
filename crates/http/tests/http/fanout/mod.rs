//! Subscriptions over HTTP/1.1 and HTTP/2: how events travel, and what ends them.

mod goaway;
mod http1;
mod http2;
mod stalled;
mod stopping;
mod transports;
mod unread;

use crate::harness::Running;
use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use millstream_client::{Client, Credentials};
use millstream_env::{Env, ManualClock, Timestamp};
use millstream_http::{Limits, Tls};
use millstream_protocol::Protocol;
use millstream_protocol::operations::*;
use millstream_protocol::types::{ShardIteratorType, StartingPosition};
use millstream_streams::Settings;
use std::sync::Arc;

const STREAM: &str = "orders";
const SHARD: &str = "shardId-000000000000";
const ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";
const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amz-target", "Kinesis_20131202.SubscribeToShard"),
];

/// A server without AWS's rate limits, with one stream of one shard.
struct World {
    server: Running,
    client: Client,
    clock: Arc<ManualClock>,
}

impl World {
    /// Starts a server whose clock advances only when told.
    async fn start(limits: Limits, protocol: Protocol) -> Self {
        Self::start_with_tls(limits, protocol, None).await
    }

    async fn start_with_tls(limits: Limits, protocol: Protocol, tls: Option<Tls>) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp(1_767_225_600_000)));
        let env = Env {
            clock: Arc::clone(&clock) as _,
            ..Env::real()
        };
        let settings = Settings {
            limits: millstream_streams::Limits::Off,
            ..Settings::default()
        };
        let server = Running::start_in(env.clone(), settings, limits, tls).await;
        let client = Client::builder()
            .endpoint(format!("http://{}", server.address))
            .credentials(Credentials::new("AKID", "secret", None))
            .protocol(protocol)
            .build_in(env)
            .unwrap();
        let create = CreateStreamInput {
            stream_name: STREAM.to_owned(),
            shard_count: Some(1),
            ..CreateStreamInput::default()
        };
        client.call::<CreateStream>(&create).await.unwrap();
        Self {
            server,
            client,
            clock,
        }
    }

    async fn consumer(&self, name: &str) -> String {
        let input = RegisterStreamConsumerInput {
            stream_arn: ARN.to_owned(),
            consumer_name: name.to_owned(),
            ..RegisterStreamConsumerInput::default()
        };
        let registered = self.client.call::<RegisterStreamConsumer>(&input).await;
        registered.unwrap().consumer.consumer_arn
    }

    async fn put(&self, data: &[u8]) {
        let input = PutRecordInput {
            stream_name: Some(STREAM.to_owned()),
            partition_key: Some("key".to_owned()),
            data: Bytes::copy_from_slice(data),
            ..PutRecordInput::default()
        };
        self.client.call::<PutRecord>(&input).await.unwrap();
    }
}

fn latest(arn: &str) -> SubscribeToShardInput {
    SubscribeToShardInput {
        consumer_arn: arn.to_owned(),
        shard_id: SHARD.to_owned(),
        starting_position: StartingPosition {
            r#type: ShardIteratorType::Latest,
            sequence_number: None,
            timestamp: None,
        },
        stream_id: None,
        dry_run: None,
    }
}

fn body_of(input: &SubscribeToShardInput) -> Vec<u8> {
    let mut body = Vec::new();
    millstream_protocol::encode(Protocol::Json, input, &mut body);
    body
}

fn request_for(arn: &str) -> http::Request<Full<Bytes>> {
    let request = http::Request::post("http://localhost/")
        .header("host", "localhost")
        .header(HEADERS[0].0, HEADERS[0].1)
        .header(HEADERS[1].0, HEADERS[1].1)
        .body(Full::new(Bytes::from(body_of(&latest(arn)))));
    request.unwrap()
}

/// A reader of a response's frames.
struct Frames {
    body: Incoming,
    received: BytesMut,
    frames: MessageFrameDecoder,
}

impl Frames {
    async fn subscribe(sender: &mut SendRequest<Full<Bytes>>, arn: &str) -> Self {
        let answer = sender.send_request(request_for(arn)).await.unwrap();
        assert_eq!(answer.version(), http::Version::HTTP_2);
        Self::of(answer).await
    }

    async fn of(answer: http::Response<Incoming>) -> Self {
        assert_eq!(answer.status(), http::StatusCode::OK);
        assert_eq!(
            answer.headers()["content-type"],
            "application/vnd.amazon.eventstream"
        );
        let mut frames = Self {
            body: answer.into_body(),
            received: BytesMut::new(),
            frames: MessageFrameDecoder::new(),
        };
        assert_eq!(frames.next().await.unwrap().unwrap(), "{}");
        frames
    }

    /// The next frame's payload; `None` at the end, an error if the stream was cut off.
    async fn next(&mut self) -> Result<Option<String>, hyper::Error> {
        loop {
            let decoded = self.frames.decode_frame(&mut self.received).unwrap();
            if let DecodedFrame::Complete(message) = decoded {
                let payload = String::from_utf8(message.payload().to_vec());
                return Ok(Some(payload.unwrap()));
            }
            let Some(frame) = self.body.frame().await else {
                assert!(self.received.is_empty(), "it ends with a whole frame");
                return Ok(None);
            };
            self.received
                .extend_from_slice(&frame?.into_data().unwrap());
        }
    }
}
