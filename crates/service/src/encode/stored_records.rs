//! Encodes records directly from their stored form into a response's list.
//!
//! What comes out is, byte for byte, what a list of [`millstream_protocol::types::Record`] would
//! be; a test holds one against the other. But records that arrived together share all but number,
//! data and key, so the rest is encoded once and copied. How long it will be is known before
//! anything is written. The form of a list's records is decided once for the list.

use super::form::{Cbor, Form, Keys, MixedKeys};
use super::number_template::{NO_NUMBER, NUMBER_DIGITS};
use millstream_protocol::parts::{self, CborWriter, JsonWriter, Special};
use millstream_protocol::types::{EncryptionType, Record};
use millstream_protocol::writer::Writer;
use millstream_protocol::{Encode as _, Protocol, Timestamp};
use millstream_streams::{AtRest, NumberedRun, StoredParts};
use std::ops::AddAssign;

/// Minimum size of data that is shared instead of copied, if the protocol writes bytes unchanged.
const SHARED_BYTES_MIN: usize = 4 * 1024;
/// Keys up to this length are copied at a fixed size; a UUID has 36 bytes.
const SHORT_KEY_BYTES: usize = 48;
/// Maximum size of a byte that is escaped in JSON.
const ESCAPED_BYTES_MAX: usize = 6;
const BEFORE_NUMBER_ROOM: usize = 32;
const AFTER_NUMBER_ROOM: usize = 80;
const BETWEEN_ROOM: usize = 32;
const END_ROOM: usize = 32;
/// Room for a record without key and data, including CBOR's heads of these and the surplus of a
/// fixed-size copy of a short key.
const ROOM_BESIDE: usize = BEFORE_NUMBER_ROOM
    + NUMBER_DIGITS
    + AFTER_NUMBER_ROOM
    + BETWEEN_ROOM
    + END_ROOM
    + 2 * parts::HEAD_BYTES_MAX
    + SHORT_KEY_BYTES;
/// Bytes of an empty list, in either protocol: one to open it, one to close it.
const LIST_BYTES: usize = 2;

/// Total encoded length of the data and keys of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StoredLengths {
    /// Unencoded length, as limits count it.
    pub(super) payload: usize,
    keys: usize,
    /// Bytes that escapes add to keys in JSON.
    escapes: usize,
    base64: usize,
    /// Bytes of CBOR's heads of keys and data.
    cbor_heads: usize,
    /// How many records have no key.
    keyless: usize,
}

impl StoredLengths {
    /// Sums up these records, some of which may have no key. `None` as [`StoredLengths::of`].
    #[inline(never)]
    pub(super) fn of_mixed<'a>(
        records: impl Iterator<Item = Option<StoredParts<'a>>> + Clone,
    ) -> Option<Self> {
        let mut lengths = Self::of(records.clone())?;
        let keyless = records.flatten().filter(|record| record.key_bytes() == 0);
        lengths.keyless = keyless.count();
        lengths.cbor_heads -= lengths.keyless * parts::string_head_bytes(0);
        Some(lengths)
    }

    /// Sums up these records, all of which have keys, and which are walked a second time if a key
    /// may need escapes. `None` if a record is missing, or a key is not text.
    #[inline]
    pub(super) fn of<'a>(
        records: impl Iterator<Item = Option<StoredParts<'a>>> + Clone,
    ) -> Option<Self> {
        let mut lengths = Self::default();
        let mut special = Special::default();
        for record in records.clone() {
            let record = record?;
            lengths.add(&record);
            special.look(record.stored(), record.key_bytes());
        }
        if !special.is_none() {
            lengths.escapes = escapes_bytes(records)?;
        }
        Some(lengths)
    }

    /// How the keys are written.
    fn keys(&self, protocol: Protocol) -> Keys {
        let escapes = match protocol {
            Protocol::Json => self.escapes,
            Protocol::Cbor => 0,
        };
        if self.keyless + escapes == 0 {
            Keys::Plain
        } else {
            Keys::Mixed
        }
    }

    #[inline]
    fn add(&mut self, record: &StoredParts<'_>) {
        let (key_bytes, data_bytes) = (record.key_bytes(), record.data().len());
        self.payload += record.stored().len();
        self.keys += key_bytes;
        self.base64 += parts::base64_bytes(data_bytes);
        self.cbor_heads +=
            parts::string_head_bytes(key_bytes) + parts::string_head_bytes(data_bytes);
    }

    fn encoded(&self, protocol: Protocol) -> usize {
        match protocol {
            Protocol::Json => self.keys + self.escapes + self.base64,
            Protocol::Cbor => self.payload + self.cbor_heads,
        }
    }
}

