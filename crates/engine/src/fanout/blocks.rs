//! Blocks of records, encoded once for all who subscribe: bounded together, and the newest kept.
//!
//! A block's room is given back when the last piece of it has been written to its last client. When
//! there is no room, whoever wants a block waits; nobody is refused.

use crate::Engine;
use crate::catalog::{Shard, Stream};
use crate::kept::Kept;
use crate::texts;
use env::Timestamp;
use log::{LogId, Offset, ReadError, ReadLimit};
use model::SequenceNumber;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wire::Protocol;
use wire::event_stream::EncodedRecords;

/// Stored bytes of one event's records, except that the first always comes.
const EVENT_BYTES_MAX: u64 = 512 * 1024;
/// Records of one event.
const EVENT_RECORDS_MAX: u32 = 1000;
/// What all blocks may hold, those that are still being written to clients included.
const ROOM_KIB: u32 = 128 * 1024;
/// When less than this is left of the room, clients that take nothing are waited for less long.
const ROOM_TIGHT_KIB: usize = 32 * 1024;
/// Of that, what is kept for subscribers that come to the same place a moment later.
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

/// What comes next in a shard.
pub(super) enum Found {
    /// Records.
    Block(Arc<Block>),
    /// None yet; reading goes on here.
    Nothing(Offset),
    /// The shard is closed, and all of it was read.
    Over,
    /// Records, for which there is no room: so many KiB.
    NoRoom(u32),
}

/// Room that was waited for: whoever gets it uses it at once, or lets it go. Without it those that wait
/// would take it from each other, and encode a block each time.
#[derive(Debug)]
pub(super) struct Room(OwnedSemaphorePermit);

/// The blocks of an engine.
#[derive(Debug)]
pub(crate) struct Blocks {
    room: Arc<Semaphore>,
    kept: Mutex<Kept<Key, Arc<Block>>>,
}

impl Default for Blocks {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(ROOM_KIB as usize)),
            kept: Mutex::new(Kept::new(KEPT_BYTES_MAX)),
        }
    }
}

impl Blocks {
    /// Whether there is little room left.
    pub(crate) fn are_tight(&self) -> bool {
        self.room.available_permits() < ROOM_TIGHT_KIB
    }

    /// Resolves once there is so much room, in the order of asking.
    pub(super) async fn room(&self, kib: u32) -> Room {
        let room = Arc::clone(&self.room).acquire_many_owned(kib).await;
        Room(room.expect("nobody closes the semaphore"))
    }

    fn get(&self, key: &Key) -> Option<Arc<Block>> {
        self.kept.lock().get(key)
    }

    /// Gives a block its room, and keeps it for others.
    fn keep(&self, key: Key, block: Block, room: Option<Room>) -> Result<Arc<Block>, u32> {
        let kib = room_for(block.records.byte_count());
        let own = room.and_then(|mut room| room.0.split(kib as usize));
        let take = || Arc::clone(&self.room).try_acquire_many_owned(kib).ok();
        let permit = own.or_else(take).or_else(|| {
            // What is only kept makes room for what is wanted.
            drop(self.kept.lock().take());
            take()
        });
        let records = block.records.held_with(permit.ok_or(kib)?);
        let block = Arc::new(Block { records, ..block });
        let bytes = block.records.byte_count();
        self.kept.lock().push(key, Arc::clone(&block), bytes);
        Ok(block)
    }
}

fn room_for(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).map_or(ROOM_KIB, |kib| kib.min(ROOM_KIB))
}

impl Engine {
    /// What a subscriber at an offset is pushed next.
    pub(super) async fn next_block(
        &self,
        stream: &Stream,
        shard: &Shard,
        from: Offset,
        protocol: Protocol,
        room: Option<Room>,
    ) -> Result<Found, Failed> {
        let key = (stream.log(shard), from, protocol.content_type());
        if let Some(block) = self
            .blocks
            .get(&key)
            .filter(|block| self.is_readable(stream, shard, from, block))
        {
            return Ok(Found::Block(block));
        }
        let limit = ReadLimit {
            records: EVENT_RECORDS_MAX,
            bytes: EVENT_BYTES_MAX,
        };
        let mut read = self.read(stream, shard, from, limit).await?;
        if read.is_over {
            return Ok(Found::Over);
        }
        let records = read.take_records(shard, None).ok_or(Failed::UnknownForm)?;
        let Some((first_arrival, last_arrival)) = records.arrivals() else {
            return Ok(Found::Nothing(read.next));
        };
        let (count, payload_bytes) = (records.count as u64, records.payload_bytes() as u64);
        let encoded = records.encode(protocol, &self.piece_buffers);
        let block = Block {
            records: EncodedRecords::from_encoded(protocol, encoded),
            count,
            payload_bytes,
            last: shard.sequence_number(Offset(read.next.0 - 1), last_arrival),
            next: read.next,
            first_arrival,
        };
        Ok(match self.blocks.keep(key, block, room) {
            Ok(block) => Found::Block(block),
            Err(kib) => Found::NoRoom(kib),
        })
    }

