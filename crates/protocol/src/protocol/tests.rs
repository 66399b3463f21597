//! Whole bodies: both protocols, both directions.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::operations::*;
use crate::types::*;
use crate::{Blob, RecordSink, Timestamp};

const PROTOCOLS: [Protocol; 2] = [Protocol::Json, Protocol::Cbor];

fn encoded<T: Encode>(protocol: Protocol, value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    encode(protocol, value, &mut out);
    out
}

fn json<T: Encode>(value: &T) -> String {
    String::from_utf8(encoded(Protocol::Json, value)).unwrap()
}

fn from_json<T: Shape>(body: &str) -> T {
    decode(Protocol::Json, body.as_bytes()).unwrap()
}

#[test]
fn members_when_unknown_or_null_are_dropped() {
    let body = r#"{"Nonsense":{"a":[1,null]},"StreamName":"s","Limit":null,"StreamARN":null}"#;
    let expected = DescribeStreamInput {
        stream_name: Some("s".into()),
        ..Default::default()
    };
    assert_eq!(from_json::<DescribeStreamInput>(body), expected);
}

#[test]
fn a_tag_when_given_twice_counts_as_the_last() {
    let input: AddTagsToStreamInput = from_json(r#"{"Tags":{"a":"1","b":"2","a":"3"}}"#);
    let expected = [
        ("a".to_owned(), "3".to_owned()),
        ("b".to_owned(), "2".to_owned()),
    ];
    assert_eq!(input.tags, BTreeMap::from(expected));
}

#[test]
fn an_answer_when_encoded_is_compact_and_leaves_out_what_is_absent() {
    let output = PutRecordsOutput {
        failed_record_count: Some(0),
        records: vec![PutRecordsResultEntry {
            sequence_number: Some("1".into()),
            shard_id: Some("shardId-000000000000".into()),
            ..Default::default()
        }],
        encryption_type: None,
    };
    let expected = r#"{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"shardId-000000000000"}]}"#;
    assert_eq!(json(&output), expected);
}

#[test]
fn an_answer_without_output_is_an_empty_body() {
    for protocol in PROTOCOLS {
        assert!(encoded(protocol, &()).is_empty());
        assert_eq!(decode_lenient::<()>(protocol, b""), Ok(()));
    }
    assert_eq!(decode_lenient::<()>(Protocol::Json, b"{}"), Ok(()));
}

#[test]
fn a_subscription_when_answered_has_its_events_elsewhere() {
    let output = SubscribeToShardOutput {
        event_stream: SubscribeToShardEventStream,
    };
    assert_eq!(json(&output), "{}");
    assert_eq!(decode_lenient(Protocol::Json, b"{}"), Ok(output));
}

#[test]
fn an_answer_when_newer_than_we_are_is_read_as_far_as_we_know() {
    let body = br#"{"StreamDescriptionSummary":{"StreamName":"not a name!","StreamARN":"","StreamStatus":"ACTIVE",
        "RetentionPeriodHours":24,"StreamCreationTimestamp":1,"EnhancedMonitoring":[{"ShardLevelMetrics":["New","ALL"]}],
        "EncryptionType":"QUANTUM","OpenShardCount":-1,"OpenShardCount":2,"New":{}}}"#;
    let output: DescribeStreamSummaryOutput = decode_lenient(Protocol::Json, body).unwrap();
    let summary = output.stream_description_summary;
    assert_eq!(summary.encryption_type, None);
    assert_eq!(summary.open_shard_count, 2);
    assert_eq!(
        summary.enhanced_monitoring[0].shard_level_metrics,
        Some(vec![MetricsName::All])
    );
    let unreadable = decode_lenient::<DescribeStreamSummaryOutput>(Protocol::Json, b"{}");
    assert_eq!(unreadable.unwrap_err(), DecodeError(Fault::Missing));
}

