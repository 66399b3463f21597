//! Per-node memory beside the catalog: limits, counters, horizons.
//!
//! Nothing here is state of the service: all of it may be lost and starts anew. Created on first
//! use, dropped when the stream or shard is gone.

use crate::counters::{Cell, ShardCounters, StreamCounters};
use crate::fanout::seat::Seats;
use crate::limits::{Calls, Fill, ReadLimit, WriteLimit, WriteRoom};
use millstream_env::Monotonic;
use millstream_protocol::Rate;
use millstream_store::Offset;
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The runtimes of all streams.
#[derive(Debug, Default)]
pub struct Runtimes {
    streams: RwLock<BTreeMap<u64, Arc<StreamRuntime>>>,
}

/// The runtime of a stream.
#[derive(Debug, Default)]
pub struct StreamRuntime {
    /// CloudWatch counters.
    pub counters: StreamCounters,
    shards: RwLock<ShardMap>,
    /// Puts that are not yet in the shards' counters, by shard index: contiguous, since a call may
    /// put into hundreds. It grows with the total number of shards that the stream has had.
    /// `bench/run only shards-batch` measures it.
    incoming: Mutex<Vec<Incomings>>,
    /// Calls of operations that are limited for each stream.
    calls: Mutex<Calls>,
    /// Changes of which a stream allows so many in 24 hours.
    changes: Mutex<Calls>,
    /// Where the service distributes records: the place among the open shards whose turn it is.
    turn: Mutex<usize>,
}

/// Records that were put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Incomings {
    /// Number of records.
    pub records: u64,
    /// Size of keys and data.
    pub bytes: u64,
}

/// By shard index. Indexes are issued by us, so clients cannot choose colliding ones.
type ShardMap = FxHashMap<u32, Arc<ShardRuntime>>;

/// The runtime of a shard.
#[derive(Debug)]
pub struct ShardRuntime {
    /// Limit on puts.
    write_limit: Mutex<WriteLimit>,
    /// Limit on GetRecords.
    read_limit: Mutex<ReadLimit>,
    /// Seats of SubscribeToShard.
    pub seats: Seats,
    /// CloudWatch counters for enhanced monitoring.
    pub counters: ShardCounters,
    /// Calls of operations that are limited for each shard.
    calls: Mutex<Calls>,
    /// Size of the records that were throttled, which `counters` counts.
    refused_bytes: Cell,
    horizon: AtomicU64,
}

impl Runtimes {
    /// The runtime of the stream with this id.
    pub fn stream(&self, id: u64) -> Arc<StreamRuntime> {
        if let Some(stream) = self.streams.read().get(&id) {
            return stream.clone();
        }
        self.streams.write().entry(id).or_default().clone()
    }

    /// The runtime of the stream with this id, if it was ever used.
    pub fn known(&self, id: u64) -> Option<Arc<StreamRuntime>> {
        self.streams.read().get(&id).cloned()
    }

    /// Drops a deleted stream's runtime.
    pub fn remove(&self, id: u64) {
        self.streams.write().remove(&id);
    }
}

impl StreamRuntime {
    /// Counts records put into shards, by ascending index.
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

    /// Lets records be distributed to open shards, beginning with the one whose turn it is; what
    /// comes back is whose turn is next. One call at a time: what it takes of the shards' budgets
    /// is not taken by another call in between.
    pub fn take_turns<T>(&self, distribute: impl FnOnce(usize) -> (T, usize)) -> T {
        let mut turn = self.turn.lock();
        let (distributed, next) = distribute(*turn);
        *turn = next;
        distributed
    }

    /// The runtime of a shard, with pending counts added.
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

    /// What has been put into the stream.
    pub fn taken(&self) -> Incomings {
        Incomings {
            records: self.counters.incoming_records.get(),
            bytes: self.counters.incoming_bytes.get(),
        }
    }

    /// What producers wanted to put into a shard: what it took, and what was throttled.
    pub fn demand(&self, index: u32) -> Incomings {
        // Whoever puts where limits hold has made it known.
        let is_known = self.shards.read().contains_key(&index);
        if !is_known {
            return Incomings::default();
        }
        let shard = self.counted_shard(index);
        let counters = &shard.counters;
        Incomings {
            records: counters.incoming_records.get() + counters.write_throttled.get(),
            bytes: counters.incoming_bytes.get() + shard.refused_bytes.get(),
        }
    }

    /// The runtime of a shard.
    pub fn shard(&self, index: u32) -> Arc<ShardRuntime> {
        if let Some(shard) = self.shards.read().get(&index) {
            return shard.clone();
        }
        self.shards.write().entry(index).or_default().clone()
    }

    /// The runtimes of shards, in order.
    pub fn shards(&self, indexes: impl Iterator<Item = u32>) -> Vec<Arc<ShardRuntime>> {
        let known = self.shards.read();
        let found = indexes.map(|index| known.get(&index).cloned().ok_or(index));
        let found: Vec<Result<Arc<ShardRuntime>, u32>> = found.collect();
        drop(known);
        // Usually all are known, and the list is returned as it is.
        found
            .into_iter()
            .map(|shard| shard.unwrap_or_else(|index| self.shard(index)))
            .collect()
    }

    /// Counts a call of an operation, or nothing if its rate does not allow one.
    pub fn try_take_call(&self, operation: &'static str, rate: Rate, now: Monotonic) -> bool {
        self.calls.lock().try_take(operation, rate, now)
    }

    /// Counts a change by an operation, or nothing if its rate does not allow one.
    pub fn try_take_change(&self, operation: &'static str, rate: Rate, now: Monotonic) -> bool {
        self.changes.lock().try_take(operation, rate, now)
    }

    /// Drops an expired shard's runtime.
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
            calls: Mutex::default(),
            refused_bytes: Cell::default(),
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
    /// So many bytes may pass at once.
    pub fn take_writes<T>(
        &self,
        (now, burst_bytes): (Monotonic, u64),
        records: impl Iterator<Item = (T, u64)>,
        mut tell: impl FnMut(T, Taken),
    ) {
        let mut limit = self.write_limit.lock();
        limit.set_burst(burst_bytes);
        for (record, bytes) in records {
            let fits = limit.try_take(bytes, now);
            if !fits {
                self.refused_bytes.add(bytes);
            }
            tell(record, if fits { Taken::All } else { Taken::Nothing });
        }
    }

    /// Counts a call of an operation, or nothing if its rate does not allow one.
    pub fn try_take_call(&self, operation: &'static str, rate: Rate, now: Monotonic) -> bool {
        self.calls.lock().try_take(operation, rate, now)
    }

    /// What is left of the budget of puts, if so many bytes may pass at once.
    pub fn write_room(&self, (now, burst_bytes): (Monotonic, u64)) -> WriteRoom {
        let mut limit = self.write_limit.lock();
        limit.set_burst(burst_bytes);
        limit.room(now)
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

    /// Hides everything before an offset. Never brings anything back.
    pub fn hide_before(&self, offset: Offset) {
        self.horizon.fetch_max(offset.0, Ordering::AcqRel);
    }
}
