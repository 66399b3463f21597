//! Responds to requests with as many bytes as a Kinesis server.

use super::append::Appender;
use super::parse::{Records, parse};
use super::prepared::Prepared;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// The first digits of a sequence number, which has 56; a counter follows.
const SEQUENCE_START: &str = "495903382714902566085590000000000000";
const SHARD: &str = "shardId-000000000000";
/// A request id of the same length as AWS's.
const REQUEST_ID: &str = "5f8f0a3c-1b1e-4f4e-9d2e-2a6b7c8d9e0f";
const EXTENDED_ID: &str =
    "q83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeJq83vEjRWeA==";

/// The state that connections share.
pub(super) struct Service {
    appender: Appender,
    prepared: Mutex<Prepared>,
    counter: AtomicU64,
}

impl Service {
    pub(super) fn new(appender: Appender) -> Self {
        Self {
            appender,
            prepared: Mutex::default(),
            counter: AtomicU64::new(0),
        }
    }

    /// Responds to one request.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> anyhow::Result<Response<Full<Bytes>>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        black_box(Sha256::digest(&body));
        let target = text(&head.headers, "x-amz-target");
        let content_type = head.headers.get(header::CONTENT_TYPE).cloned();
        let protocol = text(&head.headers, "content-type");
        let is_cbor = protocol.contains("cbor");
        let answer = match target.rsplit('.').next() {
            Some("GetRecords") => self.prepared().next(protocol),
            Some("Prepare") => {
                self.prepared().add(protocol, body);
                Ok(Bytes::new())
            }
            Some("Forget") => {
                self.prepared().forget(protocol);
                Ok(Bytes::new())
            }
            Some("PutRecord") => self.put(&body, is_cbor, false).await,
            Some("PutRecords") => self.put(&body, is_cbor, true).await,
            Some(_) | None => Err(anyhow::anyhow!("not of the floor")),
        };
        let (status, answer) = match answer {
            Ok(answer) => (StatusCode::OK, answer),
            Err(error) => (StatusCode::BAD_REQUEST, error.to_string().into()),
        };
        let mut response = Response::new(Full::new(answer));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.extend(content_type.map(|kind| (header::CONTENT_TYPE, kind)));
        headers.insert("x-amzn-requestid", REQUEST_ID.parse()?);
        headers.insert("x-amz-id-2", EXTENDED_ID.parse()?);
        Ok(response)
    }

    fn prepared(&self) -> MutexGuard<'_, Prepared> {
        self.prepared.lock().expect("nobody panics with it")
    }

    async fn put(&self, body: &[u8], is_cbor: bool, is_batch: bool) -> anyhow::Result<Bytes> {
        let Records { bytes, count } = parse(body, is_cbor, is_batch)?;
        let first = self.counter.fetch_add(count as u64, Ordering::Relaxed);
        self.appender.append(&bytes).await?;
        let mut out = Vec::with_capacity(count * 128 + 64);
        if is_batch {
            write_batch(first..first + count as u64, is_cbor, &mut out);
        } else {
            write_entry(first, is_cbor, &mut out);
        }
        Ok(out.into())
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

fn write_batch(numbers: std::ops::Range<u64>, is_cbor: bool, out: &mut Vec<u8>) {
    if is_cbor {
        out.extend_from_slice(b"\xbf\x71FailedRecordCount\x00\x67Records\x9f");
    } else {
        out.extend_from_slice(b"{\"FailedRecordCount\":0,\"Records\":[");
    }
    for (index, number) in numbers.enumerate() {
        if index > 0 && !is_cbor {
            out.push(b',');
        }
        write_entry(number, is_cbor, out);
    }
    out.extend_from_slice(if is_cbor { b"\xff\xff" } else { b"]}" });
}

fn write_entry(number: u64, is_cbor: bool, out: &mut Vec<u8>) {
    let mut digits = itoa::Buffer::new();
    // Always 20 digits.
    let digits = digits.format(10_000_000_000_000_000_000 + number);
    let parts: [&[u8]; 5] = if is_cbor {
        [
            b"\xa2\x67ShardId\x74",
            SHARD.as_bytes(),
            b"\x6eSequenceNumber\x78\x38",
            digits.as_bytes(),
            b"",
        ]
    } else {
        [
            b"{\"ShardId\":\"",
            SHARD.as_bytes(),
            b"\",\"SequenceNumber\":\"",
            digits.as_bytes(),
            b"\"}",
        ]
    };
    let [before, shard, between, digits, end] = parts;
    for part in [
        before,
        shard,
        between,
        SEQUENCE_START.as_bytes(),
        digits,
        end,
    ] {
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_protocol::Protocol;
    use millstream_protocol::operations::{PutRecordOutput, PutRecordsOutput};

    #[test]
    fn answers_when_read_as_kinesis_answers_then_are_of_the_right_size() {
        for (protocol, is_cbor) in [(Protocol::Json, false), (Protocol::Cbor, true)] {
            let (mut one, mut many) = (Vec::new(), Vec::new());
            write_entry(7, is_cbor, &mut one);
            write_batch(0..500, is_cbor, &mut many);
            let one: PutRecordOutput = millstream_protocol::decode_lenient(protocol, &one).unwrap();
            let many: PutRecordsOutput =
                millstream_protocol::decode_lenient(protocol, &many).unwrap();
            assert_eq!((one.sequence_number.len(), &*one.shard_id), (56, SHARD));
            assert_eq!(
                (many.failed_record_count, many.records.len()),
                (Some(0), 500)
            );
        }
    }
}