    /// Whether retention still shows all of a block that was encoded before.
    fn is_readable(&self, stream: &Stream, shard: &Shard, from: Offset, block: &Block) -> bool {
        let horizon = self.runtimes.stream(stream.id).shard(shard.index).horizon();
        block.first_arrival >= self.cutoff(stream) && from >= horizon
    }
}

/// Why nothing more can be pushed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// The store cannot read it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record's form is newer than this build.
    #[error("a record has an unknown form")]
    UnknownForm,
}

impl Failed {
    /// What the caller may know of it; the cause goes to the log.
    pub(super) fn as_error(&self) -> wire::Error {
        tracing::error!(error = %self, "a subscribed shard cannot be read");
        texts::internal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(kib: usize) -> Block {
        let bytes = vec![b'x'; kib * 1024].into();
        Block {
            records: EncodedRecords::from_encoded(Protocol::Json, bytes),
            count: 1,
            payload_bytes: 0,
            last: SequenceNumber {
                created_s: 1,
                counter: 1,
                arrival_s: 1,
                shard_index: 0,
            },
            next: Offset(1),
            first_arrival: Timestamp(0),
        }
    }

    fn key(offset: u64) -> Key {
        let log = LogId { group: 1, index: 0 };
        (log, Offset(offset), "json")
    }

    #[test]
    fn blocks_when_many_then_the_newest_are_kept_and_the_rest_gives_its_room_back() {
        let blocks = Blocks::default();
        for offset in 0..20 {
            drop(blocks.keep(key(offset), block(1024), None));
        }
        assert!(blocks.get(&key(3)).is_none());
        assert!(blocks.get(&key(4)).is_some());
        let taken = ROOM_KIB as usize - blocks.room.available_permits();
        assert_eq!(taken, KEPT_BYTES_MAX / 1024);
        drop(blocks.keep(key(19), block(1024), None));
        assert!(
            blocks.get(&key(4)).is_some(),
            "one in another's place is no more"
        );
    }

    #[test]
    fn blocks_when_clients_hold_all_the_room_then_have_to_wait() {
        let blocks = Blocks::default();
        let held: Vec<_> = (0..12)
            .map(|offset| blocks.keep(key(offset), block(10 * 1024), None).unwrap())
            .collect();
        assert!(blocks.are_tight());
        assert_eq!(
            blocks.keep(key(12), block(10 * 1024), None).unwrap_err(),
            10 * 1024
        );
        drop(held);
        assert!(blocks.keep(key(12), block(10 * 1024), None).is_ok());
        assert!(!blocks.are_tight());
    }

    /// Asks for its block until there is room; answers how often it had to.
    async fn insist(blocks: &Blocks, offset: u64) -> usize {
        let mut room = None;
        for attempt in 1..100 {
            match blocks.keep(key(offset), block(10 * 1024), room.take()) {
                Ok(_) => {
                    // Its client has taken it, and nobody comes to the same place.
                    drop(blocks.kept.lock().take());
                    return attempt;
                }
                Err(kib) => room = Some(blocks.room(kib).await),
            }
        }
        panic!("they wake each other for ever");
    }

    #[tokio::test]
    async fn waiters_when_there_is_room_for_one_then_do_not_take_it_from_each_other() {
        let blocks = Blocks::default();
        let mut held: Vec<_> = (0..12)
            .map(|offset| blocks.keep(key(offset), block(10 * 1024), None).unwrap())
            .collect();
        let freed = async { drop(held.pop()) };
        let waiting = async { tokio::join!(insist(&blocks, 12), insist(&blocks, 13), freed) };
        let (first, second, ()) = waiting.await;
        assert_eq!((first, second), (2, 2));
    }
}
