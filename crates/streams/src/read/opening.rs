//! Opening: what a read brought of sealed records, in the form of those that stand as they came.
//!
//! What nobody sealed is passed on untouched. Sealed records are opened into a buffer of their own,
//! whose memory is reserved first; a run is divided where the form changes. Records behind one that
//! cannot be opened are left out: the next read begins with it, and says why.

use super::{Records, ShardRead, ShardReader};
use crate::catalog::{Shard, Stream};
use crate::encryption::{Place, RecordKey};
use crate::facts::{DataKeyFailure, ReadFailure};
use crate::record::AtRest;
use crate::record::sealed::{self, SealedParts};
use bytes::BytesMut;
use millstream_store::batch::{RECORD_OVERHEAD_BYTES, RecordIter};
use millstream_store::{LogId, Offset, ReadError, Run};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a record takes in the opened form beside its text.
const OPENED_BYTES: usize = RECORD_OVERHEAD_BYTES + 1;

/// Data keys, by number.
type Keys = BTreeMap<u32, Arc<RecordKey>>;

/// What the sealed records of a read need.
#[derive(Debug, Default)]
struct Needs {
    /// Data keys, in the order in which they are needed first.
    data_keys: Vec<u32>,
    /// Bytes of the opened records, framed.
    bytes: usize,
}

impl Needs {
    /// What the records before an offset need.
    fn of(runs: &[Run], end: Offset) -> Self {
        let mut needs = Self::default();
        for run in runs {
            let records = RecordIter::new(&run.bytes).zip(run.first.0..end.0);
            for parts in records.filter_map(|((_, stored), _)| SealedParts::new(stored)) {
                needs.bytes += OPENED_BYTES + parts.text.len();
                let number = parts.head.data_key;
                if !needs.data_keys.contains(&number) {
                    needs.data_keys.push(number);
                }
            }
        }
        needs
    }
}

/// Records with the same arrival time and form.
#[derive(Debug)]
struct Part {
    at_rest: AtRest,
    first: Offset,
    count: u32,
    /// Where the first one begins in its run.
    from: usize,
}

/// A read whose records are being opened.
struct Opening<'a> {
    log: LogId,
    keys: &'a Keys,
    buffer: BytesMut,
    opened: Vec<(Run, AtRest)>,
    /// Where to continue: behind the last record that was taken.
    next: Offset,
}

impl Opening<'_> {
    /// Takes the records of a run that stand before an offset, up to one that cannot be opened.
    fn take(&mut self, run: &Run, end: Offset) -> Result<(), Stopped> {
        let mut part: Option<Part> = None;
        let mut at = 0;
        let mut taken = Ok(());
        for ((_, stored), offset) in RecordIter::new(&run.bytes).zip(run.first.0..end.0) {
            let offset = Offset(offset);
            let at_rest = match SealedParts::new(stored) {
                Some(_) => AtRest::Encrypted,
                None => AtRest::Plain,
            };
            if part.as_ref().is_some_and(|part| part.at_rest != at_rest) {
                self.end(part.take(), run, at);
            }
            if let Some(sealed) = SealedParts::new(stored)
                && let Err(stopped) = self.open(&sealed, offset)
            {
                taken = Err(stopped);
                break;
            }
            let part = part.get_or_insert(Part {
                at_rest,
                first: offset,
                count: 0,
                from: at,
            });
            part.count += 1;
            at += RECORD_OVERHEAD_BYTES + stored.len();
            self.next = offset.plus(1);
        }
        self.end(part, run, at);
        taken
    }

    /// Ends a part of a run, in which it ends before `at`.
    fn end(&mut self, part: Option<Part>, run: &Run, at: usize) {
        let Some(part) = part else {
            return;
        };
        let bytes = match part.at_rest {
            AtRest::Plain => run.bytes.slice(part.from..at),
            AtRest::Encrypted => self.buffer.split().freeze(),
        };
        let part_run = Run {
            first: part.first,
            count: part.count,
            arrival: run.arrival,
            bytes,
        };
        self.opened.push((part_run, part.at_rest));
    }

    /// Opens a record behind those that stand in the buffer already.
    fn open(&mut self, sealed: &SealedParts<'_>, offset: Offset) -> Result<(), Stopped> {
        let key = self.keys.get(&sealed.head.data_key);
        let key = key.ok_or(Stopped::NoKey)?;
        let begin = self.buffer.len();
        let length = u32::try_from(sealed.text.len() + 1).expect("no record is so large");
        self.buffer.extend_from_slice(&length.to_le_bytes());
        let form = self.buffer.len();
        self.buffer.resize(form + 1 + sealed.text.len(), 0);
        let text = &mut self.buffer[form + 1..];
        let range = sealed.head.range_before(offset);
        let opened = range.is_some_and(|range| {
            let place = Place {
                log: self.log,
                range,
            };
            key.open(sealed, place, text).is_ok()
        });
        if !opened {
            self.buffer.truncate(begin);
            return Err(Stopped::Damaged(self.damage(offset)));
        }
        self.buffer[form] = sealed::plain_form(&self.buffer[form + 1..]);
        Ok(())
    }

    fn damage(&self, offset: Offset) -> ReadError {
        ReadError::Damaged {
            log: self.log,
            what: "a record does not fit its seal",
            at: format!("record {}", offset.0),
        }
    }
}

