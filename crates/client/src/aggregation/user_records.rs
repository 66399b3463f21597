//! Taking a record apart.

use super::wire::{Fields, Malformed, Value};
use super::{DIGEST_BYTES, MAGIC, USER_RECORDS_MAX, digest, field, record_field};
use bytes::Bytes;
use millstream_model::{HashKey, HashRange};
use millstream_protocol::types::Record;

/// A record as its producer put it: one of an aggregated record, or one that is not aggregated.
#[derive(Clone, Debug)]
pub struct UserRecord<'r> {
    /// The stored record: its sequence number, and when it arrived.
    pub record: &'r Record,
    /// The place among the user records of an aggregated record, from 0.
    pub sub_sequence_number: u64,
    /// Whether it comes out of an aggregated record.
    pub is_aggregated: bool,
    /// The partition key, if it was put with one.
    pub partition_key: Option<&'r str>,
    /// The explicit hash key. It is known of aggregated records alone.
    pub explicit_hash_key: Option<&'r str>,
    /// The bytes, shared with the stored record.
    pub data: Bytes,
}

impl UserRecord<'_> {
    /// The hash key that decides about its shard; `None` if its keys have none.
    pub fn hash_key(&self) -> Option<HashKey> {
        match self.explicit_hash_key {
            Some(key) => HashKey::parse(key).ok(),
            None => self.partition_key.map(HashKey::of_partition_key),
        }
    }
}

/// The user records of a record, in the order in which they were put.
#[derive(Clone)]
pub struct UserRecords<'r> {
    record: &'r Record,
    rest: Rest<'r>,
}

#[derive(Clone)]
enum Rest<'r> {
    /// The record itself.
    Whole,
    /// Those of an aggregated record.
    Parts(Parts<'r>),
    /// Nothing.
    Ended,
}

/// An aggregated record, decoded and validated.
#[derive(Clone)]
struct Parts<'r> {
    keys: Keys<'r>,
    parts: std::vec::IntoIter<Part<'r>>,
    next: u64,
}

/// The tables of an aggregated record.
#[derive(Clone, Default)]
struct Keys<'r> {
    partition: Vec<&'r str>,
    hash: Vec<&'r str>,
}

/// Takes a record apart. One that is not aggregated, or not whole and valid, is its own only user
/// record.
///
/// ```
/// use millstream_client::aggregation::{Aggregator, NotAdded, deaggregate};
/// use millstream_protocol::types::Record;
///
/// let mut aggregator = Aggregator::new();
/// aggregator.add("customer-7", None, b"first")?;
/// aggregator.add("customer-8", None, b"second")?;
/// let aggregated = aggregator.finish().expect("records were added");
///
/// let record = Record { data: aggregated.data, ..Record::default() };
/// let keys: Vec<_> = deaggregate(&record).map(|user| user.partition_key).collect();
/// assert_eq!(keys, [Some("customer-7"), Some("customer-8")]);
/// # Ok::<(), NotAdded>(())
/// ```
pub fn deaggregate(record: &Record) -> UserRecords<'_> {
    let parts = message(&record.data).and_then(|message| Parts::read(message).ok());
    UserRecords {
        record,
        rest: parts.map_or(Rest::Whole, Rest::Parts),
    }
}

/// Takes a record of a shard apart, and none of it if one of its user records belongs to another
/// shard.
///
/// The Kinesis Client Library does the same: a producer that did not yet know of a reshard puts
/// such a record, is told by its sequence number's shard, and puts the user records again.
pub fn deaggregate_within(record: &Record, range: HashRange) -> UserRecords<'_> {
    let mut records = deaggregate(record);
    if let Rest::Parts(parts) = &records.rest
        && !parts.are_within(range)
    {
        records.rest = Rest::Ended;
    }
    records
}

/// Whether a record's data is, by its magic number and digest, an aggregated record's.
pub(crate) fn is_aggregated(data: &[u8]) -> bool {
    message(data).is_some()
}

/// The message of an aggregated record, if its magic number and digest are right.
fn message(data: &[u8]) -> Option<&[u8]> {
    let (message, found) = data
        .strip_prefix(&MAGIC)?
        .split_last_chunk::<DIGEST_BYTES>()?;
    (!message.is_empty() && digest(message) == *found).then_some(message)
}

