//! Blocks of records, encoded once for all subscribers: bounded in total, the newest cached.
//!
//! A block's memory is leased before it is read, and returned when its last piece has been written
//! to its last client. Without memory, a block is small: it is copied into its event and needs no
//! lease. Only a record that is too large for a small block makes its subscriber wait. No
//! subscriber is refused.

use super::Fanout;
use super::event::RecordEncoder;
use super::room::{Lease, Owner, Room, Standing, Ticket};
use crate::catalog::{Shard, Stream};
use crate::facts::ReadFailure;
use crate::fifo_cache::FifoCache;
use millstream_env::{Monotonic, Timestamp};
use millstream_model::SequenceNumber;
use millstream_protocol::event_stream::{COPIED_BYTES_MAX, EncodedRecords};
use millstream_store::{Bounds, LogId, Offset, ReadLimit};
use parking_lot::Mutex;
use std::sync::Arc;

/// Maximum stored bytes of one event's records, except that the first is always included.
const EVENT_BYTES_MAX: u64 = 512 * 1024;
/// Maximum number of records per event.
const EVENT_RECORDS_MAX: u32 = 1000;
/// Maximum memory of such an event's block: base64 adds a third to data, and each record has about
/// a hundred bytes around it.
const EVENT_ROOM_KIB: u32 = 1024;
/// Maximum stored bytes of an event's records when memory is short, except that the first is always
/// included. Encoded they are copied, unless they are many and tiny.
const SMALL_EVENT_BYTES: u64 = 16 * 1024;
/// Maximum number of records of such an event.
const SMALL_EVENT_RECORDS: u32 = 32;
/// Size of the cache for subscribers that reach the same offset a moment later.
const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where a block begins, and its protocol.
type Key = (LogId, Offset, &'static str);

/// Encoded records of a shard.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) records: EncodedRecords,
    /// Number of records.
    pub(super) count: u64,
    /// Size of their data and partition keys, as limits count it.
    pub(super) payload_bytes: u64,
    /// The number of the last one.
    pub(super) last: SequenceNumber,
    /// Where to continue.
    pub(super) next: Offset,
    first_arrival: Timestamp,
    /// The data keys with which some of the records were opened.
    data_keys: Vec<u32>,
}

impl Block {
    /// Whether its event shares it, and so holds its lease until the client has taken it.
    pub(super) fn holds_room(&self) -> bool {
        self.records.byte_count() > COPIED_BYTES_MAX
    }
}

/// What comes next in a shard.
pub(super) enum Found {
    /// Records.
    Block(Arc<Block>),
    /// None yet; continue at this offset.
    Nothing(Offset),
    /// The shard is closed, and was completely read.
    Over,
    /// Unknown yet: too many reads wait for the disk.
    Busy,
    /// Records, but no memory for them: this many KiB are needed.
    NoRoom(u32),
}

/// A subscriber asking for a block.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) owner: Owner,
    pub(super) standing: Standing,
    /// The lease that it has waited for.
    pub(super) lease: Option<Lease>,
}

/// An engine's blocks.
#[derive(Debug)]
pub(super) struct Blocks {
    room: Arc<Room>,
    kept: Mutex<FifoCache<Key, Arc<Block>>>,
}

impl Default for Blocks {
    fn default() -> Self {
        Self {
            room: Room::new(),
            kept: Mutex::new(FifoCache::new(KEPT_BYTES_MAX)),
        }
    }
}

impl Blocks {
    /// Whether stalled clients of a stream hold memory that others are short of.
    pub(super) fn are_wanted_of(&self, stream: u64, now: Monotonic) -> bool {
        self.room.is_wanted_of(stream, now)
    }

    /// Starts waiting for this much memory.
    pub(super) fn wait(&self, owner: &Owner, standing: Standing, kib: u32) -> Ticket {
        self.room.wait(owner, standing, kib)
    }

    fn get(&self, key: &Key) -> Option<Arc<Block>> {
        self.kept.lock().get(key)
    }

    /// Evicts cached blocks to make room; returns whether there were any.
    fn let_go(&self) -> bool {
        let kept = self.kept.lock().take();
        !kept.is_empty()
    }

    /// Leases memory for a block of unknown size.
    fn lease_before(&self, asker: &mut Asker) -> Option<Lease> {
        let waited = asker.lease.take();
        let lease = || (self.room).try_lease(&asker.owner, asker.standing, EVENT_ROOM_KIB);
        waited
            .or_else(lease)
            .or_else(|| self.let_go().then(lease).flatten())
    }

