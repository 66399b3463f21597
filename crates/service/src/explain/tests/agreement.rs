//! `millstream_protocol::decode` against the explanation: both accept the same requests with the
//! same values, but for members that are given twice. Whatever only the explanation accepts is
//! decoded after it.

use super::{RECORD_BYTES_MAX, decode};
use crate::explain::{Explained, explain};
use millstream_protocol::operations::*;
use millstream_protocol::reader::Fault;
use millstream_protocol::types::ShardIteratorType;
use millstream_protocol::{ErrorCode, Protocol, Shape, Timestamp};
use millstream_streams::RecordArena;
use proptest::prelude::*;
use std::fmt::{Debug, Display};

fn from_json<T: Shape>(body: &str) -> T {
    decode(Protocol::Json, body.as_bytes()).unwrap()
}

/// The records as the engine takes them; an arena is compared by what it shows.
fn arena_of(body: &str) -> String {
    let input: PutRecordsInput<RecordArena> = from_json(body);
    format!("{:?}", input.records)
}

#[test]
fn a_member_when_given_twice_counts_as_the_last() {
    let body = r#"{"StreamName":"","Limit":0,"StreamName":"s","Limit":2.9}"#;
    let expected = DescribeStreamInput {
        stream_name: Some("s".into()),
        limit: Some(2),
        ..Default::default()
    };
    assert_eq!(from_json::<DescribeStreamInput>(body), expected);
    let body = r#"{"StreamName":"s","StreamName":null}"#;
    assert_eq!(
        from_json::<DescribeStreamInput>(body),
        DescribeStreamInput::default()
    );
}

#[test]
fn an_enumeration_when_given_twice_counts_as_the_last() {
    let body = r#"{"ShardId":"a","ShardIteratorType":"x","ShardIteratorType":"LATEST","Timestamp":1.5,"Timestamp":1.25}"#;
    let input: GetShardIteratorInput = from_json(body);
    assert_eq!(input.shard_iterator_type, ShardIteratorType::Latest);
    assert_eq!(input.timestamp, Some(Timestamp(1250)));
}

#[test]
fn a_record_when_its_data_is_given_twice_counts_as_the_last() {
    let twice = r#"{"Records":[{"PartitionKey":"y","Data":"AQ==","Data":"BA=="}]}"#;
    let once = r#"{"Records":[{"PartitionKey":"y","Data":"BA=="}]}"#;
    assert_eq!(arena_of(twice), arena_of(once));
    let list: PutRecordsInput = from_json(twice);
    assert_eq!(list.records[0].data, [4].as_slice());
}

#[test]
fn records_when_given_twice_count_as_the_last() {
    let twice = r#"{"Records":[{"Data":"AQ==","PartitionKey":""}],
        "Records":[{"Data":"Aw==","PartitionKey":"x"}]}"#;
    let once = r#"{"Records":[{"Data":"Aw==","PartitionKey":"x"}]}"#;
    assert_eq!(arena_of(twice), arena_of(once));
    assert_ne!(arena_of(once), arena_of(&once.replace('x', "y")));
}

