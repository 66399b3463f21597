//! Opening: what a read brought of sealed records, in the form of those that stand as they came.
//!
//! What nobody sealed is passed on untouched. Sealed records are opened group by group into a
//! buffer whose memory is reserved first. A group of which the read brought a part is read whole,
//! and its other records are left out again. Records behind a group that cannot be opened are left
//! out, too: the next read begins with it, and says why.
//!
//! Opened runs are cached for other readers. They are passed on like others only if each of their
//! data keys may be used at the time.

mod opened_runs;
mod text;

pub(super) use opened_runs::OpenedRuns;

use super::{Records, ShardRead, ShardReader};
use crate::catalog::{Shard, Stream};
use crate::encryption::RecordKey;
use crate::facts::{DataKeyFailure, ReadFailure};
use crate::log_reader::OwnedLog;
use crate::record::sealed::{GROUP_STORED_BYTES_MAX, Sealed, TAG_BYTES, first_sealed};
use millstream_memory::Share;
use millstream_store::batch::RecordIter;
use millstream_store::{LogId, Offset, ReadLimit, Run};
use opened_runs::{OpenedRun, Which};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use text::{Opening, Stopped};

/// Data keys, by number.
type Keys = BTreeMap<u32, Arc<RecordKey>>;

/// The runs of a read, and of the groups of which it brought a part.
#[derive(Debug, Default)]
struct Whole {
    /// What stands in front of the read.
    before: Vec<Run>,
    /// What stands behind it.
    behind: Vec<Run>,
    /// Memory reserved for these.
    shares: Vec<Share>,
}

/// What a run's records need to be passed on.
#[derive(Debug)]
enum Need {
    /// Nothing but their keys: they were opened before.
    Kept(Arc<OpenedRun>),
    /// To be opened, those that are sealed. Afterwards they are to be cached under this key, if
    /// there is one.
    Opening(Option<Which>),
}

/// What the records of a read need to be passed on.
#[derive(Debug, Default)]
struct Needs {
    /// Data keys, in the order in which they are needed first.
    data_keys: Vec<u32>,
    /// Bytes of the sealed text.
    text_bytes: usize,
    /// Bytes of what was opened before.
    kept_bytes: usize,
    /// What each run needs.
    runs: Vec<Need>,
    /// Behind the last record of the last group that begins in what was looked at.
    group_end: Offset,
}

impl Needs {
    /// What the records of runs before an offset need.
    fn of(log: LogId, runs: &[Run], end: Offset, opened: &OpenedRuns) -> Self {
        let mut needs = Self {
            runs: Vec::with_capacity(runs.len()),
            ..Self::default()
        };
        for (place, run) in runs.iter().enumerate() {
            let edges = (place == 0, place + 1 == runs.len());
            let need = opened.look(log, run, edges, end);
            match &need {
                Need::Kept(kept) => {
                    needs.kept_bytes += kept.bytes.len();
                    kept.data_keys.iter().for_each(|number| needs.key(*number));
                    needs.group_end = run.first.plus(run.count.into());
                }
                Need::Opening(_) => needs.look(run, end),
            }
            needs.runs.push(need);
        }
        needs
    }

    /// Looks at the records of a run before an offset.
    fn look(&mut self, run: &Run, end: Offset) {
        for ((_, stored), offset) in RecordIter::new(&run.bytes).zip(run.first.0..end.0) {
            let Some(sealed) = Sealed::new(stored) else {
                continue;
            };
            self.text_bytes += sealed.text().len();
            if let Sealed::First(head, _) = sealed {
                self.key(head.data_key);
                self.group_end = Offset(offset).plus(head.count.into());
            }
        }
    }

    fn key(&mut self, number: u32) {
        if self.data_keys.last() != Some(&number) && !self.data_keys.contains(&number) {
            self.data_keys.push(number);
        }
    }

