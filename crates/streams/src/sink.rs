//! The sink of PutRecords' records during decoding: one arena for data, one for keys.

use crate::put::RecordToPut;
use crate::record::StoredRecord;
use millstream_model::HashKey;
use millstream_protocol::RecordSink;
use std::ops::Range;

/// The records of one PutRecords, without an allocation for each.
#[derive(Debug, Default)]
pub struct RecordArena {
    data: Vec<u8>,
    /// The keys, once all are there; until then their bytes.
    keys: String,
    key_bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Sparse: few records have one.
    explicit: Vec<Explicit>,
}

/// The positions of a record's parts; bodies are far smaller than 4 GiB.
#[derive(Debug, Default)]
struct Entry {
    data: Range<u32>,
    key: Option<Range<u32>>,
    explicit: Option<u32>,
}

/// An ExplicitHashKey as given.
#[derive(Debug)]
enum Explicit {
    Key(HashKey),
    /// Above 2^128 − 1.
    TooLarge(String),
}

/// Why a record cannot be routed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unroutable<'a> {
    NoPartitionKey,
    ExplicitHashKey(&'a str),
}

impl RecordArena {
    /// Size as limits count it: data and partition keys.
    pub(crate) fn bytes(&self) -> usize {
        self.data.len() + self.keys.len()
    }

    /// Each record's size as limits count it: data and partition key.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = u64> {
        let sizes = self.entries.iter().map(|entry| {
            let key = entry.key.clone().map_or(0, |key| key.len());
            entry.data.len() + key
        });
        sizes.map(|bytes| bytes as u64)
    }

    /// The records, in order, with their hash keys.
    pub(crate) fn records(&self) -> impl Iterator<Item = Result<RecordToPut<'_>, Unroutable<'_>>> {
        let hashed = self.entries.iter().filter(|entry| entry.explicit.is_none());
        let keys = hashed.filter_map(|entry| entry.key.clone());
        let mut hashes = HashKey::of_partition_keys(keys.map(|key| &self.keys[wide(key)]));
        self.entries.iter().map(move |entry| {
            let key = entry.key.clone().ok_or(Unroutable::NoPartitionKey)?;
            let partition_key = &self.keys[wide(key)];
            let explicit = entry.explicit.map(|place| &self.explicit[place as usize]);
            let hash = match explicit {
                Some(Explicit::Key(key)) => *key,
                Some(Explicit::TooLarge(text)) => return Err(Unroutable::ExplicitHashKey(text)),
                None => hashes
                    .next()
                    .expect("each key without an explicit one has a hash"),
            };
            let record = StoredRecord {
                partition_key: Some(partition_key),
                data: &self.data[wide(entry.data.clone())],
            };
            Ok(RecordToPut { record, hash })
        })
    }

    /// The records, in order, to be put into any shard: keys are kept where they were given, and
    /// explicit hash keys mean nothing.
    pub(crate) fn records_for_any_shard(&self) -> impl Iterator<Item = RecordToPut<'_>> {
        self.entries.iter().map(|entry| {
            let key = entry.key.clone();
            RecordToPut::for_any_shard(StoredRecord {
                partition_key: key.map(|key| &self.keys[wide(key)]),
                data: &self.data[wide(entry.data.clone())],
            })
        })
    }

    #[inline]
    fn current(&mut self) -> &mut Entry {
        self.entries
            .last_mut()
            .expect("the decoder begins a record first")
    }
}

fn wide(range: Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

#[inline]
fn narrow(range: Range<usize>) -> Range<u32> {
    let narrow = |place| u32::try_from(place).expect("a body is far smaller than 4 GiB");
    narrow(range.start)..narrow(range.end)
}

impl RecordSink for RecordArena {
    fn expect_bytes(&mut self, bytes: usize) {
        self.data.reserve(bytes);
    }

    #[inline]
    fn begin_record(&mut self) {
        self.entries.push(Entry::default());
    }

    #[inline]
    fn data(&mut self) -> &mut Vec<u8> {
        &mut self.data
    }

    #[inline]
    fn data_done(&mut self, len: usize) {
        let end = self.data.len();
        self.current().data = narrow(end - len..end);
    }

    #[inline]
    fn partition_key(&mut self, key: &[u8]) {
        let start = self.key_bytes.len();
        self.key_bytes.extend_from_slice(key);
        let end = self.key_bytes.len();
        self.current().key = Some(narrow(start..end));
    }

    fn explicit_hash_key(&mut self, key: &str) {
        let explicit =
            HashKey::parse(key).map_or_else(|_| Explicit::TooLarge(key.to_owned()), Explicit::Key);
        self.current().explicit = Some(self.explicit.len() as u32);
        self.explicit.push(explicit);
    }

    #[inline]
    fn end_record(&mut self) {}

    fn end(&mut self) -> bool {
        let keys = String::from_utf8(std::mem::take(&mut self.key_bytes));
        let are_text = keys.is_ok();
        self.keys = keys.unwrap_or_default();
        are_text
    }

    #[inline]
    fn len(&self) -> usize {
        self.entries.len()
    }
}
