//! A record to put: what is stored of it, and the key that routes it.

use crate::record::StoredRecord;
use millstream_model::HashKey;

/// A record to put, borrowed from its request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordToPut<'a> {
    pub record: StoredRecord<'a>,
    /// The hash key that routes it.
    pub hash: HashKey,
}

impl RecordToPut<'_> {
    /// Size as limits count it: partition key and data.
    pub(crate) fn bytes(&self) -> u64 {
        (self.record.partition_key.len() + self.record.data.len()) as u64
    }
}
