//! A run of records, and how much of it is written.

use super::form::{Cbor, Form, Json, Keys, MixedKeys, PlainKeys};
use super::stored_records::StoredRecords;
use bytes::Bytes;
use millstream_model::RisingDigits;
use millstream_protocol::Protocol;
use millstream_store::Run;
use millstream_streams::{NumberedRun, StoredIter, StoredParts};

const LOOKED_AT: &str = "it was looked at when it was read";

/// A run, and how much of it is written.
#[derive(Debug)]
pub(super) struct Progress {
    run: Run,
    at: usize,
    left: usize,
    digits: RisingDigits,
}

impl From<NumberedRun> for Progress {
    fn from(numbered: NumberedRun) -> Self {
        Self {
            at: 0,
            left: numbered.count,
            digits: numbered.first.rising_digits(),
            run: numbered.run,
        }
    }
}

impl Progress {
    /// The next record; `None` at the end.
    pub(super) fn next(&self) -> Option<StoredParts<'_>> {
        let mut stored = StoredIter::new(&self.run.bytes[self.at..]);
        (self.left > 0).then(|| parts_of(stored.next()))
    }

    /// Writes up to `count` records, as long as they fit and their data are smaller than
    /// `shared_bytes_min`; returns the number of bytes written.
    pub(super) fn write(
        &mut self,
        stored: &StoredRecords,
        records_max: usize,
        shared_bytes_min: usize,
        out: &mut [u8],
    ) -> usize {
        let limits = (records_max, shared_bytes_min);
        match stored.form() {
            (Protocol::Json, Keys::Plain) => self.write_in::<PlainKeys<Json>>(stored, limits, out),
            (Protocol::Json, Keys::Mixed) => self.write_in::<MixedKeys<Json>>(stored, limits, out),
            (Protocol::Cbor, Keys::Plain) => self.write_in::<PlainKeys<Cbor>>(stored, limits, out),
            (Protocol::Cbor, Keys::Mixed) => self.write_in::<MixedKeys<Cbor>>(stored, limits, out),
        }
    }

    fn write_in<F: Form>(
        &mut self,
        stored: &StoredRecords,
        (records_max, shared_bytes_min): (usize, usize),
        out: &mut [u8],
    ) -> usize {
        let room = out.len();
        let mut rest = out;
        let mut records = F::records(&self.run.bytes[self.at..]);
        let wanted = self.left.min(records_max);
        // A local copy, which the compiler may keep in registers.
        let mut digits = self.digits.clone();
        let (mut written, mut passed) = (0, 0);
        while written < wanted {
            let record = parts_of(records.next());
            if record.data().len() >= shared_bytes_min {
                break;
            }
            let write_number = |place: &mut _| digits.write_next(place);
            let Some(bytes) = stored.write::<F>(&record, write_number, rest) else {
                break;
            };
            rest = &mut rest[bytes..];
            passed += record.bytes_in_run();
            written += 1;
        }
        self.digits = digits;
        self.at += passed;
        self.left -= written;
        room - rest.len()
    }

    /// Writes the next record without its data, if it fits; returns the number of bytes before and
    /// after the data, and the data.
    pub(super) fn write_around_data(
        &mut self,
        stored: &StoredRecords,
        out: &mut [u8],
    ) -> Option<(usize, Bytes, usize)> {
        let record = parts_of(StoredIter::new(&self.run.bytes[self.at..]).next());
        let write_number = |place: &mut _| self.digits.write_next(place);
        let (before, behind) = stored.write_around_data(&record, write_number, out)?;
        let data = self.run.bytes.slice_ref(record.data());
        self.at += record.bytes_in_run();
        self.left -= 1;
        Some((before, data, behind))
    }
}

#[inline]
fn parts_of(stored: Option<Option<StoredParts<'_>>>) -> StoredParts<'_> {
    stored.flatten().expect(LOOKED_AT)
}
