//! AWS's words for every way in which a request can be wrong.

use super::read::{self, Findings};
use super::value::Value;
use crate::decode::{Typed, decode_types};
use millstream_protocol::operations::*;
use millstream_protocol::parts::JsonReader;
use millstream_protocol::reader::Checks;
use millstream_protocol::types::named;
use millstream_protocol::{Error, ErrorCode, Protocol, Shape};

mod agreement;

/// What the stream of these requests takes.
const RECORD_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// Decodes a request of a sender who may send it.
fn decode<T: Shape>(protocol: Protocol, body: &[u8]) -> Result<T, Error> {
    match decode_types(protocol, body)? {
        Typed::Sound(request) => Ok(request),
        Typed::Broken(violation) => Err(violation.into_error(Some(RECORD_BYTES_MAX))),
    }
}

fn refused<T: Shape>(protocol: Protocol, body: &[u8]) -> Error {
    let shown = String::from_utf8_lossy(body).into_owned();
    match decode::<T>(protocol, body) {
        Ok(_) => panic!("accepted: {shown}"),
        Err(error) => error,
    }
}

/// The text of the type error in a JSON request.
fn type_error<T: Shape>(body: &str) -> String {
    let error = refused::<T>(Protocol::Json, body.as_bytes());
    assert_eq!(
        error.code,
        ErrorCode::SerializationException,
        "{body}: {error}"
    );
    error.message.unwrap_or_else(|| panic!("malformed: {body}"))
}

/// The violations in a JSON request.
fn violations<T: Shape>(body: &str) -> Vec<String> {
    let error = refused::<T>(Protocol::Json, body.as_bytes());
    assert_eq!(
        error.code,
        ErrorCode::ValidationException,
        "{body}: {error}"
    );
    let message = error.message.unwrap();
    let (head, items) = message.split_once(" detected: ").unwrap();
    let items: Vec<_> = items
        .split("; Value ")
        .map(|item| item.replace("Value ", ""))
        .collect();
    let plural = if items.len() == 1 { "error" } else { "errors" };
    assert_eq!(
        head,
        format!("{} validation {plural}", items.len()),
        "{message}"
    );
    items
}

const NUMBER: &str = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber";
const STRUCTURE: &str = "Start of structure or map found where not expected.";
const LIST: &str = "Start of list found where not expected";

