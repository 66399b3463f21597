//! The text of a read's groups, opened one behind the other and divided into runs again.

use super::plan::{Content, Piece, Plan};
use crate::encryption::{Place, RecordKey};
use crate::record::AtRest;
use crate::record::sealed::Head;
use bytes::Bytes;
use millstream_store::batch::{RECORD_OVERHEAD_BYTES, RecordIter};
use millstream_store::{LogId, Offset, ReadError, Run};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Data keys, by number.
pub(super) type Keys = BTreeMap<u32, Arc<RecordKey>>;

/// Records of one run, one behind the other, which are stored in the same way.
#[derive(Debug)]
struct Part {
    /// The place of their run in the read.
    run: usize,
    first: Offset,
    count: u32,
    bytes: PartBytes,
}

/// Where the bytes of a part are.
#[derive(Debug)]
enum PartBytes {
    /// In the run.
    Plain(Range<usize>),
    /// In the text.
    Opened(Range<usize>),
    /// They were opened before.
    Kept(Bytes),
}

/// Why the records of a read end early.
#[derive(Debug)]
pub(super) enum Stopped {
    /// The next one's data key cannot be used.
    NoKey,
    /// The next one is not what was written there.
    Damaged(ReadError),
}

/// A read whose records are being opened.
pub(super) struct Opening<'a> {
    log: LogId,
    keys: &'a Keys,
    text: Vec<u8>,
    parts: Vec<Part>,
}

impl<'a> Opening<'a> {
    pub(super) fn new(log: LogId, keys: &'a Keys, plan: &Plan) -> Self {
        Self {
            log,
            keys,
            text: Vec::with_capacity(plan.text_bytes),
            parts: Vec::with_capacity(plan.pieces.len()),
        }
    }

    /// Takes the records of a piece, all or none.
    pub(super) fn take(&mut self, piece: &Piece) -> Result<(), Stopped> {
        let bytes = match &piece.content {
            Content::Plain(range) => PartBytes::Plain(range.clone()),
            Content::Kept(kept) => {
                if !kept.data_keys.iter().all(|key| self.keys.contains_key(key)) {
                    return Err(Stopped::NoKey);
                }
                PartBytes::Kept(kept.bytes.clone())
            }
            Content::Group {
                head,
                skipped,
                ciphertext,
            } => {
                let opened = self.open(piece, head, *skipped, ciphertext)?;
                if let Some(last) = self.parts.last_mut()
                    && last.run == piece.run
                    && let PartBytes::Opened(range) = &mut last.bytes
                    && range.end == opened.start
                {
                    range.end = opened.end;
                    last.count += piece.count;
                    return Ok(());
                }
                PartBytes::Opened(opened)
            }
            Content::Stray => return Err(self.damaged(piece.first)),
        };
        self.parts.push(Part {
            run: piece.run,
            first: piece.first,
            count: piece.count,
            bytes,
        });
        Ok(())
    }

    /// Opens a group behind the text of those before it; returns where the piece's records are.
    fn open(
        &mut self,
        piece: &Piece,
        head: &Head,
        skipped: u16,
        ciphertext: &[u8],
    ) -> Result<Range<usize>, Stopped> {
        let key = self.keys.get(&head.data_key).ok_or(Stopped::NoKey)?;
        let from = self.text.len();
        self.text.resize(from + ciphertext.len(), 0);
        let text = &mut self.text[from..];
        let first = piece.first.0.checked_sub(skipped.into()).map(Offset);
        let range = first.and_then(|first| head.range_before(first));
        let opened = range.is_some_and(|range| {
            let place = Place {
                log: self.log,
                range,
            };
            key.open(head, place, ciphertext, text).is_ok()
        });
        let records = opened.then(|| records(text, head.count, skipped, piece.count));
        match records.flatten() {
            Some(records) => Ok(from + records.start..from + records.end),
            None => {
                self.text.truncate(from);
                Err(self.damaged(piece.first))
            }
        }
    }

    /// What was opened, of these runs, and where to continue: at `end` if that is all of it.
    pub(super) fn finish(self, runs: &[Run], end: Offset) -> (Vec<(Run, AtRest)>, Offset) {
        let next = self.parts.last();
        let next = next.map_or(end, |part| part.first.plus(part.count.into()));
        let text = Bytes::from(self.text);
        let parts = self.parts.into_iter().map(|part| {
            let run = &runs[part.run];
            let (bytes, at_rest) = match part.bytes {
                PartBytes::Plain(range) => (run.bytes.slice(range), AtRest::Plain),
                PartBytes::Opened(range) => (text.slice(range), AtRest::Encrypted),
                PartBytes::Kept(bytes) => (bytes, AtRest::Encrypted),
            };
            let run = Run {
                first: part.first,
                count: part.count,
                arrival: run.arrival,
                bytes,
            };
            (run, at_rest)
        });
        (parts.collect(), next)
    }

    fn damaged(&self, offset: Offset) -> Stopped {
        Stopped::Damaged(ReadError::Damaged {
            log: self.log,
            what: "a record does not fit its seal",
            at: format!("record {}", offset.0),
        })
    }
}

/// Where some of the `all` records of a text are, behind those that are skipped; `None` if they are
/// not there.
fn records(text: &[u8], all: u16, skipped: u16, count: u32) -> Option<Range<usize>> {
    if skipped == 0 && count == u32::from(all) {
        return Some(0..text.len());
    }
    let (mut range, mut left) = (0..0, count);
    for (index, (_, record)) in (0..all).zip(RecordIter::new(text)) {
        range.end += RECORD_OVERHEAD_BYTES + record.len();
        if index < skipped {
            range.start = range.end;
        } else {
            left -= 1;
        }
        if left == 0 {
            return Some(range);
        }
    }
    None
}
