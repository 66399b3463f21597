//! The contract of a store of logs, and the words it is written in.

use crate::batch::{Kind, RECORD_BYTES_MAX, RecordIter};
use crate::batches::Batches;
use crate::metrics::Metric;
use bytes::{Bytes, BytesMut};
use env::Timestamp;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use tokio::sync::watch;

/// The name of a log. Never reused: a group is made once (the engine uses the catalog offset of the
/// command that made a stream), an index is given once in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    /// What the log belongs to.
    pub group: u64,
    /// Which log of the group.
    pub index: u32,
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.group, self.index)
    }
}

/// A record's place in its log: 0, 1, 2 …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub u64);

impl Offset {
    /// The place `count` records further on.
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0 + count)
    }
}

/// The number of a claim on a log. Whoever gives them out gives each to one owner alone, and a
/// later one is higher; without a claim a handle has the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u32);

/// What a log should be like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// How long its records are wanted, in milliseconds; 0 for ever. A hint for placement: only
    /// [`LogStore::trim`] and [`LogStore::delete`] remove anything in the stores of this crate.
    pub retention_ms: u64,
    /// Whose appends go on when the disk is full.
    pub priority: Priority,
}

/// What becomes of a log's appends when the disk is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// They are refused with [`AppendError::Full`].
    #[default]
    Normal,
    /// They take room that is kept for them.
    Reserved,
}

/// Where an acknowledged batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The offset of the batch's first record; the rest follow without a gap.
    pub first: Offset,
    /// The arrival time of all its records: at least that of every record before them.
    pub arrival: Timestamp,
}

/// Why a batch was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Not applied: too much is waiting to be written, or the disk has no room. Try later.
    #[error("the store takes no more for now")]
    Full,
    /// Not applied: the batch is larger than the store takes at once.
    #[error("the batch is larger than the store takes")]
    TooLarge,
    /// Not applied: there is no such log.
    #[error("no log {0}")]
    NoSuchLog(LogId),
    /// Not applied, and no append to the log ever will be: it was sealed by the record at this
    /// offset.
    #[error("the log is sealed at offset {}", .0.0)]
    Sealed(Offset),
    /// Not applied: another has appended to the log under a higher epoch.
    #[error("the log has another owner")]
    Fenced,
    /// Not applied, for another reason.
    #[error("not applied: {0}")]
    NotApplied(String),
    /// It may or may not be in the log, now or later.
    #[error("unknown whether applied: {0}")]
    Unknown(String),
}

/// Why a read gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no such log.
    #[error("no log {0}")]
    NoSuchLog(LogId),
    /// The bytes are not what was written.
    #[error("damage in log {log}, {at}: {what}")]
    Damaged {
        /// The log whose records are lost.
        log: LogId,
        /// What did not hold.
        what: &'static str,
        /// Where to look, in words that an operator of this provider knows.
        at: String,
    },
    /// What the provider stores on failed.
    #[error("cannot read: {0}")]
    Io(String),
}

/// Why a change to the set of logs failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Not applied: there is no such log.
    #[error("no log {0}")]
    NoSuchLog(LogId),
    /// Not applied: the log is there already.
    #[error("log {0} exists")]
    Exists(LogId),
    /// Not applied.
    #[error("not applied: {0}")]
    NotApplied(String),
    /// It may or may not have been applied. Doing it again is safe.
    #[error("unknown whether applied: {0}")]
    Unknown(String),
}

/// What a provider promises beside the clauses that hold for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promises {
    /// What a read sees.
    pub reads: Reads,
}

/// What a read sees of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// All that was acknowledged through any handle before the read began.
    Newest,
    /// A beginning of the log, which for one handle never gets shorter, and in time is all of it.
    Prefix,
}

/// How much one read may bring. At least one record comes if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimit {
    /// Records at most.
    pub records: u32,
    /// Bytes of records at most, except that the first record always comes.
    pub bytes: u64,
}

impl ReadLimit {
    /// Memory that a read holds beyond twice what it answers, at most: what it found that in, and
    /// the runs.
    pub const HELD_BESIDE_BYTES: usize = 2 * 1024 * 1024;

    /// Memory that a read within this limit holds at most, while it goes on and until its answer is
    /// sent. One record may be more than the limit, and stand in a block with others that are read
    /// with it.
    pub fn held_bytes_max(&self) -> usize {
        let answer = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        let answer = answer.saturating_mul(2).max(RECORD_BYTES_MAX);
        answer.saturating_add(Self::HELD_BESIDE_BYTES)
    }
}

