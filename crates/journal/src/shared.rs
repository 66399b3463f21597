//! What the writer, the keeper and the readers of a journal share.
//!
//! The writer alone changes logs; the keeper alone changes the set of segments, with the MANIFEST
//! first.

use crate::format::frame::Entry;
use crate::format::manifest::SegmentEntry;
use crate::format::segment::Segment;
use crate::format::segment_index::SegmentIndex;
use crate::metrics::Measured;
use crate::read::cache::Cache;
use crate::read::index::{Hole, Log};
use crate::space::reserve::Reserve;
use crate::space::scatter_read::Room;
use crate::space::sorter::Sorting;
use crate::write::log_map::LogMap;
use crate::write::queue::Queue;
use crate::{Durability, Options};
use env::{Clocks, Env, LineLimit};
use log::store::{LogId, ReadError};
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::{Notify, watch};

/// Lines about damage that reads met, a second.
pub(crate) const DAMAGE_LINES_PER_SECOND: u64 = 5;

pub(crate) struct Shared {
    pub(crate) env: Env,
    pub(crate) directory: PathBuf,
    pub(crate) options: Options,
    pub(crate) logs: RwLock<LogMap<Arc<Log>>>,
    /// Deleted logs of which blocks are still on the disk.
    pub(crate) deleted: Mutex<BTreeMap<LogId, Arc<Log>>>,
    /// What reads found damaged, in the log.
    pub(crate) damage_lines: LineLimit,
    /// What the MANIFEST lists.
    pub(crate) segments: Mutex<BTreeMap<u64, Arc<Segment>>>,
    /// The MANIFEST's generation; held while it is replaced.
    pub(crate) generation: Mutex<u64>,
    /// Segments whose files are to go once a MANIFEST surely does not list them.
    pub(crate) unlisted: Mutex<BTreeSet<u64>>,
    /// The number of the next segment.
    pub(crate) next_segment: AtomicU64,
    /// The segment that the writer writes: what all earlier ones say is in the logs.
    pub(crate) open_number: AtomicU64,
    pub(crate) cache: Cache,
    pub(crate) queue: Queue,
    pub(crate) jobs: Mutex<Jobs>,
    /// Rung when `jobs` changed.
    pub(crate) keeper_wake: Notify,
    /// Rung when there is something to free or clean.
    pub(crate) cleaner_wake: Notify,
    pub(crate) sorting: Sorting,
    pub(crate) measured: Measured,
    /// Held while segments are freed or cleaned, and while a sorted one takes its place.
    pub(crate) upkeep: Mutex<()>,
    /// Held while footers are written, so that whoever looks for room finds none half done.
    pub(crate) footers: Mutex<()>,
    /// Held while a damaged footer is made up for, which takes memory for all of its segment's
    /// blocks.
    pub(crate) rebuilding: Mutex<()>,
    /// What copying filled, until the next minute's work.
    pub(crate) copy_room: Mutex<Room>,
    pub(crate) reserve: Reserve,
    /// Segments with damage in them, which are never rewritten.
    pub(crate) uncopyable: Mutex<BTreeSet<u64>>,
    /// Rung when `jobs.prepared` changed.
    pub(crate) writer_wake: Notify,
    pub(crate) is_poisoned: AtomicBool,
    pub(crate) clocks: Mutex<Clocks>,
    /// What recovery could not read. While there is any, nothing is freed, so that every start
    /// finds the same.
    pub(crate) damage: Mutex<Damage>,
    /// Whether the writer has ended.
    pub(crate) is_stopped: AtomicBool,
    /// Whether the keeper has: nobody prepares a segment any more.
    pub(crate) is_unkept: AtomicBool,
    /// How many tasks of the journal have ended.
    pub(crate) ended: watch::Sender<u32>,
    pub(crate) lock: Mutex<Option<Box<dyn Send + Sync>>>,
}

