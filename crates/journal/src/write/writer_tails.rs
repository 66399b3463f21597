//! The writer's table of log ends: what it needs to accept an append, contiguous for neighbouring
//! logs, since a call may touch hundreds of them.
//!
//! It belongs to the writer, which alone changes logs. What always holds: between two groups it
//! agrees with the logs themselves.

use crate::format::frame::Block;
use crate::read::index::{Hole, Log};
use crate::write::compact::Compact;
use crate::write::log_map::LogMap;
use millstream_env::Timestamp;
use millstream_store::store::{LogId, Offset, Priority};
use std::sync::Arc;

/// Logs per row.
const ROW: usize = 16;

/// The ends of all logs.
#[derive(Default)]
pub(crate) struct WriterTails {
    /// The first slot of a row, by the id of the first log in it.
    rows: LogMap<u32>,
    /// The first slots of free rows.
    free: Vec<u32>,
    tails: Vec<Tail>,
    logs: Vec<Option<Arc<Log>>>,
    groups: u64,
}

/// Where a log stands in [`WriterTails`], as long as it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u32);

/// The end of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) end: Offset,
    last_arrival: Compact,
    first_control: Compact,
    /// The last group that touches it. Group numbers are never reused.
    group: u64,
    /// Which of that group's logs it is.
    ordinal: u32,
    pub(crate) priority: Priority,
    /// Whether appends are refused.
    pub(crate) is_tail_lost: bool,
    is_there: bool,
}

impl WriterTails {
    pub(crate) fn of(logs: Vec<Arc<Log>>) -> Self {
        let mut tails = Self::default();
        logs.into_iter().for_each(|log| tails.put(log));
        tails
    }

    /// The number of the next group.
    pub(crate) fn begin_group(&mut self) -> u64 {
        self.groups += 1;
        self.groups
    }

    /// The slot of a log, if it is there.
    pub(crate) fn find(&self, id: LogId) -> Option<Slot> {
        let (row, column) = position_of(id);
        let slot = self.rows.get(&row)? + column;
        self.tails[slot as usize].is_there.then_some(Slot(slot))
    }

    pub(crate) fn tail(&self, slot: Slot) -> &Tail {
        &self.tails[slot.0 as usize]
    }

    pub(crate) fn log(&self, slot: Slot) -> &Arc<Log> {
        let log = self.logs[slot.0 as usize].as_ref();
        log.expect("who has a slot has the log")
    }

    /// Why a log's appends are refused.
    pub(crate) fn damage(&self, slot: Slot) -> Option<String> {
        let log = self.log(slot);
        let lost = |hole: &Hole| hole.error(log.id).to_string();
        log.with(|state| state.lost_tail().map(lost))
    }

    /// Adds a log, or updates it.
    pub(crate) fn put(&mut self, log: Arc<Log>) {
        let (row, column) = position_of(log.id);
        let first = *self.rows.entry(row).or_insert_with(|| {
            self.free.pop().unwrap_or_else(|| {
                let first = self.tails.len();
                self.tails.resize(first + ROW, Tail::default());
                self.logs.resize(first + ROW, None);
                first as u32
            })
        });
        let slot = (first + column) as usize;
        self.tails[slot] = Tail::of(&log);
        self.logs[slot] = Some(log);
    }

    pub(crate) fn remove(&mut self, id: LogId) {
        let Some(Slot(slot)) = self.find(id) else {
            return;
        };
        self.tails[slot as usize] = Tail::default();
        self.logs[slot as usize] = None;
        let (row, column) = position_of(id);
        let first = slot - column;
        let rest = &self.tails[first as usize..][..ROW];
        if rest.iter().all(|tail| !tail.is_there) {
            self.rows.remove(&row);
            self.free.push(first);
        }
    }

    /// Records a durable block.
    pub(crate) fn note(&mut self, slot: Slot, block: &Block, control: Option<u32>) {
        let tail = &mut self.tails[slot.0 as usize];
        tail.end = block.end();
        tail.last_arrival = Compact::of(Some(block.arrival.0));
        if let Some(at) = control
            && tail.first_control().is_none()
        {
            tail.first_control = Compact::of(Some(block.first.0 + u64::from(at)));
        }
    }

    /// The ordinal that a group gave a log, if it did.
    pub(crate) fn ordinal_in(&self, slot: Slot, group: u64) -> Option<u32> {
        let tail = self.tail(slot);
        (tail.group == group).then_some(tail.ordinal)
    }

    /// Notes the ordinal that a group gives a log.
    pub(crate) fn mark(&mut self, slot: Slot, group: u64, ordinal: u32) {
        let tail = &mut self.tails[slot.0 as usize];
        (tail.group, tail.ordinal) = (group, ordinal);
    }

    /// Whether a slot, if it is in use, agrees with its log.
    #[cfg(test)]
    pub(crate) fn agrees_with_log(&self, slot: Slot) -> bool {
        let Tail { group, ordinal, .. } = *self.tail(slot);
        let log = self.logs[slot.0 as usize].as_ref();
        let told = log.map(|log| Tail {
            group,
            ordinal,
            ..Tail::of(log)
        });
        told.is_none_or(|told| told == *self.tail(slot))
    }

    /// Prefetches the tails of logs that are about to be used one by one, so that their cache
    /// misses overlap. ADR 0017 says what this table and both prefetches save together.
    pub(crate) fn look_ahead(&self, slots: impl Iterator<Item = Slot>) {
        std::hint::black_box(slots.fold(0, |seen, slot| seen ^ self.tail(slot).group));
    }

    /// Prefetches the logs themselves, of which publishing changes the first cache line.
    pub(crate) fn look_ahead_at_logs(&self, slots: impl Iterator<Item = Slot>) {
        let locked = slots.filter(|slot| self.log(*slot).is_locked());
        std::hint::black_box(locked.count());
    }
}

impl Tail {
    pub(crate) fn last_arrival(&self) -> Option<Timestamp> {
        self.last_arrival.get().map(Timestamp)
    }

    pub(crate) fn first_control(&self) -> Option<Offset> {
        self.first_control.get().map(Offset)
    }

    /// A log as it is.
    fn of(log: &Log) -> Self {
        log.with(|state| Self {
            end: state.end,
            last_arrival: Compact::of(state.last_arrival().map(|time| time.0)),
            first_control: Compact::of(state.first_control().map(|at| at.0)),
            group: 0,
            ordinal: 0,
            priority: state.settings.priority,
            is_tail_lost: state.lost_tail().is_some(),
            is_there: true,
        })
    }
}

/// The row of a log, and its column there.
fn position_of(id: LogId) -> (LogId, u32) {
    let column = id.index % ROW as u32;
    let index = id.index - column;
    (LogId { index, ..id }, column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_store::store::LogSettings;

    #[test]
    fn logs_when_put_in_and_taken_out_then_are_found_and_leave_no_row() {
        let ids = [(0, 0), (0, 15), (0, 16), (7, 15), (u64::MAX, u32::MAX)];
        let ids = ids.map(|(group, index)| LogId { group, index });
        let mut tails = WriterTails::default();
        for _ in 0..3 {
            for id in ids.into_iter().chain(ids) {
                tails.put(Arc::new(Log::new(id, LogSettings::default())));
            }
            for id in ids {
                let slot = tails.find(id).unwrap();
                assert_eq!(tails.log(slot).id, id);
            }
            for id in ids {
                tails.remove(id);
                assert_eq!(tails.find(id), None);
                tails.remove(id);
            }
            assert!(tails.rows.is_empty());
            assert_eq!((tails.free.len(), tails.tails.len()), (4, 4 * ROW));
        }
    }
}