#[test]
fn a_body_when_it_is_an_object_is_told_from_everything_else() {
    for (body, expected) in [
        ("{}", true),
        (r#" {"a":[{}]} "#, true),
        ("[]", false),
        ("", false),
        ("{}x", false),
        ("1", false),
    ] {
        assert_eq!(
            is_object(Protocol::Json, body.as_bytes()),
            expected,
            "{body}"
        );
    }
    for (body, expected) in [
        (b"\xbf\xff".as_slice(), true),
        (b"\xa0", true),
        (b"\x80", false),
        (b"", false),
        (b"\xa0\x00", false),
    ] {
        assert_eq!(is_object(Protocol::Cbor, body), expected, "{body:x?}");
    }
}

#[test]
fn a_content_type_when_known_names_its_protocol() {
    for protocol in PROTOCOLS {
        assert_eq!(
            Protocol::from_content_type(protocol.content_type()),
            Some(protocol)
        );
    }
    assert_eq!(Protocol::from_content_type("application/json"), None);
}

/// A sink that records its calls, in one arena.
#[derive(Debug, Default, PartialEq)]
struct Arena {
    bytes: Vec<u8>,
    keys: Vec<u8>,
    records: Vec<(usize, Option<String>, Option<String>)>,
    ended: usize,
}

impl RecordSink for Arena {
    fn expect_bytes(&mut self, _: usize) {}

    fn begin_record(&mut self) {
        self.records.push((usize::MAX, None, None));
    }
    fn data(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
    fn data_done(&mut self, len: usize) {
        self.records.last_mut().unwrap().0 = len;
    }
    fn partition_key(&mut self, key: &[u8]) {
        self.keys.extend_from_slice(key);
        let key = String::from_utf8_lossy(key).into_owned();
        self.records.last_mut().unwrap().1 = Some(key);
    }
    fn explicit_hash_key(&mut self, key: &str) {
        self.records.last_mut().unwrap().2 = Some(key.to_owned());
    }
    fn end_record(&mut self) {
        self.ended += 1;
    }
    fn end(&mut self) -> bool {
        std::str::from_utf8(&self.keys).is_ok()
    }
    fn len(&self) -> usize {
        self.records.len()
    }
}

#[test]
fn records_when_decoded_into_a_sink_come_in_any_order_of_members() {
    let body = r#"{"StreamName":"s","Records":[
        {"PartitionKey":"a","Data":"AQI="},
        {"Data":"","Nonsense":1,"ExplicitHashKey":"7","PartitionKey":"b"},
        {"ExplicitHashKey":null,"Data":"\/\/8=","PartitionKey":"\u00e9"}]}"#;
    let input: PutRecordsInput<Arena> = from_json(body);
    assert_eq!(input.stream_name.as_deref(), Some("s"));
    assert_eq!(input.records.bytes, [1, 2, 255, 255]);
    assert_eq!(input.records.ended, 3);
    let expected = [
        (2, Some("a".to_owned()), None),
        (0, Some("b".to_owned()), Some("7".to_owned())),
        (2, Some("é".to_owned()), None),
    ];
    assert_eq!(input.records.records, expected);
}

#[test]
fn a_records_members_when_named_in_unusual_forms_are_known_all_the_same() {
    let json: &[u8] = br#"{"Records":[{ "Dat\u0061" :"AQI=","PartitionKey"
        :"k","ANameThatIsLongerThanThoseOfAllTheMembers":1,"Data2":0}]}"#;
    // A tagged name, a chunked one, one with a two-byte length, an unknown one.
    let cbor = b"\xa1\x67Records\x81\xa4\xc1\x64Data\x42\x01\x02\
        \x7f\x69Partition\x63Key\xff\x61k\x79\x00\x0fExplicitHashKey\x617\x61?\xf6";
    for (protocol, body, explicit) in [
        (Protocol::Json, json, None),
        (Protocol::Cbor, cbor, Some("7".to_owned())),
    ] {
        let input: PutRecordsInput<Arena> = decode(protocol, body).unwrap();
        assert_eq!(input.records.bytes, [1, 2], "{protocol:?}");
        let expected = [(2, Some("k".to_owned()), explicit)];
        assert_eq!(input.records.records, expected, "{protocol:?}");
    }
}

