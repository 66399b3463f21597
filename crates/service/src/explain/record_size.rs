//! Records that may be larger than their stream takes, which AWS tells beside violated constraints.
//!
//! The limit is the stream's own, so it is known only once the stream is found. Every limit is at
//! least the default: smaller records are not kept.

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
    /// Whether it is larger than any stream takes, so that its request is not decoded.
    is_beyond_shape: bool,
}

impl LargeRecord {
    /// The record of a structure, if it is so large. A partition key that is none is told as such,
    /// and does not count.
    pub(super) fn new(
        members: &'static [Member],
        values: &[Option<Value<'_>>],
        path: &str,
    ) -> Option<Self> {
        let (mut data, mut key, mut is_beyond_shape) = (0, 0, false);
        for (member, value) in members.iter().zip(values) {
            match value {
                Some(Value::Blob(bytes)) if is_data(member) => {
                    data = bytes.len();
                    let max = member.shape.bounds().max;
                    is_beyond_shape = max.is_some_and(|max| data as u64 > max.unsigned_abs());
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
            is_beyond_shape,
        })
    }

    /// Whether no stream takes it.
    pub(super) fn is_beyond_shape(&self) -> bool {
        self.is_beyond_shape
    }

    /// The violation, if its stream takes no more than that.
    pub(super) fn violation(&self, bytes_max: u64) -> Option<String> {
        let is_too_large = self.bytes > bytes_max || self.is_beyond_shape;
        is_too_large.then(|| item(None, &self.path, &length_at_most(bytes_max)))
    }
}

/// Whether a member is a record's data.
pub(super) fn is_data(member: &Member) -> bool {
    member.name == "Data" && matches!(member.shape.kind, Kind::Blob(_))
}
