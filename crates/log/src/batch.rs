//! Records on their way into a log: framed and checksummed by the caller, so that the one writer
//! only adds offsets and times.
//!
//! A framed record is a little-endian `u32` whose top bit marks a control record and whose other bits
//! are the length, then the bytes.

use crate::checksum::crc32c;
use bytes::Bytes;

/// The longest record a log takes: 12 MiB.
pub const RECORD_BYTES_MAX: usize = 12 * 1024 * 1024;
/// Bytes that framing adds to a record.
pub const RECORD_OVERHEAD_BYTES: usize = 4;
const CONTROL_BIT: u32 = 1 << 31;

/// What a record is to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The engine's data.
    Data,
    /// A mark, such as the end of a shard, that stands between data.
    Control,
}

/// Framed records of one log, ready to be written.
#[derive(Clone, Debug)]
pub struct Batch {
    bytes: Bytes,
    count: u32,
    crc: u32,
    has_control: bool,
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

    /// How many records; at least one.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The CRC32C of [`Batch::bytes`].
    pub fn crc(&self) -> u32 {
        self.crc
    }

    /// Whether it is one control record alone: a mark, which a full disk still takes.
    pub fn is_mark(&self) -> bool {
        self.count == 1 && self.has_control
    }

    /// Whether any record is a control record.
    pub fn has_control(&self) -> bool {
        self.has_control
    }
}

/// Frames records into a batch.
#[derive(Debug, Default)]
pub struct BatchBuilder {
    bytes: Vec<u8>,
    count: u32,
    has_control: bool,
}

impl BatchBuilder {
    /// A builder with room for that many framed bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
            count: 0,
            has_control: false,
        }
    }

    /// Adds one record, given in parts.
    ///
    /// # Panics
    /// If it is longer than [`RECORD_BYTES_MAX`].
    pub fn push(&mut self, kind: Kind, parts: &[&[u8]]) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        assert!(length <= RECORD_BYTES_MAX, "a record of {length} bytes");
        let mark = match kind {
            Kind::Data => 0,
            Kind::Control => CONTROL_BIT,
        };
        self.bytes
            .extend_from_slice(&(length as u32 | mark).to_le_bytes());
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.count += 1;
        self.has_control |= kind == Kind::Control;
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The batch, with its checksum.
    ///
    /// # Panics
    /// If it is empty.
    pub fn finish(self) -> Batch {
        assert!(self.count > 0, "a batch has at least one record");
        let crc = crc32c(&self.bytes);
        Batch {
            bytes: Bytes::from(self.bytes),
            count: self.count,
            crc,
            has_control: self.has_control,
        }
    }
}

/// Frames records into the batches of several logs, which share one buffer.
#[derive(Debug)]
pub struct BatchesBuilder {
    open: BatchBuilder,
    start: usize,
    ended: Vec<Ended>,
}

/// A batch that is complete, but for the buffer.
#[derive(Debug)]
struct Ended {
    end: usize,
    count: u32,
    crc: u32,
    has_control: bool,
}

impl BatchesBuilder {
    /// A builder with room for so many framed bytes in so many batches.
    pub fn with_capacity(bytes: usize, batches: usize) -> Self {
        Self {
            open: BatchBuilder::with_capacity(bytes),
            start: 0,
            ended: Vec::with_capacity(batches),
        }
    }

    /// The batch that takes records now.
    pub fn batch(&mut self) -> &mut BatchBuilder {
        &mut self.open
    }

    /// Ends that batch, and begins the next.
    ///
    /// # Panics
    /// If nothing was added to it.
    pub fn end_batch(&mut self) {
        assert!(!self.open.is_empty(), "a batch has at least one record");
        let end = self.open.bytes.len();
        self.ended.push(Ended {
            end,
            count: std::mem::take(&mut self.open.count),
            crc: crc32c(&self.open.bytes[self.start..]),
            has_control: std::mem::take(&mut self.open.has_control),
        });
        self.start = end;
    }

    /// The batches that were ended, in order.
    pub fn finish(self) -> impl Iterator<Item = Batch> {
        let buffer = Bytes::from(self.open.bytes);
        let mut start = 0;
        self.ended.into_iter().map(move |ended| {
            let bytes = buffer.slice(start..ended.end);
            start = ended.end;
            Batch {
                bytes,
                count: ended.count,
                crc: ended.crc,
                has_control: ended.has_control,
            }
        })
    }
}

/// Walks framed records. Ends early, without a panic, where the framing does not hold; whoever
/// takes bytes from outside checks them first.
#[derive(Clone, Debug)]
pub struct RecordIter<'a> {
    rest: &'a [u8],
}

impl<'a> RecordIter<'a> {
    /// Walks these framed records.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_when_built_in_one_buffer_then_are_those_built_alone() {
        let records: [&[(Kind, &[u8])]; 3] = [
            &[(Kind::Data, b"a"), (Kind::Data, b"")],
            &[(Kind::Control, b"close")],
            &[(Kind::Data, b"bc")],
        ];
        let mut together = BatchesBuilder::with_capacity(0, 3);
        for batch in records {
            for (kind, bytes) in batch {
                together.batch().push(*kind, &[bytes]);
            }
            together.end_batch();
        }
        let together: Vec<Batch> = together.finish().collect();
        assert_eq!(together.len(), records.len());
        for (batch, records) in together.iter().zip(records) {
            let mut alone = BatchBuilder::default();
            for (kind, bytes) in records {
                alone.push(*kind, &[bytes]);
            }
            let alone = alone.finish();
            let parts = |batch: &Batch| (batch.bytes.clone(), batch.count, batch.crc);
            assert_eq!(parts(batch), parts(&alone));
            assert_eq!(batch.has_control, alone.has_control);
        }
    }
}
