//! Blocks of records, encoded once for all who subscribe: bounded together, and the newest kept.
//!
//! A block's room is leased before it is read, and given back when the last piece of it has been
//! written to its last client. Where there is none, a block is small: such a one is copied into its
//! event and needs no room. Only for a record that is no small block by itself, its subscriber
//! waits. Nobody is refused.

use super::Fanout;
use super::event::RecordEncoder;
use super::room::{Lease, Owner, Room, Standing, Ticket};
use crate::catalog::{Shard, Stream};
use crate::facts::ReadFailure;
use crate::fifo_cache::FifoCache;
use env::{Monotonic, Timestamp};
use log::{Bounds, LogId, Offset, ReadLimit};
use model::SequenceNumber;
use parking_lot::Mutex;
use std::sync::Arc;
use wire::event_stream::{COPIED_BYTES_MAX, EncodedRecords};

/// Stored bytes of one event's records, except that the first always comes.
const EVENT_BYTES_MAX: u64 = 512 * 1024;
/// Records of one event.
const EVENT_RECORDS_MAX: u32 = 1000;
/// What such an event's block holds at most: base64 makes a third more of data, and each record has
/// some hundred bytes around it.
const EVENT_ROOM_KIB: u32 = 1024;
/// Stored bytes of an event's records where there is no room for more, except that the first always
/// comes. Encoded they are copied, unless they are many and tiny.
const SMALL_EVENT_BYTES: u64 = 16 * 1024;
/// Records of such an event.
const SMALL_EVENT_RECORDS: u32 = 32;
/// What is kept for subscribers that come to the same place a moment later.
const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Where a block begins, and how it is written.
type Key = (LogId, Offset, &'static str);

/// Encoded records of a shard.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) records: EncodedRecords,
    /// How many.
    pub(super) count: u64,
    /// Their data and partition keys, as limits count them.
    pub(super) payload_bytes: u64,
    /// The number of the last.
    pub(super) last: SequenceNumber,
    /// Where to go on.
    pub(super) next: Offset,
    first_arrival: Timestamp,
}

impl Block {
    /// Whether its event shares it, and so keeps its room until the client has taken it.
    pub(super) fn holds_room(&self) -> bool {
        self.records.byte_count() > COPIED_BYTES_MAX
    }
}

/// What comes next in a shard.
pub(super) enum Found {
    /// Records.
    Block(Arc<Block>),
    /// None yet; reading goes on here.
    Nothing(Offset),
    /// The shard is closed, and all of it was read.
    Over,
    /// Nobody knows yet: too many wait for the disk.
    Busy,
    /// Records, for which there is no room: so many KiB.
    NoRoom(u32),
}

/// Who wants a block.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) owner: Owner,
    pub(super) standing: Standing,
    /// What it has waited for.
    pub(super) lease: Option<Lease>,
}

/// The blocks of an engine.
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
    /// Whether clients of a stream that stall hold what others are short of.
    pub(super) fn are_wanted_of(&self, stream: u64, now: Monotonic) -> bool {
        self.room.is_wanted_of(stream, now)
    }

    /// Begins to wait for so much.
    pub(super) fn wait(&self, owner: &Owner, standing: Standing, kib: u32) -> Ticket {
        self.room.wait(owner, standing, kib)
    }

    fn get(&self, key: &Key) -> Option<Arc<Block>> {
        self.kept.lock().get(key)
    }

    /// What is only kept makes room for what is wanted; answers whether there was any.
    fn let_go(&self) -> bool {
        let kept = self.kept.lock().take();
        !kept.is_empty()
    }

    /// Room for a block that is not known yet.
    fn lease_before(&self, asker: &mut Asker) -> Option<Lease> {
        let waited = asker.lease.take();
        let lease = || (self.room).try_lease(&asker.owner, asker.standing, EVENT_ROOM_KIB);
        waited
            .or_else(lease)
            .or_else(|| self.let_go().then(lease).flatten())
    }

    /// Makes of what was leased what a block takes.
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

    /// Gives a block its room, and keeps it for others. One that is copied anyway can do without.
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

/// How much an event holds, by the room that there is for it.
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
            return Ok(Found::Block(block));
        }
        let lease = self.blocks.lease_before(&mut asker);
        let limit = limit_for(lease.as_ref());
        let mut read = match self.reads.shards().read(stream, shard, from, limit).await {
            Ok(read) => read,
            Err(ReadFailure::Busy) => return Ok(Found::Busy),
            Err(failure @ (ReadFailure::Store(_) | ReadFailure::UnknownForm(_))) => {
                return Err(failure);
            }
        };
        if read.is_over {
            return Ok(Found::Over);
        }
        let records = read.take_records(stream.log(shard), shard);
        let Some((first_arrival, last_arrival)) = records.arrivals() else {
            return Ok(Found::Nothing(read.next));
        };
        let (count, payload_bytes) = (records.count as u64, records.payload_bytes as u64);
        let block = Block {
            records: encoder.encode(records)?,
            count,
            payload_bytes,
            last: shard.sequence_number(Offset(read.next.0 - 1), last_arrival),
            next: read.next,
            first_arrival,
        };
        // What is known is enough for an estimate of who could use more room.
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

    /// Whether retention still shows all of a block that was encoded before.
    fn is_readable(&self, stream: &Stream, shard: &Shard, from: Offset, block: &Block) -> bool {
        let is_shown = block.first_arrival >= self.reads.horizons().cutoff(stream);
        is_shown && from >= self.reads.horizons().known(stream, shard)
    }
}

#[cfg(test)]
mod tests;
