//! The logs that there are, and what is left of deleted ones.
//!
//! The writer alone changes them, and only after what they say is durable; recovery does before
//! anybody sees them. What always holds: an id whose deletion may be replayed, or of which blocks
//! are on the disk, is not given to another log.

use crate::format::footer::DirectoryEntry;
use crate::format::frame::Entry;
use crate::format::segment::Segment;
use crate::read::index::{Log, Range};
use crate::write::log_map::LogMap;
use millstream_env::Monotonic;
use millstream_store::store::{LogId, LogSettings, Offset};
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// All logs.
#[derive(Default)]
pub(crate) struct Logs {
    live: RwLock<LogMap<Arc<Log>>>,
    /// Deleted logs of which anything may be read again. Locked before `live`.
    deleted: Mutex<BTreeMap<LogId, Remains>>,
    /// The first segment whose changes a start replays, by a MANIFEST that is in place.
    replayed_from: AtomicU64,
}

/// What is left of a deleted log.
struct Remains {
    log: Arc<Log>,
    /// The segment in which it was deleted; 0 if no start replays that.
    deleted_in: u64,
}

impl Remains {
    /// Those of a log of which nothing else is known.
    fn unknown(id: LogId) -> Self {
        let log = Log::new(id, LogSettings::default());
        log.with(|state| state.is_deleted = true);
        Self {
            log: Arc::new(log),
            deleted_in: 0,
        }
    }
}

impl Logs {
    pub(crate) fn find(&self, id: LogId) -> Option<Arc<Log>> {
        self.live.read().get(&id).cloned()
    }

    /// Finds a log, or the remains of a deleted one.
    pub(crate) fn find_remains(&self, id: LogId) -> Option<Arc<Log>> {
        self.find(id).or_else(|| {
            self.deleted
                .lock()
                .get(&id)
                .map(|remains| remains.log.clone())
        })
    }

    /// Whether a deleted log has remains: its id is taken.
    pub(crate) fn has_remains(&self, id: LogId) -> bool {
        self.deleted.lock().contains_key(&id)
    }

    /// The number of logs that are not deleted.
    pub(crate) fn count(&self) -> usize {
        self.live.read().len()
    }

    /// All logs that are not deleted, in order.
    pub(crate) fn live(&self) -> Vec<Arc<Log>> {
        let mut logs: Vec<Arc<Log>> = self.live.read().values().cloned().collect();
        logs.sort_unstable_by_key(|log| log.id);
        logs
    }

    /// All logs, and the remains of deleted ones.
    pub(crate) fn every(&self) -> Vec<Arc<Log>> {
        let mut logs = self.live();
        let deleted = self.deleted.lock();
        logs.extend(deleted.values().map(|remains| remains.log.clone()));
        logs
    }

    /// Applies a durable change, which stands in a segment.
    pub(crate) fn change(&self, change: &Entry, segment: u64, now: Monotonic) {
        match *change {
            Entry::Create { log, settings } => {
                let mut live = self.live.write();
                let made = || Arc::new(Log::new(log, settings));
                live.entry(log).or_insert_with(made);
            }
            Entry::Delete { log } => self.delete(log, change, segment, now),
            Entry::Trim { log: id, .. } | Entry::Configure { log: id, .. } => {
                if let Some(log) = self.find(id) {
                    log.with(|state| state.change(change, now));
                }
            }
            Entry::Records { .. } | Entry::Checkpoint { .. } => {}
        }
    }

    fn delete(&self, id: LogId, change: &Entry, segment: u64, now: Monotonic) {
        // Held throughout, so that a concurrent search finds the log or its remains.
        let mut deleted = self.deleted.lock();
        let removed = self.live.write().remove(&id);
        // Of one that is not there a start has lost sight: the MANIFEST is newer.
        let remains = deleted.entry(id).or_insert_with(|| Remains::unknown(id));
        remains.deleted_in = remains.deleted_in.max(segment);
        if let Some(log) = removed {
            log.with(|state| state.change(change, now));
            remains.log = log;
        }
    }

    /// Adds a log that recovery found.
    pub(crate) fn restore(&self, log: Log) {
        self.deleted.lock().remove(&log.id);
        self.live.write().insert(log.id, Arc::new(log));
    }

    /// Finds a log or the remains of a deleted one. An unknown log counts as deleted.
    pub(crate) fn log_or_remains(&self, id: LogId) -> Arc<Log> {
        if let Some(log) = self.find(id) {
            return log;
        }
        let mut deleted = self.deleted.lock();
        let remains = deleted.entry(id).or_insert_with(|| Remains::unknown(id));
        remains.log.clone()
    }

    /// Records since when hidden data has been hidden.
    pub(crate) fn hide(&self, now: Monotonic) {
        for log in self.every() {
            log.with(|state| state.hide(now));
        }
    }

    /// Replaces runs, given by log, first offset and segment, by the runs of their copy, which are
    /// ordered by log.
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

    /// Removes all runs in these segments.
    pub(crate) fn forget_ranges(&self, numbers: &BTreeSet<u64>) {
        let is_kept = |range: &Range| !numbers.contains(&range.segment.number);
        for log in self.every() {
            log.with(|state| state.ranges.retain(is_kept));
        }
        self.forget_empty();
    }

    /// Notes from which segment on a start replays changes, by a MANIFEST that is in place.
    pub(crate) fn replay_from(&self, segment: u64) {
        self.replayed_from.store(segment, Ordering::Release);
        self.forget_empty();
    }

    /// Removes deleted logs without remains.
    fn forget_empty(&self) {
        let from = self.replayed_from.load(Ordering::Acquire);
        let mut deleted = self.deleted.lock();
        let has_blocks = |remains: &Remains| remains.log.with(|state| state.has_blocks());
        deleted.retain(|_, remains| remains.deleted_in >= from || has_blocks(remains));
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
