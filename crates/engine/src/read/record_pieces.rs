//! Records on their way into an answer, encoded piece by piece as it is sent.
//!
//! How long the answer will be is known before its first byte. A piece is little enough to be in the
//! processor's caches still when the transport copies it; records that are sent later cost no memory
//! but what they are stored in, which the store would mostly hold anyway.

use super::encoded_runs::{Found, Key, Runs};
use super::records::{Numbered, Records, lengths_of};
use crate::body::{Body, Pieces};
use crate::record::StoredRecord;
use crate::views;
use bytes::Bytes;
use env::Timestamp;
use log::Run;
use log::batch::{RECORD_OVERHEAD_BYTES, RecordIter};
use model::RisingDigits;
use std::vec;
use wire::{NUMBER_DIGITS, Protocol, Rope, StoredLengths, StoredParts, StoredRecords};

/// Encoded bytes after which a piece ends.
const PIECE_BYTES: usize = 128 * 1024;
/// What lies between the records of a short answer is little: they are encoded at once, and do not
/// hold what they are stored in.
const SHORT_BYTES: usize = 128 * 1024;
/// Nor do the records of an answer that come from more stretches of the store's memory than these.
const STRETCHES_MAX: usize = 4;
/// Memory of the store that a stretch may hold, about.
const STRETCH_BYTES: usize = 1024 * 1024;
/// Beyond what is written, so that a part that is copied with its padding never moves what stands before it.
const PADDING_BYTES: usize = 256;
/// What encoding adds to a record, about.
const BESIDE_BYTES: usize = 192;

/// What is left to be sent.
pub(crate) struct RecordPieces {
    protocol: Protocol,
    stored: StoredRecords,
    runs: vec::IntoIter<Numbered>,
    current: Option<Progress>,
    rope: Rope,
    after: Option<Vec<u8>>,
    /// Whether no record was written yet.
    is_first: bool,
    /// Whether pieces may share the store's memory.
    is_sharing: bool,
    piece_bytes: usize,
    /// Bytes that are not written yet.
    left: usize,
    known: Option<Runs>,
}

/// A run, and how far it is written.
struct Progress {
    run: Run,
    at: usize,
    left: usize,
    digits: RisingDigits,
}

impl From<Numbered> for Progress {
    fn from(numbered: Numbered) -> Self {
        Self {
            at: 0,
            left: numbered.count,
            digits: numbered.first.rising_digits(),
            run: numbered.run,
        }
    }
}

impl RecordPieces {
    /// A body of records and what stands around them.
    pub(crate) fn body(
        protocol: Protocol,
        records: Records,
        (before, after): (Vec<u8>, Vec<u8>),
        known: Runs,
    ) -> Body {
        let stretches = stretches(&records.runs);
        let is_short = records.payload_bytes() <= SHORT_BYTES || stretches > STRETCHES_MAX;
        let mut pieces = Self::new(protocol, records, (before, after), PIECE_BYTES);
        let length = pieces.left;
        pieces.known = Some(known);
        pieces.is_sharing = !is_short;
        if is_short {
            let made: Vec<Bytes> = pieces.collect();
            return Body::Pieces(Pieces {
                length,
                holds: length,
                pieces: Box::new(made.into_iter()),
            });
        }
        Body::Pieces(Pieces {
            length,
            holds: length + stretches * STRETCH_BYTES,
            pieces: Box::new(pieces),
        })
    }

    /// All records as a list, in one piece.
    pub(crate) fn list(protocol: Protocol, records: Records) -> Bytes {
        let around = wire::list_of_records(protocol);
        let mut pieces = Self::new(protocol, records, around, usize::MAX);
        pieces.next().expect("a list is not empty")
    }

    fn new(
        protocol: Protocol,
        records: Records,
        (before, after): (Vec<u8>, Vec<u8>),
        piece_bytes: usize,
    ) -> Self {
        let Records { runs, lengths, .. } = records;
        let arrival = runs.first().map_or(Timestamp(0), |run| run.arrival);
        let mut pieces = Self {
            protocol,
            stored: StoredRecords::new(protocol, views::timestamp(arrival), &lengths),
            runs: runs.into_iter(),
            current: None,
            left: before.len() + after.len(),
            rope: Rope::from(before),
            after: Some(after),
            is_first: true,
            is_sharing: false,
            piece_bytes,
            known: None,
        };
        pieces.expect(&lengths);
        pieces
    }

    /// Adds up how many bytes there will be.
    fn expect(&mut self, lengths: &StoredLengths) {
        let mut bytes = self.stored.bytes(0, lengths);
        let mut count = 0;
        for numbered in self.runs.as_slice() {
            self.stored.arrived(views::timestamp(numbered.arrival));
            bytes += self.stored.bytes(numbered.count, &StoredLengths::default());
            count += numbered.count;
        }
        let separator = if count > 0 {
            self.stored.separator_bytes()
        } else {
            0
        };
        self.left += bytes - separator;
    }

