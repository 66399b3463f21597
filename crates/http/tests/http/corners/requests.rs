//! Requests whose framing is sound: methods, targets, content types, bodies, operations, senders.

use super::{CBOR, EXTENDED, Expected, JSON, LIST, Report};
use crate::harness::{Answer, Running, connect, read_answer, request};
use bytes::Bytes;
use http::Method;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::UNSERVED;
use tokio::io::AsyncWriteExt;

const MALFORMED: &str = "SerializationException";
const UNKNOWN: &str = "UnknownOperationException";
const MISSING: &str = "MissingAuthenticationTokenException";
const INCOMPLETE: &str = "IncompleteSignatureException";

/// A request, and its answer.
#[derive(Clone, Debug)]
struct Corner {
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    expected: Expected,
}

impl Corner {
    /// A request for a list of streams.
    fn list() -> Self {
        Self {
            method: "POST",
            target: "/".to_owned(),
            headers: vec![
                ("content-type", JSON.to_owned()),
                ("x-amz-target", LIST.to_owned()),
            ],
            body: b"{}".to_vec(),
            expected: Expected::listed(),
        }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    fn body(self, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { body, ..self }
    }

    fn to(self, target: &str) -> Self {
        let target = target.to_owned();
        Self { target, ..self }
    }

    fn by(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    fn gets(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }

    /// The length of its extended request id.
    fn extended(&self) -> usize {
        match self.is_preflight() {
            true => 0,
            false => EXTENDED,
        }
    }

    fn is_preflight(&self) -> bool {
        self.method == "OPTIONS" && self.headers.iter().any(|(name, _)| *name == "origin")
    }
}

fn methods() -> Vec<Corner> {
    let mut corners: Vec<Corner> = [
        "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "post", "FOO",
    ]
    .into_iter()
    .map(|method| Corner::list().by(method).gets(Expected::denied()))
    .collect();
    let head = Expected {
        body: Vec::new(),
        ..Expected::denied()
    };
    corners.push(Corner::list().by("HEAD").gets(head));
    let empty = Corner::list().by("GET").body("").without("content-type");
    corners.push(empty.without("x-amz-target").gets(Expected::denied()));
    corners
}

/// The path and the query have no meaning, apart from a signature.
fn targets() -> Vec<Corner> {
    let long = format!("/?a={}", "b".repeat(8000));
    [
        "/other/path",
        "//",
        "/%00%ff",
        "/?a=b",
        "/?",
        "/?%",
        "/?X-Amz-Expires=1",
        &long,
    ]
    .into_iter()
    .map(|target| Corner::list().to(target))
    .collect()
}

fn content_types() -> Vec<Corner> {
    let mut corners = Vec::new();
    for text in [
        "Application/X-Amz-Json-1.1",
        "APPLICATION/X-AMZ-JSON-1.1",
        "application/x-amz-json-1.1; charset=utf-8",
        "application/x-amz-json-1.1 ;a=b;c",
        "application/x-amz-json-1.1;",
    ] {
        corners.push(Corner::list().with("content-type", text));
    }
    for text in [
        "text/plain",
        "application/x-amz-json-1.0",
        "application/x-amz-json-1.1, a",
        "application/jsonp",
        "application",
        "*/*",
        ";",
    ] {
        let strange = Corner::list().with("content-type", text);
        corners.push(
            strange
                .clone()
                .without("x-amz-target")
                .gets(Expected::denied()),
        );
        corners.push(strange.clone().body("[").gets(Expected::unknown_format()));
        corners.push(strange.gets(Expected::unknown_format()));
    }
    let none = Corner::list().without("content-type");
    corners.push(none.clone().gets(Expected::unknown_format()));
    corners.push(none.without("x-amz-target").gets(Expected::denied()));
    for text in ["application/json", "Application/JSON; charset=UTF-8"] {
        let enveloped = Corner::list().with("content-type", text);
        for body in ["[]", "{", "1", "\0"] {
            let malformed = Expected::enveloped(400, MALFORMED);
            corners.push(enveloped.clone().body(body).gets(malformed));
        }
        corners.push(enveloped.clone().gets(Expected::enveloped(404, UNKNOWN)));
        let stranger = enveloped.without("x-amz-target");
        corners.push(stranger.gets(Expected::enveloped(404, UNKNOWN)));
    }
    corners
}

fn bodies() -> Vec<Corner> {
    let mut corners = Vec::new();
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for body in [
        "[]",
        "{",
        "\"a\"",
        "1",
        "null",
        "\0",
        "{}\0",
        "{}{}",
        "\u{feff}{}",
        "{'a':1}",
        &deep,
    ] {
        let malformed = Expected::json(MALFORMED, None);
        corners.push(Corner::list().body(body).gets(malformed));
    }
    let invalid = Corner::list().body(b"{\"a\":\"\xff\"}".to_vec());
    corners.push(invalid.gets(Expected::json(MALFORMED, None)));
    for body in [
        " {} ",
        "\n{\r\n}\t",
        r#"{"a":null,"a":1}"#,
        r#"{"Limit":null}"#,
    ] {
        corners.push(Corner::list().body(body));
    }
    for encoding in ["gzip", "aws-chunked", "identity, br"] {
        let encoded = Corner::list().with("content-encoding", encoding);
        corners.push(encoded.gets(Expected::json(MALFORMED, None)));
    }
    corners.push(Corner::list().with("content-encoding", "Identity"));
    let in_cbor = Corner::list().with("content-type", "application/x-amz-CBOR-1.1");
    for body in [
        &b"\x80"[..],
        b"\xff",
        b"\xa1",
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xa0\xa0",
        b"{}",
    ] {
        let malformed = Expected::cbor(ErrorCode::SerializationException, None);
        corners.push(in_cbor.clone().body(body).gets(malformed));
    }
    // Nothing: which protocol it is answered in depends on what there is.
    let nothing = Corner::list().body("");
    corners.push(nothing.clone().gets(Expected::json(MALFORMED, None)));
    let strange = nothing
        .clone()
        .with("x-amz-target", "Kinesis_20131202.Nothing");
    corners.push(strange.gets(Expected::json(UNKNOWN, None)));
    for content_type in [CBOR, "text/plain", "application/json", ""] {
        let nothing = nothing.clone().with("content-type", content_type);
        let malformed = Expected::cbor(ErrorCode::SerializationException, None);
        corners.push(nothing.clone().gets(malformed));
        let unknown = Expected::cbor(ErrorCode::UnknownOperationException, None);
        corners.push(nothing.without("x-amz-target").gets(unknown));
    }
    corners
}

fn operations() -> Vec<Corner> {
    let mut corners = Vec::new();
    let unsigned = |corner: Corner| corner.with("authorization", "AWS4-HMAC-SHA256 Credential=a");
    for target in [
        "Kinesis_20131202.Nothing",
        "Kinesis_20131202.listStreams",
        "Kinesis_20131202.ListStreams.",
        "Kinesis_20131202",
        "Kinesis_20131202.",
        ".ListStreams",
        ".",
        "kinesis_20131202.ListStreams",
        "DynamoDB_20120810.ListTables",
        "Kinesis_20131202.CreateQueues",
        "DynamoDB_20120810.CreateQueue",
    ] {
        let corner = Corner::list().with("x-amz-target", target);
        let unknown = corner.gets(Expected::json(UNKNOWN, None));
        corners.push(unsigned(unknown.clone()));
        corners.push(unknown);
    }
    for name in UNSERVED {
        let target = format!("Kinesis_20131202.{name}");
        let text = format!("Millstream does not serve {name} yet.");
        let corner = Corner::list().with("x-amz-target", &target);
        let unserved = corner.clone().gets(Expected::json(UNKNOWN, Some(&text)));
        corners.push(unsigned(unserved.clone()));
        corners.push(unserved);
        let in_cbor = corner
            .clone()
            .with("content-type", CBOR)
            .body(b"\xbf\xff".to_vec());
        let text = Expected::cbor(ErrorCode::UnknownOperationException, Some(&text));
        corners.push(in_cbor.gets(text));
        corners.push(
            corner
                .clone()
                .body("[]")
                .gets(Expected::json(MALFORMED, None)),
        );
        corners.push(corner.clone().body("").gets(Expected::json(UNKNOWN, None)));
        let strange = corner.with("content-type", "text/plain");
        corners.push(strange.gets(Expected::unknown_format()));
    }
    corners
}

/// A credential with everything that belongs to it, in a query.
const IN_QUERY: &str = "X-Amz-Credential=a/20260101/eu-west-1/kinesis/aws4_request\
                        &X-Amz-Signature=a&X-Amz-SignedHeaders=host&X-Amz-Date=20260101T000000Z";

fn incomplete(text: &str) -> Expected {
    Expected::json(INCOMPLETE, Some(text))
}

fn senders_in_the_query() -> Vec<Corner> {
    let missing = || Expected::json(MISSING, Some("Missing Authentication Token"));
    let must = |name: &str| format!("AWS query-string parameters must include '{name}'. ");
    let rest = [
        "X-Amz-Credential",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
        "X-Amz-Date",
    ];
    let rest = rest.map(must).concat() + "Re-examine the query-string parameters.";
    let all = must("X-Amz-Algorithm") + &rest;
    let both = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP \
                header.";
    let both = Expected::json("InvalidSignatureException", Some(both));
    let to = |query: &str| Corner::list().to(&format!("/?{query}"));
    let by = |header: &str, query: &str| to(query).with("authorization", header);
    let whole = format!("X-Amz-Algorithm=AWS4-HMAC-SHA256&{IN_QUERY}");
    vec![
        by("", "a=b"),
        to(IN_QUERY).gets(missing()),
        by("", "X-Amz-Credential=a").gets(missing()),
        to("X-Amz-Signature=a").gets(missing()),
        to(&whole),
        by("", &whole),
        to("X-Amz-Algorithm=AWS4-HMAC-SHA256").gets(incomplete(&rest)),
        to("X-Amz-Algorithm").gets(incomplete(&all)),
        by("a", "X-Amz-Algorithm=").gets(both.clone()),
        by("a", &whole).gets(both),
    ]
}

fn senders() -> Vec<Corner> {
    let required = |name: &str| format!("Authorization header requires '{name}' parameter. ");
    let all = ["Credential", "Signature", "SignedHeaders"];
    let all = all.map(required).concat();
    let date = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' \
                header. ";
    let signed = "Credential=123456789012/20260101/eu-west-1/kinesis/aws4_request, \
                  SignedHeaders=host, Signature=a";
    let by = |header: &str| Corner::list().with("authorization", header);
    let dated = |header: &str| by(header).with("x-amz-date", "20260101T000000Z");
    let nothing = format!("{all}{date}Authorization=a");
    vec![
        by(""),
        by("a").gets(incomplete(&nothing)),
        dated("Basic").gets(incomplete(&format!("{all}Authorization=Basic"))),
        dated("Basic YTpi").gets(incomplete(
            "'YTpi' not a valid key=value pair (missing equal-sign) in Authorization header: \
             'Basic YTpi'.",
        )),
        dated(&format!("AWS4-HMAC-SHA256 {signed}")),
        dated(&format!("AWS4-HMAC-SHA512 {signed}")).gets(incomplete(
            "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'.",
        )),
        by(&format!("AWS4-HMAC-SHA256 {signed}")).gets(incomplete(&format!(
            "{date}Authorization=AWS4-HMAC-SHA256 {signed}"
        ))),
        // In CBOR, and after the body was looked at.
        by("a")
            .with("content-type", CBOR)
            .body(b"\xa0".to_vec())
            .gets(Expected::cbor(
                ErrorCode::IncompleteSignatureException,
                Some(&nothing),
            )),
        by("a").body("[").gets(Expected::json(MALFORMED, None)),
    ]
}

fn browsers() -> Vec<Corner> {
    let origin = |corner: Corner| corner.with("origin", "https://example.com");
    let preflight = origin(Corner::list().by("OPTIONS").body(""))
        .without("content-type")
        .without("x-amz-target")
        .gets(Expected::bare(200));
    let asks = preflight
        .clone()
        .with("access-control-request-method", "POST");
    vec![
        preflight,
        asks.with(
            "access-control-request-headers",
            "x-amz-target,content-type",
        ),
        origin(Corner::list()),
        origin(Corner::list().by("GET").gets(Expected::denied())),
        origin(
            Corner::list()
                .body("[")
                .gets(Expected::json(MALFORMED, None)),
        ),
        origin(Corner::list().with("content-type", "a")).gets(Expected::unknown_format()),
    ]
}

/// The headers for browsers, on whatever is answered.
fn check_origin(report: &mut Report, what: &str, corner: &Corner, answer: &Answer) {
    let asked = |name: &str| {
        let mut headers = corner.headers.iter();
        let value = headers.find(|(known, _)| *known == name);
        value.map_or("", |(_, value)| value).to_owned()
    };
    let is_preflight = corner.is_preflight();
    let has_origin = !asked("origin").is_empty();
    let exposed = "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,\
                   x-amzn-ErrorMessage,Date";
    let when = |is_so: bool, text: &str| {
        if is_so {
            text.to_owned()
        } else {
            String::new()
        }
    };
    let granted = |name: &str| when(is_preflight, &asked(name));
    for (name, expected) in [
        ("allow-origin", when(has_origin, "*")),
        ("expose-headers", when(has_origin && !is_preflight, exposed)),
        ("max-age", when(is_preflight, "172800")),
        ("allow-methods", granted("access-control-request-method")),
        ("allow-headers", granted("access-control-request-headers")),
    ] {
        let found = answer.header(&format!("access-control-{name}"));
        report.say(what, found == expected, &format!("{name}: {found:?}"));
    }
}

async fn over_http1(server: &Running, corner: &Corner, report: &mut Report) {
    let line = format!("{} {} HTTP/1.1", corner.method, corner.target);
    let what = format!("{line} {:?} {:?}", corner.headers, short(&corner.body));
    let headers: Vec<_> = corner
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut stream = connect(server.address).await;
    let bytes = request(&line, &headers, &corner.body);
    stream.write_all(&bytes).await.unwrap();
    let answer = match corner.method {
        "HEAD" => crate::harness::read_head(&mut stream).await,
        _ => read_answer(&mut stream).await,
    };
    report.check(&what, &answer, &corner.expected);
    report.check_ids(&what, &answer, corner.extended());
    check_origin(report, &what, corner, &answer);
    report.check_goes_on(&what, stream).await;
}

async fn over_http2(sender: &mut SendRequest<Full<Bytes>>, corner: &Corner, report: &mut Report) {
    let what = format!(
        "HTTP/2 {} {} {:?} {:?}",
        corner.method,
        corner.target,
        corner.headers,
        short(&corner.body)
    );
    let mut request = http::Request::builder()
        .method(Method::from_bytes(corner.method.as_bytes()).unwrap())
        .uri(format!("http://localhost{}", corner.target));
    for (name, value) in &corner.headers {
        request = request.header(*name, value);
    }
    let request = request.body(Full::new(corner.body.clone().into())).unwrap();
    let response = sender.send_request(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let headers = parts.headers.iter();
    let answer = Answer {
        status: parts.status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    };
    report.check(&what, &answer, &corner.expected);
    report.check_ids(&what, &answer, corner.extended());
    check_origin(report, &what, corner, &answer);
}

fn short(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned()
}

/// Each over HTTP/1.1, then all over one HTTP/2 connection.
pub async fn check(server: &Running, report: &mut Report) {
    let corners = [
        methods(),
        targets(),
        content_types(),
        bodies(),
        operations(),
        senders(),
        senders_in_the_query(),
        browsers(),
    ]
    .concat();
    for corner in &corners {
        over_http1(server, corner, report).await;
    }
    let io = TokioIo::new(connect(server.address).await);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await;
    let (mut sender, connection) = handshake.unwrap();
    let requests = async {
        for corner in &corners {
            over_http2(&mut sender, corner, report).await;
        }
        let large = Corner::list().body(vec![b' '; 3_000_000]);
        let large = large.gets(Expected::bare(413));
        over_http2(&mut sender, &large, report).await;
        over_http2(&mut sender, &Corner::list(), report).await;
        drop(sender);
    };
    crate::harness::in_time(async { tokio::join!(requests, async { connection.await.unwrap() }) })
        .await;
}