/// Bytes that escapes add to the keys of records; `None` if one is not text.
#[cold]
fn escapes_bytes<'a>(records: impl Iterator<Item = Option<StoredParts<'a>>>) -> Option<usize> {
    let bytes = records.map(|record| parts::escapes_bytes(record?.partition_key().unwrap_or(&[])));
    bytes.sum()
}

impl AddAssign for StoredLengths {
    fn add_assign(&mut self, other: Self) {
        self.payload += other.payload;
        self.keys += other.keys;
        self.escapes += other.escapes;
        self.base64 += other.base64;
        self.cbor_heads += other.cbor_heads;
        self.keyless += other.keyless;
    }
}

/// Fixed-capacity text, always copied at full capacity, since a constant-size memcpy is faster; the
/// next field overwrites the surplus.
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

    /// Writes the text at the start of `out`; returns the rest of `out`.
    #[inline]
    fn write<'o>(&self, out: &'o mut [u8]) -> &'o mut [u8] {
        *first(out) = self.bytes;
        &mut out[self.length..]
    }
}

/// A writer of consecutive records in a list.
#[derive(Debug)]
pub(super) struct StoredRecords {
    protocol: Protocol,
    arrival: Timestamp,
    keys: Keys,
    /// Maximum encoded size of a byte of a key.
    key_byte_max: usize,
    /// Length of the separator, which precedes every record but the first.
    separator_bytes: usize,
    /// The separator, and a record up to its number.
    before_number: Padded<BEFORE_NUMBER_ROOM>,
    before_arrival: Vec<u8>,
    after_arrival: Vec<u8>,
    /// The part between number and data.
    after_number: Padded<AFTER_NUMBER_ROOM>,
    /// The part between data and key.
    between: Padded<BETWEEN_ROOM>,
    /// The part after the key.
    end: Padded<END_ROOM>,
    /// How the records are stored.
    at_rest: AtRest,
}

impl StoredRecords {
    /// A writer in a protocol, with the first record's arrival time and the lengths of all records.
    pub(super) fn new(protocol: Protocol, arrival: Timestamp, lengths: &StoredLengths) -> Self {
        match protocol {
            Protocol::Json => Self::of::<JsonWriter<'_>>(protocol, arrival, lengths, b"\""),
            Protocol::Cbor => Self::of::<CborWriter<'_>>(protocol, arrival, lengths, b""),
        }
    }

    fn of<W: Writer>(
        protocol: Protocol,
        arrival: Timestamp,
        lengths: &StoredLengths,
        quote: &[u8],
    ) -> Self {
        let (mut data, mut between) = (Vec::new(), Vec::new());
        W::part(&mut data).blob(&[]);
        write_between(&mut W::part(&mut between));
        let separator = separator::<W>();
        let (head, after_arrival) = head::<W>();
        let mut places = head.windows(NUMBER_DIGITS);
        let place = places.position(|window| window == NO_NUMBER);
        let (before_number, rest) = head.split_at(place.expect("the number was written"));
        let mut records = Self {
            protocol,
            arrival,
            keys: lengths.keys(protocol),
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
            end: Padded::new(&[]),
            at_rest: AtRest::Plain,
        };
        records.write_arrival::<W>();
        records.write_end::<W>(quote);
        records
    }

    /// Sets what the records of a run have in common, which are written next.
    pub(super) fn begin(&mut self, run: &NumberedRun) {
        self.arrived(run.arrived());
        self.stored_as(run.at_rest);
    }

    /// Sets how the following records are stored.
    fn stored_as(&mut self, at_rest: AtRest) {
        if at_rest == self.at_rest {
            return;
        }
        self.at_rest = at_rest;
        match self.protocol {
            Protocol::Json => self.write_end::<JsonWriter<'_>>(b"\""),
            Protocol::Cbor => self.write_end::<CborWriter<'_>>(b""),
        }
    }

