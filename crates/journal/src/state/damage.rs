//! What recovery could not read. While there is any, nothing is freed, so that every start finds
//! the same.

use crate::format::manifest::SegmentEntry;
use crate::read::index::Hole;
use log::store::{LogId, ReadError};
use parking_lot::Mutex;

/// Segments that are not what they were.
#[derive(Default)]
pub(crate) struct Damage {
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    missing: Vec<SegmentEntry>,
    is_any: bool,
    replay_from: Option<u64>,
    lost_creations: Option<Hole>,
}

impl Damage {
    pub(crate) fn note(&self) {
        self.found.lock().is_any = true;
    }

    pub(crate) fn is_any(&self) -> bool {
        self.found.lock().is_any
    }

    /// A listed segment whose file is gone: the MANIFEST goes on listing it.
    pub(crate) fn note_missing(&self, entry: SegmentEntry) {
        self.found.lock().missing.push(entry);
    }

    pub(crate) fn missing(&self) -> Vec<SegmentEntry> {
        self.found.lock().missing.clone()
    }

    /// Replaying met some: from this segment on all are replayed at every start.
    pub(crate) fn note_replayed(&self, replay_from: u64) {
        self.found.lock().replay_from = Some(replay_from);
    }

    /// From where the next start is to replay, if the active segment is this.
    pub(crate) fn replay_from(&self, active: u64) -> u64 {
        let damaged = self.found.lock().replay_from;
        damaged.map_or(active, |damaged| damaged.min(active))
    }

    /// It may have taken the creation of logs along that nobody knows now.
    pub(crate) fn note_lost_creations(&self, hole: Hole) {
        self.found.lock().lost_creations = Some(hole);
    }

    /// Why a log is not known: it may be there all the same.
    pub(crate) fn why_unknown(&self, id: LogId) -> ReadError {
        let found = self.found.lock();
        let lost = found.lost_creations.as_ref();
        lost.map_or(ReadError::NoSuchLog(id), |hole| hole.error(id))
    }

    /// Does something while nobody else can look.
    #[cfg(test)]
    pub(crate) fn while_locked(&self, work: &mut dyn FnMut()) {
        let _found = self.found.lock();
        work();
    }
}
