//! Bodies that are wrong, over HTTP: status, headers and the bytes of the answer, in JSON, in CBOR,
//! and in the envelope of a content type that AWS knows and does not serve.

use crate::harness::{Running, exchange, post};
use millstream_http::Limits;

const JSON: &str = "application/x-amz-json-1.1";
const CBOR: &str = "application/x-amz-cbor-1.1";
const ENVELOPED: &str = "application/json";

const PUT: &str = "Kinesis_20131202.PutRecord";
const LIST: &str = "Kinesis_20131202.ListStreams";

/// A type error has its text in `Message`, with a capital letter.
const TYPES: &str = "{\"__type\":\"SerializationException\",\"Message\":\"";
const CONSTRAINTS: &str = "{\"__type\":\"ValidationException\",\"message\":\"";
const MALFORMED: &str = "{\"__type\":\"SerializationException\"}";

/// A target, a body in JSON and in CBOR, and how the answer in JSON begins.
type Row = (&'static str, &'static [u8], &'static [u8], &'static str);

const ROWS: &[Row] = &[
    (LIST, b"[", b"\x9f", MALFORMED),
    (LIST, b"{} {}", b"\xa0\xa0", MALFORMED),
    (LIST, b"{\"X\":\"\xff\"}", b"\xa1\x61X\x61\xff", MALFORMED),
    (
        LIST,
        b"{\"X\":\"\\ud800\"}",
        b"\xa1\x61X\x63\xed\xa0\x80",
        MALFORMED,
    ),
    (
        LIST,
        b"{\"X\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        b"\xa1\x61X\x81\x81\x81",
        MALFORMED,
    ),
    (
        LIST,
        b"{\"X\":\"",
        b"\xa1\x61X\x7b\xff\xff\xff\xff\xff\xff\xff\xff",
        MALFORMED,
    ),
    (LIST, b"{\"Limit\":true}", b"\xa1\x65Limit\xf5", TYPES),
    (LIST, b"{\"Limit\":[]}", b"\xbf\x65Limit\x9f\xff\xff", TYPES),
    (PUT, b"{\"Data\":\"A\"}", b"\xa1\x64Data\x61A", TYPES),
    (
        PUT,
        b"{\"Data\":\"AB==\"}",
        b"\xa1\x64Data\xc1\x64AB==",
        TYPES,
    ),
    (
        LIST,
        b"{\"Limit\":1e400}",
        b"\xa1\x65Limit\xf9\x7c\0",
        CONSTRAINTS,
    ),
    (
        LIST,
        b"{\"Limit\":0.9}",
        b"\xa1\x65Limit\xf9\x3b\x33",
        CONSTRAINTS,
    ),
    (
        LIST,
        b"{\"Limit\":1,\"Limit\":0}",
        b"\xa2\x65Limit\x01\x65Limit\0",
        CONSTRAINTS,
    ),
    (PUT, b"{}", b"\xa0", CONSTRAINTS),
    (
        LIST,
        b"{\"Limit\":0,\"Limit\":1}",
        b"\xa2\x65Limit\0\x65Limit\x01",
        "{\"StreamNames\":[]",
    ),
    (
        LIST,
        b"\n{\"X\":1e400}\n",
        b"\xbf\x61X\xc2\x41a\xff",
        "{\"StreamNames\":[]",
    ),
];

/// The same in CBOR: the texts of an answer in JSON, each behind its length.
fn in_cbor(json: &str) -> Vec<Vec<u8>> {
    let texts = json.split(['"', ':', ',', '{', '}', '[', ']']);
    texts
        .filter(|text| !text.is_empty())
        .map(|text| [&[0x60 + text.len() as u8], text.as_bytes()].concat())
        .collect()
}

#[tokio::test]
async fn body_when_wrong_or_unusual_then_is_answered_alike_in_every_encoding() {
    let server = Running::start(Limits::default()).await;
    for (target, json, cbor, expected) in ROWS {
        let case = format!("{:?}", String::from_utf8_lossy(json));
        let target = ("x-amz-target", *target);
        let status = if expected.contains("__type") {
            400
        } else {
            200
        };

        let request = post(&[("content-type", JSON), target], json);
        let in_json = exchange(server.address, &request).await;
        assert_eq!(
            (in_json.status, in_json.header("content-type")),
            (status, JSON),
            "{case}"
        );
        assert!(
            in_json.text().starts_with(expected),
            "{case}: {}",
            in_json.text()
        );

        let request = post(&[("content-type", CBOR), target], cbor);
        let answer = exchange(server.address, &request).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, CBOR),
            "{case}"
        );
        let error_type = "x-amzn-errortype";
        assert_eq!(
            answer.header(error_type),
            in_json.header(error_type),
            "{case}"
        );
        for text in in_cbor(expected) {
            let is_there = answer.body.windows(text.len()).any(|part| part == text);
            assert!(is_there, "{case}: {:x?} is not in {:x?}", text, answer.body);
        }

        let request = post(&[("content-type", ENVELOPED), target], json);
        let answer = exchange(server.address, &request).await;
        let (status, name) = if *expected == MALFORMED {
            (400, "SerializationException")
        } else {
            (404, "UnknownOperationException")
        };
        assert_eq!(answer.status, status, "{case}");
        let envelope = format!(
            "{{\"Output\":{{\"__type\":\"com.amazon.coral.service#{name}\"}},\"Version\":\"1.0\"}}"
        );
        assert_eq!(answer.text(), envelope, "{case}");
    }
    server.stop().await;
}
