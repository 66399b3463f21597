//! Distribution by the service: each record goes to the open shard with the most of its write
//! budget left, whatever its key; among equals they take turns.
//!
//! A record is throttled only if no shard has room for it. The records of a call are distributed
//! without another call of the same stream in between, and nothing is awaited meanwhile.

use super::outcome::{PutError, PutResult};
use super::record::RecordToPut;
use super::routing::Routed;
use super::throttle::throttled;
use crate::catalog::{Numbering, Stream};
use crate::limits::{WriteNeed, WriteRoom, burst_bytes};
use crate::runtime::{Runtimes, ShardRuntime, StreamRuntime, Taken};
use crate::settings::Limits;
use millstream_env::{Clock, Monotonic};
use std::iter::once;
use std::sync::Arc;

/// Shards that a call compares, unless none of them has room: as many as it may have records.
const COMPARED_MAX: usize = 512;

/// Distributes records to open shards, and takes budgets where limits hold.
pub(super) struct Spread {
    clock: Arc<dyn Clock>,
    runtimes: Arc<Runtimes>,
    limits: Limits,
}

impl Spread {
    pub(super) fn new(clock: Arc<dyn Clock>, runtimes: Arc<Runtimes>, limits: Limits) -> Self {
        Self {
            clock,
            runtimes,
            limits,
        }
    }

    /// Finds a shard for one record, and takes its budget.
    pub(super) fn place_one<'s>(
        &self,
        stream: &'s Stream,
        record: &RecordToPut<'_>,
    ) -> Result<&'s Numbering, PutError> {
        let mut placed = Err(PutError::NOT_YET);
        self.place_each(stream, once(record.bytes()), |_, shard| placed = shard);
        placed
    }

    /// Finds a shard for each record, and takes their budgets; leaves out records for which no
    /// shard has room.
    pub(super) fn place(
        &self,
        stream: &Stream,
        records: &[RecordToPut<'_>],
        results: &mut [PutResult],
    ) -> Routed {
        let mut placed = Vec::with_capacity(records.len());
        let bytes = records.iter().map(RecordToPut::bytes);
        self.place_each(stream, bytes, |index, shard| match shard {
            Ok(shard) => placed.push((shard, index)),
            Err(error) => results[index] = Err(error),
        });
        Routed::of(placed)
    }

    /// Finds a shard for each of these records, whose budgets have been taken, among those that are
    /// known to take records: among all if none is.
    pub(super) fn place_again(
        &self,
        stream: &Stream,
        indexes: &[usize],
        takes_records: impl Fn(&Numbering) -> bool,
    ) -> Routed {
        let count = stream.shards.open().len();
        let open = || (0..count).map(|place| stream.shards.open_at(place));
        let mut taking: Vec<&Numbering> = open().filter(|shard| takes_records(shard)).collect();
        if taking.is_empty() {
            taking = open().collect();
        }
        let runtime = self.runtimes.stream(stream.id);
        Routed::of(runtime.take_turns(|turn| {
            let places = (turn..).map(|place| taking[place % taking.len()]);
            let placed: Vec<_> = places.zip(indexes.iter().copied()).collect();
            (placed, (turn + indexes.len()) % count)
        }))
    }

    fn place_each<'s>(
        &self,
        stream: &'s Stream,
        records: impl Iterator<Item = u64>,
        mut tell: impl FnMut(usize, Result<&'s Numbering, PutError>),
    ) {
        let runtime = self.runtimes.stream(stream.id);
        runtime.take_turns(|turn| match self.limits {
            Limits::Off => {
                let mut next = turn;
                for (index, _) in records.enumerate() {
                    tell(index, Ok(stream.shards.open_at(next)));
                    next = (next + 1) % stream.shards.open().len();
                }
                ((), next)
            }
            Limits::Aws => {
                let at = (self.clock.monotonic(), burst_bytes(stream.record_kib_max));
                let mut compared = Compared::new(stream, &runtime, at, turn);
                for (index, bytes) in records.enumerate() {
                    tell(index, compared.place(bytes));
                }
                ((), compared.turn())
            }
        });
    }
}

