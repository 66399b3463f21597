//! Writes records straight from where they are stored, as an answer lists them.
//!
//! What comes out is, byte for byte, what a list of [`crate::types::Record`] would be; a test holds
//! one against the other. But records that arrived together share all but number, data and key, so
//! the rest is encoded once and copied. How long it will be is known before anything is written.

use crate::types::Record;
use crate::writer::Writer;
use crate::{Protocol, Timestamp, base64, cbor, json, protocol};
use std::ops::AddAssign;

/// Decimal digits of a sequence number.
pub const NUMBER_DIGITS: usize = 56;
/// Stands in a head until a number does.
const NO_NUMBER: &[u8; NUMBER_DIGITS] = &[b'0'; NUMBER_DIGITS];
/// Data of at least so many bytes are shared where the protocol writes them as they are.
const SHARED_BYTES_MIN: usize = 4 * 1024;
/// Keys of so many bytes, and no more, are copied at once; that of a UUID has 36.
const SHORT_KEY_BYTES: usize = 48;
/// Bytes that one takes at most with its escape in JSON.
const ESCAPED_BYTES_MAX: usize = 6;
const BEFORE_NUMBER_ROOM: usize = 32;
const AFTER_NUMBER_ROOM: usize = 80;
const BETWEEN_ROOM: usize = 32;
const END_ROOM: usize = 4;
/// Room for a record's parts but for key and data; and for what stands in CBOR before these, and
/// what is copied of a short key beyond its end.
const ROOM_BESIDE: usize = BEFORE_NUMBER_ROOM
    + NUMBER_DIGITS
    + AFTER_NUMBER_ROOM
    + BETWEEN_ROOM
    + END_ROOM
    + 2 * cbor::HEAD_BYTES_MAX
    + SHORT_KEY_BYTES;
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

    /// How many bytes key and data have.
    #[inline]
    pub fn bytes(&self) -> usize {
        self.stored.len()
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
    /// The lengths of these records, which are walked a second time if a key may need escapes;
    /// `None` if there is no record where there should be one, or a key is no text.
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
/// faster, and what is too much is written over by what follows.
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

    /// Writes it to the beginning of `out`, and gives what follows.
    #[inline]
    fn write<'o>(&self, out: &'o mut [u8]) -> &'o mut [u8] {
        *first(out) = self.bytes;
        &mut out[self.length..]
    }
}

/// Writes records of a list one after another.
#[derive(Debug)]
pub struct StoredRecords {
    protocol: Protocol,
    arrival: Timestamp,
    /// Bytes that one of a key may take.
    key_byte_max: usize,
    /// What stands before a record but for the first.
    separator_bytes: usize,
    /// A record up to its number, and what separates it from the one before.
    before_number: Padded<BEFORE_NUMBER_ROOM>,
    before_arrival: Vec<u8>,
    after_arrival: Vec<u8>,
    /// What stands between number and data.
    after_number: Padded<AFTER_NUMBER_ROOM>,
    /// What stands between data and key.
    between: Padded<BETWEEN_ROOM>,
    /// What stands behind the key.
    end: Padded<END_ROOM>,
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
        let mut places = head.windows(NUMBER_DIGITS);
        let place = places.position(|window| window == NO_NUMBER);
        let (before_number, rest) = head.split_at(place.expect("the number was written"));
        let mut records = Self {
            protocol,
            arrival,
            key_byte_max: if lengths.escapes == 0 {
                1
            } else {
                ESCAPED_BYTES_MAX
            },
            separator_bytes: separator.len(),
            before_number: Padded::new(&[&separator, before_number].concat()),
            before_arrival: rest[NUMBER_DIGITS..].to_vec(),
            after_arrival: [&after_arrival, quote].concat(),
            after_number: Padded::new(&[]),
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
        let mut text = Vec::with_capacity(AFTER_NUMBER_ROOM);
        text.extend_from_slice(&self.before_arrival);
        W::part(&mut text).timestamp(self.arrival);
        text.extend_from_slice(&self.after_arrival);
        self.after_number = Padded::new(&text);
    }

    /// How many bytes so many records take that arrived at the moment last given, with what stands
    /// before each; the first of a list takes [`StoredRecords::separator_bytes`] less.
    pub fn bytes(&self, count: usize, lengths: &StoredLengths) -> usize {
        let numbered = self.before_number.length + NUMBER_DIGITS + self.after_number.length;
        let beside = numbered + self.between.length + self.end.length;
        count * beside + lengths.encoded(self.protocol)
    }

    /// Bytes of what stands between two records.
    pub fn separator_bytes(&self) -> usize {
        self.separator_bytes
    }

    /// How much room a record needs: as much as it takes at most, and what copies write beyond.
    #[inline]
    pub fn room(&self, record: &StoredParts<'_>) -> usize {
        let data_bytes = match self.protocol {
            Protocol::Json => base64::text_bytes(record.data.len()),
            Protocol::Cbor => record.data.len(),
        };
        self.room_around_data(record) + data_bytes
    }

    /// How much room a record needs without its data.
    #[inline]
    pub fn room_around_data(&self, record: &StoredParts<'_>) -> usize {
        ROOM_BESIDE + record.key_bytes() * self.key_byte_max
    }

