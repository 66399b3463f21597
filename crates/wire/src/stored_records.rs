//! Writes records straight from where they are stored, as an answer lists them.
//!
//! What comes out is, byte for byte, what a list of [`crate::types::Record`] would be; a test holds
//! one against the other. But records that arrived together share all but number, data and key, so
//! the rest is encoded once and copied. How long it will be is known before anything is written.

use crate::rope::Rope;
use crate::types::Record;
use crate::writer::Writer;
use crate::{Protocol, Timestamp, base64, cbor, json, protocol};
use bytes::Bytes;
use std::ops::AddAssign;

/// Decimal digits of a sequence number.
pub const NUMBER_DIGITS: usize = 56;
/// Stands in a head until a number does.
const NO_NUMBER: &[u8; NUMBER_DIGITS] = &[b'0'; NUMBER_DIGITS];
/// Data of at least so many bytes is shared where the protocol writes it as it is.
const SHARED_BYTES_MIN: usize = 4 * 1024;
/// Bytes of a list without elements, in either protocol: one to open it, one to close it.
const LIST_BYTES: usize = 2;

/// Partition key and data of a record, where they are stored: one behind the other, so that what is
/// copied of a key in steps of a fixed length may end in the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredParts<'a> {
    /// The key, and the data.
    stored: &'a [u8],
    data: &'a [u8],
}

impl<'a> StoredParts<'a> {
    /// Parts of stored bytes that begin with a key of so many; `None` if they are fewer.
    #[inline]
    pub fn new(stored: &'a [u8], key_bytes: usize) -> Option<Self> {
        let data = stored.get(key_bytes..)?;
        Some(Self { stored, data })
    }

    /// The bytes.
    #[inline]
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The partition key; whether it is text [`StoredLengths::add`] says.
    #[inline]
    pub fn partition_key(&self) -> &'a [u8] {
        &self.stored[..self.key_bytes()]
    }

    #[inline]
    fn key_bytes(&self) -> usize {
        self.stored.len() - self.data.len()
    }
}

/// How many bytes the data and keys of records take, with what belongs to their lengths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredLengths {
    /// As limits count them.
    pub payload: usize,
    keys: usize,
    /// Bytes that escapes add to keys in JSON.
    escapes: usize,
    base64: usize,
    /// Bytes of what says in CBOR how long keys and data are.
    cbor_heads: usize,
}

impl StoredLengths {
    /// The lengths of these records, which are walked a second time if a key may need escapes; `None`
    /// if there is no record where there should be one, or a key is no text.
    #[inline]
    pub fn of<'a>(records: impl Iterator<Item = Option<StoredParts<'a>>> + Clone) -> Option<Self> {
        let mut lengths = Self::default();
        let mut special = json::Special::default();
        for record in records.clone() {
            let record = record?;
            lengths.add(&record);
            special.look(record.stored, record.key_bytes());
        }
        if !special.is_none() {
            lengths.escapes = escapes_bytes(records)?;
        }
        Some(lengths)
    }

    #[inline]
    fn add(&mut self, record: &StoredParts<'_>) {
        let (key_bytes, data_bytes) = (record.key_bytes(), record.data.len());
        self.payload += record.stored.len();
        self.keys += key_bytes;
        self.base64 += base64::text_bytes(data_bytes);
        self.cbor_heads += cbor::string_head_bytes(key_bytes) + cbor::string_head_bytes(data_bytes);
    }

    fn encoded(&self, protocol: Protocol) -> usize {
        match protocol {
            Protocol::Json => self.keys + self.escapes + self.base64,
            Protocol::Cbor => self.payload + self.cbor_heads,
        }
    }
}

/// Bytes that escapes add to the keys of records; `None` if one is no text.
#[cold]
fn escapes_bytes<'a>(records: impl Iterator<Item = Option<StoredParts<'a>>>) -> Option<usize> {
    let bytes = records.map(|record| json::escapes_bytes(record?.partition_key()));
    bytes.sum()
}

impl AddAssign for StoredLengths {
    fn add_assign(&mut self, other: Self) {
        self.payload += other.payload;
        self.keys += other.keys;
        self.escapes += other.escapes;
        self.base64 += other.base64;
        self.cbor_heads += other.cbor_heads;
    }
}

