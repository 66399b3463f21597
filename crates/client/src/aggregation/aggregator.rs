//! Making an aggregated record.

use super::wire::{field_bytes, integer_bytes, put_head, put_integer};
use super::{AGGREGATED_BYTES, DIGEST_BYTES, MAGIC, USER_RECORDS_MAX, digest, field, record_field};
use bytes::Bytes;
use millstream_model::HashKey;
use std::collections::BTreeMap;
use std::ops::Range;

/// The partition key of an aggregated record. It decides nothing: an explicit hash key does.
const PARTITION_KEY: &str = "a";
/// Maximum length of a partition key, in characters.
const PARTITION_KEY_CHARS_MAX: usize = 256;

/// Collects user records into one record.
///
/// An aggregated record goes to one shard, that of its first user record. Readers drop the user
/// records in it whose hash keys that shard does not own, as the Kinesis Client Library does. So an
/// aggregator serves one shard, which [`Router`](crate::routing::Router) finds.
///
/// ```
/// use millstream_client::aggregation::{Aggregator, NotAdded};
///
/// let mut aggregator = Aggregator::new();
/// aggregator.add("customer-7", None, b"first")?;
/// aggregator.add("customer-8", None, b"second")?;
/// let record = aggregator.finish().expect("records were added");
/// assert_eq!(record.partition_key, "a");
/// assert_eq!(record.user_records, 2);
/// # Ok::<(), NotAdded>(())
/// ```
#[derive(Clone, Debug)]
pub struct Aggregator {
    bytes_max: usize,
    partition_keys: Table,
    hash_keys: Table,
    records: Vec<u8>,
    count: usize,
    first: Option<First>,
}

/// What decides about the whole, and is all of it if no other follows.
#[derive(Clone, Debug)]
struct First {
    partition_key: String,
    explicit_hash_key: Option<HashKey>,
    data: Range<usize>,
}

/// A table of keys, as it is written, and where each stands.
#[derive(Clone, Debug)]
struct Table {
    field: u32,
    written: Vec<u8>,
    indexes: BTreeMap<String, u64>,
}

impl Table {
    fn new(field: u32) -> Self {
        Self {
            field,
            written: Vec::new(),
            indexes: BTreeMap::new(),
        }
    }

    /// The index of a key, which may be the next one, and how much longer the table gets.
    fn plan(&self, key: &str) -> (u64, usize) {
        match self.indexes.get(key) {
            Some(index) => (*index, 0),
            None => (self.indexes.len() as u64, field_bytes(key.len())),
        }
    }

    fn add(&mut self, key: &str) {
        if !self.indexes.contains_key(key) {
            self.indexes
                .insert(key.to_owned(), self.indexes.len() as u64);
            put_head(&mut self.written, self.field, key.len());
            self.written.extend_from_slice(key.as_bytes());
        }
    }

    fn clear(&mut self) {
        self.written.clear();
        self.indexes.clear();
    }
}

/// A record of many, to be put as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregated {
    /// The bytes.
    pub data: Bytes,
    /// The partition key.
    pub partition_key: String,
    /// The hash key, if the partition key's does not count.
    pub explicit_hash_key: Option<HashKey>,
    /// How many user records it has.
    pub user_records: usize,
}

/// Why a user record was not added. The aggregator is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdded {
    /// There is no room left: finish, and add it again.
    #[error("the aggregated record is full")]
    Full,
    /// There would be no room in an empty one either: put it on its own.
    #[error("the record is too large to be aggregated")]
    TooLarge,
    /// The service would refuse such a key, and does not see those that are aggregated.
    #[error("a partition key has 1 to 256 characters")]
    PartitionKey,
}

impl Aggregator {
    /// An aggregator whose records stay below the limit of the Kinesis Producer Library, 50 KiB.
    pub fn new() -> Self {
        Self::with_bytes_max(AGGREGATED_BYTES)
    }

