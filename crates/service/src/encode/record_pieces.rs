//! Records encoded into a response piece by piece as it is sent.
//!
//! The total length is known before the first byte. A piece is small enough to be still in the L2
//! cache when the transport copies it; records not sent yet cost no memory beyond their stored
//! form, which the store would mostly hold anyway.

use super::encoded_runs::{Key, Runs};
use super::measured::{Measured, lengths_of};
use super::piece_buffers::{LARGE_BYTES, PieceBuffers, SMALL_BYTES};
use super::pieces::Pieces;
use super::progress::Progress;
use super::rope::Rope;
use super::stored_records::{StoredLengths, StoredRecords, list_of_records};
use bytes::Bytes;
use millstream_memory::Share;
use millstream_protocol::{Protocol, Timestamp};
use millstream_streams::{AtRest, Lookup, NumberedRun};
use std::sync::Arc;
use std::vec;

/// Responses up to this size are encoded at once, and do not keep the store's memory alive.
const SHORT_BYTES: usize = 128 * 1024;
/// So are responses whose records come from more regions of the store's memory than this.
const STRETCHES_MAX: usize = 4;
/// Extra room beyond the remaining bytes, so that the last record needs no piece of its own: a
/// record asks for a little more than it takes.
const BEYOND_BYTES: usize = 512;

/// The rest of a response.
pub(super) struct RecordPieces {
    protocol: Protocol,
    stored: StoredRecords,
    before: Option<Vec<u8>>,
    runs: vec::IntoIter<NumberedRun>,
    current: Option<Progress>,
    after: Option<Vec<u8>>,
    rope: Rope,
    buffers: Arc<PieceBuffers>,
    /// Size of a piece.
    piece_bytes: usize,
    /// Data of at least this size are shared with the store.
    shared_bytes_min: usize,
    /// Whether no record was written yet.
    is_first: bool,
    /// Bytes that were not taken yet.
    left: usize,
    known: Option<Runs>,
}

impl RecordPieces {
    /// The pieces of a body of records, for which there is room, and what stands around them.
    pub(super) fn pieces(
        protocol: Protocol,
        (records, share): (Measured, Share),
        around: (Vec<u8>, Vec<u8>),
        known: Runs,
        buffers: &Arc<PieceBuffers>,
    ) -> Pieces {
        let stretches = stretches(&records.runs);
        let is_short = records.lengths.payload <= SHORT_BYTES || stretches > STRETCHES_MAX;
        let record_bytes = records.lengths.payload / records.count.max(1);
        let mut pieces = Self::new(protocol, records, around, buffers);
        let length = pieces.left;
        pieces.known = Some(known);
        if is_short {
            let made: Vec<Bytes> = pieces.by_ref().collect();
            return Pieces {
                length,
                holds: pieces.rope.holds().max(length),
                share: Some(share),
                pieces: Box::new(made.into_iter()),
            };
        }
        pieces.share_data(record_bytes);
        Pieces {
            length,
            holds: length + share.bytes(),
            share: Some(share),
            pieces: Box::new(pieces),
        }
    }

    /// All records as a list, in one buffer.
    pub(super) fn list(
        protocol: Protocol,
        records: Measured,
        buffers: &Arc<PieceBuffers>,
    ) -> Bytes {
        let around = list_of_records(protocol);
        let pieces = Self::new(protocol, records, around, buffers);
        pieces.collect::<Vec<_>>().concat().into()
    }

    fn new(
        protocol: Protocol,
        records: Measured,
        (before, after): (Vec<u8>, Vec<u8>),
        buffers: &Arc<PieceBuffers>,
    ) -> Self {
        let Measured { runs, lengths, .. } = records;
        let arrival = runs.first().map_or(Timestamp(0), NumberedRun::arrived);
        let mut pieces = Self {
            protocol,
            stored: StoredRecords::new(protocol, arrival, &lengths),
            runs: runs.into_iter(),
            current: None,
            left: before.len() + after.len(),
            before: Some(before),
            after: Some(after),
            rope: Rope::new(Arc::clone(buffers)),
            buffers: Arc::clone(buffers),
            piece_bytes: LARGE_BYTES,
            shared_bytes_min: usize::MAX,
            is_first: true,
            known: None,
        };
        pieces.expect(&lengths);
        pieces
    }

    /// Shares large data with the store, if the protocol writes bytes unchanged; `record_bytes` is
    /// the average size of records.
    fn share_data(&mut self, record_bytes: usize) {
        if let Some(min) = self.stored.shared_bytes_min() {
            self.shared_bytes_min = min;
            if record_bytes >= min {
                // The envelopes of about twenty records.
                self.piece_bytes = SMALL_BYTES;
            }
        }
    }

    /// Adds to the expected length.
    fn expect(&mut self, lengths: &StoredLengths) {
        let (mut beside, mut count) = (0, 0);
        for numbered in self.runs.as_slice() {
            self.stored.begin(numbered);
            beside += numbered.count * self.stored.bytes_beside();
            count += numbered.count;
        }
        let bytes = self.stored.bytes_in_all(beside, lengths);
        let separator = if count > 0 {
            self.stored.separator_bytes()
        } else {
            0
        };
        self.left += bytes - separator;
    }

    fn begin(&mut self, numbered: NumberedRun) {
        // All of a run may be past the end of its shard.
        if numbered.count == 0 {
            return;
        }
        self.stored.begin(&numbered);
        match self.known_run(&numbered) {
            Known::Encoded(encoded) => self.share(&encoded),
            Known::Wanted(key) => {
                let lengths = lengths_of(&numbered.run, numbered.count)
                    .expect("it was looked at when it was read");
                let encoded = self.whole(numbered, &lengths);
                self.share(&encoded);
                if let Some(known) = &self.known {
                    known.encoded.keep(key, encoded, lengths);
                }
            }
            Known::Nothing => self.current = Some(numbered.into()),
        }
    }

