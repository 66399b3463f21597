//! The budgets of shards: a record for which they do not suffice is throttled.

use super::outcome::{PutError, PutResult};
use super::record::RecordToPut;
use super::routing::Routed;
use crate::catalog::{Numbering, Stream};
use crate::limits::burst_bytes;
use crate::runtime::{Runtimes, ShardRuntime, StreamRuntime, Taken};
use crate::settings::Limits;
use millstream_env::{Clock, Monotonic};
use std::iter::once;
use std::sync::Arc;

/// Takes the budgets of shards, where limits hold.
pub(super) struct Throttle {
    clock: Arc<dyn Clock>,
    runtimes: Arc<Runtimes>,
    limits: Limits,
}

impl Throttle {
    pub(super) fn new(clock: Arc<dyn Clock>, runtimes: Arc<Runtimes>, limits: Limits) -> Self {
        Self {
            clock,
            runtimes,
            limits,
        }
    }

    /// Takes a shard's budget for one record.
    pub(super) fn take(
        &self,
        record_kib_max: u32,
        stream: &StreamRuntime,
        shard: &Numbering,
        record: &RecordToPut<'_>,
    ) -> Result<(), PutError> {
        if self.limits == Limits::Off {
            return Ok(());
        }
        let mut result = Ok(());
        let runtime = stream.shard(shard.index);
        let at = (self.clock.monotonic(), burst_bytes(record_kib_max));
        let records = once(((), record.bytes()));
        take_each(stream, (shard, &runtime), at, records, |(), taken| {
            result = taken;
        });
        result
    }

    /// Takes the shards' budgets, and leaves out records that exceed them.
    pub(super) fn take_all(
        &self,
        stream: &Stream,
        records: &[RecordToPut<'_>],
        routed: &mut Routed,
        results: &mut [PutResult],
    ) {
        if self.limits == Limits::Off {
            return;
        }
        let burst_bytes = burst_bytes(stream.record_kib_max);
        let stream = self.runtimes.stream(stream.id);
        let runtimes = stream.shards(routed.shards().iter().map(|of| of.shard.index));
        let mut runtimes = runtimes.iter();
        let at = (self.clock.monotonic(), burst_bytes);
        routed.retain(|shard, indexes, kept| {
            let runtime = runtimes.next().expect("each shard has one");
            let bytes = indexes
                .iter()
                .map(|index| (*index, records[*index].bytes()));
            take_each(
                &stream,
                (shard, runtime),
                at,
                bytes,
                |index, taken| match taken {
                    Ok(()) => kept.push(index),
                    Err(error) => results[index] = Err(error),
                },
            );
        });
    }
}

/// Takes a shard's budget for records of so many bytes, one after another; counts those for which
/// it does not suffice.
fn take_each<T>(
    stream: &StreamRuntime,
    (shard, runtime): (&Numbering, &ShardRuntime),
    at: (Monotonic, u64),
    records: impl Iterator<Item = (T, u64)>,
    mut tell: impl FnMut(T, Result<(), PutError>),
) {
    runtime.take_writes(at, records, |record, taken| {
        let result = match taken {
            Taken::All => Ok(()),
            Taken::Nothing => Err(throttled(stream, (shard, runtime))),
        };
        tell(record, result);
    });
}

/// Counts a record for which a shard's budget does not suffice.
pub(super) fn throttled(
    stream: &StreamRuntime,
    (shard, runtime): (&Numbering, &ShardRuntime),
) -> PutError {
    stream.counters.write_throttled.add(1);
    runtime.counters.write_throttled.add(1);
    PutError::Throttled(shard.id())
}
