//! Records that wait, in the order in which they may be sent.
//!
//! Records whose order matters share a lane; only the first of a lane may be sent, and the next
//! once that has its outcome. Without an order each record is a lane of its own.

use super::outcome::Taken;
use super::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX, Order, RECORD_OVERHEAD_BYTES};
use millstream_env::Monotonic;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Lanes and their turns.
pub(super) struct Lanes {
    order: Order,
    /// Lanes by key, while any of their records waits or is on its way.
    lanes: BTreeMap<u64, VecDeque<Taken>>,
    /// Lanes whose first record may be sent now, in order.
    ready: VecDeque<u64>,
    /// Lanes whose first record waits for its next attempt.
    later: BTreeSet<(Monotonic, u64)>,
    /// The lane of each key.
    of_key: BTreeMap<String, u64>,
    next_lane: u64,
    /// Bytes of the ready records.
    ready_bytes: usize,
}

/// A record on its way, and its lane.
pub(super) struct Sent {
    pub(super) taken: Taken,
    pub(super) lane: u64,
}

impl Lanes {
    pub(super) fn new(order: Order) -> Self {
        Self {
            order,
            lanes: BTreeMap::new(),
            ready: VecDeque::new(),
            later: BTreeSet::new(),
            of_key: BTreeMap::new(),
            next_lane: 0,
            ready_bytes: 0,
        }
    }

    /// Adds a record at the end of its lane.
    pub(super) fn push(&mut self, taken: Taken) {
        let key = match (self.order, &taken.record.partition_key) {
            (Order::OfKeys, Some(key)) => Some(key),
            (Order::OfKeys, None) | (Order::Any, _) => None,
        };
        let lane = key.and_then(|key| self.of_key.get(key).copied());
        if let Some(waiting) = lane.and_then(|lane| self.lanes.get_mut(&lane)) {
            waiting.push_back(taken);
            return;
        }
        let lane = self.next_lane;
        self.next_lane += 1;
        if let Some(key) = key {
            self.of_key.insert(key.clone(), lane);
        }
        self.make_ready(lane, &taken);
        self.lanes.insert(lane, VecDeque::from([taken]));
    }

    /// Whether there is nothing that waits or is on its way.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Whether any record may be sent now.
    pub(super) fn is_any_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Whether the records that may be sent now fill a batch.
    pub(super) fn is_batch_full(&self) -> bool {
        self.ready.len() >= BATCH_RECORDS_MAX || self.ready_bytes >= BATCH_BYTES_MAX
    }

    /// When the next record that waits for its next attempt may be sent.
    pub(super) fn next_attempt(&self) -> Option<Monotonic> {
        self.later.first().map(|(at, _)| *at)
    }

    /// Makes records ready whose next attempt is due.
    pub(super) fn wake(&mut self, now: Monotonic) {
        while let Some((_, lane)) = { self.later.first().copied() }.filter(|(at, _)| *at <= now) {
            self.later.pop_first();
            if let Some(first) = self.lanes.get(&lane).and_then(VecDeque::front) {
                self.ready_bytes += bytes(first);
                self.ready.push_back(lane);
            }
        }
    }

    /// Takes a batch: the first records of ready lanes, at least one if there is any.
    pub(super) fn batch(&mut self) -> Vec<Sent> {
        let mut batch = Vec::new();
        let mut batch_bytes = 0;
        while let Some(&lane) = self.ready.front()
            && batch.len() < BATCH_RECORDS_MAX
        {
            let Some(waiting) = self.lanes.get_mut(&lane) else {
                self.ready.pop_front();
                continue;
            };
            let size = waiting.front().map_or(0, bytes);
            if !batch.is_empty() && batch_bytes + size > BATCH_BYTES_MAX {
                break;
            }
            self.ready.pop_front();
            self.ready_bytes -= size;
            batch_bytes += size;
            batch.extend(waiting.pop_front().map(|taken| Sent { taken, lane }));
        }
        batch
    }

    /// Puts a record back at the front of its lane, to be sent again at `at`.
    pub(super) fn again(&mut self, sent: Sent, at: Monotonic) {
        self.later.insert((at, sent.lane));
        let waiting = self.lanes.entry(sent.lane).or_default();
        waiting.push_front(sent.taken);
    }

    /// Takes the records of a lane that wait behind one on its way.
    pub(super) fn rest(&mut self, lane: u64) -> VecDeque<Taken> {
        self.lanes
            .get_mut(&lane)
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Lets the next record of a lane follow, now that the one before has its outcome.
    pub(super) fn done(&mut self, lane: u64, key: Option<&str>) {
        let next = self.lanes.get(&lane).and_then(VecDeque::front).map(bytes);
        if let Some(size) = next {
            self.ready_bytes += size;
            self.ready.push_back(lane);
            return;
        }
        self.lanes.remove(&lane);
        if let Some(key) = key.filter(|key| self.of_key.get(*key) == Some(&lane)) {
            self.of_key.remove(key);
        }
    }

    fn make_ready(&mut self, lane: u64, first: &Taken) {
        self.ready_bytes += bytes(first);
        self.ready.push_back(lane);
    }
}

fn bytes(taken: &Taken) -> usize {
    taken.record.bytes() + RECORD_OVERHEAD_BYTES
}
