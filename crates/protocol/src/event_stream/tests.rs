//! Frames, as decoded by AWS's own reader.

use super::*;
use crate::types::ChildShard;
use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::Message;
use std::sync::Arc;

fn bytes_of(frame: &Frame) -> Bytes {
    frame.parts.concat().into()
}

fn read(frame: &Frame) -> Message {
    let mut bytes = bytes_of(frame);
    let message = read_message_from(&mut bytes).unwrap();
    assert!(bytes.is_empty(), "a frame is as long as it says");
    message
}

fn headers(message: &Message) -> Vec<(String, String)> {
    let text = |header: &aws_smithy_types::event_stream::Header| {
        let value = header.value().as_string().unwrap();
        (header.name().as_str().to_owned(), value.as_str().to_owned())
    };
    message.headers().iter().map(text).collect()
}

fn records(count: usize, bytes: usize) -> Vec<Record> {
    let record = |place: usize| Record {
        sequence_number: place.to_string(),
        data: vec![place as u8; bytes].into(),
        partition_key: Some("key".to_owned()),
        ..Record::default()
    };
    (0..count).map(record).collect()
}

fn event(records: Vec<Record>, is_end: bool) -> SubscribeToShardEvent {
    let child = || ChildShard {
        shard_id: "shardId-000000000001".to_owned(),
        parent_shards: vec!["shardId-000000000000".to_owned()],
        ..ChildShard::default()
    };
    SubscribeToShardEvent {
        records,
        continuation_sequence_number: (!is_end).then(|| "7".to_owned()),
        millis_behind_latest: 12,
        child_shards: is_end.then(|| vec![child()]),
    }
}

#[test]
fn initial_response_when_written_then_is_the_bytes_that_clients_wait_for() {
    let frame = Frame::initial_response(Protocol::Json);
    let headers = b"\x0d:message-type\x07\x00\x05event\x0b:event-type\x07\x00\x10initial-response\
                    \x0d:content-type\x07\x00\x1aapplication/x-amz-json-1.1";
    let total = (12 + headers.len() + 2 + 4) as u32;
    let prelude = [total.to_be_bytes(), (headers.len() as u32).to_be_bytes()].concat();
    let crc = crc32fast::hash(&prelude).to_be_bytes();
    let mut expected = [&prelude[..], &crc, headers, b"{}"].concat();
    let crc = crc32fast::hash(&expected).to_be_bytes();
    expected.extend_from_slice(&crc);
    assert_eq!(bytes_of(&frame), expected);
    assert_eq!(
        read(&Frame::initial_response(Protocol::Cbor)).payload(),
        &b"\xbf\xff"[..]
    );
}

#[test]
fn events_when_written_around_encoded_records_then_read_back_as_one() {
    for protocol in [Protocol::Json, Protocol::Cbor] {
        // None, a few that are copied, and some that are shared.
        for (count, bytes) in [(0, 0), (3, 100), (3, COPIED_BYTES_MAX)] {
            for is_end in [false, true] {
                let expected = event(records(count, bytes), is_end);
                let encoded = EncodedRecords::new(protocol, &expected.records);
                let frame = Frame::event(&encoded, &expected);
                let is_shared = !frame.parts[1].is_empty();
                assert_eq!(is_shared, bytes >= COPIED_BYTES_MAX);
                let message = read(&frame);
                let found = protocol::decode_lenient(protocol, message.payload());
                assert_eq!(found.as_ref(), Ok(&expected));
                let [kind, name, content_type] = &headers(&message)[..] else {
                    panic!("three headers");
                };
                assert_eq!(kind.1, "event");
                assert_eq!(
                    (name.0.as_str(), name.1.as_str()),
                    (":event-type", "SubscribeToShardEvent")
                );
                assert_eq!(content_type.1, protocol.content_type());
            }
        }
    }
}

#[test]
fn event_when_its_shard_is_over_then_has_no_null_in_it() {
    let over = event(Vec::new(), true);
    let frame = Frame::event(&EncodedRecords::new(Protocol::Json, &over.records), &over);
    let payload = String::from_utf8(read(&frame).payload().to_vec()).unwrap();
    assert!(
        payload.starts_with(r#"{"Records":[],"MillisBehindLatest":12,"ChildShards":["#),
        "{payload}"
    );
}

#[test]
fn exceptions_when_written_then_name_themselves_in_a_header() {
    for (code, expected) in [
        (ErrorCode::ResourceInUseException, "ResourceInUseException"),
        (ErrorCode::InternalFailure, "InternalFailureException"),
    ] {
        let message = read(&Frame::exception(Protocol::Json, &Error::new(code, "why")));
        assert_eq!(
            headers(&message)[..2],
            [
                (":message-type".to_owned(), "exception".to_owned()),
                (":exception-type".to_owned(), expected.to_owned()),
            ]
        );
        assert_eq!(message.payload(), &br#"{"message":"why"}"#[..]);
    }
    let silent = Error::without_message(ErrorCode::InternalFailure);
    assert_eq!(
        read(&Frame::exception(Protocol::Json, &silent)).payload(),
        &b"{}"[..]
    );
}

#[test]
fn holder_when_the_last_frame_is_gone_then_is_let_go() {
    let holder = Arc::new(());
    let encoded = EncodedRecords::new(Protocol::Json, &records(1, COPIED_BYTES_MAX));
    let encoded = encoded.held_with(Arc::clone(&holder));
    let frame = Frame::event(&encoded, &event(Vec::new(), false));
    drop(encoded);
    assert_eq!(Arc::strong_count(&holder), 2, "the frame shares the bytes");
    let rest = frame.parts[1].slice(10..);
    drop(frame);
    assert_eq!(Arc::strong_count(&holder), 2, "so does a piece of it");
    drop(rest);
    assert_eq!(Arc::strong_count(&holder), 1);
}
