//! Rates of on-demand streams, from the counters of their runtimes. In memory: what is lost in a
//! restart only delays a scaling.

use super::judgement::Seen;
use super::rate::Rate;
use crate::catalog::Stream;
use crate::runtime::{Incomings, StreamRuntime};
use millstream_env::Monotonic;
use std::collections::BTreeMap;

/// What was seen of a stream.
#[derive(Debug)]
pub(super) struct WatchedStream {
    /// When its counters were read last.
    at: Monotonic,
    taken: Incomings,
    open: BTreeMap<u32, WatchedShard>,
    /// The highest rate since the catalog was told of one.
    highest: Rate,
}

#[derive(Clone, Copy, Debug)]
struct WatchedShard {
    demand: Incomings,
    /// When it was last not quiet, or seen first.
    busy_at: Monotonic,
}

impl WatchedStream {
    /// Begins to watch a stream whose counters have been counting since then.
    pub(super) fn counting_since(at: Monotonic) -> Self {
        Self {
            at,
            taken: Incomings::default(),
            open: BTreeMap::new(),
            highest: Rate::default(),
        }
    }

    /// Begins to watch a stream whose counters may have been counting for long.
    pub(super) fn from_now(stream: &Stream, runtime: &StreamRuntime, now: Monotonic) -> Self {
        let shard = |index: u32| WatchedShard {
            demand: runtime.demand(index),
            busy_at: now,
        };
        let open = stream.shards.open().map(|s| (s.index, shard(s.index)));
        Self {
            at: now,
            taken: runtime.taken(),
            open: open.collect(),
            highest: Rate::default(),
        }
    }

    /// The highest rate since the catalog was told of one.
    pub(super) fn highest(&self) -> Rate {
        self.highest
    }

    /// The catalog was told of the highest rate.
    pub(super) fn is_remembered(&mut self) {
        self.highest = Rate::default();
    }

    /// Looks at the counters again: the rates since the last look of the open shards, by rising
    /// keys; `None` if no time has passed.
    ///
    /// A shard that was not there at the last look has been counting since, so its rate is not
    /// above the true one.
    pub(super) fn look(
        &mut self,
        stream: &Stream,
        runtime: &StreamRuntime,
        now: Monotonic,
    ) -> Option<Vec<Seen>> {
        let elapsed = now.since(self.at);
        let total = runtime.taken();
        let taken = Rate::between(self.taken, total, elapsed)?;
        let mut seen = Vec::with_capacity(stream.shards.open().len());
        let mut open = BTreeMap::new();
        for shard in stream.shards.open() {
            let before = self.open.get(&shard.index);
            let counted = runtime.demand(shard.index);
            let counted_before = before.map_or_else(Incomings::default, |it| it.demand);
            let demand = Rate::between(counted_before, counted, elapsed)?;
            let busy_at = match before {
                Some(before) if demand.is_quiet() => before.busy_at,
                Some(_) | None => now,
            };
            let watched = WatchedShard {
                demand: counted,
                busy_at,
            };
            open.insert(shard.index, watched);
            seen.push(Seen {
                index: shard.index,
                range: shard.range,
                demand,
                quiet_for: now.since(busy_at),
            });
        }
        (self.at, self.taken, self.open) = (now, total, open);
        if taken.shards() > self.highest.shards() {
            self.highest = taken;
        }
        Some(seen)
    }
}
