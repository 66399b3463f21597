//! What the writer, the keeper and the readers of a journal share.
//!
//! The writer alone changes logs; the keeper alone changes the set of segments, with the MANIFEST
//! first.

use super::cache::Cache;
use super::clocks::Clocks;
use super::frame::Entry;
use super::gathered::Room;
use super::index::{Hole, Log};
use super::log_map::LogMap;
use super::manifest::SegmentEntry;
use super::metrics::Measured;
use super::queue::Queue;
use super::reserve::Reserve;
use super::segment::Segment;
use super::segment_index::SegmentIndex;
use super::sorter::Sorting;
use super::{Durability, Options};
use crate::store::{LogId, ReadError};
use env::{Env, LineLimit};
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{Notify, watch};

/// Lines about damage that reads met, a second.
pub(super) const DAMAGE_LINES_PER_SECOND: u64 = 5;

pub(super) struct Shared {
    pub(super) env: Env,
    pub(super) directory: PathBuf,
    pub(super) options: Options,
    pub(super) logs: RwLock<LogMap<Arc<Log>>>,
    /// Deleted logs of which blocks are still on the disk.
    pub(super) deleted: Mutex<BTreeMap<LogId, Arc<Log>>>,
    /// What reads found damaged, in the log.
    pub(super) damage_lines: LineLimit,
    /// What the MANIFEST lists.
    pub(super) segments: Mutex<BTreeMap<u64, Arc<Segment>>>,
    /// The MANIFEST's generation; held while it is replaced.
    pub(super) generation: Mutex<u64>,
    /// Segments whose files are to go once a MANIFEST surely does not list them.
    pub(super) unlisted: Mutex<BTreeSet<u64>>,
    /// The number of the next segment.
    pub(super) next_segment: AtomicU64,
    /// The segment that the writer writes: what all earlier ones say is in the logs.
    pub(super) open_number: AtomicU64,
    pub(super) cache: Cache,
    pub(super) queue: Queue,
    pub(super) jobs: Mutex<Jobs>,
    /// Rung when `jobs` changed.
    pub(super) keeper_wake: Notify,
    /// Rung when there is something to free or clean.
    pub(super) cleaner_wake: Notify,
    pub(super) sorting: Sorting,
    pub(super) measured: Measured,
    /// Held while segments are freed or cleaned, and while a sorted one takes its place.
    pub(super) upkeep: Mutex<()>,
    /// Held while footers are written, so that whoever looks for room finds none half done.
    pub(super) footers: Mutex<()>,
    /// Held while a damaged footer is made up for, which takes memory for all of its segment's blocks.
    pub(super) rebuilding: Mutex<()>,
    /// What copying filled, until the next minute's work.
    pub(super) copy_room: Mutex<Room>,
    pub(super) reserve: Reserve,
    /// Segments with damage in them, which are never rewritten.
    pub(super) uncopyable: Mutex<BTreeSet<u64>>,
    /// Rung when `jobs.prepared` changed.
    pub(super) writer_wake: Notify,
    pub(super) is_poisoned: AtomicBool,
    pub(super) clocks: Mutex<Clocks>,
    /// What recovery could not read. While there is any, nothing is freed, so that every start finds
    /// the same.
    pub(super) damage: Mutex<Damage>,
    /// Whether the writer has ended.
    pub(super) is_stopped: AtomicBool,
    /// Whether the keeper has: nobody prepares a segment any more.
    pub(super) is_unkept: AtomicBool,
    /// How many tasks of the journal have ended.
    pub(super) ended: watch::Sender<u32>,
    pub(super) lock: Mutex<Option<Box<dyn Send + Sync>>>,
}

/// Segments that are not what they were.
#[derive(Default)]
pub(super) struct Damage {
    /// Listed segments whose files are gone: the MANIFEST goes on listing them.
    pub(super) missing: Vec<SegmentEntry>,
    /// Whether there is any.
    pub(super) is_any: bool,
    /// From where replaying met some: from there on segments are replayed at every start.
    pub(super) replay_from: Option<u64>,
    /// What may have taken the creation of logs along that nobody knows now.
    pub(super) lost_creations: Option<Hole>,
}

/// What the keeper is to do, and what it has done.
#[derive(Default)]
pub(super) struct Jobs {
    pub(super) prepared: Prepared,
    /// Whether the segment that is wanted may come out of the reserve.
    pub(super) is_privileged: bool,
    pub(super) sealed: Vec<SealJob>,
    /// How many segments were put to use: their size doubles with it.
    pub(super) segments_used: u32,
}

