//! Reading a shard from an offset on: what is hidden stays hidden, and nothing behind the end comes.

use crate::Engine;
use crate::catalog::{Shard, Stream};
use crate::record::StoredRecord;
use crate::views;
use log::batch::RecordIter;
use log::{Kind, Offset, ReadError, ReadLimit, Record, Slice};
use std::time::Duration;
use wire::types;

/// What one read of a shard brought.
#[derive(Debug)]
pub(crate) struct ShardRead {
    slice: Slice,
    /// Where to go on.
    pub next: Offset,
    /// Whether the shard is closed and all of it was read before this read.
    pub is_over: bool,
    /// Whether there was more than the limit of bytes lets through.
    pub is_full: bool,
    /// How far the next unread record lies behind now; zero at the end.
    pub behind: Duration,
}

impl ShardRead {
    /// The records in the service model's shape, sharing the memory they were read into; `None` if
    /// one has a form that this build does not know.
    pub(crate) fn shapes(&self, shard: &Shard) -> Option<Vec<types::Record>> {
        let mut shapes = Vec::new();
        for run in &self.slice.runs {
            let count = self.next.0.saturating_sub(run.first.0) as usize;
            for ((_, bytes), offset) in RecordIter::new(&run.bytes).zip(run.first.0..).take(count) {
                let stored = StoredRecord::decode(bytes)?;
                let number = shard.sequence_number(Offset(offset), run.arrival);
                shapes.push(types::Record {
                    sequence_number: number.to_string(),
                    approximate_arrival_timestamp: Some(views::timestamp(run.arrival)),
                    data: run.bytes.slice_ref(stored.data),
                    partition_key: Some(stored.partition_key.to_owned()),
                    encryption_type: None,
                });
            }
        }
        Some(shapes)
    }

    fn over(end: Offset) -> Self {
        let slice = Slice {
            runs: Vec::new(),
            next: end,
            end,
        };
        Self {
            slice,
            next: end,
            is_over: true,
            is_full: false,
            behind: Duration::ZERO,
        }
    }
}

impl Engine {
    /// Reads on from an offset; at least one record if there is one.
    pub(crate) async fn read(
        &self,
        stream: &Stream,
        shard: &Shard,
        from: Offset,
        limit: ReadLimit,
    ) -> Result<ShardRead, ReadError> {
        if let Some(end) = shard.end()
            && from >= end
        {
            return Ok(ShardRead::over(end));
        }
        let log = stream.log(shard);
        let runtime = self.runtimes.stream(stream.id).shard(shard.index);
        let from = from.max(runtime.horizon());
        let mut slice = self.store.read(log, from, limit).await?;
        let cutoff = self.cutoff(stream);
        if slice.runs.first().is_some_and(|run| run.arrival < cutoff) {
            let horizon = self.horizon(stream, shard).await?;
            slice = self.store.read(log, horizon, limit).await?;
        }
        let is_control = |record: &Record<'_>| record.kind == Kind::Control;
        let close = slice.records().find(is_control).map(|record| record.offset);
        let end = shard.end().or(close).unwrap_or(slice.end);
        let next = slice.next.min(end);
        let behind = self.behind(log, next, end).await?;
        let count = slice
            .runs
            .iter()
            .map(|run| u64::from(run.count))
            .sum::<u64>();
        let is_full = next < end && count < u64::from(limit.records);
        Ok(ShardRead {
            slice,
            next,
            is_over: false,
            is_full,
            behind,
        })
    }

    /// How long ago the record at `next` arrived, if there is one before `end`.
    async fn behind(
        &self,
        log: log::LogId,
        next: Offset,
        end: Offset,
    ) -> Result<Duration, ReadError> {
        if next >= end {
            return Ok(Duration::ZERO);
        }
        let one = self
            .store
            .read(
                log,
                next,
                ReadLimit {
                    records: 1,
                    bytes: 0,
                },
            )
            .await?;
        let arrival = one.records().next().map(|record| record.arrival);
        let now = self.env.clock.now();
        Ok(arrival.map_or(Duration::ZERO, |arrival| now.since(arrival)))
    }
}
