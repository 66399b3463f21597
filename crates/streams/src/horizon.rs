//! Horizons: what retention hides of shards. It only moves forward.
//!
//! Reads hide what is too old at the moment they are made; how that is made durable is in
//! [`crate::retention`].

use crate::admission::Waits;
use crate::catalog::{Shard, Stream};
use crate::facts::ReadFailure;
use crate::log_reader::{LogReader, OwnedLog};
use crate::runtime::Runtimes;
use millstream_env::{Clock, Timestamp};
use millstream_store::Offset;
use std::sync::Arc;

/// What is hidden of each shard, as far as this node has looked.
pub(crate) struct Horizons {
    clock: Arc<dyn Clock>,
    runtimes: Arc<Runtimes>,
    logs: Arc<LogReader>,
}

impl Horizons {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        runtimes: Arc<Runtimes>,
        logs: Arc<LogReader>,
    ) -> Self {
        Self {
            clock,
            runtimes,
            logs,
        }
    }

    /// The moment such that records that arrived before it are out of retention.
    pub(crate) fn cutoff(&self, stream: &Stream) -> Timestamp {
        self.clock.now().minus(stream.retention())
    }

    /// The first offset of a shard that was not hidden when it was looked for last.
    pub(crate) fn known(&self, stream: &Stream, shard: &Shard) -> Offset {
        let runtime = self.runtimes.stream(stream.id).shard(shard.index);
        runtime.horizon()
    }

    /// The first offset of a shard that is within retention now; it never goes back.
    pub(crate) async fn advance(
        &self,
        stream: &Stream,
        shard: &Shard,
        waits: Waits,
    ) -> Result<Offset, ReadFailure> {
        let runtime = self.runtimes.stream(stream.id).shard(shard.index);
        let log = OwnedLog::of(stream, shard);
        let by_time = self.logs.offset_at(log, self.cutoff(stream), waits).await?;
        // A closed shard's log may hold records that came too late to belong to it.
        runtime.hide_before(shard.end().map_or(by_time, |end| by_time.min(end)));
        Ok(runtime.horizon())
    }
}