    fn write_end<W: Writer>(&mut self, quote: &[u8]) {
        let (mut end, mut blank) = (Vec::new(), Vec::new());
        write_end(&mut W::part(&mut end), self.at_rest);
        W::part(&mut blank).blob(&[]);
        self.end = Padded::new(&[quote, &end[blank.len()..]].concat());
    }

    /// Sets the arrival time of the following records.
    fn arrived(&mut self, arrival: Timestamp) {
        if arrival == self.arrival {
            return;
        }
        self.arrival = arrival;
        match self.protocol {
            Protocol::Json => self.write_arrival::<JsonWriter<'_>>(),
            Protocol::Cbor => self.write_arrival::<CborWriter<'_>>(),
        }
    }

    fn write_arrival<W: Writer>(&mut self) {
        let mut text = Vec::with_capacity(AFTER_NUMBER_ROOM);
        text.extend_from_slice(&self.before_arrival);
        W::part(&mut text).timestamp(self.arrival);
        text.extend_from_slice(&self.after_arrival);
        self.after_number = Padded::new(&text);
    }

    /// Encoded size of `count` records with the current arrival time, separators included. For the
    /// first records of a list subtract [`StoredRecords::separator_bytes`].
    pub(super) fn bytes(&self, count: usize, lengths: &StoredLengths) -> usize {
        self.bytes_in_all(count * self.bytes_beside(), lengths)
    }

    /// What a record with the current arrival time takes beside its data and key.
    pub(super) fn bytes_beside(&self) -> usize {
        let numbered = self.before_number.length + NUMBER_DIGITS + self.after_number.length;
        numbered + self.between.length + self.end.length
    }

    /// Encoded size of records that take so much beside their data and keys.
    pub(super) fn bytes_in_all(&self, beside: usize, lengths: &StoredLengths) -> usize {
        beside + lengths.encoded(self.protocol) - lengths.keyless * self.between.length
    }

    /// Length of the separator between two records.
    pub(super) fn separator_bytes(&self) -> usize {
        self.separator_bytes
    }

    /// The protocol and the keys: the [`Form`] in which the records are to be written.
    pub(super) fn form(&self) -> (Protocol, Keys) {
        (self.protocol, self.keys)
    }

    /// Room that a record needs: its maximum size, plus the surplus of fixed-size copies.
    pub(super) fn room(&self, record: &StoredParts<'_>) -> usize {
        self.room_in(self.protocol, record)
    }

    #[inline]
    fn room_in(&self, protocol: Protocol, record: &StoredParts<'_>) -> usize {
        let data_bytes = match protocol {
            Protocol::Json => parts::base64_bytes(record.data().len()),
            Protocol::Cbor => record.data().len(),
        };
        self.room_around_data(record) + data_bytes
    }

    /// Room that a record needs without its data.
    #[inline]
    pub(super) fn room_around_data(&self, record: &StoredParts<'_>) -> usize {
        ROOM_BESIDE + record.key_bytes() * self.key_byte_max
    }

    /// Writes the separator and a record with the current arrival time at the start of `out`;
    /// returns their length. The bytes after them may be overwritten. If there is no room, writes
    /// nothing and returns `None`.
    #[inline]
    pub(super) fn write<F: Form>(
        &self,
        record: &StoredParts<'_>,
        write_number: impl FnOnce(&mut [u8; NUMBER_DIGITS]),
        out: &mut [u8],
    ) -> Option<usize> {
        let out = out.get_mut(..self.room_in(F::PROTOCOL, record))?;
        let room = out.len();
        let rest = self.write_head(write_number, out);
        let rest = match F::PROTOCOL {
            Protocol::Json => parts::write_base64(record.data(), rest),
            Protocol::Cbor => {
                let rest = parts::write_bytes_head(record.data().len(), rest);
                copy(record.data(), rest)
            }
        };
        let left = self.end::<F>(record, rest).len();
        Some(room - left)
    }

    /// Minimum size of data that are not written but shared in their stored form.
    pub(super) fn shared_bytes_min(&self) -> Option<usize> {
        match self.protocol {
            Protocol::Json => None,
            Protocol::Cbor => Some(SHARED_BYTES_MIN),
        }
    }

