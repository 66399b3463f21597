//! The rows of the table: bodies, and what they are answered.

use crate::value::append_head;
use millstream_protocol::ErrorCode;

/// What a body is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    Success,
    /// It is not well-formed: no text.
    Malformed,
    /// The text of a type error.
    Mistyped(String),
    /// The only violated constraint.
    Broken(String),
    /// What the service makes of the values.
    Refused(ErrorCode),
}

/// A body in one protocol or in both.
pub struct Corner {
    pub what: String,
    pub operation: &'static str,
    pub json: Option<Vec<u8>>,
    pub cbor: Option<Vec<u8>>,
    pub answer: Answer,
}

/// The rows of the table.
#[derive(Default)]
pub struct Corners(pub Vec<Corner>);

impl Corners {
    pub fn add(
        &mut self,
        what: impl Into<String>,
        operation: &'static str,
        (json, cbor): (Option<Vec<u8>>, Option<Vec<u8>>),
        answer: Answer,
    ) {
        self.0.push(Corner {
            what: what.into(),
            operation,
            json,
            cbor,
            answer,
        });
    }

    /// Bodies of the operation that answers a stream's summary.
    pub fn json(&mut self, what: &str, body: impl Into<Vec<u8>>, answer: Answer) {
        let bodies = (Some(body.into()), None);
        self.add(what, "DescribeStreamSummary", bodies, answer);
    }

    pub fn cbor(&mut self, what: &str, body: impl Into<Vec<u8>>, answer: Answer) {
        let bodies = (None, Some(body.into()));
        self.add(what, "DescribeStreamSummary", bodies, answer);
    }

    /// A value of one member, beside the name of the stream.
    pub fn member(
        &mut self,
        what: &str,
        (operation, member): (&'static str, &str),
        (json, cbor): (Option<&str>, Option<&[u8]>),
        answer: Answer,
    ) {
        let json = json.map(|value| format!(r#"{{"StreamName":"one","{member}":{value}}}"#));
        let cbor = cbor.map(|value| {
            let mut body = b"\xa2\x6aStreamName\x63one".to_vec();
            append_text(member, &mut body);
            body.extend_from_slice(value);
            body
        });
        let bodies = (json.map(String::into_bytes), cbor);
        self.add(format!("{member} {what}"), operation, bodies, answer);
    }
}

pub fn append_text(text: &str, body: &mut Vec<u8>) {
    append_head(3, text.len() as u64, body);
    body.extend_from_slice(text.as_bytes());
}

pub fn cbor_text(text: &str) -> Vec<u8> {
    let mut item = Vec::new();
    append_text(text, &mut item);
    item
}

/// A head with a length that takes eight bytes.
pub fn declared(major: u8, length: u64) -> Vec<u8> {
    let mut head = vec![major << 5 | 27];
    head.extend_from_slice(&length.to_be_bytes());
    head
}

pub fn broken(value: &str, member: &str, rule: &str) -> Answer {
    Answer::Broken(format!(
        "Value {value}at '{member}' failed to satisfy constraint: {rule}"
    ))
}
