//! Where PutRecords' records go while they are decoded.
//!
//! An implementation keeps them as it likes, so that a record need not be allocated, nor copied
//! once more on its way to the log. It checks nothing: the decoder here checks each record's
//! constraints, as the service model has them.

use crate::decode::{check, element_of, most};
use crate::reader::{Fault, Kind, Reader};
use crate::shape::Type;
use crate::types::named;

/// A list decoder for PutRecords' `Records`.
///
/// 1. `expect_bytes` comes once, before all else.
/// 2. Between `begin_record` and `end_record` come `data` and `data_done` (always, exactly once),
///    `partition_key` (at most once) and `explicit_hash_key` (at most once), in any order.
/// 3. Between `data` and `data_done` the decoder appends to the buffer, and touches it in no other
///    way.
/// 4. `end` comes once, behind all records.
/// 5. A sink that has seen anything less than a complete list is dropped.
pub trait RecordSink: Default + Send + 'static {
    /// About so many bytes of data are to come, never many more than the body has: room for them
    /// may be made ahead.
    fn expect_bytes(&mut self, bytes: usize);
    /// The next record begins.
    fn begin_record(&mut self);
    /// Lends the buffer to which the decoder appends exactly the record's bytes.
    fn data(&mut self) -> &mut Vec<u8>;
    /// The record's bytes are complete: the last `len` of the buffer.
    fn data_done(&mut self, len: usize);
    /// The record's partition key. It begins with a character's first byte, and is 1 to 256
    /// characters if it is text, which [`RecordSink::end`] finds out.
    fn partition_key(&mut self, key: &[u8]);
    /// The record's explicit hash key, a decimal number of up to 39 digits.
    fn explicit_hash_key(&mut self, key: &str);
    /// The record is complete.
    fn end_record(&mut self);
    /// All records are complete. Tells whether the partition keys, one behind the other, are UTF-8:
    /// then each is, for each begins where a character does.
    #[must_use]
    fn end(&mut self) -> bool;
    /// Returns the number of records that have begun.
    fn len(&self) -> usize;
    /// Tells whether no record has begun.
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

/// Which members of a record have been read.
#[derive(Default)]
struct Seen {
    data: bool,
    partition_key: bool,
    explicit_hash_key: bool,
}

/// Reads a list of records into a new sink.
pub(crate) fn decode<'de, S: RecordSink, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
) -> Result<S, Fault> {
    debug_assert_eq!(element_of(shape).name, "PutRecordsRequestEntry");
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
    match sink.end() {
        true => Ok(sink),
        false => Err(Fault::Malformed),
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

/// Tells whether a value follows, rather than a null. A second value is refused whoever asks: a
/// sink cannot take the first one back.
fn present<'de, R: Reader<'de>>(reader: &mut R, seen: &mut bool) -> Result<bool, Fault> {
    if *seen {
        return Err(Fault::Repeated);
    }
    *seen = reader.kind()? != Kind::Null;
    Ok(*seen)
}

/// Whether the key is UTF-8 is found out for all keys together; whether it begins where a character
/// does, here.
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

/// Counts characters only where the number of bytes does not settle it already.
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