/// Segments that are not what they were.
#[derive(Default)]
pub(crate) struct Damage {
    /// Listed segments whose files are gone: the MANIFEST goes on listing them.
    pub(crate) missing: Vec<SegmentEntry>,
    /// Whether there is any.
    pub(crate) is_any: bool,
    /// From where replaying met some: from there on segments are replayed at every start.
    pub(crate) replay_from: Option<u64>,
    /// What may have taken the creation of logs along that nobody knows now.
    pub(crate) lost_creations: Option<Hole>,
}

/// What the keeper is to do, and what it has done.
#[derive(Default)]
pub(crate) struct Jobs {
    pub(crate) prepared: Prepared,
    /// Whether the segment that is wanted may come out of the reserve.
    pub(crate) is_privileged: bool,
    pub(crate) sealed: Vec<SealJob>,
    /// How many segments were put to use: their size doubles with it.
    pub(crate) segments_used: u32,
}

/// The segment after the open one.
#[derive(Default)]
pub(crate) enum Prepared {
    #[default]
    No,
    Wanted,
    Ready(Fresh),
    Failed(io::Error),
}

/// A segment without frames, listed in the MANIFEST.
pub(crate) struct Fresh {
    pub(crate) segment: Arc<Segment>,
    pub(crate) capacity_bytes: u64,
}

/// A sealed segment whose footer is to be written.
#[derive(Clone)]
pub(crate) struct SealJob {
    pub(crate) segment: Arc<Segment>,
    pub(crate) index: Arc<SegmentIndex>,
    pub(crate) frames_end: u32,
    pub(crate) last_frame_crc: u32,
}

impl Shared {
    pub(crate) fn find(&self, id: LogId) -> Option<Arc<Log>> {
        self.logs.read().get(&id).cloned()
    }

    /// Why a log that nobody knows may be there all the same.
    pub(crate) fn missing(&self, id: LogId) -> ReadError {
        let damage = self.damage.lock();
        let lost = damage.lost_creations.as_ref();
        lost.map_or(ReadError::NoSuchLog(id), |hole| hole.error(id))
    }

    pub(crate) fn is_synced(&self) -> bool {
        self.options.durability == Durability::Fsync
    }

    /// Whether all is to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    /// Asks for a line about damage that a read met: whoever reads there meets it again and again.
    pub(crate) fn may_tell_of_damage(&self) -> Option<u64> {
        self.damage_lines.pass(self.env.clock.monotonic())
    }

    /// Whether nobody prepares segments any more.
    pub(crate) fn is_unkept(&self) -> bool {
        self.is_unkept.load(Ordering::Acquire)
    }

    /// Never syncs again: what the failed sync left of the file nobody knows.
    pub(crate) fn poison(&self, error: &io::Error) {
        tracing::error!(%error, "a sync failed: the journal takes no more writes");
        self.is_poisoned.store(true, Ordering::Release);
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.is_poisoned.load(Ordering::Acquire)
    }

    /// Makes a durable change visible.
    pub(crate) fn change(&self, change: &Entry) {
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
    pub(crate) fn live_logs(&self) -> Vec<Arc<Log>> {
        let mut logs: Vec<Arc<Log>> = self.logs.read().values().cloned().collect();
        logs.sort_unstable_by_key(|log| log.id);
        logs
    }

    /// All logs, the deleted ones of which something is left too.
    pub(crate) fn every_log(&self) -> Vec<Arc<Log>> {
        let mut logs = self.live_logs();
        logs.extend(self.deleted.lock().values().cloned());
        logs
    }

    /// Takes the next segment number and a salt.
    pub(crate) fn name_segment(&self, capacity_bytes: u64) -> SegmentEntry {
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
    pub(crate) fn want_segment(&self, is_privileged: bool) {
        let mut jobs = self.jobs.lock();
        jobs.is_privileged = is_privileged;
        if let Prepared::No = jobs.prepared {
            jobs.prepared = Prepared::Wanted;
            drop(jobs);
            self.keeper_wake.notify_one();
        }
    }
}
