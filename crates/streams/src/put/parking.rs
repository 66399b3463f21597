//! Parking: records that met a closed shard wait until the reshard that closed it is complete.
//!
//! So many bytes of all calls together, and for a bounded time. Nothing is put here.

use super::outcome::NotPut;
use super::record::RecordToPut;
use crate::catalog::{State, Status, Stream};
use crate::streams::Streams;
use millstream_env::Clock;
use millstream_model::HashKey;
use millstream_store::LogStore;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Maximum bytes of records waiting for reshards; further ones are refused.
const PARKED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a record waits for the reshard that closed its shard.
const PARKED_FOR_MAX: Duration = Duration::from_secs(2);

/// Where records wait for reshards.
pub(super) struct Parking {
    clock: Arc<dyn Clock>,
    store: Arc<dyn LogStore>,
    streams: Streams,
    bytes: Semaphore,
}

impl Parking {
    pub(super) fn new(clock: Arc<dyn Clock>, store: Arc<dyn LogStore>, streams: Streams) -> Self {
        Self {
            clock,
            store,
            streams,
            bytes: Semaphore::new(PARKED_BYTES_MAX),
        }
    }

    /// Waits until the stream's shards are others than those that refused records, which are given
    /// by their indexes; `None` if that takes too long, too much waits already, or the stream takes
    /// no more records.
    pub(super) async fn after_reshard(
        &self,
        stream: &Arc<Stream>,
        records: &[RecordToPut<'_>],
        waiting: &[usize],
    ) -> Option<Arc<Stream>> {
        let bytes: u64 = waiting.iter().map(|index| records[*index].bytes()).sum();
        let _parked: SemaphorePermit<'_> = self
            .bytes
            .try_acquire_many(u32::try_from(bytes).ok()?)
            .ok()?;
        let hashes: Vec<HashKey> = waiting.iter().map(|index| records[*index].hash).collect();
        let is_past = |state: &State| match state.stream_by_id(stream.id) {
            None => true,
            Some(now) => now.deletion.is_some() || self.routes_anew(stream, now, &hashes),
        };
        let changed = self.streams.wait_until(is_past);
        let too_long = self.clock.sleep(PARKED_FOR_MAX);
        tokio::select! {
            biased;
            () = changed => {}
            () = too_long => return None,
        }
        let now = self.streams.of_id(stream.id);
        now.filter(|stream| stream.deletion.is_none())
    }

    /// Why records whose shards were closed found no other. Sealed logs took none of them, and
    /// never will.
    pub(super) fn why_in_vain(&self, stream: &Stream) -> NotPut {
        match self.streams.of_id(stream.id) {
            Some(stream) if stream.status_at(self.clock.now()) != Status::Deleting => {
                NotPut::NoShard
            }
            Some(_) | None => NotPut::StreamGone,
        }
    }

    /// Whether each of the keys leads to an open log: another shard than before, or one whose log
    /// is there now. What is known is enough: a log that is sealed or gone by now refuses the next
    /// attempt.
    fn routes_anew(&self, before: &Stream, now: &Stream, hashes: &[HashKey]) -> bool {
        hashes.iter().all(|hash| {
            let shard = now.shards.route(*hash);
            shard.index != before.shards.route(*hash).index
                || self
                    .store
                    .known_bounds(now.log_of(shard.index))
                    .is_ok_and(|b| b.first_control.is_none())
        })
    }
}