    /// The same as [`StoredRecords::write`] without the data; returns the number of bytes before
    /// and after them.
    #[inline]
    pub(super) fn write_around_data(
        &self,
        record: &StoredParts<'_>,
        write_number: impl FnOnce(&mut [u8; NUMBER_DIGITS]),
        out: &mut [u8],
    ) -> Option<(usize, usize)> {
        let out = out.get_mut(..self.room_around_data(record))?;
        let room = out.len();
        let rest = self.write_head(write_number, out);
        let rest = parts::write_bytes_head(record.data().len(), rest);
        let before = room - rest.len();
        // Data are large: what it takes to ask for the key does not count.
        let left = self.end::<MixedKeys<Cbor>>(record, rest).len();
        Some((before, room - left - before))
    }

    #[inline]
    fn write_head<'o>(
        &self,
        write_number: impl FnOnce(&mut [u8; NUMBER_DIGITS]),
        out: &'o mut [u8],
    ) -> &'o mut [u8] {
        let out = self.before_number.write(out);
        write_number(first(out));
        self.after_number.write(&mut out[NUMBER_DIGITS..])
    }

    #[inline(always)]
    fn end<'o, F: Form>(&self, record: &StoredParts<'_>, out: &'o mut [u8]) -> &'o mut [u8] {
        let out = match F::KEYS {
            Keys::Plain => write_stored::<F>(record, self.between.write(out)),
            Keys::Mixed => self.write_key_if_any::<F>(record, out),
        };
        self.end.write(out)
    }

    #[inline(never)]
    fn write_key_if_any<'o, F: Form>(
        &self,
        record: &StoredParts<'_>,
        out: &'o mut [u8],
    ) -> &'o mut [u8] {
        if record.key_bytes() == 0 {
            return out;
        }
        let out = self.between.write(out);
        match F::PROTOCOL {
            Protocol::Json if self.key_byte_max > 1 => write_escaped(record, out),
            Protocol::Json | Protocol::Cbor => write_stored::<F>(record, out),
        }
    }
}

/// Writes a key as it is stored.
#[inline]
fn write_stored<'o, F: Form>(record: &StoredParts<'_>, out: &'o mut [u8]) -> &'o mut [u8] {
    match F::PROTOCOL {
        Protocol::Json => write_key(record, out),
        Protocol::Cbor => write_key(record, parts::write_text_head(record.key_bytes(), out)),
    }
}

/// Writes a key unescaped; a short one together with some of the data after it, which are
/// overwritten later.
#[inline]
fn write_key<'o>(record: &StoredParts<'_>, out: &'o mut [u8]) -> &'o mut [u8] {
    match record.stored().first_chunk::<SHORT_KEY_BYTES>() {
        Some(stored) if record.key_bytes() <= SHORT_KEY_BYTES => {
            *first(out) = *stored;
            &mut out[record.key_bytes()..]
        }
        Some(_) | None => write_long(record, out),
    }
}

// Kept apart: the compiler would otherwise merge both copies into one of variable length.
#[inline(never)]
fn write_long<'o>(record: &StoredParts<'_>, out: &'o mut [u8]) -> &'o mut [u8] {
    copy(&record.stored()[..record.key_bytes()], out)
}

