//! Where PutRecords' records go while they are decoded.
//!
//! An implementation keeps them as it likes, so that a record need not be allocated, nor copied once
//! more on its way to the log. It checks nothing: the decoder here checks each record's constraints,
//! as the service model has them.

use crate::decode::{check, element_of};
use crate::reader::{Fault, Kind, Reader};
use crate::shape::Type;
use crate::types::named;

/// A list decoder for PutRecords' `Records`.
///
/// 1. `expect_bytes` comes once, before all else.
/// 2. Between `begin_record` and `end_record` come `data` and `data_done` (always, exactly once),
///    `partition_key` (at most once) and `explicit_hash_key` (at most once), in any order.
/// 3. Between `data` and `data_done` the decoder appends to the buffer, and touches it in no other way.
/// 4. A sink that has seen anything less than a complete list is dropped.
pub trait RecordSink: Default + Send + 'static {
    /// About so many bytes of data are to come, never many more than the body has: room for them may be
    /// made ahead.
    fn expect_bytes(&mut self, bytes: usize);
    /// The next record begins.
    fn begin_record(&mut self);
    /// Lends the buffer to which the decoder appends exactly the record's bytes.
    fn data(&mut self) -> &mut Vec<u8>;
    /// The record's bytes are complete: the last `len` of the buffer.
    fn data_done(&mut self, len: usize);
    /// The record's partition key, 1 to 256 characters.
    fn partition_key(&mut self, key: &str);
    /// The record's explicit hash key, a decimal number of up to 39 digits.
    fn explicit_hash_key(&mut self, key: &str);
    /// The record is complete.
    fn end_record(&mut self);
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
    let mut cursor = reader.begin_list()?;
    while reader.next_item(&mut cursor)? {
        decode_record(reader, &mut sink)?;
    }
    check(reader, || shape.bounds().contain_length(sink.len()))?;
    Ok(sink)
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
                let key = reader.text()?;
                check(reader, || named::PARTITION_KEY.accepts_text(&key))?;
                sink.partition_key(&key);
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

/// Tells whether a value follows, rather than a null. A second value is refused whoever asks: a sink
/// cannot take the first one back.
fn present<'de, R: Reader<'de>>(reader: &mut R, seen: &mut bool) -> Result<bool, Fault> {
    if *seen {
        return Err(Fault::Repeated);
    }
    *seen = reader.kind()? != Kind::Null;
    Ok(*seen)
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
