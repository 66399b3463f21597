//! What a node keeps in memory beside the catalog: limits, counters, horizons.
//!
//! Nothing here is state of the service: all of it may be lost and begins anew. Made on first use,
//! dropped when the stream or shard has gone.

use crate::counters::{ShardCounters, StreamCounters};
use crate::fanout::seat::Seats;
use crate::limits::{Fill, ReadLimit, WriteLimit};
use env::Monotonic;
use log::Offset;
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Of all streams.
#[derive(Debug, Default)]
pub struct Runtimes {
    streams: RwLock<BTreeMap<u64, Arc<StreamRuntime>>>,
}

/// Of one stream.
#[derive(Debug, Default)]
pub struct StreamRuntime {
    /// What CloudWatch would count.
    pub counters: StreamCounters,
    shards: RwLock<ShardMap>,
    /// What was put into shards and is not yet among their counters, by shard index: side by side,
    /// since a call may put into hundreds. It grows with the shards that the stream ever had.
    incoming: Mutex<Vec<Incomings>>,
}

/// Records that were put.
#[derive(Clone, Copy, Debug, Default)]
pub struct Incomings {
    /// How many.
    pub records: u64,
    /// Of keys and data.
    pub bytes: u64,
}

/// By shard index. Indexes are given out by us: nobody can choose them to collide.
type ShardMap = FxHashMap<u32, Arc<ShardRuntime>>;

/// Of one shard.
#[derive(Debug)]
pub struct ShardRuntime {
    /// Puts.
    write_limit: Mutex<WriteLimit>,
    /// GetRecords.
    read_limit: Mutex<ReadLimit>,
    /// SubscribeToShard.
    pub seats: Seats,
    /// What CloudWatch would count with enhanced monitoring.
    pub counters: ShardCounters,
    horizon: AtomicU64,
}

impl Runtimes {
    /// Of the stream of an id.
    pub fn stream(&self, id: u64) -> Arc<StreamRuntime> {
        if let Some(stream) = self.streams.read().get(&id) {
            return stream.clone();
        }
        self.streams.write().entry(id).or_default().clone()
    }

    /// Of the stream of an id, if anybody used it.
    pub fn known(&self, id: u64) -> Option<Arc<StreamRuntime>> {
        self.streams.read().get(&id).cloned()
    }

    /// The stream has gone.
    pub fn remove(&self, id: u64) {
        self.streams.write().remove(&id);
    }
}

impl StreamRuntime {
    /// Records were put into the shards of these indexes, the highest last.
    pub fn count_put(&self, put: &[(u32, Incomings)]) {
        let Some((highest, _)) = put.last() else {
            return;
        };
        let mut sum = Incomings::default();
        let mut incoming = self.incoming.lock();
        if incoming.len() <= *highest as usize {
            incoming.resize(*highest as usize + 1, Incomings::default());
        }
        for (index, of_shard) in put {
            incoming[*index as usize].add(*of_shard);
            sum.add(*of_shard);
        }
        drop(incoming);
        self.counters.incoming_bytes.add(sum.bytes);
        self.counters.incoming_records.add(sum.records);
    }

    /// Of the shard of an index, with all that was counted.
    pub fn counted_shard(&self, index: u32) -> Arc<ShardRuntime> {
        let shard = self.shard(index);
        let mut incoming = self.incoming.lock();
        let new = incoming.get_mut(index as usize).map(std::mem::take);
        let new = new.unwrap_or_default();
        shard.counters.incoming_bytes.add(new.bytes);
        shard.counters.incoming_records.add(new.records);
        drop(incoming);
        shard
    }

    /// Of the shard of an index.
    pub fn shard(&self, index: u32) -> Arc<ShardRuntime> {
        if let Some(shard) = self.shards.read().get(&index) {
            return shard.clone();
        }
        self.shards.write().entry(index).or_default().clone()
    }

    /// Of the shards of these indexes, in order.
    pub fn shards(&self, indexes: impl Iterator<Item = u32>) -> Vec<Arc<ShardRuntime>> {
        let known = self.shards.read();
        let found = indexes.map(|index| known.get(&index).cloned().ok_or(index));
        let found: Vec<Result<Arc<ShardRuntime>, u32>> = found.collect();
        drop(known);
        // As a rule all are known, and the list is taken over as it is.
        found
            .into_iter()
            .map(|shard| shard.unwrap_or_else(|index| self.shard(index)))
            .collect()
    }

    /// The shard has gone.
    pub fn remove_shard(&self, index: u32) {
        self.shards.write().remove(&index);
    }
}

impl Default for ShardRuntime {
    fn default() -> Self {
        Self {
            write_limit: Mutex::new(WriteLimit::new()),
            read_limit: Mutex::new(ReadLimit::new()),
            seats: Seats::default(),
            counters: ShardCounters::default(),
            horizon: AtomicU64::new(0),
        }
    }
}

impl Incomings {
    fn add(&mut self, more: Self) {
        self.records += more.records;
        self.bytes += more.bytes;
    }
}

/// What was taken of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// What was asked.
    All,
    /// Nothing: it does not suffice.
    Nothing,
}

impl ShardRuntime {
    /// Takes the budget of puts for records of so many bytes, one after another, and tells of each.
    pub fn take_writes<T>(
        &self,
        now: Monotonic,
        records: impl Iterator<Item = (T, u64)>,
        mut tell: impl FnMut(T, Taken),
    ) {
        let mut limit = self.write_limit.lock();
        for (record, bytes) in records {
            let fits = limit.try_take(bytes, now);
            tell(record, if fits { Taken::All } else { Taken::Nothing });
        }
    }

    /// Takes one call of GetRecords, or nothing if the budget is used up.
    pub fn try_take_read(&self, now: Monotonic) -> bool {
        self.read_limit.lock().try_take_call(now)
    }

    /// Takes what a call of GetRecords answered.
    pub fn take_read(&self, bytes: u64, fill: Fill, now: Monotonic) {
        self.read_limit.lock().take_answer(bytes, fill, now);
    }

    /// The first offset that retention has not hidden, as far as this node has looked.
    pub fn horizon(&self) -> Offset {
        Offset(self.horizon.load(Ordering::Acquire))
    }

    /// Hides all before an offset. Never brings anything back.
    pub fn hide_before(&self, offset: Offset) {
        self.horizon.fetch_max(offset.0, Ordering::AcqRel);
    }
}