/// The open shards that were compared so far, in their turn.
struct Compared<'s, 'r> {
    stream: &'s Stream,
    runtime: &'r StreamRuntime,
    /// The moment, and how many bytes may pass at once.
    at: (Monotonic, u64),
    /// The place of the first of them among the open shards.
    begin: usize,
    shards: Vec<Candidate<'s>>,
    /// Whose turn it is, counted from the first.
    next: usize,
}

struct Candidate<'s> {
    shard: &'s Numbering,
    runtime: Arc<ShardRuntime>,
    room: WriteRoom,
}

/// The shard that is best for a record, and what it has left with it; below zero it does not fit.
#[derive(Clone, Copy)]
struct Best {
    place: usize,
    left: i64,
}

impl<'s, 'r> Compared<'s, 'r> {
    fn new(
        stream: &'s Stream,
        runtime: &'r StreamRuntime,
        at: (Monotonic, u64),
        begin: usize,
    ) -> Self {
        Self {
            stream,
            runtime,
            at,
            begin,
            shards: Vec::new(),
            next: 0,
        }
    }

    /// Whose turn it is, among the open shards.
    fn turn(&self) -> usize {
        (self.begin + self.next) % self.count()
    }

    fn count(&self) -> usize {
        self.stream.shards.open().len()
    }

    /// Takes the budget of the shard that has the most of it left; nothing if that is not enough.
    fn place(&mut self, bytes: u64) -> Result<&'s Numbering, PutError> {
        let need = WriteNeed::of(bytes);
        loop {
            let best = self.best(need);
            let chosen = &mut self.shards[best.place];
            if best.left < 0 {
                return Err(throttled(self.runtime, (chosen.shard, &chosen.runtime)));
            }
            let mut taken = Taken::Nothing;
            let record = once(((), bytes));
            chosen
                .runtime
                .take_writes(self.at, record, |(), it| taken = it);
            match taken {
                Taken::All => {
                    chosen.room.take(need);
                    let shard = chosen.shard;
                    self.next = (best.place + 1) % self.count();
                    return Ok(shard);
                }
                // A put by keys came in between, which began before the distribution changed.
                Taken::Nothing => chosen.room.clear(),
            }
        }
    }

    /// The shard with the most left once it takes a record; of equals, the one whose turn is next.
    fn best(&mut self, need: WriteNeed) -> Best {
        while self.shards.len() < self.count().min(COMPARED_MAX) {
            let another = self.look_at_another(need);
            // None of those that were looked at before is full any more.
            if self.shards[another.place].room.is_full() {
                return another;
            }
        }
        let mut best = self.best_so_far(need);
        while best.left < 0 && self.shards.len() < self.count() {
            best = better(best, self.look_at_another(need));
        }
        best
    }

    fn best_so_far(&self, need: WriteNeed) -> Best {
        let count = self.shards.len();
        let turns = (self.next.min(count)..count).chain(0..self.next.min(count));
        let candidates = turns.map(|place| Best {
            place,
            left: self.shards[place].room.after(need),
        });
        candidates
            .reduce(better)
            .expect("a stream has an open shard")
    }

    fn look_at_another(&mut self, need: WriteNeed) -> Best {
        let place = self.shards.len();
        let shard = self.stream.shards.open_at(self.begin + place);
        let runtime = self.runtime.shard(shard.index);
        let room = runtime.write_room(self.at);
        self.shards.push(Candidate {
            shard,
            runtime,
            room,
        });
        let left = room
            .after(need)
            .max(if room.is_full() { 0 } else { i64::MIN });
        Best { place, left }
    }
}

fn better(first: Best, next: Best) -> Best {
    if next.left > first.left { next } else { first }
}