impl<'r> Parts<'r> {
    /// Decodes a message, once. Tables may come after the records that refer to them.
    fn read(message: &'r [u8]) -> Result<Self, Malformed> {
        let (mut keys, mut parts) = (Keys::default(), Vec::new());
        for found in Fields(message) {
            let (number, Value::Bytes(bytes)) = found? else {
                continue;
            };
            match number {
                field::PARTITION_KEY => add(&mut keys.partition, bytes)?,
                field::EXPLICIT_HASH_KEY => add(&mut keys.hash, bytes)?,
                field::RECORD if parts.len() == USER_RECORDS_MAX => return Err(Malformed),
                field::RECORD => parts.push(Part::read(bytes)?),
                _ => {}
            }
        }
        let is_there = |part: &Part<'_>| {
            let hash_key = part.hash_key.map(|index| index as usize);
            (part.partition_key as usize) < keys.partition.len()
                && hash_key.is_none_or(|index| index < keys.hash.len())
        };
        if !parts.iter().all(is_there) {
            return Err(Malformed);
        }
        Ok(Self {
            keys,
            parts: parts.into_iter(),
            next: 0,
        })
    }

    /// Whether a range has all of their hash keys. A partition key is hashed once, however many
    /// have it.
    fn are_within(&self, range: HashRange) -> bool {
        let partition = self.keys.partition.iter().copied();
        let partition: Vec<bool> = HashKey::of_partition_keys(partition)
            .map(|key| range.contains(key))
            .collect();
        // What is no hash key decides nothing.
        let is_within = |key: &&str| HashKey::parse(key).map_or(true, |key| range.contains(key));
        let hash: Vec<bool> = self.keys.hash.iter().map(is_within).collect();
        self.parts.as_slice().iter().all(|part| {
            let (table, index) = match part.hash_key {
                Some(index) => (&hash, index),
                None => (&partition, part.partition_key),
            };
            table.get(index as usize).copied().unwrap_or_default()
        })
    }
}

fn add<'r>(table: &mut Vec<&'r str>, key: &'r [u8]) -> Result<(), Malformed> {
    if table.len() == USER_RECORDS_MAX {
        return Err(Malformed);
    }
    table.push(str::from_utf8(key).map_err(|_| Malformed)?);
    Ok(())
}

/// A message `Record`.
#[derive(Clone, Copy)]
struct Part<'r> {
    partition_key: u32,
    hash_key: Option<u32>,
    data: &'r [u8],
}

impl<'r> Part<'r> {
    /// Reads a message. Of a field that it has twice, the last counts.
    fn read(message: &'r [u8]) -> Result<Self, Malformed> {
        let (mut partition_key, mut hash_key, mut data) = (None, None, None);
        for found in Fields(message) {
            match found? {
                (record_field::PARTITION_KEY_INDEX, Value::Integer(index)) => {
                    partition_key = Some(index_of(index)?);
                }
                (record_field::EXPLICIT_HASH_KEY_INDEX, Value::Integer(index)) => {
                    hash_key = Some(index_of(index)?);
                }
                (record_field::DATA, Value::Bytes(bytes)) => data = Some(bytes),
                (_, Value::Integer(_) | Value::Bytes(_) | Value::Fixed) => {}
            }
        }
        Ok(Self {
            partition_key: partition_key.ok_or(Malformed)?,
            hash_key,
            data: data.ok_or(Malformed)?,
        })
    }
}

/// An index into a table, which no table has if it is too large.
fn index_of(index: u64) -> Result<u32, Malformed> {
    let index = u32::try_from(index).ok();
    index
        .filter(|index| (*index as usize) < USER_RECORDS_MAX)
        .ok_or(Malformed)
}

impl<'r> UserRecords<'r> {
    /// Whether the record is aggregated.
    pub fn is_aggregated(&self) -> bool {
        matches!(self.rest, Rest::Parts(_))
    }
}

impl<'r> Iterator for UserRecords<'r> {
    type Item = UserRecord<'r>;

    fn next(&mut self) -> Option<UserRecord<'r>> {
        match &mut self.rest {
            Rest::Ended => None,
            Rest::Whole => {
                self.rest = Rest::Ended;
                Some(UserRecord {
                    record: self.record,
                    sub_sequence_number: 0,
                    is_aggregated: false,
                    partition_key: self.record.partition_key.as_deref(),
                    explicit_hash_key: None,
                    data: self.record.data.clone(),
                })
            }
            Rest::Parts(Parts { keys, parts, next }) => {
                let part = parts.next()?;
                let explicit = part.hash_key.and_then(|at| keys.hash.get(at as usize));
                let sub_sequence_number = *next;
                *next += 1;
                Some(UserRecord {
                    record: self.record,
                    sub_sequence_number,
                    is_aggregated: true,
                    partition_key: keys.partition.get(part.partition_key as usize).copied(),
                    explicit_hash_key: explicit.copied(),
                    data: self.record.data.slice_ref(part.data),
                })
            }
        }
    }
}

impl std::fmt::Debug for UserRecords<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRecords")
            .field("is_aggregated", &self.is_aggregated())
            .finish_non_exhaustive()
    }
}
