//! Opening: what a read brought of sealed records, in the form of those that stand as they came.
//!
//! What nobody sealed is passed on untouched. Sealed records are opened group by group into a
//! buffer whose memory is reserved first; of a group of which the read brought a part, the other
//! records are left out again. Records behind a group that cannot be opened are left out, too: the
//! next read begins with it, and says why.
//!
//! Opened runs are cached for other readers. They are passed on like others only if each of their
//! data keys may be used at the time.

mod opened_runs;
mod plan;
mod text;

pub(super) use opened_runs::OpenedRuns;

use super::{Records, ShardRead, ShardReader};
use crate::catalog::{Shard, Stream};
use crate::facts::{DataKeyFailure, ReadFailure};
use crate::log_reader::OwnedLog;
use crate::record::sealed::{Sealed, first_sealed};
use millstream_memory::Share;
use millstream_store::{Offset, ReadLimit, Run};
use plan::{DATA_KEYS_OF_READ_MAX, Plan};
use text::{Keys, Opening, Stopped};

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
        let first = self.first_of_group(OwnedLog::of(stream, shard), read);
        let (first, _share) = first.await?.unzip();
        let plan = Plan::of(log, first.as_ref(), &read.runs, read.next, &self.opened);
        if plan.seals_nothing() {
            return Ok(read.take_records(log, shard));
        }
        let (keys, failure) = self.keys(stream, &plan).await;
        let share = self.logs.room_at_once(&stream.scope.account, plan.bytes)?;
        let mut opening = Opening::new(log, &keys, &plan);
        let mut pieces = plan.pieces.iter();
        let stopped = pieces.try_for_each(|piece| opening.take(piece));
        let (opened, next) = opening.finish(&read.runs, read.next);
        if let Err(stopped) = stopped {
            let Some((last, _)) = opened.last() else {
                return Err(match (stopped, failure) {
                    (Stopped::Damaged(error), _) => error.into(),
                    (Stopped::NoKey, Some(failure)) => failure.into(),
                    (Stopped::NoKey, None) => unreachable!("the first data key was asked for"),
                });
            };
            read.stop_at(next, last.arrival, self.clock.now());
        }
        self.opened.keep(&plan.wanted, &opened);
        read.replace(share, &opened);
        let mut records = Records::new(log, opened.into_iter(), read.next, shard);
        records.data_keys = keys.into_keys().collect();
        Ok(records)
    }

    /// The first record of the group within which a read begins, if it does.
    async fn first_of_group(
        &self,
        log: OwnedLog<'_>,
        read: &ShardRead,
    ) -> Result<Option<(Run, Share)>, ReadFailure> {
        let Some(run) = read.runs.first() else {
            return Ok(None);
        };
        let Some(Sealed::Following(index)) = first_sealed(&run.bytes) else {
            return Ok(None);
        };
        // What it is instead of the first of a group, if anything, is found out where it is opened.
        let Some(first) = run.first.0.checked_sub(index.into()) else {
            return Ok(None);
        };
        let one = ReadLimit {
            records: 1,
            bytes: 0,
        };
        let (slice, share) = self.logs.read(log, Offset(first), one).await?;
        let found = slice.runs.into_iter().next();
        match found {
            // It has expired since the read began: the next one begins behind its group.
            Some(found) if found.first > Offset(first) => Err(ReadFailure::Busy),
            found => Ok(found.map(|found| (found, share))),
        }
    }

    /// The data keys that are needed, up to one that cannot be used.
    async fn keys(&self, stream: &Stream, plan: &Plan) -> (Keys, Option<DataKeyFailure>) {
        let mut keys = Keys::new();
        for number in plan.data_keys.iter().take(DATA_KEYS_OF_READ_MAX) {
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
