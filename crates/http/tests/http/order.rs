//! The order of checks: each row violates one check and all later ones.

use crate::harness::{Answer, Running, exchange, post, request};
use millstream_http::Limits;

const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.1");
const CBOR: (&str, &str) = ("content-type", "application/x-amz-cbor-1.1");
const ENVELOPED: (&str, &str) = ("content-type", "application/json");
const LIST: (&str, &str) = ("x-amz-target", "Kinesis_20131202.ListStreams");
const NONE: (&str, &str) = ("x-amz-target", "Kinesis_20131202.Nothing");
const BAD_AUTH: (&str, &str) = ("authorization", "AWS4-HMAC-SHA256 Credential=a");
const DENIED: &str = "<AccessDeniedException>\n  <Message>Unable to determine service/operation \
                      name to be authorized</Message>\n</AccessDeniedException>\n";
const UNKNOWN: &str = "{\"__type\":\"UnknownOperationException\"}";
const MALFORMED: &str = "{\"__type\":\"SerializationException\"}";

struct Row {
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    status: u16,
    content_type: &'static str,
    answer: &'static str,
}

const fn row(
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    status: u16,
    content_type: &'static str,
    answer: &'static str,
) -> Row {
    Row {
        headers,
        body,
        status,
        content_type,
        answer,
    }
}

const INCOMPLETE: &str = "{\"__type\":\"IncompleteSignatureException\",\"message\":\
    \"Authorization header requires 'Signature' parameter. Authorization header requires \
    'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or \
    a 'Date' header. Authorization=AWS4-HMAC-SHA256 Credential=a\"}";

const ROWS: &[Row] = &[
    // Empty bodies.
    row(&[JSON, LIST, BAD_AUTH], b"", 400, JSON.1, MALFORMED),
    row(&[JSON, NONE, BAD_AUTH], b"", 400, JSON.1, UNKNOWN),
    row(&[JSON], b"", 400, JSON.1, UNKNOWN),
    // Content types.
    row(
        &[("content-type", "text/plain"), BAD_AUTH],
        b"[",
        403,
        "",
        DENIED,
    ),
    row(
        &[("content-type", "text/plain"), NONE],
        b"[",
        404,
        "",
        "<UnknownOperationException/>\n",
    ),
    row(&[LIST], b"{}", 404, "", "<UnknownOperationException/>\n"),
    row(
        &[ENVELOPED, LIST],
        b"[]",
        400,
        ENVELOPED.1,
        "{\"Output\":{\"__type\":\"com.amazon.coral.service#SerializationException\"},\
         \"Version\":\"1.0\"}",
    ),
    row(
        &[ENVELOPED, LIST],
        b"{}",
        404,
        ENVELOPED.1,
        "{\"Output\":{\"__type\":\"com.amazon.coral.service#UnknownOperationException\"},\
         \"Version\":\"1.0\"}",
    ),
    // A body that is not an object, although the operation and the sender are wrong, too.
    row(&[JSON, NONE, BAD_AUTH], b"[]", 400, JSON.1, MALFORMED),
    row(&[JSON, LIST, BAD_AUTH], b"{", 400, JSON.1, MALFORMED),
    row(&[JSON, LIST], b"\"a\"", 400, JSON.1, MALFORMED),
    row(
        &[("content-type", " application/x-amz-json-1.1 ; a=b"), LIST],
        b"1",
        400,
        JSON.1,
        MALFORMED,
    ),
    // The operation, although the sender is wrong, too.
    row(&[JSON, NONE, BAD_AUTH], b"{}", 400, JSON.1, UNKNOWN),
    row(
        &[JSON, ("x-amz-target", "S3.ListStreams")],
        b"{}",
        400,
        JSON.1,
        UNKNOWN,
    ),
    row(&[JSON], b"{}", 400, JSON.1, UNKNOWN),
    // The sender, although types and values are wrong, too.
    row(
        &[JSON, LIST, BAD_AUTH],
        b"{\"Limit\":\"a\"}",
        400,
        JSON.1,
        INCOMPLETE,
    ),
    // Types, although values are wrong, too.
    row(
        &[JSON, LIST],
        b"{\"Limit\":0,\"NextToken\":true}",
        400,
        JSON.1,
        "{\"__type\":\"SerializationException\",\"Message\":\
         \"class java.lang.Boolean can not be converted to an String\"}",
    ),
    // Values.
    row(
        &[JSON, LIST],
        b"{\"Limit\":0}",
        400,
        JSON.1,
        "{\"__type\":\"ValidationException\",\"message\":\"1 validation error detected: Value '0' \
         at 'limit' failed to satisfy constraint: Member must have value greater than or equal to \
         1\"}",
    ),
    // Nothing wrong.
    row(
        &[JSON, LIST],
        b"{}",
        200,
        JSON.1,
        "{\"StreamNames\":[],\"HasMoreStreams\":false",
    ),
];