    fn known_run(&self, numbered: &NumberedRun) -> Known {
        let Some(known) = &self.known else {
            return Known::Nothing;
        };
        match known.find(&numbered.run, numbered.count, self.protocol) {
            (_, Lookup::Kept(encoded)) => Known::Encoded(encoded),
            (key, Lookup::Again) => Known::Wanted(key),
            (_, Lookup::First) => Known::Nothing,
        }
    }

    /// A complete run, with the separator before its first record.
    fn whole(&self, numbered: NumberedRun, lengths: &StoredLengths) -> Bytes {
        let mut left = self.stored.bytes(numbered.count, lengths);
        let mut pieces = Vec::new();
        let mut progress = Progress::from(numbered);
        while let Some(next) = progress.next() {
            let wanted = (left + BEYOND_BYTES).min(LARGE_BYTES);
            let room = self.stored.room(&next).max(wanted);
            let mut piece = self.buffers.piece(room);
            let written = progress.write(&self.stored, usize::MAX, usize::MAX, piece.room());
            piece.advance(written);
            left = left.saturating_sub(written);
            pieces.push(Bytes::from(piece));
        }
        pieces.concat().into()
    }

    fn share(&mut self, encoded: &Bytes) {
        let separator = match self.is_first {
            true => self.stored.separator_bytes(),
            false => 0,
        };
        self.is_first = false;
        self.rope.share(encoded.slice(separator..));
    }

    /// Continues until the piece is full or the run is finished.
    fn go_on(&mut self, mut progress: Progress) {
        while let Some(next) = progress.next() {
            let is_shared = next.data().len() >= self.shared_bytes_min;
            let room = match is_shared {
                true => self.stored.room_around_data(&next),
                false => self.stored.room(&next),
            };
            if !self.has_room(room) {
                self.current = Some(progress);
                return;
            }
            match is_shared {
                true => self.write_around_data(&mut progress),
                false => self.write(&mut progress),
            }
        }
    }

    /// Whether this many bytes fit, now or in an empty piece; flushes earlier output if necessary.
    fn has_room(&mut self, bytes: usize) -> bool {
        let is_full = self.rope.bytes() >= LARGE_BYTES || self.rope.room().len() < bytes;
        if is_full && self.rope.bytes() > 0 {
            self.rope.flush();
            return false;
        }
        self.make_room(bytes);
        true
    }

    /// Makes room for at least this many bytes; a new piece has the usual size.
    fn make_room(&mut self, bytes: usize) {
        if self.rope.room().len() < bytes {
            let left = self.left.saturating_sub(self.rope.bytes()) + BEYOND_BYTES;
            self.rope.make_room(bytes.max(left.min(self.piece_bytes)));
        }
    }

    /// Writes the records that fit.
    fn write(&mut self, progress: &mut Progress) {
        let records_max = if self.is_first { 1 } else { usize::MAX };
        let stored = &self.stored;
        let mut written =
            progress.write(stored, records_max, self.shared_bytes_min, self.rope.room());
        if self.is_first {
            self.is_first = false;
            let separator = stored.separator_bytes();
            self.rope.room().copy_within(separator..written, 0);
            written -= separator;
        }
        self.rope.advance(written);
    }

    /// Writes a record whose data are shared.
    fn write_around_data(&mut self, progress: &mut Progress) {
        let written = progress.write_around_data(&self.stored, self.rope.room());
        let (mut before, data, behind) = written.expect("room was made");
        if self.is_first {
            self.is_first = false;
            let separator = self.stored.separator_bytes();
            self.rope.room().copy_within(separator..before + behind, 0);
            before -= separator;
        }
        self.rope.advance(before);
        self.rope.share(data);
        self.rope.advance(behind);
    }

    /// Writes the structure around the records.
    fn write_text(&mut self, text: &[u8]) {
        self.make_room(text.len());
        self.rope.room()[..text.len()].copy_from_slice(text);
        self.rope.advance(text.len());
    }
}

/// What is known about a run that is to be written.
enum Known {
    /// Its complete encoding.
    Encoded(Bytes),
    /// It was written before, and is to be cached under this key.
    Wanted(Key),
    Nothing,
}

impl Iterator for RecordPieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.rope.take_piece() {
                self.left = self.left.saturating_sub(piece.len());
                return Some(piece);
            }
            if self.rope.bytes() >= LARGE_BYTES {
                self.rope.flush();
            } else if let Some(before) = self.before.take() {
                self.write_text(&before);
            } else if let Some(progress) = self.current.take() {
                self.go_on(progress);
            } else if let Some(numbered) = self.runs.next() {
                self.begin(numbered);
            } else {
                let after = self.after.take()?;
                self.write_text(&after);
                self.rope.flush();
            }
        }
    }
}

/// The number of regions of the store's memory that runs are in. Opened ones keep no more than
/// their own bytes alive.
fn stretches(runs: &[NumberedRun]) -> usize {
    let mut behind = None;
    let mut stretches = 0;
    for numbered in runs.iter().filter(|run| run.at_rest == AtRest::Plain) {
        let memory = numbered.run.bytes.as_ptr_range();
        stretches += usize::from(behind != Some(memory.start));
        behind = Some(memory.end);
    }
    stretches
}
