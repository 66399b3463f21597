//! One group commit in progress: what its calls ask for, judged against the logs as they will be,
//! and the frame it becomes.
//!
//! Nothing here changes the journal: a group that fails is dropped, and with it everything it
//! intended.

use crate::format::frame::{
    Block, ENTRY_BYTES, Entry, FRAME_ALIGN_BYTES, FrameHeader, frame_bytes,
};
use crate::options::Options;
use crate::planted::PlantedBug;
use crate::state::damage::Damage;
use crate::state::handover::Claim;
use crate::state::logs::Logs;
use crate::write::log_map::LogMap;
use crate::write::queue::Change;
use crate::write::writer_tails::{Slot, WriterTails};
use millstream_env::Timestamp;
use millstream_store::batch::{Kind, RecordIter};
use millstream_store::batches::{BatchView, Batches};
use millstream_store::checksum::crc32c_append;
use millstream_store::store::{
    AppendError, Appended, LogId, LogSettings, Offset, Priority, ReadError, StoreError,
};

/// Maximum size of a block made by joining batches of one log.
const JOINED_BYTES_MAX: usize = 256 * 1024;
const NO_CHUNK: u32 = u32::MAX;

/// What the calls of a group are judged by, beside the logs' tails.
#[derive(Clone, Copy)]
pub(crate) struct Grounds<'a> {
    pub(crate) options: &'a Options,
    pub(crate) damage: &'a Damage,
    pub(crate) logs: &'a Logs,
    pub(crate) now: Timestamp,
    pub(crate) admission: Admission,
}

/// A group being assembled.
pub(crate) struct Group<'a, 'c> {
    grounds: Grounds<'a>,
    tails: &'a mut WriterTails,
    /// Whether it contains anything that a full disk could refuse.
    has_ordinary: bool,
    /// Its number, which marks its logs.
    number: u64,
    logs: Vec<Intended>,
    /// The ordinals, among `logs`, of logs that it makes.
    made: LogMap<u32>,
    entries: Vec<Entry>,
    /// For each entry, the ordinal of its log.
    entry_ordinals: Vec<u32>,
    /// For each entry, its first and last chunk.
    chains: Vec<(u32, u32)>,
    /// The buffers of the calls.
    buffers: Vec<&'c [u8]>,
    /// Payload bytes, each with the index of the next chunk of the same entry.
    chunks: Vec<(Extent, u32)>,
    payload_bytes: usize,
}

/// A range of a call's buffer.
#[derive(Clone, Copy, Default)]
struct Extent {
    /// The index of the buffer.
    buffer: u32,
    start: u32,
    end: u32,
}

/// Whose appends a group accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    All,
    /// On a full disk: logs with priority, and markers.
    Privileged,
}

/// A log as it will be once the group is durable.
#[derive(Default)]
struct Intended {
    /// `None` if the group creates it.
    slot: Option<Slot>,
    end: Offset,
    last_arrival: Option<Timestamp>,
    first_control: Option<Offset>,
    /// Whether appends are refused.
    is_tail_lost: bool,
    /// The entry that accepts further batches of this log.
    entry: Option<usize>,
    is_deleted: bool,
    priority: Priority,
}

/// The content of a closed group.
pub(crate) struct Entered<'a> {
    pub(crate) tails: &'a mut WriterTails,
    pub(crate) entries: Vec<Entry>,
    ordinals: Vec<u32>,
    logs: Vec<Intended>,
}

/// A closed group: its entries and its frame.
pub(crate) struct Sealed<'a> {
    pub(crate) entered: Entered<'a>,
    pub(crate) frame: Vec<u8>,
    pub(crate) crc: u32,
}