fn error_name(answer: &str) -> &str {
    let name = answer.split(['<', '/', '>', '"', '#']);
    name.into_iter()
        .find(|part| part.ends_with("Exception"))
        .unwrap_or_default()
}

fn check_ids(answer: &Answer) {
    assert_eq!(answer.header("x-amzn-requestid").len(), 36, "{answer:?}");
    assert_eq!(answer.header("x-amz-id-2").len(), 96, "{answer:?}");
    assert!(answer.header("date").ends_with(" GMT"), "{answer:?}");
}

#[tokio::test]
async fn request_when_wrong_in_many_ways_then_is_answered_for_the_first() {
    let server = Running::start(Limits::default()).await;
    for Row {
        headers,
        body,
        status,
        content_type,
        answer: expected,
    } in ROWS
    {
        let answer = exchange(server.address, &post(headers, body)).await;
        let case = format!(
            "{headers:?} {:?}: {answer:?}",
            String::from_utf8_lossy(body)
        );
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (*status, *content_type),
            "{case}"
        );
        match status {
            200 => assert!(answer.text().starts_with(expected), "{case}"),
            _ => assert_eq!(answer.text(), *expected, "{case}"),
        }
        assert_eq!(
            answer.header("x-amzn-errortype"),
            error_name(expected),
            "{case}"
        );
        check_ids(&answer);
    }
    server.stop().await;
}

#[tokio::test]
async fn request_when_cbor_or_empty_then_is_answered_in_cbor() {
    let server = Running::start(Limits::default()).await;
    for (headers, body, name) in [
        (&[CBOR, LIST][..], &b""[..], "SerializationException"),
        (&[LIST], b"", "SerializationException"),
        (&[ENVELOPED, LIST], b"", "SerializationException"),
        (&[], b"", "UnknownOperationException"),
        (&[CBOR, NONE], b"", "UnknownOperationException"),
        (&[CBOR, LIST], b"\x80", "SerializationException"),
        (&[CBOR, NONE], b"\xa0", "UnknownOperationException"),
        (
            &[CBOR, LIST, BAD_AUTH],
            b"\xbf\xff",
            "IncompleteSignatureException",
        ),
    ] {
        let answer = exchange(server.address, &post(headers, body)).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (400, CBOR.1),
            "{headers:?}"
        );
        let error = millstream_protocol::decode_error(
            millstream_protocol::Protocol::Cbor,
            400,
            &answer.body,
        );
        assert_eq!(error.name, name, "{headers:?} {body:?}");
        assert_eq!(
            error.message.is_some(),
            name == "IncompleteSignatureException"
        );
    }
    let answer = exchange(server.address, &post(&[CBOR, LIST], b"\xa0")).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, CBOR.1)
    );
    server.stop().await;
}

#[tokio::test]
async fn request_when_not_a_post_then_is_denied_without_a_look_at_it() {
    let server = Running::start(Limits::default()).await;
    for line in ["GET / HTTP/1.1", "PUT /a HTTP/1.1", "OPTIONS / HTTP/1.1"] {
        let bytes = request(line, &[JSON, LIST, ("connection", "close")], b"{}");
        let answer = exchange(server.address, &bytes).await;
        assert_eq!((answer.status, answer.text()), (403, DENIED), "{line}");
        check_ids(&answer);
    }
    server.stop().await;
}

#[tokio::test]
async fn request_when_from_a_browser_then_gets_its_headers() {
    let server = Running::start(Limits::default()).await;
    let origin = ("origin", "https://example.com");
    let asked = [
        origin,
        ("access-control-request-headers", "x-amz-target"),
        ("access-control-request-method", "POST"),
        ("connection", "close"),
    ];
    let preflight = exchange(server.address, &request("OPTIONS / HTTP/1.1", &asked, b"")).await;
    assert_eq!((preflight.status, preflight.text()), (200, ""));
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-headers", "x-amz-target"),
        ("access-control-allow-methods", "POST"),
        ("access-control-max-age", "172800"),
        ("access-control-expose-headers", ""),
        ("x-amz-id-2", ""),
    ] {
        assert_eq!(preflight.header(name), value, "{name}");
    }
    assert_eq!(preflight.header("x-amzn-requestid").len(), 36);

    let answer = exchange(server.address, &post(&[JSON, LIST, origin], b"{}")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(
        answer.header("access-control-expose-headers"),
        "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date"
    );
    server.stop().await;
}

#[tokio::test]
async fn request_when_its_sender_speaks_twice_then_is_refused() {
    let server = Running::start(Limits::default()).await;
    let headers = [JSON, LIST, BAD_AUTH, ("connection", "close")];
    let line = "POST /?X-Amz-Algorithm=AWS4-HMAC-SHA256 HTTP/1.1";
    let answer = exchange(server.address, &request(line, &headers, b"{}")).await;
    assert_eq!(
        answer.header("x-amzn-errortype"),
        "InvalidSignatureException"
    );
    server.stop().await;
}
