//! The corners of HTTP, each with its exact answer: over HTTP/1.1 byte by byte, and where it is not
//! about bytes over HTTP/2, too.
//!
//! After each answer the connection is either closed, or serves the next request.

mod bytes;
mod requests;

use crate::harness::{Answer, Running, connect, in_time, post, read_answer};
use millstream_http::Limits;
use millstream_protocol::{Error, ErrorCode, Protocol};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const JSON: &str = "application/x-amz-json-1.1";
const CBOR: &str = "application/x-amz-cbor-1.1";
const LIST: &str = "Kinesis_20131202.ListStreams";
const DENIED: &str = "<AccessDeniedException>\n  <Message>Unable to determine service/operation \
                      name to be authorized</Message>\n</AccessDeniedException>\n";

/// The length of an extended request id.
const EXTENDED: usize = 96;

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
struct Expected {
    status: u16,
    content_type: &'static str,
    error: String,
    body: Vec<u8>,
}

impl Expected {
    /// An answer without a body.
    fn bare(status: u16) -> Self {
        Self {
            status,
            content_type: "",
            error: String::new(),
            body: Vec::new(),
        }
    }

    /// The streams of an account that has none.
    fn listed() -> Self {
        Self {
            content_type: JSON,
            body: br#"{"StreamNames":[],"HasMoreStreams":false,"StreamSummaries":[]}"#.to_vec(),
            ..Self::bare(200)
        }
    }

    fn json(code: &str, message: Option<&str>) -> Self {
        let message = message.map(|text| format!(r#","message":"{text}""#));
        let message = message.unwrap_or_default();
        Self {
            content_type: JSON,
            error: code.to_owned(),
            body: format!(r#"{{"__type":"{code}"{message}}}"#).into_bytes(),
            ..Self::bare(400)
        }
    }

    fn cbor(code: ErrorCode, message: Option<&str>) -> Self {
        let error = match message {
            Some(message) => Error::new(code, message),
            None => Error::without_message(code),
        };
        let mut body = Vec::new();
        millstream_protocol::encode_error(Protocol::Cbor, &error, &mut body);
        Self {
            content_type: CBOR,
            error: code.name().to_owned(),
            body,
            ..Self::bare(400)
        }
    }

    fn denied() -> Self {
        Self {
            error: "AccessDeniedException".to_owned(),
            body: DENIED.into(),
            ..Self::bare(403)
        }
    }

    fn unknown_format() -> Self {
        Self {
            error: "UnknownOperationException".to_owned(),
            body: b"<UnknownOperationException/>\n".to_vec(),
            ..Self::bare(404)
        }
    }

    fn enveloped(status: u16, code: &str) -> Self {
        let body = format!(
            r#"{{"Output":{{"__type":"com.amazon.coral.service#{code}"}},"Version":"1.0"}}"#
        );
        Self {
            content_type: "application/json",
            error: code.to_owned(),
            body: body.into_bytes(),
            ..Self::bare(status)
        }
    }

    fn of(answer: &Answer) -> Self {
        let content_type = answer.header("content-type");
        let known = [JSON, CBOR, "application/json"];
        Self {
            status: answer.status,
            content_type: known
                .into_iter()
                .find(|known| *known == content_type)
                .unwrap_or_default(),
            error: answer.header("x-amzn-errortype").to_owned(),
            body: answer.body.clone(),
        }
    }
}

/// What was found wrong, all of which is told at the end.
#[derive(Default)]
struct Report {
    corners: usize,
    wrong: Vec<String>,
}

impl Report {
    fn check(&mut self, what: &str, answer: &Answer, expected: &Expected) {
        self.corners += 1;
        let found = Expected::of(answer);
        if found != *expected {
            let bodies =
                [&found, expected].map(|it| String::from_utf8_lossy(&it.body).into_owned());
            self.wrong.push(format!(
                "{what}: found {found:?}\n  expected {expected:?}\n  bodies {bodies:?}"
            ));
        }
    }

    fn say(&mut self, what: &str, is_right: bool, wrong: &str) {
        if !is_right {
            self.wrong.push(format!("{what}: {wrong}"));
        }
    }

    /// Whether an answer of the service, rather than of the HTTP library, has what all have.
    fn check_ids(&mut self, what: &str, answer: &Answer, extended: usize) {
        let is_right = answer.header("x-amzn-requestid").len() == 36
            && answer.header("x-amz-id-2").len() == extended
            && answer.header("date").ends_with(" GMT");
        self.say(what, is_right, &format!("ids or date: {answer:?}"));
    }

    /// The connection is closed.
    async fn check_closed(&mut self, what: &str, mut stream: TcpStream) {
        let mut rest = Vec::new();
        let read = in_time(stream.read_to_end(&mut rest)).await;
        let is_right = read.is_ok() && rest.is_empty();
        self.say(
            what,
            is_right,
            &format!("not closed cleanly: {read:?} {rest:?}"),
        );
    }

    /// The connection serves another request.
    async fn check_goes_on(&mut self, what: &str, mut stream: TcpStream) {
        let bytes = post(&[("content-type", JSON), ("x-amz-target", LIST)], b"{}");
        stream.write_all(&bytes).await.unwrap();
        let answer = read_answer(&mut stream).await;
        let is_right = Expected::of(&answer) == Expected::listed();
        self.say(what, is_right, &format!("does not go on: {answer:?}"));
    }
}

#[tokio::test]
async fn corners_when_each_is_tried_then_have_their_exact_answers() {
    let server = Running::start(Limits::default()).await;
    let mut report = Report::default();
    requests::check(&server, &mut report).await;
    bytes::check(&server, &mut report).await;
    let stream = connect(server.address).await;
    report.check_goes_on("afterwards", stream).await;
    server
        .until("millstream_body_bytes_in_flight", |bytes| bytes == 0)
        .await;
    assert_eq!(server.metric("millstream_panics_total").await, 0);
    server.stop().await;
    assert!(report.wrong.is_empty(), "{}", report.wrong.join("\n"));
    millstream_pages::count("http corners", report.corners);
}
