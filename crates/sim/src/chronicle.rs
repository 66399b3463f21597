//! What clients saw of one stream, from its creation to its end.

use fastrand::Rng;
use millstream_judge::{Event, History, ListedShard, Outcome, Put};
use millstream_judge::{SequenceNumber, ShardId};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The memory of one stream.
#[derive(Default)]
pub(super) struct Chronicle {
    pub(super) name: String,
    events: Mutex<Vec<Event>>,
    places: Mutex<Vec<(ShardId, SequenceNumber)>>,
    shards: Mutex<Vec<ListedShard>>,
    numbers: AtomicU64,
}

impl Chronicle {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    /// A number that this history has not used yet.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn record(&self, event: Event) {
        self.events.lock().push(event);
    }

    pub(super) fn record_put(&self, put: Put) {
        if let Outcome::Acked {
            shard,
            sequence_number,
        } = put.outcome
        {
            self.places.lock().push((shard, sequence_number));
        }
        self.record(Event::Put(put));
    }

    /// A place that the server once gave out.
    pub(super) fn any_place(&self, rng: &mut Rng) -> Option<(ShardId, SequenceNumber)> {
        rng.choice(self.places.lock().iter()).copied()
    }

    pub(super) fn set_shards(&self, shards: Vec<ListedShard>) {
        *self.shards.lock() = shards;
    }

    pub(super) fn any_shard(&self, rng: &mut Rng) -> Option<ShardId> {
        let shards = self.shards.lock();
        rng.choice(shards.iter()).map(|shard| shard.shard)
    }

    pub(super) fn any_open_shard(&self, rng: &mut Rng) -> Option<ShardId> {
        let shards = self.shards.lock();
        let open = shards.iter().filter(|shard| shard.last.is_none());
        rng.choice(open.collect::<Vec<_>>())
            .map(|shard| shard.shard)
    }

    pub(super) fn history(&self) -> History {
        let events = self.events.lock().clone();
        History { events }
    }
}
