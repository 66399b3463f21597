//! One group commit on its way: what its calls ask for, judged against the logs as they will be, and
//! the frame it becomes.
//!
//! Nothing here changes the journal: a group that fails is dropped, and with it all it intended.

use super::frame::{Block, ENTRY_BYTES, Entry, FRAME_ALIGN_BYTES, FrameHeader, frame_bytes};
use super::index::Log;
use super::log_map::LogMap;
use super::queue::Change;
use super::shared::Shared;
use crate::batch::{Batch, Kind, RecordIter};
use crate::checksum::crc32c_append;
use crate::store::{
    AppendError, Appended, LogId, LogSettings, Offset, Priority, ReadError, StoreError,
};
use bytes::Bytes;
use env::Timestamp;
use std::collections::hash_map::Entry as Place;
use std::sync::Arc;

/// Batches of one log are joined into blocks of at most this.
const JOINED_BYTES_MAX: usize = 256 * 1024;
const NO_CHUNK: u32 = u32::MAX;

/// A group being put together.
pub(super) struct Group<'a> {
    shared: &'a Shared,
    now: Timestamp,
    admission: Admission,
    /// Whether anything that could be refused on a full disk is in it.
    has_ordinary: bool,
    logs: LogMap<Intended>,
    entries: Vec<Entry>,
    /// For each entry, the log that it is about; `None` if the group makes it.
    entry_logs: Vec<Option<Arc<Log>>>,
    /// For each entry, its first and last chunk.
    chains: Vec<(u32, u32)>,
    /// Payload bytes, each with the index of the next of the same entry.
    chunks: Vec<(Bytes, u32)>,
    payload_bytes: usize,
}

/// Whose appends a group takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    All,
    /// The disk is full: logs with priority, and marks.
    Privileged,
}

/// A log as it will be once the group is durable.
#[derive(Default)]
struct Intended {
    log: Option<Arc<Log>>,
    end: Offset,
    last_arrival: Option<Timestamp>,
    first_control: Option<Offset>,
    /// Why appends are refused.
    damage: Option<String>,
    /// The entry that takes further batches of this log.
    entry: Option<usize>,
    is_deleted: bool,
    priority: Priority,
}

/// A group that is closed: its entries and its frame.
pub(super) struct Sealed {
    pub(super) entries: Vec<Entry>,
    /// The logs of the entries, in order; `None` for those that the group creates.
    pub(super) logs: Vec<Option<Arc<Log>>>,
    pub(super) frame: Vec<u8>,
    pub(super) crc: u32,
}

