//! Damage that recovery found. While there is any, nothing is freed, so that every start finds the
//! same.

use crate::format::manifest::SegmentEntry;
use crate::read::index::Hole;
use millstream_store::store::{LogId, ReadError};
use parking_lot::Mutex;

/// The damage that recovery found.
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

    /// Records a listed segment whose file is missing. The MANIFEST keeps listing it.
    pub(crate) fn note_missing(&self, entry: SegmentEntry) {
        self.found.lock().missing.push(entry);
    }

    pub(crate) fn missing(&self) -> Vec<SegmentEntry> {
        self.found.lock().missing.clone()
    }

    /// Records damage in a replayed segment: every start replays from this segment on.
    pub(crate) fn note_replayed(&self, replay_from: u64) {
        self.found.lock().replay_from = Some(replay_from);
    }

    /// The segment from which the next start replays, given the active segment.
    pub(crate) fn replay_from(&self, active: u64) -> u64 {
        let damaged = self.found.lock().replay_from;
        damaged.map_or(active, |damaged| damaged.min(active))
    }

    /// Records damage that may have destroyed the creation of logs, which are unknown now.
    pub(crate) fn note_lost_creations(&self, hole: Hole) {
        self.found.lock().lost_creations = Some(hole);
    }

    /// Why a log is unknown: it does not exist, or damage has destroyed its creation.
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
