//! Records that wait, in the order in which they may be sent.
//!
//! Records whose order matters share a lane; only the first of a lane may be sent, with those
//! behind it that share its aggregated record, and the next once these have their outcomes. Without
//! an order each record is a lane of its own.

use super::outcome::Taken;
use super::packing::{BATCH_BYTES_MAX, BATCH_RECORDS_MAX, Packer, Place, Sent, Unit};
use super::settings::{Aggregation, Order};
use millstream_env::Monotonic;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Lanes and their turns.
pub(super) struct Lanes {
    order: Order,
    aggregation: Option<Aggregation>,
    /// Lanes by number, while any of their records waits or is on its way.
    lanes: BTreeMap<u64, Lane>,
    /// Lanes whose first record may be sent now, in order.
    ready: VecDeque<u64>,
    /// Lanes whose first record waits for its next attempt.
    later: BTreeSet<(Monotonic, u64)>,
    /// The lane of each key.
    of_key: BTreeMap<String, u64>,
    next_lane: u64,
    /// Bytes of the first records of ready lanes.
    ready_bytes: usize,
    /// When the first of the ready lanes has waited long enough for others.
    due: Option<Monotonic>,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Taken>,
    /// Bytes of their data.
    bytes: usize,
    turn: Turn,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Turn {
    Ready,
    /// Its next attempt is later, or some of its records are on their way.
    #[default]
    NotYet,
}

impl Lanes {
    pub(super) fn new(order: Order, aggregation: Option<Aggregation>) -> Self {
        Self {
            order,
            aggregation,
            lanes: BTreeMap::new(),
            ready: VecDeque::new(),
            later: BTreeSet::new(),
            of_key: BTreeMap::new(),
            next_lane: 0,
            ready_bytes: 0,
            due: None,
        }
    }

    /// Adds a record at the end of its lane.
    pub(super) fn push(&mut self, taken: Taken) {
        let key = match (self.order, &taken.record.partition_key) {
            (Order::OfKeys, Some(key)) => Some(key),
            (Order::OfKeys, None) | (Order::Any, _) => None,
        };
        let id = key.and_then(|key| self.of_key.get(key).copied());
        if let Some(id) = id
            && let Some(lane) = self.lanes.get_mut(&id)
        {
            lane.push_back(taken);
            if lane.turn == Turn::Ready && lane.fills(self.order, self.aggregation) {
                self.due = Some(Monotonic::default());
            }
            return;
        }
        let id = self.next_lane;
        self.next_lane += 1;
        if let Some(key) = key {
            self.of_key.insert(key.clone(), id);
        }
        let mut lane = Lane::default();
        lane.push_back(taken);
        self.lanes.insert(id, lane);
        self.make_ready(id);
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
        let are_many = self.aggregation.is_none() && self.ready.len() >= BATCH_RECORDS_MAX;
        are_many || self.ready_bytes >= BATCH_BYTES_MAX
    }

    /// When a record that may be sent now has waited long enough for others; `None` if there is
    /// none.
    pub(super) fn due(&self) -> Option<Monotonic> {
        self.due
    }

    /// When the next record that waits for its next attempt may be sent.
    pub(super) fn next_attempt(&self) -> Option<Monotonic> {
        self.later.first().map(|(at, _)| *at)
    }

    /// Makes records ready whose next attempt is due.
    pub(super) fn wake(&mut self, now: Monotonic) {
        while let Some((_, id)) = { self.later.first().copied() }.filter(|(at, _)| *at <= now) {
            self.later.pop_first();
            self.make_ready(id);
        }
    }

    /// Takes a batch: the first records of ready lanes, at least one if there is any.
    pub(super) fn batch(&mut self, mut packer: Packer<'_>) -> Vec<Unit> {
        while let Some(&id) = self.ready.front() {
            if let Some(lane) = self.lanes.get_mut(&id)
                && let Some(cost) = lane.waiting.front().map(cost)
            {
                if lane.send(id, &mut packer) == 0 {
                    break;
                }
                lane.turn = Turn::NotYet;
                self.ready_bytes -= cost;
            }
            self.ready.pop_front();
        }
        if self.ready.is_empty() {
            self.due = None;
        }
        packer.finish()
    }

    /// Puts records back at the front of their lane, to be sent again at `at`.
    pub(super) fn again(&mut self, lane: u64, records: Vec<Taken>, at: Monotonic) {
        self.later.insert((at, lane));
        let lane = self.lanes.entry(lane).or_default();
        for taken in records.into_iter().rev() {
            lane.push_front(taken);
        }
    }

    /// Takes the records of a lane that wait behind some on their way.
    pub(super) fn rest(&mut self, lane: u64) -> VecDeque<Taken> {
        let lane = self.lanes.get_mut(&lane).map(std::mem::take);
        lane.map(|lane| lane.waiting).unwrap_or_default()
    }

    /// Lets the next record of a lane follow, now that those before have their outcomes.
    pub(super) fn done(&mut self, id: u64, key: Option<&str>) {
        let waits = |lane: &Lane| !lane.waiting.is_empty();
        if self.lanes.get(&id).is_some_and(waits) {
            return self.make_ready(id);
        }
        self.lanes.remove(&id);
        if let Some(key) = key.filter(|key| self.of_key.get(*key) == Some(&id)) {
            self.of_key.remove(key);
        }
    }

    fn make_ready(&mut self, id: u64) {
        let Some(lane) = self.lanes.get_mut(&id) else {
            return;
        };
        let Some(first) = lane.waiting.front() else {
            return;
        };
        self.ready_bytes += cost(first);
        let until = match lane.fills(self.order, self.aggregation) {
            true => Monotonic::default(),
            false => first.lingers_until,
        };
        self.due = Some(self.due.map_or(until, |due| due.min(until)));
        lane.turn = Turn::Ready;
        self.ready.push_back(id);
    }
}

impl Lane {
    fn push_back(&mut self, taken: Taken) {
        self.bytes += taken.record.data.len();
        self.waiting.push_back(taken);
    }

    fn push_front(&mut self, taken: Taken) {
        self.bytes += taken.record.data.len();
        self.waiting.push_front(taken);
    }

    /// Whether its records fill an aggregated one, so that nothing is won by waiting for others.
    fn fills(&self, order: Order, aggregation: Option<Aggregation>) -> bool {
        let is_full = |aggregation: Aggregation| self.bytes >= aggregation.bytes_max();
        order == Order::OfKeys && aggregation.is_some_and(is_full)
    }

    /// Adds to a batch what may be sent; returns how many records that is.
    fn send(&mut self, id: u64, packer: &mut Packer<'_>) -> usize {
        let (mut count, mut place) = (0, None);
        while place != Some(Place::Alone)
            && let Some(taken) = self.waiting.pop_front()
        {
            let bytes = taken.record.data.len();
            match packer.add(Sent { taken, lane: id }, place) {
                Ok(at) => place = Some(at),
                Err(sent) => {
                    self.waiting.push_front(sent.taken);
                    break;
                }
            }
            self.bytes -= bytes;
            count += 1;
        }
        count
    }
}

fn cost(taken: &Taken) -> usize {
    taken.record.cost()
}