#[cold]
fn write_escaped<'o>(record: &StoredParts<'_>, out: &'o mut [u8]) -> &'o mut [u8] {
    let key = &record.stored()[..record.key_bytes()];
    copy(&parts::escaped(key), out)
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

/// Splits an encoded structure around its records: `Records` must be its first member, and an empty
/// list.
pub(super) fn around_records<T: millstream_protocol::Encode>(
    protocol: Protocol,
    around: &T,
) -> (Vec<u8>, Vec<u8>) {
    let mut before = Vec::with_capacity(512);
    millstream_protocol::encode(protocol, around, &mut before);
    let after = before.split_off(parts::records_at(protocol) + LIST_BYTES / 2);
    (before, after)
}

/// The bytes that open and close a list of records.
pub(super) fn list_of_records(protocol: Protocol) -> (Vec<u8>, Vec<u8>) {
    let mut open = Vec::new();
    millstream_protocol::encode(protocol, &Vec::<Record>::new(), &mut open);
    let close = open.split_off(LIST_BYTES / 2);
    (open, close)
}

/// The separator between two elements of a list.
fn separator<W: Writer>() -> Vec<u8> {
    let mut list = Vec::new();
    {
        let mut writer = W::part(&mut list);
        // A list is a value, so another element may follow it.
        writer.begin_list();
        writer.end_list();
        writer.item();
    }
    list.split_off(LIST_BYTES)
}

/// The parts before and after an arrival time.
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

/// Writes after an empty value, as [`write_between`].
fn write_end<W: Writer>(writer: &mut W, at_rest: AtRest) {
    writer.blob(&[]);
    match at_rest {
        AtRest::Plain => {}
        AtRest::Encrypted => {
            writer.member("EncryptionType");
            EncryptionType::Kms.encode(writer);
        }
    }
    writer.end_map();
}

/// Writes after an empty value, since what follows a value may differ from what comes first.
fn write_between<W: Writer>(writer: &mut W) {
    writer.blob(&[]);
    writer.member("PartitionKey");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::form::{Json, PlainKeys};
    use bytes::Bytes;
    use millstream_protocol::encode;
    use proptest::prelude::*;

    fn any_record() -> impl Strategy<Value = Record> {
        let data = prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..400),
            proptest::collection::vec(any::<u8>(), 3000..7000),
        ];
        let arrival = prop_oneof![Just(1_700_000_001_456), -3000..3000_i64, any::<i64>()];
        let key = prop_oneof!["[a-z0-9]{1,20}", ".{1,40}", "[\"\\\\\u{0}-\u{7f}]{1,256}"];
        let key = prop_oneof![3 => key.prop_map(Some), 1 => Just(None)];
        (data, arrival, key, "[0-9]{56}").prop_map(|(data, arrival, key, number)| Record {
            sequence_number: number,
            approximate_arrival_timestamp: Some(Timestamp(arrival)),
            data: data.into(),
            partition_key: key,
            encryption_type: None,
        })
    }

    /// Key and data in stored form, in a shared buffer.
    fn stored(record: &Record) -> Bytes {
        let key = record.partition_key.as_deref().unwrap_or_default();
        Bytes::from([key.as_bytes(), &record.data].concat())
    }

    fn parts_of<'a>((record, stored): (&Record, &'a Bytes)) -> Option<StoredParts<'a>> {
        StoredParts::new(stored, record.partition_key.as_ref().map_or(0, String::len))
    }

    /// A record written by `StoredRecords`, into a buffer that holds something else.
    fn straight<F: Form>(records: &StoredRecords, record: &Record, source: &Bytes) -> Vec<u8> {
        let parts = parts_of((record, source)).unwrap();
        let number = record.sequence_number.as_bytes().try_into().unwrap();
        let write_number = |place: &mut [u8; NUMBER_DIGITS]| *place = number;
        let mut out = vec![b'x'; records.room(&parts)];
        let too_little = out.len() - 1;
        let refused = records.write::<F>(&parts, |_| panic!("no room"), &mut out[..too_little]);
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
        let length = records.write::<F>(&parts, write_number, &mut out).unwrap();
        out.truncate(length);
        out
    }

    /// A list written by `StoredRecords`, and its predicted length.
    fn straight_list(protocol: Protocol, list: &[Record]) -> (Vec<u8>, usize) {
        let (open, close) = list_of_records(protocol);
        let stored: Vec<Bytes> = list.iter().map(stored).collect();
        let all = StoredLengths::of_mixed(list.iter().zip(&stored).map(parts_of)).unwrap();
        let mut records = StoredRecords::new(protocol, Timestamp(0), &all);
        let (mut written, mut expected) = (Vec::new(), open.len() + close.len());
        for (record, source) in list.iter().zip(&stored) {
            records.arrived(record.approximate_arrival_timestamp.unwrap());
            let straight = match records.form() {
                (Protocol::Json, Keys::Plain) => straight::<PlainKeys<Json>>,
                (Protocol::Json, Keys::Mixed) => straight::<MixedKeys<Json>>,
                (Protocol::Cbor, Keys::Plain) => straight::<PlainKeys<Cbor>>,
                (Protocol::Cbor, Keys::Mixed) => straight::<MixedKeys<Cbor>>,
            };
            written.extend_from_slice(&straight(&records, record, source));
            let lengths =
                StoredLengths::of_mixed(std::iter::once(parts_of((record, source)))).unwrap();
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
