//! The batches of one call: one buffer for the records of all of them, and a row for each.
//!
//! A call may bring hundreds of batches of one record each, so a batch has no allocation of its
//! own. What always holds: batches are contiguous in the buffer, in order, and fill it.

use crate::batch::{About, Batch, BatchBuilder};
use crate::checksum::crc32c;
use crate::store::LogId;
use bytes::Bytes;

/// Batches, each with the log that it is for.
#[derive(Clone, Debug, Default)]
pub struct Batches {
    buffer: Bytes,
    rows: Vec<Row>,
}

/// A batch without its bytes, which start where the previous batch ends.
#[derive(Clone, Copy, Debug)]
struct Row {
    log: LogId,
    end: u32,
    about: About,
}

/// One of [`Batches`].
#[derive(Clone, Copy, Debug)]
pub struct BatchView<'a> {
    start: u32,
    bytes: &'a [u8],
    about: About,
}

/// Frames records into batches for several logs.
#[derive(Debug)]
pub struct BatchesBuilder {
    open: BatchBuilder,
    rows: Vec<Row>,
}

impl Batches {
    /// A single batch.
    ///
    /// # Panics
    /// If it has 4 GiB or more.
    pub fn one(log: LogId, batch: Batch) -> Self {
        let row = Row {
            log,
            end: narrow(batch.bytes.len()),
            about: batch.about,
        };
        Self {
            buffer: batch.bytes,
            rows: vec![row],
        }
    }

    /// Number of batches.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no batches.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The framed records of all batches, in order.
    pub fn buffer(&self) -> &Bytes {
        &self.buffer
    }

    /// The logs that the batches are for.
    pub fn logs(&self) -> impl ExactSizeIterator<Item = LogId> {
        self.rows.iter().map(|row| row.log)
    }

    /// The batches, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (LogId, BatchView<'_>)> {
        let mut start = 0;
        self.rows.iter().map(move |row| {
            let view = BatchView {
                start,
                bytes: &self.buffer[start as usize..row.end as usize],
                about: row.about,
            };
            start = row.end;
            (row.log, view)
        })
    }

    /// Each batch by itself, sharing the buffer.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn split(&self) -> impl Iterator<Item = (LogId, Self)> {
        self.iter().map(|(log, view)| {
            let (bytes, about) = (self.buffer.slice_ref(view.bytes), view.about);
            (log, Self::one(log, Batch { bytes, about }))
        })
    }

    /// Removes and returns the last one.
    pub fn pop(&mut self) -> Option<(LogId, Batch)> {
        let row = self.rows.pop()?;
        let start = self.rows.last().map_or(0, |row| row.end);
        let batch = Batch {
            bytes: self.buffer.split_off(start as usize),
            about: row.about,
        };
        Some((row.log, batch))
    }
}

/// Copies the records into one buffer.
impl FromIterator<(LogId, Batch)> for Batches {
    fn from_iter<I: IntoIterator<Item = (LogId, Batch)>>(batches: I) -> Self {
        let (mut buffer, mut rows) = (Vec::new(), Vec::new());
        for (log, batch) in batches {
            buffer.extend_from_slice(&batch.bytes);
            rows.push(Row {
                log,
                end: narrow(buffer.len()),
                about: batch.about,
            });
        }
        Self {
            buffer: Bytes::from(buffer),
            rows,
        }
    }
}

impl<'a> BatchView<'a> {
    /// The framed records.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The offset in the buffer at which they begin.
    pub fn start(&self) -> u32 {
        self.start
    }

    /// Number of records; at least one.
    pub fn count(&self) -> u32 {
        self.about.count
    }

    /// The CRC32C of [`BatchView::bytes`].
    pub fn crc(&self) -> u32 {
        self.about.crc
    }

    /// Whether any record is a control record.
    pub fn has_control(&self) -> bool {
        self.about.has_control
    }

    /// Whether it is a single control record: a marker, which is accepted even on a full disk.
    pub fn is_mark(&self) -> bool {
        self.about.count == 1 && self.about.has_control
    }
}

impl BatchesBuilder {
    /// A builder with capacity for this many framed bytes and batches.
    pub fn with_capacity(bytes: usize, batches: usize) -> Self {
        Self {
            open: BatchBuilder::with_capacity(bytes),
            rows: Vec::with_capacity(batches),
        }
    }

    /// The batch that is being built.
    pub fn batch(&mut self) -> &mut BatchBuilder {
        &mut self.open
    }