/// The segment after the open one.
#[derive(Default)]
pub(super) enum Prepared {
    #[default]
    No,
    Wanted,
    Ready(Fresh),
    Failed(io::Error),
}

/// A segment without frames, listed in the MANIFEST.
pub(super) struct Fresh {
    pub(super) segment: Arc<Segment>,
    pub(super) capacity_bytes: u64,
}

/// A sealed segment whose footer is to be written.
#[derive(Clone)]
pub(super) struct SealJob {
    pub(super) segment: Arc<Segment>,
    pub(super) index: Arc<SegmentIndex>,
    pub(super) frames_end: u32,
    pub(super) last_frame_crc: u32,
}

impl Shared {
    pub(super) fn find(&self, id: LogId) -> Option<Arc<Log>> {
        self.logs.read().get(&id).cloned()
    }

    /// Why a log that nobody knows may be there all the same.
    pub(super) fn missing(&self, id: LogId) -> ReadError {
        let damage = self.damage.lock();
        let lost = damage.lost_creations.as_ref();
        lost.map_or(ReadError::NoSuchLog(id), |hole| hole.error(id))
    }

    pub(super) fn is_synced(&self) -> bool {
        self.options.durability == Durability::Fsync
    }

    /// Whether all is to end.
    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// Asks for a line about damage that a read met: whoever reads there meets it again and again.
    pub(super) fn may_tell_of_damage(&self) -> Option<u64> {
        self.damage_lines.pass(self.env.clock.monotonic())
    }

    /// Whether nobody prepares segments any more.
    pub(super) fn is_unkept(&self) -> bool {
        self.is_unkept.load(Ordering::Acquire)
    }

    /// Never syncs again: what the failed sync left of the file nobody knows.
    pub(super) fn poison(&self, error: &io::Error) {
        tracing::error!(%error, "a sync failed: the journal takes no more writes");
        self.is_poisoned.store(true, Ordering::Release);
    }

    pub(super) fn is_poisoned(&self) -> bool {
        self.is_poisoned.load(Ordering::Acquire)
    }

    /// Makes a durable change visible.
    pub(super) fn change(&self, change: &Entry) {
        match *change {
            Entry::Create { log, settings } => {
                let mut logs = self.logs.write();
                let made = || Arc::new(Log::new(log, settings));
                logs.entry(log).or_insert_with(made);
            }
            Entry::Delete { log } => self.forget(log, change),
            Entry::Trim { log: id, .. } | Entry::Configure { log: id, .. } => {
                self.reserve.note_hidden();
                if let Some(log) = self.find(id) {
                    log.state.lock().change(change, self.env.clock.monotonic());
                }
            }
            Entry::Records { .. } | Entry::Checkpoint { .. } => {}
        }
    }

    fn forget(&self, id: LogId, change: &Entry) {
        self.reserve.note_hidden();
        // Held meanwhile, so that whoever looks for all logs, or for what is left of one, finds it.
        let mut deleted = self.deleted.lock();
        let removed = self.logs.write().remove(&id);
        if let Some(log) = removed {
            let mut state = log.state.lock();
            state.change(change, self.env.clock.monotonic());
            let has_blocks = !(state.ranges.is_empty() && state.open.is_none());
            drop(state);
            if has_blocks {
                deleted.insert(id, log);
            }
        }
    }

    /// All logs but the deleted ones, in order.
    pub(super) fn live_logs(&self) -> Vec<Arc<Log>> {
        let mut logs: Vec<Arc<Log>> = self.logs.read().values().cloned().collect();
        logs.sort_unstable_by_key(|log| log.id);
        logs
    }

    /// All logs, the deleted ones of which something is left too.
    pub(super) fn every_log(&self) -> Vec<Arc<Log>> {
        let mut logs = self.live_logs();
        logs.extend(self.deleted.lock().values().cloned());
        logs
    }

    /// Takes the next segment number and a salt.
    pub(super) fn name_segment(&self, capacity_bytes: u64) -> SegmentEntry {
        let mut salt = [0; 8];
        self.env.random.fill(&mut salt);
        let number = self.next_segment.fetch_add(1, Ordering::AcqRel);
        let salt = u64::from_le_bytes(salt);
        SegmentEntry {
            number,
            salt,
            is_sorted: false,
            replaces: 0,
            capacity_bytes,
        }
    }

    /// Asks the keeper for the next segment, once.
    pub(super) fn want_segment(&self, is_privileged: bool) {
        let mut jobs = self.jobs.lock();
        jobs.is_privileged = is_privileged;
        if let Prepared::No = jobs.prepared {
            jobs.prepared = Prepared::Wanted;
            drop(jobs);
            self.keeper_wake.notify_one();
        }
    }
}
