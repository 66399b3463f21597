//! The logs that there are, and what is left of deleted ones.
//!
//! The writer alone changes them, and only after what they say is durable; recovery does before
//! anybody sees them.

use crate::format::footer::DirectoryEntry;
use crate::format::frame::Entry;
use crate::format::segment::Segment;
use crate::read::index::{Log, Range};
use crate::write::log_map::LogMap;
use env::Monotonic;
use log::store::{LogId, Offset};
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All logs.
#[derive(Default)]
pub(crate) struct Logs {
    live: RwLock<LogMap<Arc<Log>>>,
    /// Deleted logs of which blocks are still on the disk. Taken before `live`.
    deleted: Mutex<BTreeMap<LogId, Arc<Log>>>,
}

impl Logs {
    pub(crate) fn find(&self, id: LogId) -> Option<Arc<Log>> {
        self.live.read().get(&id).cloned()
    }

    /// A log, also a deleted one of which something is left.
    pub(crate) fn find_remains(&self, id: LogId) -> Option<Arc<Log>> {
        self.find(id)
            .or_else(|| self.deleted.lock().get(&id).cloned())
    }

    /// Whether something is left of a deleted log.
    pub(crate) fn has_remains(&self, id: LogId) -> bool {
        self.deleted.lock().contains_key(&id)
    }

    /// How many there are but for the deleted ones.
    pub(crate) fn count(&self) -> usize {
        self.live.read().len()
    }

    /// All logs but the deleted ones, in order.
    pub(crate) fn live(&self) -> Vec<Arc<Log>> {
        let mut logs: Vec<Arc<Log>> = self.live.read().values().cloned().collect();
        logs.sort_unstable_by_key(|log| log.id);
        logs
    }

    /// All logs, the deleted ones of which something is left too.
    pub(crate) fn every(&self) -> Vec<Arc<Log>> {
        let mut logs = self.live();
        logs.extend(self.deleted.lock().values().cloned());
        logs
    }

    /// Makes a durable change visible.
    pub(crate) fn change(&self, change: &Entry, now: Monotonic) {
        match *change {
            Entry::Create { log, settings } => {
                let mut live = self.live.write();
                let made = || Arc::new(Log::new(log, settings));
                live.entry(log).or_insert_with(made);
            }
            Entry::Delete { log } => self.delete(log, change, now),
            Entry::Trim { log: id, .. } | Entry::Configure { log: id, .. } => {
                if let Some(log) = self.find(id) {
                    log.with(|state| state.change(change, now));
                }
            }
            Entry::Records { .. } | Entry::Checkpoint { .. } => {}
        }
    }

    fn delete(&self, id: LogId, change: &Entry, now: Monotonic) {
        // Held meanwhile, so that whoever looks for all logs, or for what is left of one, finds it.
        let mut deleted = self.deleted.lock();
        let removed = self.live.write().remove(&id);
        if let Some(log) = removed {
            let has_blocks = log.with(|state| {
                state.change(change, now);
                state.has_blocks()
            });
            if has_blocks {
                deleted.insert(id, log);
            }
        }
    }

    /// Takes in a log that recovery found.
    pub(crate) fn restore(&self, log: Log) {
        self.deleted.lock().remove(&log.id);
        self.live.write().insert(log.id, Arc::new(log));
    }

    /// The log, or what is left of a deleted one: if nobody knows it, it was deleted.
    pub(crate) fn log_or_remains(&self, id: LogId) -> Arc<Log> {
        if let Some(log) = self.find(id) {
            return log;
        }
        let mut deleted = self.deleted.lock();
        let remains = deleted.entry(id).or_insert_with(|| {
            let log = Log::new(id, log::store::LogSettings::default());
            log.with(|state| state.is_deleted = true);
            Arc::new(log)
        });
        remains.clone()
    }

    /// Notes the time for what nobody can read any more.
    pub(crate) fn hide(&self, now: Monotonic) {
        for log in self.every() {
            log.with(|state| state.hide(now));
        }
    }

    /// Puts the runs of a copy, by log, in the place of those it was made of, told by log, first
    /// offset and segment.
    pub(crate) fn move_ranges(
        &self,
        mut replaced: Vec<(LogId, Offset, u64)>,
        segment: &Arc<Segment>,
        copies: &[DirectoryEntry],
        now: Monotonic,
    ) {
        replaced.sort_unstable();
        let mut rest = copies;
        for of_log in replaced.chunk_by(|one, next| one.0 == next.0) {
            let id = of_log[0].0;
            let count = rest.iter().take_while(|copy| copy.log == id).count();
            let (copies, later) = rest.split_at(count);
            rest = later;
            if let Some(log) = self.find_remains(id) {
                let replaced = of_log.iter().map(|(_, first, number)| (*number, *first));
                let copies = copies.iter().map(|copy| Range::new(segment, copy));
                log.with(|state| state.replace_ranges(replaced, copies, now));
            }
        }
        self.forget_empty();
    }

    /// Forgets all that stood in these segments.
    pub(crate) fn forget_ranges(&self, numbers: &BTreeSet<u64>) {
        let is_kept = |range: &Range| !numbers.contains(&range.segment.number);
        for log in self.every() {
            log.with(|state| state.ranges.retain(is_kept));
        }
        self.forget_empty();
    }

    /// Forgets deleted logs of which nothing is left.
    fn forget_empty(&self) {
        let mut deleted = self.deleted.lock();
        deleted.retain(|_, log| log.with(|state| state.has_blocks()));
    }

    /// Does something while nobody else can look for a log, or at one.
    #[cfg(test)]
    pub(crate) fn while_locked(&self, work: &mut dyn FnMut()) {
        let logs = self.every();
        let _sets = (self.deleted.lock(), self.live.write());
        while_all_locked(&logs, work);
    }
}

#[cfg(test)]
fn while_all_locked(logs: &[Arc<Log>], work: &mut dyn FnMut()) {
    match logs.split_first() {
        Some((first, rest)) => first.with(|_| while_all_locked(rest, work)),
        None => work(),
    }
}