/// The first kept offset and the end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The first offset that can still be read (equal to `end` if there is none).
    pub first: Offset,
    /// One past the last durable record.
    pub end: Offset,
    /// The arrival time of the last record ever appended, also if it has been trimmed.
    pub last_arrival: Option<Timestamp>,
    /// The first control record, if there is one: the log is sealed there.
    pub first_control: Option<Offset>,
}

/// One record as it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its place.
    pub offset: Offset,
    /// When it arrived.
    pub arrival: Timestamp,
    /// Data or control.
    pub kind: Kind,
    /// What was appended.
    pub bytes: &'a [u8],
}

/// A run of neighbouring records that arrived together, sharing the memory of the cache.
#[derive(Clone, Debug)]
pub struct Run {
    /// The offset of the first.
    pub first: Offset,
    /// How many.
    pub count: u32,
    /// When they arrived.
    pub arrival: Timestamp,
    /// The framed records (see [`crate::batch`]).
    pub bytes: Bytes,
}

/// What a read brought: runs without a gap between them.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The records.
    pub runs: Vec<Run>,
    /// Where to go on: after the last record, or where the read began if there was none (moved up
    /// to the first kept offset if it began below).
    pub next: Offset,
    /// The log's durable end as the read saw it, see [`Promises`]; past `next` if what stands there
    /// cannot be read.
    pub end: Offset,
    /// Memory that the runs keep: at most twice their bytes and 1 MiB and a little.
    pub held_bytes: usize,
}

impl Slice {
    /// Bytes of the records as they are framed.
    pub fn bytes(&self) -> usize {
        self.runs.iter().map(|run| run.bytes.len()).sum()
    }

    /// Copies the records, so that they keep no memory beside their own.
    pub fn compact(&mut self) {
        let mut copies = BytesMut::with_capacity(self.bytes());
        for run in &mut self.runs {
            copies.extend_from_slice(&run.bytes);
            run.bytes = copies.split().freeze();
        }
        self.held_bytes = self.bytes();
    }

    /// The records in order.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.runs.iter().flat_map(|run| {
            RecordIter::new(&run.bytes)
                .zip(run.first.0..)
                .map(|((kind, bytes), offset)| Record {
                    offset: Offset(offset),
                    arrival: run.arrival,
                    kind,
                    bytes,
                })
        })
    }
}

/// Tells when a log's durable end moves.
#[derive(Clone, Debug)]
pub struct TailWatch {
    end: watch::Receiver<Offset>,
}

impl TailWatch {
    /// Wraps the receiving end of a provider's channel.
    pub fn new(end: watch::Receiver<Offset>) -> Self {
        Self { end }
    }

    /// The durable end as known now.
    pub fn end(&self) -> Offset {
        *self.end.borrow()
    }

    /// Resolves once the end is above `offset`; `false` if the log or the store has gone.
    pub async fn reaches_past(&mut self, offset: Offset) -> bool {
        self.end.wait_for(|end| *end > offset).await.is_ok()
    }
}

/// What appending one control record alone says of sealing its log: where it ended, by this record
/// or by an earlier one.
pub fn sealed(mut results: Vec<Result<Appended, AppendError>>) -> Result<Offset, AppendError> {
    match results.pop().expect("one batch has one result") {
        Ok(appended) => Ok(appended.first),
        Err(AppendError::Sealed(at)) => Ok(at),
        Err(error) => Err(error),
    }
}