impl<'a> Group<'a> {
    pub(super) fn new(shared: &'a Shared, admission: Admission) -> Self {
        Self {
            admission,
            has_ordinary: false,
            shared,
            now: shared.env.clock.now(),
            logs: LogMap::default(),
            entries: Vec::new(),
            entry_logs: Vec::new(),
            chains: Vec::new(),
            chunks: Vec::new(),
            payload_bytes: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether all of it goes on when the disk is full.
    pub(super) fn is_privileged(&self) -> bool {
        !self.has_ordinary
    }

    pub(super) fn entry_count(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of the frame that the group becomes.
    pub(super) fn frame_bytes(&self) -> usize {
        frame_bytes(self.entries.len(), self.payload_bytes)
    }

    /// Adds a batch.
    pub(super) fn append(&mut self, id: LogId, batch: &Batch) -> Result<Appended, AppendError> {
        let (now, admission, next) = (self.now, self.admission, self.entries.len());
        let Some(intended) = Intended::find(&mut self.logs, self.shared, id) else {
            return Err(match self.shared.missing(id) {
                ReadError::NoSuchLog(id) => AppendError::NoSuchLog(id),
                damage @ (ReadError::Damaged { .. } | ReadError::Io(_)) => {
                    AppendError::NotApplied(damage.to_string())
                }
            });
        };
        if let Some(damage) = &intended.damage {
            return Err(AppendError::NotApplied(damage.clone()));
        }
        let is_privileged = intended.priority == Priority::Reserved || batch.is_mark();
        if !is_privileged && admission == Admission::Privileged {
            return Err(AppendError::Full);
        }
        let first = intended.end;
        let arrival = intended.last_arrival.map_or(now, |last| last.max(now));
        let control_before = intended.first_control;
        let control = if batch.has_control() {
            first_control(batch)
        } else {
            None
        };
        intended.first_control = control_before.or(control.map(|at| first.plus(u64::from(at))));
        intended.end = first.plus(u64::from(batch.count()));
        intended.last_arrival = Some(arrival);
        self.has_ordinary |= !is_privileged;
        let joined = intended.entry;
        if let Some(at) = joined.filter(|at| can_join(&self.entries[*at], batch, arrival)) {
            self.join(at, batch, control);
        } else {
            intended.entry = Some(next);
            self.entry_logs.push(intended.log.clone());
            self.begin_block(id, batch, first, arrival, control);
        }
        Ok(Appended {
            first,
            arrival,
            control_before,
        })
    }

    fn join(&mut self, entry: usize, batch: &Batch, new_control: Option<u32>) {
        if let Entry::Records { block, control, .. } = &mut self.entries[entry] {
            *control = control.or(new_control.map(|at| block.count + at));
            block.crc = crc32c_append(block.crc, batch.bytes());
            block.count += batch.count();
            block.length += batch.bytes().len() as u32;
        }
        let chunk = self.chunks.len() as u32;
        let (_, last) = &mut self.chains[entry];
        self.chunks[*last as usize].1 = chunk;
        *last = chunk;
        self.push_chunk(batch);
    }

    fn begin_block(
        &mut self,
        log: LogId,
        batch: &Batch,
        first: Offset,
        arrival: Timestamp,
        control: Option<u32>,
    ) {
        let (count, crc) = (batch.count(), batch.crc());
        let length = batch.bytes().len() as u32;
        let block = Block {
            first,
            count,
            arrival,
            position: 0,
            length,
            crc,
        };
        let chunk = self.chunks.len() as u32;
        self.entries.push(Entry::Records {
            log,
            block,
            control,
        });
        self.chains.push((chunk, chunk));
        self.push_chunk(batch);
    }

    fn push_chunk(&mut self, batch: &Batch) {
        self.payload_bytes += batch.bytes().len();
        self.chunks.push((batch.bytes().clone(), NO_CHUNK));
    }

    /// Adds a change, whole or not at all.
    pub(super) fn change(&mut self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Create(logs) => self.create(logs),
            Change::Delete(logs) => {
                logs.iter().for_each(|log| self.delete(*log));
                Ok(())
            }
            Change::Trim(log, before) => {
                let intended = self.intended(*log).ok_or(StoreError::NoSuchLog(*log))?;
                // Past the end there is nothing yet to hide.
                let before = intended.end.min(*before);
                self.push(Entry::Trim { log: *log, before });
                Ok(())
            }
            Change::Configure(log, settings) => {
                self.intended(*log).ok_or(StoreError::NoSuchLog(*log))?;
                self.push(Entry::Configure {
                    log: *log,
                    settings: *settings,
                });
                Ok(())
            }
        }
    }

    fn create(&mut self, logs: &[(LogId, LogSettings)]) -> Result<(), StoreError> {
        let mut fresh = std::collections::BTreeSet::new();
        for (id, _) in logs {
            let has_remains = self.shared.deleted.lock().contains_key(id);
            let is_named = self.logs.contains_key(id);
            if has_remains || is_named || self.intended(*id).is_some() || !fresh.insert(*id) {
                return Err(StoreError::Exists(*id));
            }
        }
        for (log, settings) in logs {
            let priority = settings.priority;
            self.logs.insert(
                *log,
                Intended {
                    priority,
                    ..Intended::default()
                },
            );
            self.push(Entry::Create {
                log: *log,
                settings: *settings,
            });
        }
        Ok(())
    }

    fn delete(&mut self, log: LogId) {
        if self.intended(log).is_some() {
            self.push(Entry::Delete { log });
            self.logs.insert(
                log,
                Intended {
                    is_deleted: true,
                    ..Intended::default()
                },
            );
        }
    }

    fn push(&mut self, entry: Entry) {
        let log = match &entry {
            Entry::Trim { log, .. } | Entry::Configure { log, .. } => self.known(*log),
            Entry::Create { .. } | Entry::Delete { .. } => None,
            Entry::Records { .. } | Entry::Checkpoint { .. } => None,
        };
        self.entries.push(entry);
        self.entry_logs.push(log);
        self.chains.push((NO_CHUNK, NO_CHUNK));
    }

    /// Makes room for a call's batches at once.
    pub(super) fn reserve(&mut self, batches: usize) {
        self.logs.reserve(batches);
        self.entries.reserve(batches);
        self.entry_logs.reserve(batches);
        self.chains.reserve(batches);
        self.chunks.reserve(batches);
    }

    /// The log as this group leaves it so far; `None` if it is not there.
    fn intended(&mut self, id: LogId) -> Option<&mut Intended> {
        Intended::find(&mut self.logs, self.shared, id)
    }

    /// Closes the group: gives every block its place and encodes the frame.
    pub(super) fn seal(mut self, mut header: FrameHeader, salt: u64) -> Sealed {
        header.length = self.frame_bytes() as u32;
        header.entry_count = self.entries.len() as u32;
        let mut directory = Vec::with_capacity(self.entries.len() * ENTRY_BYTES);
        let mut position = header.position + header.payload_start() as u32;
        for entry in &mut self.entries {
            if let Entry::Records { block, .. } = entry {
                block.position = position;
                position += block.length;
            }
            entry.encode(&mut directory);
        }
        let (head, crc) = header.encode(salt, &directory);
        let mut frame = Vec::with_capacity(header.length as usize);
        frame.extend_from_slice(&head);
        frame.extend_from_slice(&directory);
        for (first, _) in &self.chains {
            let mut chunk = *first;
            while chunk != NO_CHUNK {
                let (bytes, next) = &self.chunks[chunk as usize];
                frame.extend_from_slice(bytes);
                chunk = *next;
            }
        }
        frame.resize(frame.len().next_multiple_of(FRAME_ALIGN_BYTES), 0);
        Sealed {
            entries: self.entries,
            logs: self.entry_logs,
            frame,
            crc,
        }
    }

    fn known(&self, id: LogId) -> Option<Arc<Log>> {
        self.logs.get(&id).and_then(|intended| intended.log.clone())
    }
}

impl Intended {
    /// The log as a group leaves it so far; `None` if it is not there.
    fn find<'l>(logs: &'l mut LogMap<Self>, shared: &Shared, id: LogId) -> Option<&'l mut Self> {
        let intended = match logs.entry(id) {
            Place::Occupied(known) => known.into_mut(),
            Place::Vacant(place) => place.insert(Self::of(shared.find(id)?)),
        };
        (!intended.is_deleted).then_some(intended)
    }

    fn of(log: Arc<Log>) -> Self {
        let state = log.state.lock();
        let damage = state.lost_tail().map(|hole| hole.error(log.id).to_string());
        let (end, last_arrival) = (state.end, state.last_arrival);
        let first_control = state.first_control;
        let priority = state.settings.priority;
        drop(state);
        let (entry, is_deleted) = (None, false);
        Self {
            log: Some(log),
            end,
            last_arrival,
            first_control,
            damage,
            entry,
            is_deleted,
            priority,
        }
    }
}

/// Whether a block takes one more batch.
fn can_join(entry: &Entry, batch: &Batch, arrival: Timestamp) -> bool {
    match entry {
        Entry::Records { block, .. } => {
            let joined = block.length as usize + batch.bytes().len();
            block.arrival == arrival && joined <= JOINED_BYTES_MAX
        }
        Entry::Create { .. } | Entry::Delete { .. } | Entry::Trim { .. } => false,
        Entry::Configure { .. } | Entry::Checkpoint { .. } => false,
    }
}

fn first_control(batch: &Batch) -> Option<u32> {
    let place = RecordIter::new(batch.bytes()).position(|(kind, _)| kind == Kind::Control);
    place.map(|place| place as u32)
}
