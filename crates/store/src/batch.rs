//! Records on their way into a log: framed and checksummed by the caller, so that the single writer
//! only adds offsets and times.
//!
//! A framed record is a little-endian `u32` whose top bit marks a control record and whose other
//! bits are the length, then the bytes.

use crate::checksum::crc32c;
use bytes::Bytes;

/// Maximum record size: 12 MiB.
pub const RECORD_BYTES_MAX: usize = 12 * 1024 * 1024;
/// Bytes that framing adds to a record.
pub const RECORD_OVERHEAD_BYTES: usize = 4;
const CONTROL_BIT: u32 = 1 << 31;

/// A record's role in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The engine's data.
    Data,
    /// A marker between data, such as the end of a shard.
    Control,
}

/// Framed records of one log, ready to be written.
#[derive(Clone, Debug)]
pub struct Batch {
    pub(crate) bytes: Bytes,
    pub(crate) about: About,
}

/// What a store needs to know about a batch without parsing its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) count: u32,
    pub(crate) crc: u32,
    pub(crate) has_control: bool,
}

impl Batch {
    /// A batch of one control record.
    pub fn control(bytes: &[u8]) -> Self {
        let mut builder = BatchBuilder::with_capacity(bytes.len() + RECORD_OVERHEAD_BYTES);
        builder.push(Kind::Control, &[bytes]);
        builder.finish()
    }

    /// A batch of one data record.
    pub fn data(bytes: &[u8]) -> Self {
        let mut builder = BatchBuilder::with_capacity(bytes.len() + RECORD_OVERHEAD_BYTES);
        builder.push(Kind::Data, &[bytes]);
        builder.finish()
    }

    /// The framed records.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Number of records; at least one.
    pub fn count(&self) -> u32 {
        self.about.count
    }
}

/// Frames records into a batch.
#[derive(Debug, Default)]
pub struct BatchBuilder {
    pub(crate) bytes: Vec<u8>,
    pub(crate) count: u32,
    pub(crate) has_control: bool,
}

impl BatchBuilder {
    /// A builder with capacity for this many framed bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            count: 0,
            has_control: false,
        }
    }

    /// Adds one record, given in parts that are concatenated.
    ///
    /// # Panics
    /// If it is longer than [`RECORD_BYTES_MAX`].
    // Inlined: the caller knows how many parts there are. PutRecords' instruction budgets cover
    // this.
    #[inline]
    pub fn push(&mut self, kind: Kind, parts: &[&[u8]]) {
        self.begin(kind, parts.iter().map(|part| part.len()).sum());
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
    }

    /// Begins a record of this length.
    #[inline]
    fn begin(&mut self, kind: Kind, length: usize) {
        assert!(length <= RECORD_BYTES_MAX, "a record of {length} bytes");
        let mark = match kind {
            Kind::Data => 0,
            Kind::Control => CONTROL_BIT,
        };
        self.bytes
            .extend_from_slice(&(length as u32 | mark).to_le_bytes());
        self.count += 1;
        self.has_control |= kind == Kind::Control;
    }

    /// Adds one record of this length, which `write` appends and `change` changes where it stands.
    ///
    /// # Panics
    /// If it is longer than [`RECORD_BYTES_MAX`], or not as long as was said.
    pub fn push_written(
        &mut self,
        kind: Kind,
        length: usize,
        write: impl FnOnce(&mut Vec<u8>),
        change: impl FnOnce(&mut [u8]),
    ) {
        self.begin(kind, length);
        let start = self.bytes.len();
        write(&mut self.bytes);
        let record = &mut self.bytes[start..];
        assert_eq!(record.len(), length, "the record's length");
        change(record);
    }

    /// Whether no record was added.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The batch, with its checksum.
    ///
    /// # Panics
    /// If it is empty.
    pub fn finish(self) -> Batch {
        assert!(!self.is_empty(), "a batch has at least one record");
        let about = About {
            count: self.count,
            crc: crc32c(&self.bytes),
            has_control: self.has_control,
        };
        Batch {
            bytes: Bytes::from(self.bytes),
            about,
        }
    }
}

/// An iterator over framed records. It ends early, without a panic, where the framing is invalid;
/// code that receives bytes from outside validates them first.
#[derive(Clone, Debug)]
pub struct RecordIter<'a> {
    rest: &'a [u8],
}

impl<'a> RecordIter<'a> {
    /// Iterates over these framed records.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = (Kind, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.rest.split_first_chunk::<RECORD_OVERHEAD_BYTES>()?;
        let head = u32::from_le_bytes(*head);
        let kind = if head & CONTROL_BIT == 0 {
            Kind::Data
        } else {
            Kind::Control
        };
        let (record, rest) = rest.split_at_checked((head & !CONTROL_BIT) as usize)?;
        self.rest = rest;
        Some((kind, record))
    }
}