    /// Whether nothing is sealed.
    fn is_none(&self) -> bool {
        self.text_bytes + self.kept_bytes == 0
    }
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
                .any(|run| first_sealed(&run.bytes).is_some());
        if !may_be_sealed {
            return Ok(read.take_records(log, shard));
        }
        let mut needs = Needs::of(log, &read.runs, read.next, &self.opened);
        if needs.is_none() {
            return Ok(read.take_records(log, shard));
        }
        let owned = OwnedLog::of(stream, shard);
        let whole = self.complete(owned, read, &mut needs).await?;
        let (keys, failure) = self.keys(stream, &needs).await;
        let room = needs.text_bytes + TAG_BYTES + needs.kept_bytes;
        let share = self.logs.room_at_once(&stream.scope.account, room)?;
        let wanted = wanted(read);
        let mut opening = Opening::new(log, &keys, wanted, needs.text_bytes);
        let stopped = opening.take_all(&whole, &read.runs, &needs.runs);
        let next = opening.next;
        let opened = opening.finish(&read.runs);
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
        let runs = (&read.runs[..], &needs.runs[..]);
        self.opened.keep(&whole.before, runs, &opened);
        read.replace(share, &opened);
        let data_keys = needs
            .data_keys
            .into_iter()
            .filter(|number| keys.contains_key(number));
        let mut records = Records::new(log, opened.into_iter(), read.next, shard);
        records.data_keys = data_keys.collect();
        Ok(records)
    }

    /// Reads what the groups at the ends of a read lack.
    async fn complete(
        &self,
        log: OwnedLog<'_>,
        read: &ShardRead,
        needs: &mut Needs,
    ) -> Result<Whole, ReadFailure> {
        let mut whole = Whole::default();
        let wanted = wanted(read);
        if let (Some(run), Some(Need::Opening(_))) = (read.runs.first(), needs.runs.first())
            && let Some(Sealed::Following(index, _)) = first_sealed(&run.bytes)
            && let Some(first) = run.first.0.checked_sub(index.into())
        {
            let before = Offset(first)..run.first;
            let (runs, shares) = self.part_of_group(log, before).await?;
            // What was looked at already is behind it.
            let group_end = needs.group_end;
            runs.iter().for_each(|run| needs.look(run, wanted.start));
            needs.group_end = needs.group_end.max(group_end);
            (whole.before, whole.shares) = (runs, shares);
        }
        if needs.group_end > wanted.end {
            let behind = wanted.end..needs.group_end;
            let (runs, shares) = self.part_of_group(log, behind).await?;
            let end = needs.group_end;
            runs.iter().for_each(|run| needs.look(run, end));
            whole.behind = runs;
            whole.shares.extend(shares);
        }
        Ok(whole)
    }

    /// Reads records that are a part of one group: no more than a group can have.
    async fn part_of_group(
        &self,
        log: OwnedLog<'_>,
        wanted: Range<Offset>,
    ) -> Result<(Vec<Run>, Vec<Share>), ReadFailure> {
        let (mut runs, mut shares) = (Vec::new(), Vec::new());
        let mut next = wanted.start;
        let mut bytes = GROUP_STORED_BYTES_MAX as u64;
        while next < wanted.end {
            let records = u32::try_from(wanted.end.0 - next.0).unwrap_or(u32::MAX);
            let limit = ReadLimit { records, bytes };
            let (slice, share) = self.logs.read(log, next, limit).await?;
            let read = slice.bytes() as u64;
            if read == 0 || read > bytes {
                // What is missing is found out where it is looked for.
                break;
            }
            bytes -= read;
            next = slice.next;
            runs.extend(slice.runs);
            shares.push(share);
        }
        Ok((runs, shares))
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

/// The records that a read is to bring.
fn wanted(read: &ShardRead) -> Range<Offset> {
    let first = read.runs.first().map_or(read.next, |run| run.first);
    first..read.next
}

#[cfg(test)]
mod tests;
