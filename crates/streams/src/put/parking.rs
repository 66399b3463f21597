//! Parking: records that met a closed shard wait until the reshard that closed it is complete.
//!
//! So many bytes of all calls together, and for a bounded time. Nothing is put here.

use super::outcome::NotPut;
use super::record::RecordToPut;
use crate::catalog::{Distribution, Numbering, State, Status, Stream};
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
    /// by their indexes; or, where the service distributes records, until any shard takes some.
    /// `None` if that takes too long, too much waits already, or the stream takes no more records.
    pub(super) async fn after_reshard(
        &self,
        stream: &Arc<Stream>,
        (records, distribution): (&[RecordToPut<'_>], Distribution),
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
            Some(now) if now.deletion.is_some() => true,
            Some(now) => match distribution {
                Distribution::UserPartitionKey => self.routes_anew(stream, now, &hashes),
                Distribution::Auto => self.takes_somewhere(stream, now),
            },
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
            shard.index != before.shards.route(*hash).index || self.is_open(now, shard)
        })
    }

    /// Whether some shard takes records, by the same knowledge.
    fn takes_somewhere(&self, before: &Stream, now: &Stream) -> bool {
        let mut places = 0..now.shards.open().len();
        places.any(|place| self.takes_records(before, now, now.shards.open_at(place)))
    }

    /// Whether a shard is another than there were before, or one whose log is not sealed.
    pub(super) fn takes_records(&self, before: &Stream, now: &Stream, shard: &Numbering) -> bool {
        before.shards.get(shard.index).is_none() || self.is_open(now, shard)
    }

    /// Whether a shard's log is there, and not known to be sealed.
    fn is_open(&self, stream: &Stream, shard: &Numbering) -> bool {
        let bounds = self.store.known_bounds(stream.log_of(shard.index));
        bounds.is_ok_and(|bounds| bounds.first_control.is_none())
    }
}