/// Text with room behind it: all of it is copied, as a copy of a length that is known is much
/// faster, and what is too much is taken back.
#[derive(Debug)]
struct Padded<const ROOM: usize> {
    bytes: [u8; ROOM],
    length: usize,
}

impl<const ROOM: usize> Padded<ROOM> {
    fn new(text: &[u8]) -> Self {
        let mut bytes = [0; ROOM];
        bytes[..text.len()].copy_from_slice(text);
        let length = text.len();
        Self { bytes, length }
    }

    #[inline]
    fn append_to(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.length;
        out.extend_from_slice(&self.bytes);
        out.truncate(end);
    }
}

/// Writes records of a list one after another.
#[derive(Debug)]
pub struct StoredRecords {
    protocol: Protocol,
    arrival: Timestamp,
    /// Whether no key has to be escaped.
    are_plain: bool,
    /// What stands before a record but for the first.
    separator_bytes: usize,
    number_start: usize,
    before_arrival: Vec<u8>,
    after_arrival: Vec<u8>,
    /// A record up to the bytes of its data, and what separates it from the one before.
    head: Padded<192>,
    /// What stands between data and key.
    between: Padded<32>,
    /// What stands behind the key.
    end: Padded<4>,
}

impl StoredRecords {
    /// Records in a protocol, the first of which arrived then; with the lengths of all.
    pub fn new(protocol: Protocol, arrival: Timestamp, lengths: &StoredLengths) -> Self {
        match protocol {
            Protocol::Json => Self::of::<json::JsonWriter<'_>>(protocol, arrival, lengths, b"\""),
            Protocol::Cbor => Self::of::<cbor::CborWriter<'_>>(protocol, arrival, lengths, b""),
        }
    }

    fn of<W: Writer>(
        protocol: Protocol,
        arrival: Timestamp,
        lengths: &StoredLengths,
        quote: &[u8],
    ) -> Self {
        let (mut data, mut between, mut end) = (Vec::new(), Vec::new(), Vec::new());
        W::part(&mut data).blob(&[]);
        write_between(&mut W::part(&mut between));
        W::part(&mut end).end_map();
        let separator = separator::<W>();
        let (head, after_arrival) = head::<W>();
        let before_arrival = [&separator[..], &head].concat();
        let mut places = before_arrival.windows(NUMBER_DIGITS);
        let place = places.position(|window| window == NO_NUMBER);
        let mut records = Self {
            protocol,
            arrival,
            are_plain: lengths.escapes == 0,
            separator_bytes: separator.len(),
            number_start: place.expect("the number was written"),
            before_arrival,
            after_arrival: [&after_arrival, quote].concat(),
            head: Padded::new(&[]),
            between: Padded::new(&[quote, &between[data.len()..], quote].concat()),
            end: Padded::new(&[quote, &end].concat()),
        };
        records.write_arrival::<W>();
        records
    }

    /// The records that follow arrived then.
    pub fn arrived(&mut self, arrival: Timestamp) {
        if arrival == self.arrival {
            return;
        }
        self.arrival = arrival;
        match self.protocol {
            Protocol::Json => self.write_arrival::<json::JsonWriter<'_>>(),
            Protocol::Cbor => self.write_arrival::<cbor::CborWriter<'_>>(),
        }
    }

    fn write_arrival<W: Writer>(&mut self) {
        let mut head = Vec::with_capacity(256);
        head.extend_from_slice(&self.before_arrival);
        W::part(&mut head).timestamp(self.arrival);
        head.extend_from_slice(&self.after_arrival);
        self.head = Padded::new(&head);
    }

    /// How many bytes so many records take that arrived at the moment last given, with what stands
    /// before each; the first of a list takes [`StoredRecords::separator_bytes`] less.
    pub fn bytes(&self, count: usize, lengths: &StoredLengths) -> usize {
        let beside = self.head.length + self.between.length + self.end.length;
        count * beside + lengths.encoded(self.protocol)
    }

