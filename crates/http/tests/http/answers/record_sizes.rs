//! Records that are too large, beside other faults: AWS words their size like any constraint, so
//! all of a request's violations are in one message, whatever becomes of the stream.

use super::records::{KIB, blob, one_of, too_long};
use super::*;

const MAX: usize = 1024 * KIB;
const RAISED: usize = 2048 * KIB;
/// The longest data that the service model allows.
const DATA_MAX: usize = 10_240 * KIB;

/// The streams that are put to, and the size of records that each takes: one of the default, one
/// with a raised maximum, one that is missing, and one of another account. Of what is not there for
/// the sender, the service model alone limits the data.
const STREAMS: [(&str, usize); 4] = [
    (r#""StreamName":"s""#, MAX),
    (r#""StreamName":"raised""#, RAISED),
    (r#""StreamName":"none""#, DATA_MAX),
    (
        r#""StreamARN":"arn:aws:kinesis:us-east-1:222222222222:stream/raised""#,
        DATA_MAX,
    ),
];

async fn server() -> Server {
    let server = Server::with_stream(1).await;
    let raised = r#"{"StreamName":"raised","ShardCount":1,"MaxRecordSizeInKiB":2048}"#;
    server.ok("CreateStream", raised).await;
    server
}

fn two(first: &str, path: &str, max: usize) -> String {
    let second = too_long(path, max);
    format!("2 validation errors detected: {first}; {second}")
}

fn pattern(value: &str, path: &str, pattern: &str) -> String {
    format!(
        "Value '{value}' at '{path}' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: {pattern}"
    )
}

/// Members that violate a constraint, and what is said of that.
fn faults() -> Vec<(String, String)> {
    let long = "k".repeat(257);
    let too_long = format!(
        "Value '{long}' at 'partitionKey' failed to satisfy constraint: Member must have length \
         less than or equal to 256"
    );
    let empty = "Value '' at 'partitionKey' failed to satisfy constraint: Member must have length \
                 greater than or equal to 1";
    vec![
        (format!(r#""PartitionKey":"{long}""#), too_long),
        (r#""PartitionKey":"""#.to_owned(), empty.to_owned()),
        (
            r#""PartitionKey":"k","ExplicitHashKey":"x""#.to_owned(),
            pattern("x", "explicitHashKey", r"0|([1-9]\d{0,38})"),
        ),
        (
            r#""PartitionKey":"k","SequenceNumberForOrdering":"x""#.to_owned(),
            pattern("x", "sequenceNumberForOrdering", r"0|([1-9]\d{0,128})"),
        ),
    ]
}

#[tokio::test]
async fn record_when_too_large_beside_another_violation_then_both_are_told_by_its_streams_limit() {
    let server = server().await;
    for (stream, max) in STREAMS {
        for (members, fault) in faults() {
            for bytes in [MAX + 1, RAISED + 1, DATA_MAX, DATA_MAX + 1] {
                let data = blob(bytes);
                let body = format!(r#"{{{stream},{members},"Data":"{data}"}}"#);
                let text = match bytes > max {
                    true => two(&fault, "data", max),
                    false => format!("1 validation error detected: {fault}"),
                };
                let found = server.call("PutRecord", &body).await;
                assert!(
                    found == error(VALIDATION, &text),
                    "{stream} {members} {bytes}"
                );
            }
        }
    }
}

#[tokio::test]
async fn records_when_too_large_beside_violations_of_others_then_all_are_told() {
    let server = server().await;
    for (stream, max) in STREAMS {
        let data = blob(if max == DATA_MAX {
            DATA_MAX + 1
        } else {
            RAISED + 1
        });
        let body = format!(
            r#"{{{stream},"Records":[{{"PartitionKey":"k","Data":""}},
                {{"PartitionKey":"k","Data":"{data}"}},{{"PartitionKey":"k"}},
                {{"PartitionKey":"k","Data":"","ExplicitHashKey":"x"}}]}}"#
        );
        let text = format!(
            "3 validation errors detected: Value null at 'records.3.member.data' failed to satisfy \
             constraint: Member must not be null; {}; {}",
            pattern(
                "x",
                "records.4.member.explicitHashKey",
                r"0|([1-9]\d{0,38})"
            ),
            too_long("records.2.member.data", max)
        );
        let found = server.call("PutRecords", &body).await;
        assert_eq!(found, error(VALIDATION, &text), "{stream}");
        let small = r#"{"PartitionKey":"k","Data":""},"#.repeat(500);
        let body =
            format!(r#"{{{stream},"Records":[{small}{{"PartitionKey":"k","Data":"{data}"}}]}}"#);
        let text = two(
            "Value at 'records' failed to satisfy constraint: Member must have length less than or \
             equal to 500",
            "records.501.member.data",
            max,
        );
        let found = server.call("PutRecords", &body).await;
        assert_eq!(found, error(VALIDATION, &text), "{stream}");
    }
}

/// Also where the data alone is longer than the service model allows for any stream.
#[tokio::test]
async fn record_when_nothing_but_too_large_then_is_told_by_its_streams_limit() {
    let server = server().await;
    for (stream, max) in &STREAMS[..2] {
        for bytes in [*max, RAISED + 1, DATA_MAX, DATA_MAX + 1] {
            let one = put_one(&server, stream, bytes).await;
            let text = one_of("data", *max);
            assert_eq!(one, error(VALIDATION, text), "{stream} {bytes}");
            let many = put_many(&server, stream, bytes).await;
            let text = one_of("records.1.member.data", *max);
            assert_eq!(many, error(VALIDATION, text), "{stream} {bytes}");
        }
    }
}

#[tokio::test]
async fn record_when_its_stream_is_missing_then_is_judged_by_the_service_model_alone() {
    let server = server().await;
    for (stream, max) in &STREAMS[2..] {
        let gone = put_one(&server, stream, 1).await;
        for bytes in [MAX, RAISED + 1, DATA_MAX] {
            assert_eq!(put_one(&server, stream, bytes).await, gone, "{bytes}");
            assert_eq!(put_many(&server, stream, bytes).await, gone, "{bytes}");
        }
        let text = one_of("data", *max);
        let found = put_one(&server, stream, DATA_MAX + 1).await;
        assert_eq!(found, error(VALIDATION, text));
        let text = one_of("records.1.member.data", *max);
        let found = put_many(&server, stream, DATA_MAX + 1).await;
        assert_eq!(found, error(VALIDATION, text));
    }
}

async fn put_one(server: &Server, stream: &str, bytes: usize) -> Result<String, Refused> {
    let data = blob(bytes);
    let body = format!(r#"{{{stream},"PartitionKey":"k","Data":"{data}"}}"#);
    server.call("PutRecord", &body).await
}

async fn put_many(server: &Server, stream: &str, bytes: usize) -> Result<String, Refused> {
    let data = blob(bytes);
    let body = format!(r#"{{{stream},"Records":[{{"PartitionKey":"k","Data":"{data}"}}]}}"#);
    server.call("PutRecords", &body).await
}

/// A key that violates a constraint is told as that; the data is not too long because of it.
#[tokio::test]
async fn key_when_longer_than_any_record_then_is_told_alone() {
    let server = server().await;
    let key = "k".repeat(MAX + 1);
    let text = format!(
        "1 validation error detected: Value '{key}' at 'partitionKey' failed to satisfy constraint: \
         Member must have length less than or equal to 256"
    );
    let body = format!(r#"{{"StreamName":"s","PartitionKey":"{key}","Data":""}}"#);
    let found = server.call("PutRecord", &body).await;
    assert!(found == error(VALIDATION, &text));
}

#[tokio::test]
async fn record_when_too_large_for_a_stream_on_its_way_then_is_told_before_its_status() {
    let server = Server::slow(Limits::Off).await;
    let create = r#"{"StreamName":"s","ShardCount":1,"MaxRecordSizeInKiB":2048}"#;
    server.ok("CreateStream", create).await;
    let gone = "Stream s under account 111111111111 not found.";
    for (bytes, expected) in [
        (RAISED, error(VALIDATION, one_of("data", RAISED))),
        (MAX, error(NOT_FOUND, gone)),
    ] {
        let found = server.call("PutRecord", &records::put(bytes, "")).await;
        assert_eq!(found, expected);
    }
    let data = blob(RAISED);
    let body =
        format!(r#"{{"StreamName":"s","Records":[{{"PartitionKey":"k","Data":"{data}"}}]}}"#);
    let text = one_of("records.1.member.data", RAISED);
    assert_eq!(
        server.call("PutRecords", &body).await,
        error(VALIDATION, text)
    );
}
