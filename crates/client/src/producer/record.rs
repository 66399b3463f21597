//! A record as a program puts it.

use crate::Blob;

/// Bytes that a record takes beside its data and keys, estimated generously: its places in queues
/// and maps, and the copy of its key there.
const RECORD_OVERHEAD_BYTES: usize = 512;

/// A record to be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProducerRecord {
    /// The data.
    pub data: Blob,
    /// The key whose hash decides on the shard; `None` where the stream distributes records itself.
    pub partition_key: Option<String>,
    /// The hash, instead of the key's.
    pub explicit_hash_key: Option<String>,
}

impl ProducerRecord {
    /// A record with a key.
    pub fn new(partition_key: impl Into<String>, data: impl Into<Blob>) -> Self {
        Self {
            data: data.into(),
            partition_key: Some(partition_key.into()),
            explicit_hash_key: None,
        }
    }

    /// Bytes that AWS counts: data and partition key.
    pub(super) fn bytes(&self) -> usize {
        self.data.len() + self.partition_key.as_ref().map_or(0, String::len)
    }

    /// Bytes that the record takes while it waits.
    pub(super) fn cost(&self) -> usize {
        self.bytes() + RECORD_OVERHEAD_BYTES
    }
}