    fn begin(&mut self, numbered: Numbered) {
        // All of a run may stand behind the end of its shard.
        if numbered.count == 0 {
            return;
        }
        self.stored.arrived(views::timestamp(numbered.arrival));
        match self.known_run(&numbered) {
            Known::Encoded(encoded) => self.share(&encoded),
            Known::Wanted(key) => {
                let lengths = lengths_of(&numbered.run, numbered.count);
                let encoded = self.whole(numbered);
                self.share(&encoded);
                if let Some((known, lengths)) = self.known.as_ref().zip(lengths) {
                    known.encoded.keep(key, encoded, lengths);
                }
            }
            Known::Nothing => self.current = Some(numbered.into()),
        }
    }

    fn known_run(&self, numbered: &Numbered) -> Known {
        let Some(known) = &self.known else {
            return Known::Nothing;
        };
        match known.find(&numbered.run, numbered.count, self.protocol) {
            (_, Found::Kept(encoded)) => Known::Encoded(encoded),
            (key, Found::Again) => Known::Wanted(key),
            (_, Found::First) => Known::Nothing,
        }
    }

    /// A whole run, with what stands before its first record.
    fn whole(&self, numbered: Numbered) -> Bytes {
        let expected = numbered.run.bytes.len() / 3 * 4 + numbered.count * BESIDE_BYTES;
        let mut encoded = Vec::with_capacity(expected);
        let mut progress = Progress::from(numbered);
        while let Some((number, parts, _)) = progress.next_record() {
            self.stored.write(&number, &parts, &mut encoded);
        }
        encoded.shrink_to_fit();
        encoded.into()
    }

    fn share(&mut self, encoded: &Bytes) {
        let separator = match self.is_first {
            true => self.stored.separator_bytes(),
            false => 0,
        };
        self.is_first = false;
        self.rope.share(encoded.slice(separator..));
    }

    /// Writes on until the piece is full or the run is over.
    fn go_on(&mut self, mut progress: Progress) {
        self.make_room(&progress);
        if self.is_first
            && let Some((number, parts, _)) = progress.next_record()
        {
            self.is_first = false;
            let out = self.rope.filling();
            let start = out.len();
            self.stored.write(&number, &parts, out);
            out.drain(start..start + self.stored.separator_bytes());
        }
        while self.rope.filling().len() < self.piece_bytes {
            let Some((number, parts, source)) = progress.next_record() else {
                return;
            };
            if self.is_sharing {
                self.stored
                    .write_shared(&number, &parts, source, &mut self.rope);
            } else {
                self.stored.write(&number, &parts, self.rope.filling());
            }
        }
        self.rope.flush();
        self.current = Some(progress);
    }

    /// Room for a piece, unless what will be shared ends it soon.
    fn make_room(&mut self, progress: &Progress) {
        let record_bytes = progress.run.bytes.len() / progress.run.count.max(1) as usize;
        if !self.is_sharing || !self.stored.shares(record_bytes) {
            let piece_bytes = self.piece_bytes.saturating_add(record_bytes * 2);
            let wanted = piece_bytes.min(self.left);
            let out = self.rope.filling();
            out.reserve((wanted + PADDING_BYTES).saturating_sub(out.len()));
        }
    }
}

/// What is known of a run that is to be written.
enum Known {
    /// All of it.
    Encoded(Bytes),
    /// That it was written before, and is to be kept under this key.
    Wanted(Key),
    Nothing,
}

impl Progress {
    /// The next record, and the bytes that it stands in.
    #[inline]
    fn next_record(&mut self) -> Option<([u8; NUMBER_DIGITS], StoredParts<'_>, &Bytes)> {
        self.left = self.left.checked_sub(1)?;
        let source = &self.run.bytes;
        let (_, stored) = RecordIter::new(&source[self.at..])
            .next()
            .expect("it was looked at when it was read");
        self.at += RECORD_OVERHEAD_BYTES + stored.len();
        let parts = StoredRecord::parts(stored).expect("it was looked at when it was read");
        Some((self.digits.next_digits(), parts, source))
    }
}

impl Iterator for RecordPieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.rope.take_piece() {
                self.left = self.left.saturating_sub(piece.len());
                return Some(piece);
            }
            if let Some(progress) = self.current.take() {
                self.go_on(progress);
            } else if let Some(numbered) = self.runs.next() {
                self.begin(numbered);
            } else {
                let after = self.after.take()?;
                self.rope.filling().extend_from_slice(&after);
                self.rope.flush();
            }
        }
    }
}

/// In how many stretches of memory runs stand.
fn stretches(runs: &[Numbered]) -> usize {
    let mut behind = None;
    let mut stretches = 0;
    for numbered in runs {
        let memory = numbered.run.bytes.as_ptr_range();
        stretches += usize::from(behind != Some(memory.start));
        behind = Some(memory.end);
    }
    stretches
}