/// Why the records of a read end early.
#[derive(Debug)]
enum Stopped {
    /// The next one's data key cannot be used.
    NoKey,
    /// The next one is not what was written there.
    Damaged(ReadError),
}

impl ShardReader {
    /// Takes the records out of a read, opened if they are sealed. Up to one that cannot be opened,
    /// which is an error if it is the first.
    pub(crate) async fn open(
        &self,
        stream: &Stream,
        shard: &Shard,
        read: &mut ShardRead,
    ) -> Result<Records, ReadFailure> {
        let log = stream.log(shard);
        // A record of which this node's catalog does not know yet is usually the first of its run.
        let may_be_sealed = !stream.data_keys.all().is_empty()
            || read
                .runs
                .iter()
                .any(|run| sealed::is_first_sealed(&run.bytes));
        if !may_be_sealed {
            return Ok(read.take_records(log, shard));
        }
        let needs = Needs::of(&read.runs, read.next);
        if needs.data_keys.is_empty() {
            return Ok(read.take_records(log, shard));
        }
        let (keys, failure) = self.keys(stream, &needs).await;
        let share = self.logs.room_at_once(&stream.scope.account, needs.bytes)?;
        let mut opening = Opening {
            log,
            keys: &keys,
            buffer: BytesMut::with_capacity(needs.bytes),
            opened: Vec::with_capacity(read.runs.len()),
            next: read.runs.first().map_or(read.next, |run| run.first),
        };
        let end = read.next;
        let stopped = read.runs.iter().try_for_each(|run| opening.take(run, end));
        let Opening { opened, next, .. } = opening;
        if let Err(stopped) = stopped {
            let Some((last, _)) = opened.last() else {
                return Err(match (stopped, failure) {
                    (Stopped::Damaged(error), _) => error.into(),
                    (Stopped::NoKey, Some(failure)) => failure.into(),
                    (Stopped::NoKey, None) => unreachable!("each data key was asked for"),
                });
            };
            read.stop_at(next, last.arrival, self.clock.now());
        }
        read.replace(share, &opened);
        let data_keys = needs
            .data_keys
            .into_iter()
            .filter(|number| keys.contains_key(number));
        let mut records = Records::new(log, opened.into_iter(), read.next, shard);
        records.data_keys = data_keys.collect();
        Ok(records)
    }

    /// The data keys that are needed, up to one that cannot be used.
    async fn keys(&self, stream: &Stream, needs: &Needs) -> (Keys, Option<DataKeyFailure>) {
        let mut keys = Keys::new();
        for number in &needs.data_keys {
            match self.encryption.data_key(stream, *number).await {
                Ok(key) => keys.insert(*number, key),
                Err(failure) => return (keys, Some(failure)),
            };
        }
        (keys, None)
    }
}

#[cfg(test)]
mod tests;
