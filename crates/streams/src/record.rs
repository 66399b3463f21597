//! The stored form of a Kinesis record.
//!
//! docs/formats/records.md: one byte that identifies the form, the partition key's length, the key,
//! the data. Sequence number, shard and arrival time are not included: they follow from its
//! position. A record without a key has a form of its own, as long as the other: a key is never
//! empty. Encrypted records are [`sealed`]; whoever encodes records sees them opened, in one of
//! these forms.

pub(crate) mod sealed;

use millstream_store::batch::{RECORD_OVERHEAD_BYTES, RecordIter};
use millstream_store::{BatchBuilder, Kind, Run};

/// The first byte of a record that is stored unchanged.
const PLAIN: u8 = 0;
/// The first byte of a record that was put without a partition key, stored unchanged.
const KEYLESS: u8 = 1;
const HEAD_BYTES: usize = 3;
/// Overhead of a stored record beyond its key and data.
pub const OVERHEAD_BYTES: usize = RECORD_OVERHEAD_BYTES + HEAD_BYTES;

/// How records are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtRest {
    /// As they came.
    Plain,
    /// Sealed with a data key of their stream.
    Encrypted,
}

/// A record, borrowed from a request or from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredRecord<'a> {
    /// 1–256 characters; `None` if it was put without one.
    pub partition_key: Option<&'a str>,
    /// The payload.
    pub data: &'a [u8],
}

impl<'a> StoredRecord<'a> {
    /// Frames the record into a batch.
    pub fn push_to(&self, batch: &mut BatchBuilder) {
        let Some(key) = self.partition_key else {
            return batch.push(Kind::Data, &[&[KEYLESS, 0, 0], self.data]);
        };
        let key = key.as_bytes();
        let key_bytes = u16::try_from(key.len()).expect("a partition key has 256 characters");
        let [low, high] = key_bytes.to_le_bytes();
        batch.push(Kind::Data, &[&[PLAIN, low, high], key, self.data]);
    }

    /// What stands in front of key and data when the record is framed.
    pub(crate) fn framed_head(&self) -> [u8; OVERHEAD_BYTES] {
        let key_bytes = self.partition_key.map_or(0, str::len);
        let key_bytes = u16::try_from(key_bytes).expect("a partition key has 256 characters");
        let length = u32::try_from(HEAD_BYTES + self.bytes()).expect("no record is so large");
        let mut head = [0; OVERHEAD_BYTES];
        head[..RECORD_OVERHEAD_BYTES].copy_from_slice(&length.to_le_bytes());
        head[RECORD_OVERHEAD_BYTES] = match self.partition_key {
            Some(_) => PLAIN,
            None => KEYLESS,
        };
        head[RECORD_OVERHEAD_BYTES + 1..].copy_from_slice(&key_bytes.to_le_bytes());
        head
    }

    /// Size as limits count it: partition key and data.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.partition_key.map_or(0, str::len) + self.data.len()
    }

    /// Decodes a record; `None` if this build does not know its form.
    #[cfg(test)]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let parts = Self::parts(bytes)?;
        let key = parts.partition_key();
        Some(Self {
            partition_key: key.map(std::str::from_utf8).transpose().ok()?,
            data: parts.data(),
        })
    }

    /// Key and data, without checking that the key is UTF-8; `None` if this build does not know the
    /// form.
    #[inline]
    pub(crate) fn parts(bytes: &'a [u8]) -> Option<StoredParts<'a>> {
        Self::keyed_parts(bytes).or_else(|| Self::keyless_parts(bytes))
    }

    /// The same; `None` also for a record without a key.
    #[inline]
    fn keyed_parts(bytes: &'a [u8]) -> Option<StoredParts<'a>> {
        let ([form, low, high], rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
        if *form != PLAIN {
            return None;
        }
        let key_bytes = usize::from(u16::from_le_bytes([*low, *high]));
        StoredParts::new(rest, key_bytes)
    }

    // Kept apart: what reads records with keys stays as short as without this.
    #[inline(never)]
    fn keyless_parts(bytes: &'a [u8]) -> Option<StoredParts<'a>> {
        let data = bytes.strip_prefix(&[KEYLESS, 0, 0])?;
        StoredParts::new(data, 0)
    }
}

/// A record's partition key and data in their stored form, contiguous: a fixed-size copy of a short
/// key may read into the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredParts<'a> {
    /// The key, followed by the data.
    stored: &'a [u8],
    data: &'a [u8],
}

impl<'a> StoredParts<'a> {
    /// Stored bytes that begin with a key of this length; `None` if there are fewer.
    #[inline]
    pub fn new(stored: &'a [u8], key_bytes: usize) -> Option<Self> {
        let data = stored.get(key_bytes..)?;
        Some(Self { stored, data })
    }

    /// Key and data, one behind the other.
    #[inline]
    pub fn stored(&self) -> &'a [u8] {
        self.stored
    }

    /// The data.
    #[inline]
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The partition key; `None` if it was put without one. Whether it is text was not looked at.
    #[inline]
    pub fn partition_key(&self) -> Option<&'a [u8]> {
        let key = &self.stored[..self.key_bytes()];
        (!key.is_empty()).then_some(key)
    }

    /// How many bytes the key has; none if there is no key.
    #[inline]
    pub fn key_bytes(&self) -> usize {
        self.stored.len() - self.data.len()
    }

    /// Bytes from where the record begins in its run to where the next one does.
    #[inline]
    pub fn bytes_in_run(&self) -> usize {
        OVERHEAD_BYTES + self.stored.len()
    }
}