/// What an asynchronous call of the store answers.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A store of append-only logs, or one of several handles on it. A provider that has one handle
/// alone, such as the journal, takes each claim and never says `Fenced`. A provider MUST keep these
/// clauses; each has a test in [`crate::conformance`]:
///
/// 1. A resolved append survives power loss (or what the provider was told to survive).
/// 2. Offsets rise in append order within one log, without gaps, from 0.
/// 3. A read sees what the provider [promises](Promises).
/// 4. Each record's own offset and arrival time are returned, and are what any reader sees;
///    arrival times never fall along a log.
/// 5. The batches of one `append_many` succeed or fail each for itself.
/// 6. An append, once handed over, goes on though its future is dropped.
/// 7. `Full`, `TooLarge`, `NoSuchLog`, `Sealed`, `Fenced` and `NotApplied` leave no trace, for
///    ever.
/// 8. A read from below the first kept offset begins at the first kept offset; one at or past the
///    end brings nothing.
/// 9. `create`, `delete`, `trim` and `configure` are durable when they resolve, and doing one again
///    is harmless: creating a log that exists is `Exists`, deleting one that is gone succeeds.
/// 10. What was trimmed or deleted is never read again, also after a restart. An id is never
///     reused.
/// 11. `seal` appends one control record, as durable as any append, and answers its offset. Sealing
///     again appends nothing and answers the offset of the log's first control record, whatever the
///     bytes.
/// 12. A log that holds a control record is sealed, also after a restart and however the record got
///     there. An append either stands before the first control record or is refused with `Sealed`
///     and that record's offset; seals and appends in flight at the same time have one order.
/// 13. After `claim` resolves, this handle's appends to the log carry the epoch, as long as the
///     handle lives. Once an append under a higher epoch was applied, those under lower ones are
///     refused with `Fenced`. A seal stands above all epochs: any handle may seal, and a sealed log
///     says `Sealed` to everyone. Claiming again what is claimed is harmless.
/// 14. A fresh look sees every append and change that resolved before it began, through whichever
///     handle. What a handle knows covers what it did and read itself, what it was told by a
///     refusal, and what was there when it was opened, and never goes back; of what other handles
///     do it may know nothing yet.
pub trait LogStore: Send + Sync + 'static {
    /// Makes logs, all or none.
    fn create(&self, logs: Vec<(LogId, LogSettings)>) -> Answer<'_, Result<(), StoreError>>;
    /// Appends to many logs with one hand-over and one wake.
    fn append_many(&self, batches: Batches) -> Answer<'_, Vec<Result<Appended, AppendError>>>;
    /// Takes a log for this handle under an epoch. Says at once, or leaves it to the appends, if
    /// another has taken it under a higher one. After any other error it may be tried again.
    fn claim(&self, log: LogId, epoch: Epoch) -> Answer<'_, Result<(), AppendError>>;
    /// Ends a log by one control record with these bytes; answers the offset at which it ended.
    /// Never [`AppendError::Sealed`]: a log that is sealed already is as wanted. After any other
    /// error it may be tried again.
    ///
    /// # Panics
    /// If the bytes are more than [`RECORD_BYTES_MAX`].
    fn seal(&self, log: LogId, bytes: &[u8]) -> Answer<'_, Result<Offset, AppendError>>;
    /// Reads on from an offset.
    fn read(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
    ) -> Answer<'_, Result<Slice, ReadError>>;
    /// The same as far as nothing need be waited for; `None` if something must, or if the store
    /// cannot tell.
    fn read_at_hand(
        &self,
        _log: LogId,
        _from: Offset,
        _limit: ReadLimit,
    ) -> Option<Result<Slice, ReadError>> {
        None
    }
    /// The first kept offset whose arrival is at or after `time`; the end if there is none.
    fn offset_at(&self, log: LogId, time: Timestamp) -> Answer<'_, Result<Offset, ReadError>>;
    /// The same as far as nothing need be waited for; `None` as in [`LogStore::read_at_hand`].
    fn offset_at_hand(&self, _log: LogId, _time: Timestamp) -> Option<Result<Offset, ReadError>> {
        None
    }
    /// First kept offset, end, and what goes with them, as far as this handle knows. Exact for
    /// whoever alone appends to the log.
    fn known_bounds(&self, log: LogId) -> Result<Bounds, ReadError>;
    /// The same as it is now.
    fn fresh_bounds(&self, log: LogId) -> Answer<'_, Result<Bounds, ReadError>>;
    /// A watch on the durable end as far as this handle knows, made on demand.
    fn tail(&self, log: LogId) -> Result<TailWatch, ReadError>;
    /// Hides all before an offset for good, and frees its space in time. Going back is ignored.
    fn trim(&self, log: LogId, before: Offset) -> Answer<'_, Result<(), StoreError>>;
    /// Changes a log's settings.
    fn configure(&self, log: LogId, settings: LogSettings) -> Answer<'_, Result<(), StoreError>>;
    /// All logs that this handle knows, in order.
    fn known_list(&self) -> Vec<LogId>;
    /// All logs that there are, in order.
    fn fresh_list(&self) -> Answer<'_, Result<Vec<LogId>, ReadError>>;
    /// Removes logs for good.
    fn delete(&self, logs: Vec<LogId>) -> Answer<'_, Result<(), StoreError>>;
    /// What holds for this provider alone.
    fn promises(&self) -> Promises;
    /// Whether appends are accepted at all (false once a sync has failed, say): for readiness.
    fn is_writable(&self) -> bool;
    /// What the store tells of itself to whoever runs it. May block for moments. Nothing depends on
    /// it.
    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }
    /// Finishes what was handed over, makes it durable, and stops.
    fn shutdown(&self) -> Answer<'_, ()>;
}
