//! Reads a shard from an offset: hidden records stay hidden, and nothing after the end is returned.

mod opening;
mod records;

pub use records::{NumberedRun, Records};

use crate::admission::Waits;
use crate::catalog::{Shard, Stream};
use crate::encryption::Encryption;
use crate::facts::ReadFailure;
use crate::horizon::Horizons;
use crate::limits::Fill;
use crate::log_reader::{LogReader, OwnedLog};
use crate::logs::ShardLogs;
use crate::record::AtRest;
use crate::record::sealed::GROUP_BYTES_MAX;
use millstream_env::{Clock, Timestamp};
use millstream_memory::Share;
use millstream_store::{Bounds, LogId, LogStore, Offset, ReadError, ReadLimit, Run, Slice};
use std::sync::Arc;
use std::time::Duration;

/// The result of one read of a shard.
#[derive(Debug)]
pub(crate) struct ShardRead {
    runs: Vec<Run>,
    /// Size of the records.
    bytes: usize,
    /// Memory reserved for the runs.
    share: Share,
    /// Where to continue.
    pub next: Offset,
    /// Whether the shard is closed and was completely read before this read.
    pub is_over: bool,
    /// How much of what it may bring it brought.
    pub fill: Fill,
    /// The age of the next unread record; zero at the end.
    pub behind: Duration,
}

/// The first record that a read left out.
struct Unread {
    arrival: Timestamp,
    bytes: u64,
}

impl Unread {
    fn first_of(slice: &Slice) -> Option<Self> {
        let first = slice.records().next()?;
        Some(Self {
            arrival: first.arrival,
            bytes: first.bytes.len() as u64,
        })
    }
}

impl ShardRead {
    /// The records of the shard's log, taken out as they are stored.
    fn take_records(&mut self, log: LogId, shard: &Shard) -> Records {
        let runs = std::mem::take(&mut self.runs).into_iter();
        let runs = runs.map(|run| (run, AtRest::Plain));
        Records::new(log, runs, self.next, shard)
    }

    /// Leaves out the records from an offset on; the last one that stays has this arrival time.
    fn stop_at(&mut self, next: Offset, last: Timestamp, now: Timestamp) {
        self.next = next;
        self.fill = Fill::Partial;
        self.behind = behind_after(last, now);
    }

    /// Lets go of the stored records that were opened, whose memory is reserved by `share`.
    fn replace(&mut self, share: Share, opened: &[(Run, AtRest)]) {
        self.runs = Vec::new();
        if opened
            .iter()
            .all(|(_, at_rest)| *at_rest == AtRest::Encrypted)
        {
            self.share = share;
        } else {
            self.share.join(share);
        }
    }

    /// Memory reserved for the records, for as long as they are in use.
    pub(crate) fn into_share(self) -> Share {
        self.share
    }

    fn new(next: Offset, share: Share) -> Self {
        Self {
            runs: Vec::new(),
            bytes: 0,
            share,
            next,
            is_over: false,
            fill: Fill::Partial,
            behind: Duration::ZERO,
        }
    }

    /// What was read, if anything, before an unreadable part. More follows, which arrived no
    /// earlier.
    fn before_trouble(mut self, now: Timestamp) -> Option<Self> {
        let last = self.runs.last()?.arrival;
        self.behind = behind_after(last, now);
        Some(self)
    }
}

/// What may be read of a stream so that no more than a limit is brought: of a group within which a
/// read begins, the text stands in front of it.
fn opened_within(stream: &Stream, limit: ReadLimit) -> ReadLimit {
    let most = GROUP_BYTES_MAX as u64;
    let has_groups = !stream.data_keys.all().is_empty();
    let bytes = match has_groups && limit.bytes > 4 * most {
        true => limit.bytes - most,
        false => limit.bytes,
    };
    ReadLimit { bytes, ..limit }
}

/// How far a reader is behind at most who has taken a record that is not the last: never zero.
fn behind_after(last: Timestamp, now: Timestamp) -> Duration {
    now.since(last).max(Duration::from_millis(1))
}

/// Reads shards.
pub(crate) struct ShardReader {
    clock: Arc<dyn Clock>,
    store: Arc<dyn LogStore>,
    made: ShardLogs,
    logs: Arc<LogReader>,
    horizons: Arc<Horizons>,
    encryption: Arc<Encryption>,
    opened: opening::OpenedRuns,
}