    /// Writes a record that arrived at the moment last given, and what separates it from the one
    /// before, to the beginning of `out`; answers how many bytes that were. What follows them may
    /// be written over. `None`, and nothing is written, if there is no room for it.
    #[inline]
    pub fn write(
        &self,
        record: &StoredParts<'_>,
        write_number: impl FnOnce(&mut [u8; NUMBER_DIGITS]),
        out: &mut [u8],
    ) -> Option<usize> {
        let out = out.get_mut(..self.room(record))?;
        let room = out.len();
        let rest = self.begin(write_number, out);
        let rest = match self.protocol {
            Protocol::Json => base64::encode(record.data, rest),
            Protocol::Cbor => {
                let rest = cbor::write_bytes_head(record.data.len(), rest);
                copy(record.data, rest)
            }
        };
        let left = self.end(record, rest).len();
        Some(room - left)
    }

    /// Data of at least so many bytes are not written but stand in the answer as they are stored.
    pub fn shared_bytes_min(&self) -> Option<usize> {
        match self.protocol {
            Protocol::Json => None,
            Protocol::Cbor => Some(SHARED_BYTES_MIN),
        }
    }

    /// As [`StoredRecords::write`], but without the data; answers how many bytes come before and
    /// how many come behind them.
    #[inline]
    pub fn write_around_data(
        &self,
        record: &StoredParts<'_>,
        write_number: impl FnOnce(&mut [u8; NUMBER_DIGITS]),
        out: &mut [u8],
    ) -> Option<(usize, usize)> {
        let out = out.get_mut(..self.room_around_data(record))?;
        let room = out.len();
        let rest = self.begin(write_number, out);
        let rest = cbor::write_bytes_head(record.data.len(), rest);
        let before = room - rest.len();
        let left = self.end(record, rest).len();
        Some((before, room - left - before))
    }

    #[inline]
    fn begin<'o>(
        &self,
        write_number: impl FnOnce(&mut [u8; NUMBER_DIGITS]),
        out: &'o mut [u8],
    ) -> &'o mut [u8] {
        let out = self.before_number.write(out);
        write_number(first(out));
        self.after_number.write(&mut out[NUMBER_DIGITS..])
    }

    #[inline(always)]
    fn end<'o>(&self, record: &StoredParts<'_>, out: &'o mut [u8]) -> &'o mut [u8] {
        let out = self.between.write(out);
        let out = match self.protocol {
            Protocol::Json if self.key_byte_max == 1 => write_key(record, out),
            Protocol::Json => write_escaped(record.partition_key(), out),
            Protocol::Cbor => write_key(record, cbor::write_text_head(record.key_bytes(), out)),
        };
        self.end.write(out)
    }
}

/// Writes a key as it is; a short one with some of the data behind it, which are written over.
#[inline]
fn write_key<'o>(record: &StoredParts<'_>, out: &'o mut [u8]) -> &'o mut [u8] {
    match record.stored.first_chunk::<SHORT_KEY_BYTES>() {
        Some(stored) if record.key_bytes() <= SHORT_KEY_BYTES => {
            *first(out) = *stored;
            &mut out[record.key_bytes()..]
        }
        Some(_) | None => write_long(record.partition_key(), out),
    }
}

// Beside this one, the compiler would make one copy of any length of both.
#[inline(never)]
fn write_long<'o>(key: &[u8], out: &'o mut [u8]) -> &'o mut [u8] {
    copy(key, out)
}

#[cold]
fn write_escaped<'o>(key: &[u8], out: &'o mut [u8]) -> &'o mut [u8] {
    copy(&json::escaped(key), out)
}

#[inline]
fn copy<'o>(bytes: &[u8], out: &'o mut [u8]) -> &'o mut [u8] {
    let (place, rest) = out.split_at_mut(bytes.len());
    place.copy_from_slice(bytes);
    rest
}

#[inline]
fn first<const LENGTH: usize>(out: &mut [u8]) -> &mut [u8; LENGTH] {
    out.first_chunk_mut().expect("there is room for a record")
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
    use bytes::Bytes;
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

    /// A record written the straight way, to a place that holds something else.
    fn straight(records: &StoredRecords, record: &Record, source: &Bytes) -> Vec<u8> {
        let parts = parts((record, source)).unwrap();
        let number = record.sequence_number.as_bytes().try_into().unwrap();
        let write_number = |place: &mut [u8; NUMBER_DIGITS]| *place = number;
        let mut out = vec![b'x'; records.room(&parts)];
        let too_little = out.len() - 1;
        let refused = records.write(&parts, |_| panic!("no room"), &mut out[..too_little]);
        assert_eq!(refused, None);
        if let Some(min) = records.shared_bytes_min()
            && parts.data().len() >= min
        {
            let (before, behind) = records
                .write_around_data(&parts, write_number, &mut out)
                .unwrap();
            let behind = &out[before..before + behind];
            return [&out[..before], parts.data(), behind].concat();
        }
        let length = records.write(&parts, write_number, &mut out).unwrap();
        out.truncate(length);
        out
    }

    /// The list of these records, written the straight way; and how long it was to be.
    fn straight_list(protocol: Protocol, list: &[Record]) -> (Vec<u8>, usize) {
        let (open, close) = list_of_records(protocol);
        let stored: Vec<Bytes> = list.iter().map(stored).collect();
        let all = StoredLengths::of(list.iter().zip(&stored).map(parts)).unwrap();
        let mut records = StoredRecords::new(protocol, Timestamp(0), &all);
        let (mut written, mut expected) = (Vec::new(), open.len() + close.len());
        for (record, source) in list.iter().zip(&stored) {
            records.arrived(record.approximate_arrival_timestamp.unwrap());
            written.extend_from_slice(&straight(&records, record, source));
            let lengths = StoredLengths::of(std::iter::once(parts((record, source)))).unwrap();
            assert_eq!(lengths.payload, source.len());
            expected += records.bytes(1, &lengths);
        }
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
                let (straight, expected) = straight_list(protocol, &records);
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