#[test]
fn partition_keys_when_one_is_no_text_are_refused_though_together_they_are() {
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
    let (most, too_many) = ("é".repeat(256), "é".repeat(257));
    let cases: [(&[&[u8]], bool); 7] = [
        (&[b"a", "é".as_bytes(), "日本".as_bytes()], true),
        (&[most.as_bytes()], true),
        (&[too_many.as_bytes()], false),
        (&[b"a\xc3", b"\xa9b"], false),
        (&[b"\xa9"], false),
        (&[b"a", b"b\xc3"], false),
        (&[b"\xff", b"a"], false),
    ];
    for (keys, accepted) in cases {
        let body = body_of(keys);
        let sink = decode::<PutRecordsInput<Arena>>(Protocol::Cbor, &body);
        let list = decode::<PutRecordsInput>(Protocol::Cbor, &body);
        assert_eq!(
            (sink.is_ok(), list.is_ok()),
            (accepted, accepted),
            "{keys:x?}"
        );
    }
}

#[test]
fn a_record_when_its_data_is_at_the_limit_is_taken_and_beyond_it_refused() {
    for (length, taken) in [(10_485_760, true), (10_485_761, false)] {
        let record = PutRecordsRequestEntry {
            data: vec![0; length].into(),
            ..Default::default()
        };
        let input = PutRecordsInput {
            records: vec![record],
            ..Default::default()
        };
        for protocol in PROTOCOLS {
            let body = encoded(protocol, &input);
            assert_eq!(
                decode::<PutRecordsInput<Arena>>(protocol, &body).is_ok(),
                taken
            );
            assert_eq!(decode::<PutRecordsInput>(protocol, &body).is_ok(), taken);
        }
    }
}

proptest! {
    #[test]
    fn a_put_when_encoded_and_decoded_is_the_same(
        data in prop::collection::vec(any::<u8>(), 0..200),
        key in "\\PC{1,20}",
        hash_key in prop::option::of("0|[1-9][0-9]{0,38}"),
        dry_run in any::<Option<bool>>(),
    ) {
        let input = PutRecordInput {
            data: Blob::from(data),
            partition_key: Some(key),
            explicit_hash_key: hash_key,
            dry_run,
            stream_name: Some("s".into()),
            ..Default::default()
        };
        for protocol in PROTOCOLS {
            let body = encoded(protocol, &input);
            prop_assert_eq!(decode::<PutRecordInput>(protocol, &body), Ok(input.clone()));
            prop_assert_eq!(decode_lenient::<PutRecordInput>(protocol, &body), Ok(input.clone()));
        }
    }

    #[test]
    fn records_when_encoded_and_decoded_are_the_same(
        records in prop::collection::vec(
            (any::<String>(), prop::collection::vec(any::<u8>(), 0..50), any::<i64>()), 0..5),
        millis in any::<Option<i64>>(),
    ) {
        let records = records.into_iter().map(|(key, data, instant)| Record {
            sequence_number: "1".into(),
            approximate_arrival_timestamp: Some(Timestamp(instant / 1_000_000)),
            data: Blob::from(data),
            partition_key: Some(key),
            encryption_type: Some(EncryptionType::Kms),
        });
        let output = GetRecordsOutput {
            records: records.collect(),
            next_shard_iterator: Some("i".into()),
            millis_behind_latest: millis,
            child_shards: None,
        };
        for protocol in PROTOCOLS {
            let body = encoded(protocol, &output);
            prop_assert!(is_object(protocol, &body));
            prop_assert_eq!(decode_lenient::<GetRecordsOutput>(protocol, &body), Ok(output.clone()));
        }
    }
}