/// The records of a run, where they are stored; `None` in the place of one whose form this build
/// does not know.
#[derive(Clone, Debug)]
pub struct StoredIter<'a>(RecordIter<'a>);

impl<'a> StoredIter<'a> {
    /// The records that stand in a run's bytes, or in what is left of them behind a record.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(RecordIter::new(bytes))
    }
}

impl<'a> Iterator for StoredIter<'a> {
    type Item = Option<StoredParts<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (_, stored) = self.0.next()?;
        Some(StoredRecord::parts(stored))
    }
}

/// The records of a run that have keys, where they are stored; `None` in the place of any other.
#[derive(Clone, Debug)]
pub struct KeyedIter<'a>(RecordIter<'a>);

impl<'a> KeyedIter<'a> {
    /// The records that stand in a run's bytes.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(RecordIter::new(bytes))
    }
}

impl<'a> Iterator for KeyedIter<'a> {
    type Item = Option<StoredParts<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (_, stored) = self.0.next()?;
        Some(StoredRecord::keyed_parts(stored))
    }
}

/// Bytes of keys and data of the first records of a run, as limits count them.
pub(crate) fn payload_bytes(run: &Run, count: usize) -> usize {
    if count == run.count as usize {
        return run.bytes.len().saturating_sub(count * OVERHEAD_BYTES);
    }
    let stored = RecordIter::new(&run.bytes).take(count);
    stored
        .map(|(_, stored)| stored.len().saturating_sub(HEAD_BYTES))
        .sum()
}

#[cfg(test)]
mod format_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_when_pushed_then_reads_back_and_its_form_is_checked() {
        for (partition_key, key_bytes) in [(Some("kä"), 3), (None, 0)] {
            let record = StoredRecord {
                partition_key,
                data: b"payload",
            };
            let mut batch = BatchBuilder::default();
            record.push_to(&mut batch);
            let batch = batch.finish();
            let framed = &batch.bytes()[RECORD_OVERHEAD_BYTES..];
            assert_eq!(StoredRecord::decode(framed), Some(record));
            assert_eq!(batch.bytes().len(), OVERHEAD_BYTES + key_bytes + 7);
            assert_eq!(record.bytes(), key_bytes + 7);
            assert_eq!(record.framed_head(), batch.bytes()[..OVERHEAD_BYTES]);
        }
        for (bytes, why) in [
            (&b""[..], "empty"),
            (b"\x02\x00\x00", "another form"),
            (b"\x01\x00", "cut off"),
            (b"\x01\x01\x00k", "a key in the form without one"),
            (b"\x00\x05\x00abc", "a key longer than the record"),
            (b"\x00\x01\x00\xff", "a key that is no text"),
        ] {
            assert_eq!(StoredRecord::decode(bytes), None, "{why}");
        }
    }

    #[test]
    fn records_when_some_have_no_key_then_stand_in_their_places_for_who_takes_both() {
        let mut batch = BatchBuilder::default();
        for partition_key in [Some("a"), None, Some("bc")] {
            let data = b"data";
            let record = StoredRecord {
                partition_key,
                data,
            };
            record.push_to(&mut batch);
        }
        let batch = batch.finish();
        let keys = StoredIter::new(batch.bytes()).map(|record| record.unwrap().partition_key());
        let expected = [Some(&b"a"[..]), None, Some(b"bc")];
        assert_eq!(keys.collect::<Vec<_>>(), expected);
        let keyed = KeyedIter::new(batch.bytes()).map(|record| record?.partition_key());
        assert_eq!(keyed.collect::<Vec<_>>(), expected);
        let lengths = StoredIter::new(batch.bytes()).map(|record| record.unwrap().bytes_in_run());
        assert_eq!(lengths.sum::<usize>(), batch.bytes().len());
    }
}