#[test]
fn a_string_when_given_as_anything_else_is_refused() {
    for (value, expected) in [
        ("1.5", format!("{NUMBER} can not be converted to an String")),
        (
            "true",
            "class java.lang.Boolean can not be converted to an String".to_owned(),
        ),
        ("[]", LIST.to_owned()),
        ("{}", STRUCTURE.to_owned()),
    ] {
        let body = format!(r#"{{"StreamName":{value}}}"#);
        assert_eq!(type_error::<DescribeStreamInput>(&body), expected);
    }
}

#[test]
fn an_enumeration_when_given_as_a_number_is_refused_as_a_string() {
    let body = r#"{"StreamModeDetails":{"StreamMode":1}}"#;
    let expected = format!("{NUMBER} can not be converted to an String");
    assert_eq!(type_error::<CreateStreamInput>(body), expected);
}

#[test]
fn an_integer_when_given_as_anything_else_is_refused() {
    for (value, expected) in [
        (
            "true",
            "class java.lang.Boolean can not be converted to an Integer",
        ),
        (
            r#""1""#,
            "class java.lang.String can not be converted to an Integer",
        ),
        ("[]", LIST),
        ("{}", STRUCTURE),
    ] {
        let body = format!(r#"{{"Limit":{value}}}"#);
        assert_eq!(type_error::<DescribeStreamInput>(&body), expected);
    }
}

#[test]
fn a_long_when_given_as_anything_else_is_refused() {
    let body = |value: &str| format!(r#"{{"Records":[],"MillisBehindLatest":{value}}}"#);
    for (value, expected) in [
        (
            "true",
            "class java.lang.Boolean can not be converted to an Long",
        ),
        (
            r#""1""#,
            "class java.lang.String can not be converted to an Long",
        ),
    ] {
        assert_eq!(type_error::<GetRecordsOutput>(&body(value)), expected);
    }
}

#[test]
fn a_boolean_when_given_as_anything_else_is_refused() {
    for (value, expected) in [
        (
            r#""yes ß""#,
            "'YES SS' can not be converted to an Boolean".to_owned(),
        ),
        ("1", format!("{NUMBER} can not be converted to an Boolean")),
        ("[]", LIST.to_owned()),
        ("{}", STRUCTURE.to_owned()),
    ] {
        let body = format!(r#"{{"DryRun":{value}}}"#);
        assert_eq!(type_error::<PutRecordInput>(&body), expected);
    }
}

#[test]
fn a_blob_when_given_as_anything_else_is_refused() {
    for (value, expected) in [
        (
            "true",
            "class java.lang.Boolean can not be converted to a Blob".to_owned(),
        ),
        ("1", format!("{NUMBER} can not be converted to a Blob")),
        ("[]", LIST.to_owned()),
        ("{}", STRUCTURE.to_owned()),
    ] {
        let body = format!(r#"{{"Data":{value}}}"#);
        assert_eq!(type_error::<PutRecordInput>(&body), expected);
    }
}

#[test]
fn base64_when_it_is_wrong_is_refused_with_the_reason() {
    let length = "Base64 encoded length is expected a multiple of 4 bytes but found:";
    let last = "Invalid last non-pad Base64 character dectected";
    for (text, reason) in [
        ("A", format!("{length} 1")),
        ("AAAAé", format!("{length} 5")),
        ("=", format!("{length} 1")),
        ("AA\\n==", format!("{length} 5")),
        ("AA!A", "Invalid Base64 character: '!'".to_owned()),
        ("AA_A", "Invalid Base64 character: '_'".to_owned()),
        ("AéAA", "Invalid Base64 character: 'é'".to_owned()),
        ("A=A=", "Invalid Base64 character: '='".to_owned()),
        ("AA==AAAA", "Invalid Base64 character: '='".to_owned()),
        ("AB==", last.to_owned()),
        ("AAB=", last.to_owned()),
        ("A===", last.to_owned()),
        ("====", last.to_owned()),
    ] {
        let body = format!(r#"{{"Data":"{text}"}}"#);
        let shown = text.replace("\\n", "\n");
        let expected = format!("'{shown}' can not be converted to a Blob: {reason}");
        assert_eq!(type_error::<PutRecordInput>(&body), expected);
    }
}

#[test]
fn a_timestamp_when_given_as_anything_else_is_refused() {
    for (value, expected) in [
        (
            "true",
            "class java.lang.Boolean can not be converted to milliseconds since epoch",
        ),
        (
            r#""soon""#,
            "class java.lang.String can not be converted to milliseconds since epoch",
        ),
        ("[]", LIST),
        ("{}", STRUCTURE),
    ] {
        let body = format!(r#"{{"Timestamp":{value}}}"#);
        assert_eq!(type_error::<GetShardIteratorInput>(&body), expected);
    }
}

#[test]
fn a_list_map_or_structure_when_given_as_anything_else_is_refused() {
    for value in ["1", "true", r#""a""#] {
        let records = format!(r#"{{"Records":{value}}}"#);
        assert_eq!(
            type_error::<PutRecordsInput>(&records),
            "Expected list or null"
        );
        let tags = format!(r#"{{"Tags":{value}}}"#);
        assert_eq!(
            type_error::<AddTagsToStreamInput>(&tags),
            "Expected map or null"
        );
        let filter = format!(r#"{{"ShardFilter":{value}}}"#);
        assert_eq!(type_error::<ListShardsInput>(&filter), "Expected null");
    }
    assert_eq!(
        type_error::<PutRecordsInput>(r#"{"Records":{}}"#),
        STRUCTURE
    );
    assert_eq!(type_error::<PutRecordsInput>(r#"{"Records":[[]]}"#), LIST);
    assert_eq!(type_error::<AddTagsToStreamInput>(r#"{"Tags":[]}"#), LIST);
    assert_eq!(type_error::<ListShardsInput>(r#"{"ShardFilter":[]}"#), LIST);
}

#[test]
fn a_value_inside_others_when_of_the_wrong_type_is_refused() {
    let tags = r#"{"Tags":{"a":1}}"#;
    let expected = format!("{NUMBER} can not be converted to an String");
    assert_eq!(type_error::<AddTagsToStreamInput>(tags), expected);
    let records = r#"{"Records":[{"Data":"","PartitionKey":"a"},{"Data":true}]}"#;
    let expected = "class java.lang.Boolean can not be converted to a Blob";
    assert_eq!(type_error::<PutRecordsInput>(records), expected);
}

#[test]
fn type_errors_when_there_are_two_are_told_in_the_order_of_the_document() {
    let string = "class java.lang.Boolean can not be converted to an String";
    let integer = "class java.lang.Boolean can not be converted to an Integer";
    let body = r#"{"StreamName":true,"Limit":true}"#;
    assert_eq!(type_error::<DescribeStreamInput>(body), string);
    let body = r#"{"Limit":true,"StreamName":true}"#;
    assert_eq!(type_error::<DescribeStreamInput>(body), integer);
}

#[test]
fn a_type_error_when_a_later_value_would_hide_it_is_still_one() {
    let body = r#"{"StreamName":true,"StreamName":"a"}"#;
    let expected = "class java.lang.Boolean can not be converted to an String";
    assert_eq!(type_error::<DescribeStreamInput>(body), expected);
}

#[test]
fn a_body_when_malformed_is_refused_without_a_text() {
    let expected = Error {
        code: ErrorCode::SerializationException,
        message: None,
    };
    for body in ["", "{", "[]", "1", "null", "{}}", r#"{"StreamName":true"#] {
        assert_eq!(
            refused::<DescribeStreamInput>(Protocol::Json, body.as_bytes()),
            expected
        );
    }
    for body in [b"".as_slice(), b"\xbf", b"\x80", b"\xa0\xa0", b"{}"] {
        assert_eq!(
            refused::<DescribeStreamInput>(Protocol::Cbor, body),
            expected
        );
    }
}

#[test]
fn cbor_when_of_the_wrong_type_is_refused_in_the_same_words() {
    let error = refused::<DescribeStreamInput>(Protocol::Cbor, b"\xa1\x6aStreamName\x01");
    let expected = format!("{NUMBER} can not be converted to an String");
    assert_eq!(
        error,
        Error::new(ErrorCode::SerializationException, expected)
    );
    let error = refused::<DescribeStreamInput>(Protocol::Cbor, b"\xa1\x6aStreamName\x41a");
    let expected = "class java.nio.HeapByteBuffer can not be converted to an String";
    assert_eq!(
        error,
        Error::new(ErrorCode::SerializationException, expected)
    );
}

#[test]
fn cbor_when_a_number_is_not_a_number_is_refused() {
    let error = refused::<DescribeStreamInput>(Protocol::Cbor, b"\xa1\x65Limit\xf9\x7e\x00");
    let expected = format!("{NUMBER} can not be converted to an Integer");
    assert_eq!(
        error,
        Error::new(ErrorCode::SerializationException, expected)
    );
}

fn failed(value: &str, path: &str, rule: &str) -> String {
    format!("{value} at '{path}' failed to satisfy constraint: {rule}")
}

/// The same for a list or a blob, of which AWS shows no value.
fn failed_unseen(path: &str, rule: &str) -> String {
    format!("at '{path}' failed to satisfy constraint: {rule}")
}

#[test]
fn a_required_member_when_absent_or_null_is_told_with_all_other_violations() {
    let expected = [
        failed(
            "''",
            "streamName",
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        failed(
            "''",
            "streamName",
            "Member must have length greater than or equal to 1",
        ),
        failed("null", "shardId", "Member must not be null"),
        failed("null", "shardIteratorType", "Member must not be null"),
    ];
    let bodies = [
        r#"{"StreamName":""}"#,
        r#"{"ShardId":null,"StreamName":"","ShardIteratorType":null}"#,
    ];
    for body in bodies {
        assert_eq!(violations::<GetShardIteratorInput>(body), expected);
    }
}

#[test]
fn a_string_when_too_long_or_too_short_or_of_another_pattern_is_told() {
    let pattern = "Member must satisfy regular expression pattern:";
    let long = "a".repeat(129);
    let body = format!(r#"{{"StreamName":"{long}"}}"#);
    let rule = "Member must have length less than or equal to 128";
    assert_eq!(
        violations::<DescribeStreamInput>(&body),
        [failed(&format!("'{long}'"), "streamName", rule)]
    );
    let body = r#"{"ShardToSplit":"a","NewStartingHashKey":"01"}"#;
    let rule = format!(r"{pattern} 0|([1-9]\d{{0,38}})");
    assert_eq!(
        violations::<SplitShardInput>(body),
        [failed("'01'", "newStartingHashKey", &rule)]
    );
    let body = r#"{"Data":"","SequenceNumberForOrdering":"x"}"#;
    let rule = format!(r"{pattern} 0|([1-9]\d{{0,128}})");
    assert_eq!(
        violations::<PutRecordInput>(body),
        [failed("'x'", "sequenceNumberForOrdering", &rule)]
    );
    let body = r#"{"StreamARN":"x"}"#;
    let rule = format!(r"{pattern} arn:aws.*:kinesis:.*:\d{{12}}:stream/\S+");
    assert_eq!(
        violations::<DescribeStreamInput>(body),
        [failed("'x'", "streamARN", &rule)]
    );
}

#[test]
fn a_length_when_counted_counts_characters() {
    let key = |count| format!(r#"{{"Data":"","PartitionKey":"{}"}}"#, "é".repeat(count));
    assert!(decode::<PutRecordInput>(Protocol::Json, key(256).as_bytes()).is_ok());
    let rule = "Member must have length less than or equal to 256";
    let shown = format!("'{}'", "é".repeat(257));
    assert_eq!(
        violations::<PutRecordInput>(&key(257)),
        [failed(&shown, "partitionKey", rule)]
    );
}

#[test]
fn a_length_when_another_member_is_wrong_still_counts_characters() {
    let key = "é".repeat(256);
    let body = format!(r#"{{"PartitionKey":"{key}"}}"#);
    let expected = [failed("null", "data", "Member must not be null")];
    assert_eq!(violations::<PutRecordInput>(&body), expected);
}

#[test]
fn a_list_when_far_too_long_is_counted_in_full_and_kept_in_part() {
    let body = format!("[{}\"b\"]", r#""a","#.repeat(4999));
    let mut reader = JsonReader::new(body.as_bytes(), Checks::All).unwrap();
    let value = read::read(&mut reader, named::TAG_KEY_LIST, &mut Findings::default()).unwrap();
    let Some(Value::List(kept, 5000)) = value else {
        panic!("{value:?}")
    };
    assert_eq!(kept.len(), 1024);
}

#[test]
fn a_map_when_far_too_large_is_kept_in_part() {
    let entries: Vec<_> = (0..5000).map(|key| format!("\"{key}\":\"\"")).collect();
    let body = format!("{{{}}}", entries.join(","));
    let mut reader = JsonReader::new(body.as_bytes(), Checks::All).unwrap();
    let value = read::read(&mut reader, named::TAG_MAP, &mut Findings::default()).unwrap();
    let Some(Value::Map(kept)) = value else {
        panic!("{value:?}")
    };
    assert_eq!(kept.len(), 1024);
}

#[test]
fn an_integer_when_out_of_range_is_told_as_it_was_understood() {
    for (value, shown, rule) in [
        (
            "0",
            "'0'",
            "Member must have value greater than or equal to 1",
        ),
        (
            "0.9",
            "'0'",
            "Member must have value greater than or equal to 1",
        ),
        (
            "-0.1",
            "'-1'",
            "Member must have value greater than or equal to 1",
        ),
        (
            "10001",
            "'10001'",
            "Member must have value less than or equal to 10000",
        ),
        (
            "1e12",
            "'2147483647'",
            "Member must have value less than or equal to 10000",
        ),
    ] {
        let body = format!(r#"{{"Limit":{value}}}"#);
        assert_eq!(
            violations::<DescribeStreamInput>(&body),
            [failed(shown, "limit", rule)]
        );
    }
}

#[test]
fn an_enumeration_when_unknown_is_told_with_its_values() {
    let body = r#"{"ShardId":"a","ShardIteratorType":"latest"}"#;
    let rule = "Member must satisfy enum value set: \
                [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]";
    let expected = [failed("'latest'", "shardIteratorType", rule)];
    assert_eq!(violations::<GetShardIteratorInput>(body), expected);
}

#[test]
fn a_member_of_a_structure_when_wrong_is_told_with_its_path() {
    let body = r#"{"StreamName":"a","StreamModeDetails":{}}"#;
    let expected = [failed(
        "null",
        "streamModeDetails.streamMode",
        "Member must not be null",
    )];
    assert_eq!(violations::<CreateStreamInput>(body), expected);
}

#[test]
fn a_list_of_strings_when_too_long_or_with_a_wrong_element_is_told_as_a_whole() {
    let body = r#"{"TagKeys":["a",""]}"#;
    let rule = "Member must satisfy constraint: [Member must have length less than or equal to \
                128, Member must have length greater than or equal to 1]";
    assert_eq!(
        violations::<RemoveTagsFromStreamInput>(body),
        [failed_unseen("tagKeys", rule)]
    );
    let body = r#"{"TagKeys":[]}"#;
    let rule = "Member must have length greater than or equal to 1";
    assert_eq!(
        violations::<RemoveTagsFromStreamInput>(body),
        [failed_unseen("tagKeys", rule)]
    );
}

#[test]
fn a_list_of_enumerations_when_one_is_unknown_is_told_as_a_whole() {
    let body = r#"{"ShardLevelMetrics":["ALL","x"]}"#;
    let rule = "Member must satisfy constraint: [Member must satisfy enum value set: \
                [IncomingBytes, IncomingRecords, OutgoingBytes, OutgoingRecords, \
                WriteProvisionedThroughputExceeded, ReadProvisionedThroughputExceeded, \
                IteratorAgeMilliseconds, ALL]]";
    let expected = [failed_unseen("shardLevelMetrics", rule)];
    assert_eq!(violations::<EnableEnhancedMonitoringInput>(body), expected);
}

#[test]
fn a_map_when_a_key_or_value_is_wrong_is_told_as_a_whole() {
    let long = "v".repeat(257);
    let body = format!(r#"{{"Tags":{{"k":"{long}","":"x"}}}}"#);
    let bounds = |max, min| {
        format!(
            "[Member must have length less than or equal to {max}, \
             Member must have length greater than or equal to {min}]"
        )
    };
    let shown = format!("'{{k={long}, =x}}'");
    let expected = [
        failed(
            &shown,
            "tags",
            &format!("Map keys must satisfy constraint: {}", bounds(128, 1)),
        ),
        failed(
            &shown,
            "tags",
            &format!("Map value must satisfy constraint: {}", bounds(256, 0)),
        ),
    ];
    assert_eq!(violations::<AddTagsToStreamInput>(&body), expected);
}

#[test]
fn a_map_when_only_a_key_is_wrong_is_told() {
    let items = violations::<AddTagsToStreamInput>(r#"{"Tags":{"":"x"}}"#);
    assert_eq!(items.len(), 1);
    assert!(
        items[0].contains("Map keys must satisfy constraint"),
        "{items:?}"
    );
}

#[test]
fn a_map_when_too_large_or_empty_is_told() {
    let body = r#"{"Tags":{}}"#;
    let rule = "Member must have length greater than or equal to 1";
    assert_eq!(
        violations::<AddTagsToStreamInput>(body),
        [failed("'{}'", "tags", rule)]
    );
    let tags: Vec<_> = (0..201).map(|index| format!(r#""{index}":"""#)).collect();
    let items =
        violations::<AddTagsToStreamInput>(&format!(r#"{{"Tags":{{{}}}}}"#, tags.join(",")));
    assert_eq!(items.len(), 1);
    assert!(
        items[0].ends_with("Member must have length less than or equal to 200"),
        "{items:?}"
    );
}

#[test]
fn a_null_when_in_a_list_or_map_is_told_with_its_place() {
    let body = r#"{"Records":[{"Data":""},null]}"#;
    let expected = [failed(
        "null",
        "records.2.member",
        "Member must not be null",
    )];
    assert_eq!(violations::<PutRecordsInput>(body), expected);
    let body = r#"{"Tags":{"a":"b","c":null}}"#;
    let expected = [failed("null", "tags.c.member", "Member must not be null")];
    assert_eq!(violations::<AddTagsToStreamInput>(body), expected);
}

#[test]
fn a_record_of_putrecords_when_wrong_is_told_with_its_place() {
    let body = r#"{"Records":[{"Data":"","PartitionKey":"a"},{"PartitionKey":"","ExplicitHashKey":"-1"}]}"#;
    let expected = [
        failed("null", "records.2.member.data", "Member must not be null"),
        failed(
            "'-1'",
            "records.2.member.explicitHashKey",
            r"Member must satisfy regular expression pattern: 0|([1-9]\d{0,38})",
        ),
        failed(
            "''",
            "records.2.member.partitionKey",
            "Member must have length greater than or equal to 1",
        ),
    ];
    assert_eq!(violations::<PutRecordsInput>(body), expected);
}

#[test]
fn records_when_more_than_500_are_told_without_them() {
    let records = vec![r#"{"Data":"","PartitionKey":"a"}"#; 501].join(",");
    let rule = "Member must have length less than or equal to 500";
    assert_eq!(
        violations::<PutRecordsInput>(&format!(r#"{{"Records":[{records}]}}"#)),
        [failed_unseen("records", rule)]
    );
}

#[test]
fn a_blob_when_too_long_is_told_without_it() {
    let mut body = b"\xa1\x64Data\x5a\x00\xa0\x00\x01".to_vec();
    body.resize(body.len() + 10_485_761, 0);
    let text = "1 validation error detected: Value at 'data' failed to satisfy constraint: Member \
                must have length less than or equal to 10485760";
    let expected = Error::new(ErrorCode::ValidationException, text);
    assert_eq!(refused::<PutRecordInput>(Protocol::Cbor, &body), expected);
}

#[test]
fn a_text_when_as_long_as_the_longest_valid_one_is_shown_in_full() {
    let token = "t".repeat(1_048_577);
    let rule = "Member must have length less than or equal to 1048576";
    let body = format!(r#"{{"NextToken":"{token}"}}"#);
    assert_eq!(
        violations::<ListStreamsInput>(&body),
        [failed(&format!("'{token}'"), "nextToken", rule)]
    );
}

#[test]
fn values_when_they_are_many_and_long_share_what_one_message_may_show() {
    let key = "k".repeat(1_000_000);
    let records = vec![format!(r#"{{"Data":"","PartitionKey":"{key}"}}"#); 10].join(",");
    let items = violations::<PutRecordsInput>(&format!(r#"{{"Records":[{records}]}}"#));
    let shown: usize = items.iter().map(String::len).sum();
    assert_eq!(items.len(), 10);
    assert!((2_000_000..2_100_000).contains(&shown), "{shown}");
}

#[test]
fn violations_when_more_than_ten_are_told_up_to_ten() {
    let records = vec!["{}"; 20].join(",");
    let items = violations::<PutRecordsInput>(&format!(r#"{{"Records":[{records}]}}"#));
    assert_eq!(items.len(), 10);
}

#[test]
fn a_body_when_huge_and_wrong_everywhere_has_a_bounded_answer() {
    let records = vec!["{}"; 1_000_000].join(",");
    let body = format!(
        r#"{{"StreamName":"{}","Records":[{records}]}}"#,
        "é".repeat(1_000_000)
    );
    let error = refused::<PutRecordsInput>(Protocol::Json, body.as_bytes());
    assert!(
        error
            .message
            .is_some_and(|message| message.len() < 2_100_000)
    );
    let body = format!(r#"{{"Data":"{}"}}"#, "é".repeat(3_000_001));
    let error = refused::<PutRecordInput>(Protocol::Json, body.as_bytes());
    assert!(
        error
            .message
            .is_some_and(|message| message.len() < 2_100_000)
    );
}