impl<'a, 'c> Group<'a, 'c> {
    pub(crate) fn new(grounds: Grounds<'a>, tails: &'a mut WriterTails) -> Self {
        Self {
            number: tails.begin_group(),
            tails,
            has_ordinary: false,
            grounds,
            logs: Vec::new(),
            made: LogMap::default(),
            entries: Vec::new(),
            entry_ordinals: Vec::new(),
            chains: Vec::new(),
            buffers: Vec::new(),
            chunks: Vec::new(),
            payload_bytes: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether all of it is allowed on a full disk.
    pub(crate) fn claim(&self) -> Claim {
        if self.has_ordinary {
            Claim::Ordinary
        } else {
            Claim::Privileged
        }
    }

    pub(crate) fn entry_count(&self) -> usize {
        self.entries.len()
    }

    /// Length of the frame that the group becomes.
    pub(crate) fn frame_bytes(&self) -> usize {
        frame_bytes(self.entries.len(), self.payload_bytes)
    }

    /// Adds a call's batches.
    pub(crate) fn append_all(
        &mut self,
        batches: &'c Batches,
    ) -> Vec<Result<Appended, AppendError>> {
        self.reserve(batches.len());
        self.buffers.push(batches.buffer());
        let ordinals = self.find_all(batches);
        let batches = batches.iter().zip(ordinals);
        batches
            .map(|((id, batch), ordinal)| self.append(id, batch, ordinal))
            .collect()
    }

    /// The ordinals of the batches' logs.
    fn find_all(&mut self, batches: &Batches) -> Vec<Option<u32>> {
        let slots: Vec<Option<Slot>> = batches.logs().map(|id| self.tails.find(id)).collect();
        self.tails.look_ahead(slots.iter().flatten().copied());
        let logs = batches.logs().zip(slots);
        logs.map(|(id, slot)| self.ordinal(id, slot)).collect()
    }

    /// The ordinal of a log, which it gets if it had none; `None` if there is no such log.
    fn ordinal(&mut self, id: LogId, slot: Option<Slot>) -> Option<u32> {
        if !self.made.is_empty()
            && let Some(ordinal) = self.made.get(&id)
        {
            return Some(*ordinal);
        }
        let slot = slot?;
        let ordinal = self.tails.ordinal_in(slot, self.number).unwrap_or_else(|| {
            let ordinal = self.logs.len() as u32;
            self.tails.mark(slot, self.number, ordinal);
            self.logs.push(Intended::of(self.tails, slot));
            ordinal
        });
        Some(ordinal)
    }

    /// Adds a batch to the log at an ordinal.
    fn append(
        &mut self,
        id: LogId,
        batch: BatchView<'_>,
        ordinal: Option<u32>,
    ) -> Result<Appended, AppendError> {
        let Grounds { now, admission, .. } = self.grounds;
        let next = self.entries.len();
        let found = ordinal.map(|ordinal| (ordinal, &mut self.logs[ordinal as usize]));
        let Some((ordinal, intended)) = found.filter(|(_, intended)| !intended.is_deleted) else {
            return Err(match self.grounds.damage.why_unknown(id) {
                ReadError::NoSuchLog(id) => AppendError::NoSuchLog(id),
                damage @ (ReadError::Damaged { .. } | ReadError::Io(_)) => {
                    AppendError::NotApplied(damage.to_string())
                }
            });
        };
        let sealed = intended.first_control;
        if let Some(at) = sealed
            && !self.grounds.options.has(PlantedBug::AppendBehindSeal)
        {
            return Err(AppendError::Sealed(at));
        }
        if intended.is_tail_lost {
            let why = intended.slot.and_then(|slot| self.tails.damage(slot));
            return Err(AppendError::NotApplied(why.unwrap_or_default()));
        }
        let is_privileged = intended.priority == Priority::Reserved || batch.is_mark();
        if !is_privileged && admission == Admission::Privileged {
            return Err(AppendError::Full);
        }
        let first = intended.end;
        let arrival = intended.last_arrival.map_or(now, |last| last.max(now));
        let control = if batch.has_control() {
            first_control(batch)
        } else {
            None
        };
        intended.first_control = sealed.or(control.map(|at| first.plus(u64::from(at))));
        intended.end = first.plus(u64::from(batch.count()));
        intended.last_arrival = Some(arrival);
        self.has_ordinary |= !is_privileged;
        let joined = intended.entry;
        if let Some(at) = joined.filter(|at| can_join(&self.entries[*at], batch, arrival)) {
            self.join(at, batch, control);
        } else {
            intended.entry = Some(next);
            self.entry_ordinals.push(ordinal);
            self.begin_block(id, batch, first, arrival, control);
        }
        Ok(Appended { first, arrival })
    }

    fn join(&mut self, entry: usize, batch: BatchView<'_>, new_control: Option<u32>) {
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
        batch: BatchView<'_>,
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

    fn push_chunk(&mut self, batch: BatchView<'_>) {
        let length = batch.bytes().len();
        self.payload_bytes += length;
        let extent = Extent {
            buffer: self.buffers.len() as u32 - 1,
            start: batch.start(),
            end: batch.start() + length as u32,
        };
        self.chunks.push((extent, NO_CHUNK));
    }

    /// Adds a change, completely or not at all.
    pub(crate) fn change(&mut self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Create(logs) => self.create(logs),
            Change::Delete(logs) => {
                logs.iter().for_each(|log| self.delete(*log));
                Ok(())
            }
            Change::Trim(log, before) => {
                let ordinal = self.present(*log).ok_or(StoreError::NoSuchLog(*log))?;
                let intended = &self.logs[ordinal as usize];
                // There is nothing to hide past the end.
                let before = intended.end.min(*before);
                self.push(Entry::Trim { log: *log, before }, ordinal);
                Ok(())
            }
            Change::Configure(log, settings) => {
                let ordinal = self.present(*log).ok_or(StoreError::NoSuchLog(*log))?;
                let (log, settings) = (*log, *settings);
                self.push(Entry::Configure { log, settings }, ordinal);
                Ok(())
            }
        }
    }

    fn create(&mut self, logs: &[(LogId, LogSettings)]) -> Result<(), StoreError> {
        let mut fresh = std::collections::BTreeSet::new();
        for (id, _) in logs {
            let has_remains = self.grounds.logs.has_remains(*id);
            if has_remains || self.find(*id).is_some() || !fresh.insert(*id) {
                return Err(StoreError::Exists(*id));
            }
        }
        for (log, settings) in logs {
            let (log, settings, priority) = (*log, *settings, settings.priority);
            let ordinal = self.logs.len() as u32;
            self.made.insert(log, ordinal);
            self.logs.push(Intended {
                priority,
                ..Intended::default()
            });
            self.push(Entry::Create { log, settings }, ordinal);
        }
        Ok(())
    }

    fn delete(&mut self, log: LogId) {
        if let Some(ordinal) = self.present(log) {
            self.push(Entry::Delete { log }, ordinal);
            self.logs[ordinal as usize].is_deleted = true;
        }
    }

    fn push(&mut self, entry: Entry, ordinal: u32) {
        self.entries.push(entry);
        self.entry_ordinals.push(ordinal);
        self.chains.push((NO_CHUNK, NO_CHUNK));
    }

    /// Reserves capacity for a call's batches.
    pub(crate) fn reserve(&mut self, batches: usize) {
        self.logs.reserve(batches);
        self.entries.reserve(batches);
        self.entry_ordinals.reserve(batches);
        self.chains.reserve(batches);
        self.chunks.reserve(batches);
    }

    /// The ordinal of a log, also of one that the group deletes.
    fn find(&mut self, id: LogId) -> Option<u32> {
        let slot = self.tails.find(id);
        self.ordinal(id, slot)
    }

    /// The ordinal of a log that the group leaves there so far.
    fn present(&mut self, id: LogId) -> Option<u32> {
        let ordinal = self.find(id)?;
        (!self.logs[ordinal as usize].is_deleted).then_some(ordinal)
    }

    /// Copies the entries' payloads, in order. Those of one call are usually contiguous.
    fn copy_payload(&self, frame: &mut Vec<u8>) {
        let mut copied = Extent::default();
        for (first, _) in &self.chains {
            let mut next = *first;
            while let Some((chunk, after)) = self.chunks.get(next as usize) {
                if !copied.extend(*chunk) {
                    frame.extend_from_slice(self.bytes(copied));
                    copied = *chunk;
                }
                next = *after;
            }
        }
        frame.extend_from_slice(self.bytes(copied));
    }

    fn bytes(&self, extent: Extent) -> &'c [u8] {
        let buffer = self.buffers.get(extent.buffer as usize);
        buffer.map_or(&[], |buffer| {
            &buffer[extent.start as usize..extent.end as usize]
        })
    }

    /// Closes the group: assigns each block its position and encodes the frame.
    pub(crate) fn seal(mut self, mut header: FrameHeader, salt: u64) -> Sealed<'a> {
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
        self.copy_payload(&mut frame);
        frame.resize(frame.len().next_multiple_of(FRAME_ALIGN_BYTES), 0);
        let entered = Entered {
            tails: self.tails,
            entries: self.entries,
            ordinals: self.entry_ordinals,
            logs: self.logs,
        };
        Sealed {
            entered,
            frame,
            crc,
        }
    }
}

