//! Frames of SubscribeToShard: `application/vnd.amazon.eventstream`.
//!
//! A frame is a prelude (both lengths and their CRC), headers, a payload in the request's protocol,
//! and the CRC of all that: docs/formats/event-stream.md. Frames are only encoded here; the client
//! decodes them with AWS's own crate, which the tests also use to check these. What is pushed and
//! when is up to the engine.
//!
//! Records are encoded once for any number of events: an event's own members go around them, and
//! the CRCs are combined.

use bytes::Bytes;
use crc32fast::Hasher;

use crate::types::{Record, SubscribeToShardEvent};
use crate::{Encode, Error, ErrorCode, Protocol, parts, protocol};

/// The content type of a sequence of frames.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// Records up to this size are copied into their frame; larger ones are shared.
pub const COPIED_BYTES_MAX: usize = 32 * 1024;
const PRELUDE_BYTES: usize = 12;
const CRC_BYTES: usize = 4;
/// The type of a header's value: text.
const TEXT: u8 = 7;

/// An encoded value of `Records`, to be shared by any number of events.
#[derive(Clone, Debug)]
pub struct EncodedRecords {
    protocol: Protocol,
    bytes: Bytes,
    crc: Hasher,
}

impl EncodedRecords {
    /// Encodes a list of records.
    pub fn new(protocol: Protocol, records: &impl Encode) -> Self {
        let mut bytes = Vec::with_capacity(records.bytes_expected());
        protocol::encode(protocol, records, &mut bytes);
        Self::from_encoded(protocol, bytes.into())
    }

    /// An empty list.
    pub fn none(protocol: Protocol) -> Self {
        Self::new(protocol, &Vec::<Record>::new())
    }

    /// Wraps an already encoded list of records.
    pub fn from_encoded(protocol: Protocol, bytes: Bytes) -> Self {
        let mut crc = Hasher::new();
        crc.update(&bytes);
        Self {
            protocol,
            bytes,
            crc,
        }
    }

    /// Attaches a value that lives until the last frame sharing these bytes is dropped.
    #[must_use]
    pub fn held_with(self, holder: impl Send + Sync + 'static) -> Self {
        let bytes = Bytes::from_owner(Held {
            bytes: self.bytes,
            _holder: holder,
        });
        Self { bytes, ..self }
    }

    /// Size in bytes.
    pub fn byte_count(&self) -> usize {
        self.bytes.len()
    }
}

struct Held<T> {
    bytes: Bytes,
    _holder: T,
}

impl<T> AsRef<[u8]> for Held<T> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A frame, in consecutive parts; some may be empty.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The parts.
    pub parts: [Bytes; 3],
}

impl From<Vec<u8>> for Frame {
    fn from(whole: Vec<u8>) -> Self {
        Self {
            parts: [whole.into(), Bytes::new(), Bytes::new()],
        }
    }
}

impl Frame {
    /// The first frame of every subscription.
    pub fn initial_response(protocol: Protocol) -> Self {
        let payload = match protocol {
            Protocol::Json => &b"{}"[..],
            Protocol::Cbor => b"\xbf\xff",
        };
        whole(
            &event_headers(protocol, "initial-response"),
            payload,
            &[],
            &[],
        )
    }

    /// An event with previously encoded records in the same protocol; those in `event` are ignored.
    pub fn event(records: &EncodedRecords, event: &SubscribeToShardEvent) -> Self {
        let protocol = records.protocol;
        let around = SubscribeToShardEvent {
            records: Vec::new(),
            ..event.clone()
        };
        let mut members = Vec::with_capacity(256);
        protocol::encode(protocol, &around, &mut members);
        // `Records` comes first, and an empty list is two bytes.
        let (before, rest) = members.split_at(parts::records_at(protocol));
        let after = &rest[2..];
        let headers = event_headers(protocol, "SubscribeToShardEvent");
        if records.byte_count() <= COPIED_BYTES_MAX {
            return whole(&headers, before, &records.bytes, after);
        }
        let mut head = begin(&headers, before.len() + records.byte_count() + after.len());
        head.extend_from_slice(before);
        let mut crc = Hasher::new();
        crc.update(&head);
        crc.combine(&records.crc);
        crc.update(after);
        let tail = [after, &crc.finalize().to_be_bytes()].concat();
        Self {
            parts: [head.into(), records.bytes.clone(), tail.into()],
        }
    }

    /// An error that ends a subscription.
    pub fn exception(protocol: Protocol, error: &Error) -> Self {
        // Frames use one name for it, whatever the operation's error responses call it.
        let code = if error.code == ErrorCode::InternalFailure {
            ErrorCode::InternalFailureException
        } else {
            error.code
        };
        let mut headers = Vec::with_capacity(128);
        push_header(&mut headers, ":message-type", "exception");
        push_header(&mut headers, ":exception-type", code.name());
        push_header(&mut headers, ":content-type", protocol.content_type());
        let mut payload = Vec::new();
        crate::error::encode_message(protocol, error, &mut payload);
        whole(&headers, &payload, &[], &[])
    }
}

/// The headers of an event.
fn event_headers(protocol: Protocol, event: &str) -> Vec<u8> {
    let mut headers = Vec::with_capacity(128);
    push_header(&mut headers, ":message-type", "event");
    push_header(&mut headers, ":event-type", event);
    push_header(&mut headers, ":content-type", protocol.content_type());
    headers
}

fn push_header(headers: &mut Vec<u8>, name: &str, value: &str) {
    let name_bytes = u8::try_from(name.len()).expect("our headers' names are short");
    let value_bytes = u16::try_from(value.len()).expect("our headers' values are short");
    headers.push(name_bytes);
    headers.extend_from_slice(name.as_bytes());
    headers.push(TEXT);
    headers.extend_from_slice(&value_bytes.to_be_bytes());
    headers.extend_from_slice(value.as_bytes());
}

/// The prelude and the headers of a frame with this payload length.
fn begin(headers: &[u8], payload_bytes: usize) -> Vec<u8> {
    let total = PRELUDE_BYTES + headers.len() + payload_bytes + CRC_BYTES;
    let total = u32::try_from(total).expect("an event is far below four gibibytes");
    let headers_bytes = u32::try_from(headers.len()).expect("our headers are short");
    let mut frame = Vec::with_capacity(PRELUDE_BYTES + headers.len() + 64);
    frame.extend_from_slice(&total.to_be_bytes());
    frame.extend_from_slice(&headers_bytes.to_be_bytes());
    let crc = crc32fast::hash(&frame);
    frame.extend_from_slice(&crc.to_be_bytes());
    frame.extend_from_slice(headers);
    frame
}

/// A contiguous frame, with a payload given in three parts.
fn whole(headers: &[u8], before: &[u8], records: &[u8], after: &[u8]) -> Frame {
    let payload = [before, records, after];
    let payload_bytes = payload.iter().map(|part| part.len()).sum();
    let mut frame = begin(headers, payload_bytes);
    frame.reserve_exact(payload_bytes + CRC_BYTES);
    for part in payload {
        frame.extend_from_slice(part);
    }
    let crc = crc32fast::hash(&frame);
    frame.extend_from_slice(&crc.to_be_bytes());
    frame.into()
}

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;
