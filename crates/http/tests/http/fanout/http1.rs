//! HTTP/1.1, as boto3 speaks it.

use super::*;
use crate::harness::{connect, in_time, request};
use millstream_client::Error;
use millstream_protocol::ErrorCode;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn check(protocol: Protocol) {
    let world = World::start(Limits::default(), protocol).await;
    let arn = world.consumer("c").await;
    let mut events = world.client.subscribe(&latest(&arn)).await.unwrap();
    let first = in_time(events.next()).await.unwrap().unwrap();
    assert!(first.records.is_empty() && first.continuation_sequence_number.is_some());
    let large = vec![7; 300_000];
    for data in [&b"small"[..], &large] {
        world.put(data).await;
        let event = in_time(events.next()).await.unwrap().unwrap();
        assert_eq!(&event.records[0].data[..], data);
        assert_eq!(event.millis_behind_latest, 0);
    }
    let refused = world.client.subscribe(&latest(&arn)).await.unwrap_err();
    assert_eq!(refused.code(), Some(ErrorCode::ResourceInUseException));

    let input = DeregisterStreamConsumerInput {
        consumer_arn: Some(arn),
        ..DeregisterStreamConsumerInput::default()
    };
    let gone = world.client.call::<DeregisterStreamConsumer>(&input).await;
    gone.unwrap();
    let error = in_time(events.next()).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::ResourceNotFoundException));
    assert!(matches!(in_time(events.next()).await, Ok(None)));

    // When the server stops, the body ends without an error.
    let arn = world.consumer("other").await;
    let mut events = world.client.subscribe(&latest(&arn)).await.unwrap();
    in_time(events.next()).await.unwrap().unwrap();
    let stopped = world.server.stop();
    assert!(matches!(in_time(events.next()).await, Ok(None)));
    drop(events);
    // A kept-alive connection is given a moment to learn of the end.
    let (done, ()) = tokio::join!(stopped, async {
        world.clock.advance(Duration::from_secs(60))
    });
    done
}

#[tokio::test]
async fn subscription_when_in_json_then_brings_events_and_ends_in_good_order() {
    check(Protocol::Json).await;
}

#[tokio::test]
async fn subscription_when_in_cbor_then_brings_events_and_ends_in_good_order() {
    check(Protocol::Cbor).await;
}

#[tokio::test]
async fn subscription_when_it_begins_then_its_first_frame_comes_at_once_and_in_chunks() {
    let world = World::start(Limits::default(), Protocol::Json).await;
    let arn = world.consumer("c").await;
    let mut stream = connect(world.server.address).await;
    let bytes = request("POST / HTTP/1.1", &HEADERS, &body_of(&latest(&arn)));
    stream.write_all(&bytes).await.unwrap();
    let mut received = Vec::new();
    let has = |received: &[u8], text: &[u8]| received.windows(text.len()).any(|w| w == text);
    while !has(&received, b"initial-response") {
        in_time(stream.read_buf(&mut received)).await.unwrap();
    }
    let head = String::from_utf8_lossy(&received).to_lowercase();
    for header in [
        "http/1.1 200 ok\r\n",
        "content-type: application/vnd.amazon.eventstream\r\n",
        "transfer-encoding: chunked\r\n",
        "x-amzn-requestid: ",
        "x-amz-id-2: ",
        "date: ",
    ] {
        assert!(head.contains(header), "{header} in {head}");
    }
    drop(stream);
    world.server.stop().await;
}

/// The next chunk's data.
async fn read_chunk(stream: &mut tokio::net::TcpStream) -> Vec<u8> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(in_time(stream.read_u8()).await.unwrap());
    }
    let size = std::str::from_utf8(&line).unwrap().trim_end();
    let mut chunk = vec![0; usize::from_str_radix(size, 16).unwrap() + 2];
    in_time(stream.read_exact(&mut chunk)).await.unwrap();
    assert!(chunk.ends_with(b"\r\n"));
    chunk.truncate(chunk.len() - 2);
    chunk
}

/// A client whose parser takes one message a read: each chunk is one, whether its event was there
/// before or comes later.
#[tokio::test]
async fn subscription_when_read_chunk_by_chunk_then_each_is_one_whole_message() {
    let world = World::start(Limits::default(), Protocol::Json).await;
    let arn = world.consumer("c").await;
    world.put(b"one").await;
    let mut stream = connect(world.server.address).await;
    let mut input = latest(&arn);
    input.starting_position.r#type = ShardIteratorType::TrimHorizon;
    let bytes = request("POST / HTTP/1.1", &HEADERS, &body_of(&input));
    stream.write_all(&bytes).await.unwrap();
    assert_eq!(crate::harness::read_head(&mut stream).await.status, 200);
    for expected in ["{}", "b25l", "dHdv"] {
        if expected == "dHdv" {
            world.put(b"two").await;
        }
        let chunk = read_chunk(&mut stream).await;
        let mut chunk = BytesMut::from(&chunk[..]);
        let decoded = MessageFrameDecoder::new().decode_frame(&mut chunk).unwrap();
        let DecodedFrame::Complete(message) = decoded else {
            panic!("a whole message");
        };
        assert!(chunk.is_empty(), "one message");
        let payload = String::from_utf8(message.payload().to_vec()).unwrap();
        assert!(payload.contains(expected), "{payload}");
    }
    drop(stream);
    world.server.stop().await;
}

#[tokio::test]
async fn subscription_when_refused_before_it_begins_then_is_an_ordinary_answer() {
    let world = World::start(Limits::default(), Protocol::Json).await;
    let arn = format!("{ARN}/consumer/nobody:1");
    let error = world.client.subscribe(&latest(&arn)).await.unwrap_err();
    let Error::Service {
        remote, request_id, ..
    } = error
    else {
        panic!("the service refuses it: {error}");
    };
    let text = format!("Consumer {arn}, account 000000000000 not found.");
    assert_eq!(
        (remote.status, remote.name.as_str()),
        (400, "ResourceNotFoundException")
    );
    assert_eq!(remote.message, Some(text));
    assert!(request_id.is_some());
    world.server.stop().await;
}