    /// Adjusts a lease to the size of a block.
    fn lease_for(&self, kib: u32, lease: Option<Lease>, asker: &Asker) -> Option<Lease> {
        let Asker {
            owner, standing, ..
        } = asker;
        let Some(mut lease) = lease else {
            return self.room.try_lease(owner, *standing, kib);
        };
        let fits = lease.resize(*standing, kib) || self.let_go() && lease.resize(*standing, kib);
        fits.then_some(lease)
    }

    /// Gives a block its lease, and caches it. A block that is copied anyway needs none.
    fn keep(
        &self,
        key: Key,
        block: Block,
        lease: Option<Lease>,
        asker: &Asker,
    ) -> Result<Arc<Block>, u32> {
        let bytes = block.records.byte_count();
        let kib = room_for(bytes);
        let Some(lease) = self.lease_for(kib, lease, asker) else {
            return if bytes <= COPIED_BYTES_MAX {
                Ok(Arc::new(block))
            } else {
                Err(kib)
            };
        };
        let records = block.records.held_with(lease);
        let block = Arc::new(Block { records, ..block });
        self.kept.lock().push(key, Arc::clone(&block), bytes);
        Ok(block)
    }
}

fn room_for(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

/// The size of an event, by the memory available for it.
fn limit_for(lease: Option<&Lease>) -> ReadLimit {
    if lease.is_some_and(|lease| lease.kib() >= EVENT_ROOM_KIB) {
        ReadLimit {
            records: EVENT_RECORDS_MAX,
            bytes: EVENT_BYTES_MAX,
        }
    } else {
        ReadLimit {
            records: SMALL_EVENT_RECORDS,
            bytes: SMALL_EVENT_BYTES,
        }
    }
}

impl Fanout {
    /// What a subscriber at an offset is pushed next.
    pub(super) async fn next_block(
        &self,
        stream: &Stream,
        shard: &Shard,
        from: Offset,
        encoder: &dyn RecordEncoder,
        mut asker: Asker,
    ) -> Result<Found, ReadFailure> {
        let key = (stream.log(shard), from, encoder.protocol().content_type());
        if let Some(block) = self
            .blocks
            .get(&key)
            .filter(|block| self.is_readable(stream, shard, from, block))
        {
            let encryption = self.reads.encryption();
            encryption.check(stream, &block.data_keys).await?;
            return Ok(Found::Block(block));
        }
        let lease = self.blocks.lease_before(&mut asker);
        let limit = limit_for(lease.as_ref());
        let mut read = match self.reads.shards().read(stream, shard, from, limit).await {
            Ok(read) => read,
            Err(ReadFailure::Busy) => return Ok(Found::Busy),
            Err(
                failure @ (ReadFailure::Store(_)
                | ReadFailure::UnknownForm(_)
                | ReadFailure::DataKey(_)),
            ) => return Err(failure),
        };
        if read.is_over {
            return Ok(Found::Over);
        }
        let mut records = match self.reads.shards().open(stream, shard, &mut read).await {
            Ok(records) => records,
            Err(ReadFailure::Busy) => return Ok(Found::Busy),
            Err(
                failure @ (ReadFailure::Store(_)
                | ReadFailure::UnknownForm(_)
                | ReadFailure::DataKey(_)),
            ) => return Err(failure),
        };
        let Some((first_arrival, last_arrival)) = records.arrivals() else {
            return Ok(Found::Nothing(read.next));
        };
        let (count, payload_bytes) = (records.count as u64, records.payload_bytes as u64);
        let data_keys = std::mem::take(&mut records.data_keys);
        let block = Block {
            records: encoder.encode(records)?,
            count,
            payload_bytes,
            last: shard.sequence_number(Offset(read.next.0 - 1), last_arrival),
            next: read.next,
            first_arrival,
            data_keys,
        };
        // Local knowledge is enough for an estimate of who could use more memory.
        let goes_on = |bounds: Bounds| block.next < bounds.end;
        let is_small = limit.bytes < EVENT_BYTES_MAX;
        if is_small
            && self
                .store
                .known_bounds(stream.log(shard))
                .is_ok_and(goes_on)
        {
            let now = self.clock.monotonic();
            self.blocks.room.note_refused(&asker.owner, now);
        }
        Ok(match self.blocks.keep(key, block, lease, &asker) {
            Ok(block) => Found::Block(block),
            Err(kib) => Found::NoRoom(kib),
        })
    }

    /// Whether all of a cached block is still within retention.
    fn is_readable(&self, stream: &Stream, shard: &Shard, from: Offset, block: &Block) -> bool {
        let is_shown = block.first_arrival >= self.reads.horizons().cutoff(stream);
        is_shown && from >= self.reads.horizons().known(stream, shard)
    }
}

#[cfg(test)]
mod tests;