    /// Finishes the current batch, for a log, and starts the next one.
    ///
    /// # Panics
    /// If it is empty, or the total has reached 4 GiB.
    pub fn end_batch(&mut self, log: LogId) {
        assert!(!self.open.is_empty(), "a batch has at least one record");
        let about = About {
            count: std::mem::take(&mut self.open.count),
            // Computed by `finish`.
            crc: 0,
            has_control: std::mem::take(&mut self.open.has_control),
        };
        let end = narrow(self.open.bytes.len());
        self.rows.push(Row { log, end, about });
    }

    /// The finished batches, in order.
    ///
    /// # Panics
    /// If a batch was begun and not finished.
    pub fn finish(self) -> Batches {
        assert!(self.open.is_empty(), "each batch is for a log");
        let (bytes, mut rows) = (self.open.bytes, self.rows);
        // Checksums are computed after all batches are written: reading bytes straight back defeats
        // store-to-load forwarding, and independent CRCs overlap. The instruction budgets do not
        // see stalls; `bench/run only shards-batch` measures this.
        let mut start = 0;
        for row in &mut rows {
            row.about.crc = crc32c(&bytes[start..row.end as usize]);
            start = row.end as usize;
        }
        let buffer = Bytes::from(bytes);
        Batches { buffer, rows }
    }
}

fn narrow(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a call brings far less than 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Kind;

    const RECORDS: [&[(Kind, &[u8])]; 3] = [
        &[(Kind::Data, b"a"), (Kind::Data, b"")],
        &[(Kind::Control, b"close")],
        &[(Kind::Data, b"bc")],
    ];

    fn id(index: u32) -> LogId {
        LogId { group: 7, index }
    }

    fn alone(records: &[(Kind, &[u8])]) -> Batch {
        let mut builder = BatchBuilder::default();
        for (kind, bytes) in records {
            builder.push(*kind, &[bytes]);
        }
        builder.finish()
    }

    fn collected() -> Batches {
        let batches = RECORDS.iter().zip(0..);
        batches
            .map(|(batch, log)| (id(log), alone(batch)))
            .collect()
    }

    fn parts(batches: &Batches) -> Vec<(LogId, u32, Vec<u8>, About)> {
        let views = batches.iter();
        let parts = views.map(|(log, view)| (log, view.start, view.bytes.to_vec(), view.about));
        parts.collect()
    }

    #[test]
    fn batches_when_built_in_one_buffer_then_are_those_built_alone() {
        let mut together = BatchesBuilder::with_capacity(0, 3);
        for (batch, log) in RECORDS.iter().zip(0..) {
            for (kind, bytes) in *batch {
                together.batch().push(*kind, &[bytes]);
            }
            together.end_batch(id(log));
        }
        let together = together.finish();
        assert_eq!(together.len(), RECORDS.len());
        assert_eq!(parts(&together), parts(&collected()));
        let (mut start, mut buffer) = (0, Vec::new());
        for ((part, records), log) in parts(&together).into_iter().zip(RECORDS).zip(0..) {
            let alone = alone(records);
            assert_eq!(part, (id(log), start, alone.bytes.to_vec(), alone.about));
            start += alone.bytes.len() as u32;
            buffer.extend_from_slice(&alone.bytes);
        }
        assert_eq!(together.buffer(), &buffer);
    }

    #[test]
    fn last_batch_when_taken_away_then_the_others_remain() {
        let mut batches = collected();
        let (log, last) = batches.pop().unwrap();
        assert_eq!((log, last.bytes), (id(2), alone(RECORDS[2]).bytes));
        assert_eq!(parts(&batches), parts(&collected())[..2]);
        assert_eq!(batches.logs().collect::<Vec<_>>(), [id(0), id(1)]);
        while batches.pop().is_some() {}
        assert!(batches.is_empty() && batches.buffer().is_empty());
    }

    #[test]
    fn batch_when_alone_then_keeps_its_buffer() {
        let batch = alone(RECORDS[0]);
        let place = batch.bytes.as_ptr();
        let one = Batches::one(id(3), batch);
        assert_eq!(one.buffer().as_ptr(), place);
        let (log, view) = one.iter().next().unwrap();
        assert_eq!((log, view.count(), view.is_mark()), (id(3), 2, false));
    }

    #[test]
    #[should_panic(expected = "each batch is for a log")]
    fn batch_when_it_is_not_ended_then_nothing_is_finished() {
        let mut builder = BatchesBuilder::with_capacity(0, 1);
        builder.batch().push(Kind::Data, &[b"whose?"]);
        builder.finish();
    }
}
