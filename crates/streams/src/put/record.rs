//! A record to put: what is stored of it, and the key that routes it.

use crate::record::StoredRecord;
use millstream_model::HashKey;

/// A record to put, borrowed from its request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordToPut<'a> {
    pub record: StoredRecord<'a>,
    /// The hash key that routes it, where keys do.
    pub hash: HashKey,
}

impl<'a> RecordToPut<'a> {
    /// Of a stream whose records the service distributes: nothing looks at the hash key.
    pub(crate) fn for_any_shard(record: StoredRecord<'a>) -> Self {
        let hash = HashKey(0);
        Self { record, hash }
    }

    /// Size as limits count it: partition key and data.
    pub(crate) fn bytes(&self) -> u64 {
        self.record.bytes() as u64
    }
}
