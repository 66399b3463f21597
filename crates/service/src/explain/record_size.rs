//! Records that may be larger than their stream takes, which AWS tells beside violated constraints.
//!
//! The limit is the stream's own, so it is known only once the stream is found. Every limit is at
//! least the default: smaller records are not kept. Where there is no stream, the service model's
//! limit for any data is the only one.

use super::value::Value;
use crate::violation_text::{item, length_at_most};
use millstream_model::limits;
use millstream_protocol::shape::{Kind, Member};

/// A record above the default maximum.
#[derive(Debug)]
pub(super) struct LargeRecord {
    /// The path of its data.
    path: String,
    /// The size of its data and partition key.
    bytes: u64,
    /// The most that the service model allows, if its data is larger, so that its request is not
    /// decoded.
    beyond: Option<u64>,
}

impl LargeRecord {
    /// The record of a structure, if it is so large. A partition key that is none is told as such,
    /// and does not count.
    pub(super) fn new(
        members: &'static [Member],
        values: &[Option<Value<'_>>],
        path: &str,
    ) -> Option<Self> {
        let (mut data, mut key, mut beyond) = (0, 0, None);
        for (member, value) in members.iter().zip(values) {
            match value {
                Some(Value::Blob(bytes)) if is_data(member) => {
                    data = bytes.len();
                    let max = member.shape.bounds().max.map(i64::unsigned_abs);
                    beyond = max.filter(|max| data as u64 > *max);
                }
                Some(Value::Text(text))
                    if member.name == "PartitionKey" && member.shape.accepts_text(text) =>
                {
                    key = text.len();
                }
                Some(_) | None => {}
            }
        }
        let bytes = (data + key) as u64;
        (bytes > limits::record_bytes_default()).then(|| Self {
            path: path.to_owned(),
            bytes,
            beyond,
        })
    }

    /// Whether no stream takes it.
    pub(super) fn is_beyond_shape(&self) -> bool {
        self.beyond.is_some()
    }

    /// The violation, if its stream takes no more than that; `None` if there is no stream.
    pub(super) fn violation(&self, bytes_max: Option<u64>) -> Option<String> {
        let is_too_large = |max: &u64| self.bytes > *max || self.beyond.is_some();
        let max = match bytes_max {
            Some(of_stream) => Some(of_stream).filter(is_too_large),
            None => self.beyond,
        };
        max.map(|max| item(None, &self.path, &length_at_most(max)))
    }
}

/// Whether a member is a record's data.
pub(super) fn is_data(member: &Member) -> bool {
    member.name == "Data" && matches!(member.shape.kind, Kind::Blob(_))
}