impl ShardReader {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        store: Arc<dyn LogStore>,
        made: ShardLogs,
        logs: Arc<LogReader>,
        horizons: Arc<Horizons>,
        encryption: Arc<Encryption>,
    ) -> Self {
        Self {
            clock,
            store,
            made,
            logs,
            horizons,
            encryption,
            opened: opening::OpenedRuns::default(),
        }
    }

    /// Reads from an offset: as much as the limit allows, and at least one record if there is one.
    /// The store may return it in several parts.
    pub(crate) async fn read(
        &self,
        stream: &Stream,
        shard: &Shard,
        from: Offset,
        limit: ReadLimit,
    ) -> Result<ShardRead, ReadFailure> {
        let share = self.logs.share_of(&stream.scope.account);
        if let Some(end) = shard.end()
            && from >= end
        {
            let is_over = true;
            return Ok(ShardRead {
                is_over,
                ..ShardRead::new(end, share)
            });
        }
        self.made.ensure(stream, shard).await;
        let log = OwnedLog::of(stream, shard);
        let horizon = self.horizons.known(stream, shard);
        let mut read = ShardRead::new(from.max(horizon), share);
        let mut left = opened_within(stream, limit);
        loop {
            let from = read.next;
            let end = match self.read_part(stream, shard, &mut read, &mut left).await {
                Ok(end) => end,
                // What was found before the error is valid; the next read will report it.
                Err(error) => return read.before_trouble(self.clock.now()).ok_or(error),
            };
            if read.next >= end || read.next == from {
                return Ok(read);
            }
            if left.records == 0 {
                match self.peek(log, read.next).await {
                    Ok(Some(unread)) => self.leave_out(&unread, &mut read, left),
                    Ok(None) => {}
                    Err(error) => return read.before_trouble(self.clock.now()).ok_or(error),
                }
                return Ok(read);
            }
        }
    }

    /// One read of the store, added to the previous ones; returns where the shard ends.
    async fn read_part(
        &self,
        stream: &Stream,
        shard: &Shard,
        read: &mut ShardRead,
        left: &mut ReadLimit,
    ) -> Result<Offset, ReadFailure> {
        let log = OwnedLog::of(stream, shard);
        let (mut slice, mut share) = self.logs.read(log, read.next, *left).await?;
        let cutoff = self.horizons.cutoff(stream);
        if slice.runs.first().is_some_and(|run| run.arrival < cutoff) {
            // Hidden records are not kept while visible ones are searched for.
            drop((slice, share));
            let horizon = self.horizons.advance(stream, shard, Waits::Bounded).await?;
            (slice, share) = self.logs.read(log, horizon, *left).await?;
        }
        let end = match shard.end() {
            Some(end) => end,
            None => {
                let bounds = self.bounds_reaching(log.log, slice.next).await?;
                bounds.first_control.unwrap_or(slice.end)
            }
        };
        // A store read returns one record whatever its size; here that applies to the very first
        // only.
        let is_first = read.runs.is_empty();
        let is_inside = slice.runs.first().is_some_and(|run| run.first < end);
        if let Some(unread) = Unread::first_of(&slice).filter(|_| is_inside && !is_first)
            && unread.bytes > left.bytes
        {
            self.leave_out(&unread, read, *left);
            return Ok(end);
        }
        read.bytes += slice.bytes();
        // Each part may keep some memory beyond its own, all of them together no more than a single
        // one.
        let held_max = 2 * read.bytes + ReadLimit::HELD_BESIDE_BYTES / 2;
        if !is_first && read.share.bytes() + slice.held_bytes > held_max {
            slice.compact();
            share.shrink_to(slice.held_bytes);
        }
        read.share.join(share);
        read.next = slice.next.min(end);
        for run in slice.runs {
            left.records = left.records.saturating_sub(run.count);
            left.bytes = left.bytes.saturating_sub(run.bytes.len() as u64);
            read.runs.push(run);
        }
        Ok(end)
    }

    /// Locally known bounds if they cover an offset that was read; otherwise a fresh look, since
    /// another node appended what was read, and may have sealed the log.
    async fn bounds_reaching(&self, log: LogId, read: Offset) -> Result<Bounds, ReadError> {
        let known = self.store.known_bounds(log)?;
        if known.end >= read {
            return Ok(known);
        }
        self.store.fresh_bounds(log).await
    }

    /// Ends the read before a record.
    fn leave_out(&self, unread: &Unread, read: &mut ShardRead, left: ReadLimit) {
        read.fill = if unread.bytes > left.bytes {
            Fill::Full
        } else {
            Fill::Partial
        };
        read.behind = self.clock.now().since(unread.arrival);
    }

    async fn peek(&self, log: OwnedLog<'_>, at: Offset) -> Result<Option<Unread>, ReadFailure> {
        let one = ReadLimit {
            records: 1,
            bytes: 0,
        };
        let (slice, _share) = self.logs.read(log, at, one).await?;
        Ok(Unread::first_of(&slice))
    }
}
