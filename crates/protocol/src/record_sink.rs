//! The destination of PutRecords' records during decoding.
//!
//! An implementation stores them as it likes, without an allocation or an extra copy per record. It
//! validates nothing: the decoder here checks the service model's constraints.

use crate::decode::{check, most};
use crate::reader::{Fault, Kind, Reader};
use crate::shape::Type;
use crate::types::named;

/// A list decoder for PutRecords' `Records`.
///
/// 1. `expect_bytes` is called once, before everything else.
/// 2. Between `begin_record` and `end_record`, `data` and `data_done` are called exactly once,
///    `partition_key` and `explicit_hash_key` at most once, in any order.
/// 3. Between `data` and `data_done` the decoder only appends to the buffer.
/// 4. `end` is called once, after all records.
/// 5. A sink that has not received a complete list is dropped.
pub trait RecordSink: Default + Send + 'static {
    /// An estimate of the bytes of data to come, never much more than the body has: capacity may be
    /// reserved.
    fn expect_bytes(&mut self, bytes: usize);
    /// Starts a record.
    fn begin_record(&mut self);
    /// Lends the buffer, to which the decoder appends exactly the record's bytes.
    fn data(&mut self) -> &mut Vec<u8>;
    /// Ends the record's bytes: they are the last `len` of the buffer.
    fn data_done(&mut self, len: usize);
    /// Sets the record's partition key. It starts at a character boundary and has 1 to 256
    /// characters, provided that it is UTF-8, which [`RecordSink::end`] determines.
    fn partition_key(&mut self, key: &[u8]);
    /// Sets the record's explicit hash key, a decimal number of up to 39 digits.
    fn explicit_hash_key(&mut self, key: &str);
    /// Ends the record.
    fn end_record(&mut self);
    /// Ends the list. Returns whether the concatenated partition keys are UTF-8: then each of them
    /// is, since each starts at a character boundary.
    #[must_use]
    fn end(&mut self) -> bool;
    /// Returns the number of records begun.
    fn len(&self) -> usize;
    /// Whether no record has begun.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A record's members.
enum Member {
    Data,
    PartitionKey,
    ExplicitHashKey,
}

/// The members of a record read so far.
#[derive(Default)]
struct Seen {
    data: bool,
    partition_key: bool,
    explicit_hash_key: bool,
}

/// Decodes a list of records into a new sink.
pub(crate) fn decode<'de, S: RecordSink, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
) -> Result<S, Fault> {
    debug_assert_eq!(shape.element().name, "PutRecordsRequestEntry");
    let mut sink = S::default();
    sink.expect_bytes(reader.data_expected());
    let most = most(reader, shape.bounds());
    let mut cursor = reader.begin_list()?;
    while reader.next_item(&mut cursor)? {
        if sink.len() >= most {
            return Err(Fault::Violation);
        }
        decode_record(reader, &mut sink)?;
    }
    check(reader, || shape.bounds().contain_length(sink.len()))?;
    if sink.end() {
        Ok(sink)
    } else {
        Err(Fault::Malformed)
    }
}

fn decode_record<'de, S: RecordSink, R: Reader<'de>>(
    reader: &mut R,
    sink: &mut S,
) -> Result<(), Fault> {
    let named = |name: &[u8]| match name {
        b"Data" => Some(Member::Data),
        b"PartitionKey" => Some(Member::PartitionKey),
        b"ExplicitHashKey" => Some(Member::ExplicitHashKey),
        _ => None,
    };
    let mut seen = Seen::default();
    sink.begin_record();
    let mut cursor = reader.begin_map()?;
    while let Some(member) = reader.next_member(&mut cursor, named)? {
        match member {
            Some(Member::Data) if present(reader, &mut seen.data)? => decode_data(reader, sink)?,
            Some(Member::PartitionKey) if present(reader, &mut seen.partition_key)? => {
                decode_partition_key(reader, sink)?;
            }
            Some(Member::ExplicitHashKey) if present(reader, &mut seen.explicit_hash_key)? => {
                let key = reader.text()?;
                check(reader, || named::HASH_KEY.accepts_text(&key))?;
                sink.explicit_hash_key(&key);
            }
            Some(Member::Data | Member::PartitionKey | Member::ExplicitHashKey) | None => {
                reader.skip()?;
            }
        }
    }
    if !seen.data {
        return Err(Fault::Missing);
    }
    sink.end_record();
    Ok(())
}

/// Whether a value follows, rather than a null. A second value always fails: a sink cannot undo the
/// first one.
fn present<'de, R: Reader<'de>>(reader: &mut R, seen: &mut bool) -> Result<bool, Fault> {
    if *seen {
        return Err(Fault::Repeated);
    }
    *seen = reader.kind()? != Kind::Null;
    Ok(*seen)
}

/// Decodes a partition key without checking that it is UTF-8, which is done for all keys together;
/// only checks that it starts at a character boundary.
#[inline]
fn decode_partition_key<'de, S: RecordSink, R: Reader<'de>>(
    reader: &mut R,
    sink: &mut S,
) -> Result<(), Fault> {
    let key = reader.unchecked_text()?;
    check(reader, || accepts_partition_key(&key))?;
    if key.first().is_some_and(|first| first & 0xc0 == 0x80) {
        return Err(Fault::Malformed);
    }
    sink.partition_key(&key);
    Ok(())
}

/// Checks the length, counting characters only if the number of bytes does not decide.
#[inline]
fn accepts_partition_key(key: &[u8]) -> bool {
    named::PARTITION_KEY.bounds().contain_length(key.len())
        || std::str::from_utf8(key).is_ok_and(|key| named::PARTITION_KEY.accepts_text(key))
}

fn decode_data<'de, S: RecordSink, R: Reader<'de>>(
    reader: &mut R,
    sink: &mut S,
) -> Result<(), Fault> {
    let length = reader.blob(sink.data())?;
    check(reader, || named::DATA.bounds().contain_length(length))?;
    sink.data_done(length);
    Ok(())
}