#[test]
fn records_when_wrong_are_refused_alike_by_a_sink_and_a_list() {
    let many = vec![r#"{"Data":""}"#; 501].join(",");
    let long = format!(r#"{{"Data":"","PartitionKey":"{}"}}"#, "é".repeat(257));
    for records in [
        "",
        r#"{"PartitionKey":"a"}"#,
        r#"{"Data":null}"#,
        r#"{"Data":"A"}"#,
        r#"{"Data":"","PartitionKey":""}"#,
        r#"{"Data":"","PartitionKey":1}"#,
        r#"{"Data":"","ExplicitHashKey":""}"#,
        r#"{"Data":"","ExplicitHashKey":"01"}"#,
        r#"{"Data":"","ExplicitHashKey":{}}"#,
        r#"{"Data":""},null"#,
        r#"{"Data":""},[]"#,
        &long,
        &many,
    ] {
        let body = format!(r#"{{"Records":[{records}]}}"#);
        let sink = decode::<PutRecordsInput<RecordArena>>(Protocol::Json, body.as_bytes());
        let list = decode::<PutRecordsInput>(Protocol::Json, body.as_bytes());
        let (sink, list) = (sink.unwrap_err(), list.unwrap_err());
        assert_eq!(list, sink, "{body}");
        assert!(list.message.is_some());
    }
}

#[test]
fn a_records_members_when_their_names_are_no_text_are_refused_in_both_protocols() {
    let bodies: [(Protocol, &[u8]); 6] = [
        (Protocol::Json, b"{\"Records\":[{\"Data\":\"\",\"\n\":1}]}"),
        (Protocol::Json, b"{\"Records\":[{\"Data\":\"\",1:1}]}"),
        (Protocol::Json, b"{\"Records\":[{\"Data\" \"\"}]}"),
        (
            Protocol::Cbor,
            b"\xa1\x67Records\x81\xa2\x64Data\x40\x61\xff\xf6",
        ),
        (
            Protocol::Cbor,
            b"\xa1\x67Records\x81\xa2\x64Data\x40\x01\xf6",
        ),
        (Protocol::Cbor, b"\xa1\x67Records\x81\xa1\x44Data\x40"),
    ];
    for (protocol, body) in bodies {
        let error = decode::<PutRecordsInput<RecordArena>>(protocol, body).unwrap_err();
        assert_eq!(error.code, ErrorCode::SerializationException, "{body:?}");
        assert_eq!(error.message, None, "{body:?}");
    }
}

#[test]
fn partition_keys_when_one_is_no_text_are_refused_alike_by_a_sink_and_a_list() {
    let body_of = |keys: &[&[u8]]| {
        let mut body = b"\xa1\x67Records\x9f".to_vec();
        for key in keys {
            body.extend_from_slice(b"\xa2\x64Data\x40\x6cPartitionKey\x79");
            body.extend_from_slice(&(key.len() as u16).to_be_bytes());
            body.extend_from_slice(key);
        }
        body.push(0xff);
        body
    };
    let too_many = "é".repeat(257);
    let cases: [(&[&[u8]], ErrorCode); 5] = [
        (&[too_many.as_bytes()], ErrorCode::ValidationException),
        (&[b"a\xc3", b"\xa9b"], ErrorCode::SerializationException),
        (&[b"\xa9"], ErrorCode::SerializationException),
        (&[b"a", b"b\xc3"], ErrorCode::SerializationException),
        (&[b"\xff", b"a"], ErrorCode::SerializationException),
    ];
    for (keys, code) in cases {
        let body = body_of(keys);
        let sink = decode::<PutRecordsInput<RecordArena>>(Protocol::Cbor, &body);
        let list = decode::<PutRecordsInput>(Protocol::Cbor, &body);
        let (sink, list) = (sink.unwrap_err(), list.unwrap_err());
        assert_eq!(sink.code, code, "{keys:x?}");
        assert_eq!(sink, list, "{keys:x?}");
    }
}

/// Anything that may be a JSON value in a request, valid or not.
fn any_value() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        Just(r#""LATEST""#.to_owned()),
        Just(r#""AT_LATEST""#.to_owned()),
        Just(r#""shardId-0""#.to_owned()),
        Just(r#""AQID""#.to_owned()),
        Just(r#""AQJ=""#.to_owned()),
        Just(r#""é""#.to_owned()),
        Just(r#""""#.to_owned()),
        Just("1.5".to_owned()),
        (-2i64..12_000).prop_map(|number| number.to_string()),
        Just("1e40".to_owned()),
        Just("-".to_owned()),
        "\"[a-z0-9]{0,40}\"",
    ];
    let names = prop_oneof![
        Just("Data"),
        Just("PartitionKey"),
        Just("ExplicitHashKey"),
        Just("Type"),
        Just("ShardId"),
        Just("Timestamp"),
        Just("a"),
    ];
    scalar.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3)
                .prop_map(|elements| format!("[{}]", elements.join(","))),
            prop::collection::vec((names.clone(), inner), 0..4)
                .prop_map(|members| object(&members)),
        ]
    })
}

fn object<N: Display>(members: &[(N, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// A request with members of that shape, most of them valid as `right` defines.
fn any_request(
    names: &'static [&'static str],
    right: &'static [(&'static str, &'static str)],
) -> impl Strategy<Value = String> {
    let member = prop_oneof![
        2 => prop::sample::select(right).prop_map(|(name, value)| (name, value.to_owned())),
        1 => (prop::sample::select(names), any_value()),
    ];
    prop::collection::vec(member, 0..6).prop_map(|members| object(&members))
}

/// The fast path accepts exactly what the explanation accepts, except for duplicates, and both
/// decode the same values.
fn agree<T: Shape + Debug>(body: &str) {
    let fast = millstream_protocol::decode::<T>(Protocol::Json, body.as_bytes());
    let explained = explain(Protocol::Json, body.as_bytes(), T::SHAPE);
    let explained = explained.and_then(|explained| match explained {
        Explained::Repeated(canonical) => Ok(canonical),
        Explained::Broken(violation) => Err(violation.into_error(Some(RECORD_BYTES_MAX))),
    });
    match (fast, explained) {
        (Ok(fast), Ok(canonical)) => {
            let again = millstream_protocol::decode::<T>(Protocol::Cbor, &canonical).unwrap();
            assert_eq!(format!("{again:?}"), format!("{fast:?}"), "{body}");
        }
        (Err(Fault::Repeated), Ok(canonical)) => {
            let again = millstream_protocol::decode::<T>(Protocol::Cbor, &canonical);
            assert!(again.is_ok(), "{body}");
        }
        (Err(fault), Ok(_)) => {
            // An error must have been in a value that a later one replaces.
            let decoded = decode::<T>(Protocol::Json, body.as_bytes());
            assert!(decoded.is_ok() && is_repetitive(body), "{fault} in {body}");
        }
        (Err(_), Err(error)) => assert_ne!(error.code, ErrorCode::InternalFailure, "{body}"),
        (Ok(_), Err(error)) => panic!("accepted although {error}: {body}"),
    }
}

fn is_repetitive(body: &str) -> bool {
    let names: Vec<_> = body
        .split('"')
        .filter(|part| !part.starts_with([':', ',']))
        .collect();
    names
        .iter()
        .enumerate()
        .any(|(index, name)| names[..index].contains(name))
}

proptest! {
    #[test]
    fn a_get_shard_iterator_when_it_is_anything_is_judged_the_same_twice(body in any_request(
        &["StreamName", "ShardId", "ShardIteratorType", "StartingSequenceNumber", "Timestamp", "StreamARN", "DryRun"],
        &[("ShardId", r#""s""#), ("ShardIteratorType", r#""LATEST""#), ("Timestamp", "1.5")],
    )) {
        agree::<GetShardIteratorInput>(&body);
    }

    #[test]
    fn a_put_records_when_it_is_anything_is_judged_the_same_twice(body in any_request(
        &["StreamName", "Records", "DryRun", "StreamId"],
        &[
            ("Records", r#"[{"Data":"AQID","PartitionKey":"a"}]"#),
            ("Records", r#"[{"Data":"AQID","Data":"AQJ=","PartitionKey":"a","ExplicitHashKey":"1"}]"#),
            ("Records", r#"[{"Data":"AQID","Data":"","ExplicitHashKey":"01","ExplicitHashKey":"1"}]"#),
            ("Records", r#"[{"Data":"AQID","PartitionKey":""}]"#),
            ("StreamName", r#""s""#),
            ("DryRun", "false"),
        ],
    )) {
        agree::<PutRecordsInput>(&body);
        agree::<PutRecordsInput<RecordArena>>(&body);
    }

    #[test]
    fn a_tagging_when_it_is_anything_is_judged_the_same_twice(body in any_request(
        &["StreamName", "Tags"],
        &[("Tags", r#"{"a":"b","c":""}"#), ("StreamName", r#""s""#)],
    )) {
        agree::<AddTagsToStreamInput>(&body);
    }

    #[test]
    fn a_list_shards_when_it_is_anything_is_judged_the_same_twice(body in any_request(
        &["StreamName", "NextToken", "MaxResults", "ShardFilter", "StreamCreationTimestamp"],
        &[("ShardFilter", r#"{"Type":"AT_LATEST"}"#), ("MaxResults", "7"), ("StreamName", r#""s""#)],
    )) {
        agree::<ListShardsInput>(&body);
    }

    #[test]
    fn a_monitoring_when_it_is_anything_is_judged_the_same_twice(body in any_request(
        &["StreamName", "ShardLevelMetrics"],
        &[("ShardLevelMetrics", r#"["ALL","IncomingBytes"]"#)],
    )) {
        agree::<EnableEnhancedMonitoringInput>(&body);
    }

    #[test]
    fn a_body_when_it_is_any_bytes_never_panics(body in prop::collection::vec(any::<u8>(), 0..64)) {
        for protocol in [Protocol::Json, Protocol::Cbor] {
            let _ = decode::<PutRecordsInput>(protocol, &body);
        }
    }
}