impl Extent {
    /// Extends the range by the next one, if they are contiguous.
    fn extend(&mut self, next: Self) -> bool {
        let follows = (self.buffer, self.end) == (next.buffer, next.start);
        if follows {
            self.end = next.end;
        }
        follows
    }
}

impl Entered<'_> {
    /// Prefetches the logs that are about to be changed one by one.
    pub(crate) fn look_ahead(&self) {
        let slots = self.logs.iter().filter_map(|intended| intended.slot);
        self.tails.look_ahead_at_logs(slots);
    }

    /// Whether the tails say what the logs do.
    #[cfg(test)]
    pub(crate) fn agrees_with_logs(&self) -> bool {
        let mut slots = self.logs.iter().filter_map(|intended| intended.slot);
        slots.all(|slot| self.tails.agrees_with_log(slot))
    }

    /// The slot of an entry's log; `None` if the group creates it.
    pub(crate) fn slot(&self, entry: usize) -> Option<Slot> {
        self.logs[self.ordinals[entry] as usize].slot
    }
}

impl Intended {
    /// A log as it is.
    fn of(tails: &WriterTails, slot: Slot) -> Self {
        let tail = tails.tail(slot);
        Self {
            slot: Some(slot),
            end: tail.end,
            last_arrival: tail.last_arrival(),
            first_control: tail.first_control(),
            is_tail_lost: tail.is_tail_lost,
            entry: None,
            is_deleted: false,
            priority: tail.priority,
        }
    }
}

/// Whether a block can take one more batch.
fn can_join(entry: &Entry, batch: BatchView<'_>, arrival: Timestamp) -> bool {
    match entry {
        Entry::Records { block, .. } => {
            let joined = block.length as usize + batch.bytes().len();
            block.arrival == arrival && joined <= JOINED_BYTES_MAX
        }
        Entry::Create { .. } | Entry::Delete { .. } | Entry::Trim { .. } => false,
        Entry::Configure { .. } | Entry::Checkpoint { .. } => false,
    }
}

fn first_control(batch: BatchView<'_>) -> Option<u32> {
    let index = RecordIter::new(batch.bytes()).position(|(kind, _)| kind == Kind::Control);
    index.map(|index| index as u32)
}