    /// Bytes of what stands between two records.
    pub fn separator_bytes(&self) -> usize {
        self.separator_bytes
    }

    /// Appends a record that arrived at the moment last given, with what separates it from the one
    /// before.
    #[inline]
    pub fn write(&self, number: &[u8; NUMBER_DIGITS], record: &StoredParts<'_>, out: &mut Vec<u8>) {
        self.begin(number, out);
        match self.protocol {
            Protocol::Json => base64::encode(record.data, out),
            Protocol::Cbor => cbor::CborWriter::new(out).blob(record.data),
        }
        self.end(record, out);
    }

    /// Whether data of so many bytes are shared rather than copied.
    pub fn shares(&self, data_bytes: usize) -> bool {
        match self.protocol {
            Protocol::Json => false,
            Protocol::Cbor => data_bytes >= SHARED_BYTES_MIN,
        }
    }

    /// As [`StoredRecords::write`], but shares data that are large, which stand in `source`.
    #[inline]
    pub fn write_shared(
        &self,
        number: &[u8; NUMBER_DIGITS],
        record: &StoredParts<'_>,
        source: &Bytes,
        rope: &mut Rope,
    ) {
        if !self.shares(record.data.len()) {
            return self.write(number, record, rope.filling());
        }
        self.begin(number, rope.filling());
        cbor::CborWriter::new(rope.filling()).begin_blob(record.data.len());
        rope.share(source.slice_ref(record.data));
        self.end(record, rope.filling());
    }

    #[inline]
    fn begin(&self, number: &[u8; NUMBER_DIGITS], out: &mut Vec<u8>) {
        let place = out.len() + self.number_start;
        self.head.append_to(out);
        out[place..place + NUMBER_DIGITS].copy_from_slice(number);
    }

    #[inline]
    fn end(&self, record: &StoredParts<'_>, out: &mut Vec<u8>) {
        self.between.append_to(out);
        match self.protocol {
            Protocol::Json if self.are_plain => out.extend_from_slice(record.partition_key()),
            Protocol::Json => json::JsonWriter::new(out).escaped(record.partition_key()),
            Protocol::Cbor => cbor::CborWriter::new(out).utf8(record.partition_key()),
        }
        self.end.append_to(out);
    }
}

/// Splits what stands around records that are none: `Records` must be the first member of `around`,
/// and an empty list.
pub fn around_records<T: crate::Encode>(protocol: Protocol, around: &T) -> (Vec<u8>, Vec<u8>) {
    let mut before = Vec::with_capacity(512);
    protocol::encode(protocol, around, &mut before);
    let after = before.split_off(records_at(protocol) + LIST_BYTES / 2);
    (before, after)
}

/// What opens and what closes a list of records.
pub fn list_of_records(protocol: Protocol) -> (Vec<u8>, Vec<u8>) {
    let mut open = Vec::new();
    protocol::encode(protocol, &Vec::<Record>::new(), &mut open);
    let close = open.split_off(LIST_BYTES / 2);
    (open, close)
}

/// Where the value of `Records` begins in a structure whose first member it is.
pub(crate) fn records_at(protocol: Protocol) -> usize {
    match protocol {
        Protocol::Json => r#"{"Records":"#.len(),
        Protocol::Cbor => b"\xbf\x67Records".len(),
    }
}

/// What stands between two elements of a list.
fn separator<W: Writer>() -> Vec<u8> {
    let mut list = Vec::new();
    {
        let mut writer = W::part(&mut list);
        // A list is a value, and so something that an element may follow.
        writer.begin_list();
        writer.end_list();
        writer.item();
    }
    list.split_off(LIST_BYTES)
}

/// What stands before and behind an arrival.
fn head<W: Writer>() -> (Vec<u8>, Vec<u8>) {
    let (mut before, mut alone, mut behind) = (Vec::new(), Vec::new(), Vec::new());
    begin_head(&mut W::part(&mut before));
    W::part(&mut alone).timestamp(Timestamp(0));
    end_head(&mut W::part(&mut behind));
    behind.drain(..alone.len());
    (before, behind)
}