    /// An aggregator whose records have at most so many bytes of data. A stream's maximum record
    /// size also counts the partition key, of one byte.
    pub fn with_bytes_max(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            partition_keys: Table::new(field::PARTITION_KEY),
            hash_keys: Table::new(field::EXPLICIT_HASH_KEY),
            records: Vec::new(),
            count: 0,
            first: None,
        }
    }

    /// How many user records it has.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The size of the aggregated record, to the byte.
    pub fn bytes(&self) -> usize {
        let tables = self.partition_keys.written.len() + self.hash_keys.written.len();
        MAGIC.len() + tables + self.records.len() + DIGEST_BYTES
    }

    /// Adds a user record.
    ///
    /// # Errors
    /// [`NotAdded`] if it has no room, or its key is wrong.
    pub fn add(
        &mut self,
        partition_key: &str,
        explicit_hash_key: Option<HashKey>,
        data: &[u8],
    ) -> Result<(), NotAdded> {
        let chars = partition_key
            .chars()
            .take(PARTITION_KEY_CHARS_MAX + 1)
            .count();
        if !(1..=PARTITION_KEY_CHARS_MAX).contains(&chars) {
            return Err(NotAdded::PartitionKey);
        }
        let hash_key = explicit_hash_key.map(|key| key.to_string());
        let hash_key = hash_key.as_deref();
        let (key_index, key_bytes) = self.partition_keys.plan(partition_key);
        let planned = hash_key.map(|key| self.hash_keys.plan(key));
        let (hash_index, hash_bytes) = planned.unzip();
        let inner = inner_bytes(key_index, hash_index, data.len());
        let more = key_bytes + hash_bytes.unwrap_or_default() + field_bytes(inner);
        if self.bytes() + more > self.bytes_max || self.count == USER_RECORDS_MAX {
            return Err(self.why_full(partition_key, hash_key, data));
        }

        self.partition_keys.add(partition_key);
        if let Some(key) = hash_key {
            self.hash_keys.add(key);
        }
        put_head(&mut self.records, field::RECORD, inner);
        put_integer(
            &mut self.records,
            record_field::PARTITION_KEY_INDEX,
            key_index,
        );
        if let Some(index) = hash_index {
            put_integer(
                &mut self.records,
                record_field::EXPLICIT_HASH_KEY_INDEX,
                index,
            );
        }
        put_head(&mut self.records, record_field::DATA, data.len());
        self.records.extend_from_slice(data);
        self.count += 1;
        let end = self.records.len();
        self.first.get_or_insert_with(|| First {
            partition_key: partition_key.to_owned(),
            explicit_hash_key,
            data: end - data.len()..end,
        });
        Ok(())
    }

    fn why_full(&self, partition_key: &str, hash_key: Option<&str>, data: &[u8]) -> NotAdded {
        let keys = field_bytes(partition_key.len())
            + hash_key
                .map(|key| field_bytes(key.len()))
                .unwrap_or_default();
        let record = field_bytes(inner_bytes(0, hash_key.map(|_| 0), data.len()));
        if MAGIC.len() + keys + record + DIGEST_BYTES > self.bytes_max {
            NotAdded::TooLarge
        } else {
            NotAdded::Full
        }
    }

    /// The record of all that was added, and an empty aggregator again; `None` if nothing was
    /// added. A single user record stays as it is, as the Kinesis Producer Library leaves it.
    pub fn finish(&mut self) -> Option<Aggregated> {
        let first = self.first.take()?;
        let user_records = self.count;
        let aggregated = if user_records == 1 {
            Aggregated {
                data: Bytes::copy_from_slice(&self.records[first.data]),
                partition_key: first.partition_key,
                explicit_hash_key: first.explicit_hash_key,
                user_records,
            }
        } else {
            let hash_key = first.explicit_hash_key;
            let of_key = || HashKey::of_partition_key(&first.partition_key);
            Aggregated {
                data: self.write(),
                partition_key: PARTITION_KEY.to_owned(),
                explicit_hash_key: Some(hash_key.unwrap_or_else(of_key)),
                user_records,
            }
        };
        self.partition_keys.clear();
        self.hash_keys.clear();
        self.records.clear();
        self.count = 0;
        Some(aggregated)
    }

    fn write(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.bytes());
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.partition_keys.written);
        out.extend_from_slice(&self.hash_keys.written);
        out.extend_from_slice(&self.records);
        let digest = digest(&out[MAGIC.len()..]);
        out.extend_from_slice(&digest);
        out.into()
    }
}

impl Default for Aggregator {
    fn default() -> Self {
        Self::new()
    }
}

/// The length of a message `Record`.
fn inner_bytes(key_index: u64, hash_index: Option<u64>, data: usize) -> usize {
    let hash_index = hash_index.map(integer_bytes).unwrap_or_default();
    integer_bytes(key_index) + hash_index + field_bytes(data)
}