fn begin_head<W: Writer>(writer: &mut W) {
    writer.begin_map();
    writer.member("SequenceNumber");
    writer.utf8(NO_NUMBER);
    writer.member("ApproximateArrivalTimestamp");
}

fn end_head<W: Writer>(writer: &mut W) {
    writer.timestamp(Timestamp(0));
    writer.member("Data");
}

/// With an empty value before it, as what comes after a value may differ from what comes first.
fn write_between<W: Writer>(writer: &mut W) {
    writer.blob(&[]);
    writer.member("PartitionKey");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode;
    use proptest::prelude::*;

    fn any_record() -> impl Strategy<Value = Record> {
        let data = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..400),
            proptest::collection::vec(any::<u8>(), 3000..7000),
        ];
        let arrival = prop_oneof![Just(1_700_000_001_456), -3000..3000_i64, any::<i64>()];
        let key = prop_oneof!["[a-z0-9]{1,20}", ".{1,40}", "[\"\\\\\u{0}-\u{7f}]{1,256}"];
        (data, arrival, key, "[0-9]{56}").prop_map(|(data, arrival, key, number)| Record {
            sequence_number: number,
            approximate_arrival_timestamp: Some(Timestamp(arrival)),
            data: data.into(),
            partition_key: Some(key),
            encryption_type: None,
        })
    }

    /// Key and data as they are stored, in bytes that others share.
    fn stored(record: &Record) -> Bytes {
        let key = record.partition_key.as_ref().unwrap().as_bytes();
        Bytes::from([key, &record.data].concat())
    }

    fn parts<'a>((record, stored): (&Record, &'a Bytes)) -> Option<StoredParts<'a>> {
        StoredParts::new(stored, record.partition_key.as_ref().unwrap().len())
    }

    /// The list of these records, written the straight way; and how long it was to be.
    fn straight(protocol: Protocol, list: &[Record]) -> (Vec<u8>, usize) {
        let (open, close) = list_of_records(protocol);
        let mut rope = Rope::default();
        let mut expected = open.len() + close.len();
        let stored: Vec<Bytes> = list.iter().map(stored).collect();
        let all = StoredLengths::of(list.iter().zip(&stored).map(parts)).unwrap();
        let mut records = StoredRecords::new(protocol, Timestamp(0), &all);
        for (record, source) in list.iter().zip(&stored) {
            records.arrived(record.approximate_arrival_timestamp.unwrap());
            let parts = parts((record, source));
            let number = record.sequence_number.as_bytes().try_into().unwrap();
            records.write_shared(number, &parts.unwrap(), source, &mut rope);
            let lengths = StoredLengths::of(std::iter::once(parts)).unwrap();
            assert_eq!(lengths.payload, source.len());
            expected += records.bytes(1, &lengths);
        }
        let pieces: Vec<Bytes> = std::iter::from_fn(|| rope.take_piece()).collect();
        rope.flush();
        let pieces = [pieces, std::iter::from_fn(|| rope.take_piece()).collect()].concat();
        let mut written = pieces.concat();
        if !list.is_empty() {
            written.drain(..records.separator_bytes());
            expected -= records.separator_bytes();
        }
        ([open, written, close].concat(), expected)
    }

    proptest! {
        #[test]
        fn records_when_written_straight_then_are_those_of_the_list_of_shapes(
            records in proptest::collection::vec(any_record(), 0..12)
        ) {
            for protocol in [Protocol::Json, Protocol::Cbor] {
                let mut shapes = Vec::new();
                encode(protocol, &records, &mut shapes);
                let (straight, expected) = straight(protocol, &records);
                prop_assert_eq!(straight.len(), expected);
                prop_assert_eq!(straight, shapes);
            }
        }
    }

    #[test]
    fn key_when_no_text_then_is_not_taken() {
        let lengths = |stored, key_bytes| {
            StoredLengths::of(std::iter::once(StoredParts::new(stored, key_bytes)))
        };
        assert!(lengths(b"key and data".as_slice(), 3).is_some());
        assert!(lengths(b"k\xff and data".as_slice(), 2).is_none());
        assert!(lengths(b"key".as_slice(), 4).is_none());
    }
}
