//! The contract of a store of logs, and its vocabulary.

use crate::batch::{Kind, RECORD_BYTES_MAX, RecordIter};
use crate::batches::Batches;
use crate::metrics::Metric;
use bytes::{Bytes, BytesMut};
use millstream_env::Timestamp;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use tokio::sync::watch;

/// The name of a log. Never reused: a group is created once (the engine uses the catalog offset of
/// the command that created a stream), and an index is used once in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId {
    /// The group that the log belongs to.
    pub group: u64,
    /// The log's index in the group.
    pub index: u32,
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.group, self.index)
    }
}

/// A record's position in its log: 0, 1, 2 …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offset(pub u64);

impl Offset {
    /// The highest: no log ever gets there. Any number of records in a batch behind it is a number.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// The offset `count` records later.
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0 + count)
    }
}

/// The number of a claim on a log. Whoever issues epochs gives each to one owner only, in
/// increasing order; without a claim a handle has the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u32);

/// Properties of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// How long its records are wanted, in milliseconds; 0 for ever. It is a hint for placement: in
    /// the stores of this workspace only [`LogStore::trim`] and [`LogStore::delete`] remove
    /// anything.
    pub retention_ms: u64,
    /// Treatment of its appends on a full disk.
    pub priority: Priority,
}

/// Treatment of a log's appends on a full disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// They are refused with [`AppendError::Full`].
    #[default]
    Normal,
    /// They may use reserved space.
    Reserved,
}

/// The position of an acknowledged batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The offset of the batch's first record; the others follow contiguously.
    pub first: Offset,
    /// The arrival time of all its records: not before that of any earlier record.
    pub arrival: Timestamp,
}

/// Why a batch was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Not applied: the write queue or the disk is full. Retry later.
    #[error("the store takes no more for now")]
    Full,
    /// Not applied: the batch exceeds the store's maximum.
    #[error("the batch is larger than the store takes")]
    TooLarge,
    /// Not applied: there is no such log.
    #[error("no log {0}")]
    NoSuchLog(LogId),
    /// Not applied, and no append to the log ever will be: it was sealed by the record at this
    /// offset.
    #[error("the log is sealed at offset {}", .0.0)]
    Sealed(Offset),
    /// Not applied: another handle has appended to the log under a higher epoch.
    #[error("the log has another owner")]
    Fenced,
    /// Not applied, for another reason.
    #[error("not applied: {0}")]
    NotApplied(String),
    /// It may or may not be in the log, now or later.
    #[error("unknown whether applied: {0}")]
    Unknown(String),
}

/// Why a read failed.
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
        /// What is invalid.
        what: &'static str,
        /// Where to look, in terms that an operator of this provider knows.
        at: String,
    },
    /// The provider's storage failed.
    #[error("cannot read: {0}")]
    Io(String),
}

/// Why a change to the set of logs failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Not applied: there is no such log.
    #[error("no log {0}")]
    NoSuchLog(LogId),
    /// Not applied: the log exists already.
    #[error("log {0} exists")]
    Exists(LogId),
    /// Not applied.
    #[error("not applied: {0}")]
    NotApplied(String),
    /// It may or may not have been applied. Retrying is safe.
    #[error("unknown whether applied: {0}")]
    Unknown(String),
}

/// Provider-specific guarantees beside the clauses that hold for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promises {
    /// What a read sees.
    pub reads: Reads,
}

/// What a read sees of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Everything that was acknowledged through any handle before the read began.
    Newest,
    /// A prefix of the log, which for one handle never gets shorter and eventually includes
    /// everything.
    Prefix,
}

/// How much one read may return. It returns at least one record if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimit {
    /// Maximum number of records.
    pub records: u32,
    /// Maximum bytes of records, except that the first record is always returned.
    pub bytes: u64,
}

impl ReadLimit {
    /// Upper bound on the memory of a read beyond twice its result: index blocks and the list of
    /// runs.
    pub const HELD_BESIDE_BYTES: usize = 2 * 1024 * 1024;

    /// Upper bound on the memory of a read within this limit, from its start until its result is
    /// sent. A single record may exceed the limit, and share a block with others that are read with
    /// it.
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
    /// The arrival time of the last record ever appended, even if it has been trimmed.
    pub last_arrival: Option<Timestamp>,
    /// The first control record, if there is one: the log is sealed there.
    pub first_control: Option<Offset>,
}

/// A record as a reader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its offset.
    pub offset: Offset,
    /// Its arrival time.
    pub arrival: Timestamp,
    /// Data or control.
    pub kind: Kind,
    /// The appended bytes.
    pub bytes: &'a [u8],
}

/// A run of consecutive records with the same arrival time, sharing the cache's memory.
#[derive(Clone, Debug)]
pub struct Run {
    /// The offset of the first.
    pub first: Offset,
    /// Number of records.
    pub count: u32,
    /// Their arrival time.
    pub arrival: Timestamp,
    /// The framed records (see [`crate::batch`]).
    pub bytes: Bytes,
}

/// The result of a read: contiguous runs, but for records that were lost and given up.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The records.
    pub runs: Vec<Run>,
    /// Where to continue: after the last record, or where the read began if there was none (at
    /// least the first kept offset).
    pub next: Offset,
    /// The log's durable end as the read saw it, see [`Promises`]; past `next` if the rest cannot
    /// be read.
    pub end: Offset,
    /// Memory that the runs keep alive: at most twice their bytes plus about 1 MiB.
    pub held_bytes: usize,
}

impl Slice {
    /// Total size of the framed records.
    pub fn bytes(&self) -> usize {
        self.runs.iter().map(|run| run.bytes.len()).sum()
    }

    /// Copies the records, so that they keep no other memory alive.
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

/// Notifies when a log's durable end advances.
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

    /// Resolves once the end is above `offset`; `false` if the log or the store is gone.
    pub async fn reaches_past(&mut self, offset: Offset) -> bool {
        self.end.wait_for(|end| *end > offset).await.is_ok()
    }
}

/// Interprets the result of appending a single control record as the result of sealing its log:
/// where it was sealed, by this record or by an earlier one.
pub fn sealed(mut results: Vec<Result<Appended, AppendError>>) -> Result<Offset, AppendError> {
    match results.pop().expect("one batch has one result") {
        Ok(appended) => Ok(appended.first),
        Err(AppendError::Sealed(at)) => Ok(at),
        Err(error) => Err(error),
    }
}

/// The result of an asynchronous call.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A store of append-only logs, or one of several handles on it. A provider with a single handle,
/// such as the journal, grants every claim and never returns `Fenced`. A provider MUST obey these
/// clauses; each has a test in [`crate::conformance`]:
///
/// 1. A resolved append survives power loss (or whatever failure the provider was configured to
///    survive).
/// 2. Offsets rise in append order within one log, without gaps, from 0. Records that were lost and
///    given up by an operator keep their offsets: a read goes on behind them.
/// 3. A read sees what the provider [promises](Promises).
/// 4. Each append returns the batch's own offset and arrival time, and every reader sees the same;
///    arrival times never decrease along a log.
/// 5. The batches of one `append_many` succeed or fail independently.
/// 6. An append, once submitted, goes on although its future is dropped.
/// 7. `Full`, `TooLarge`, `NoSuchLog`, `Sealed`, `Fenced` and `NotApplied` leave no trace, for
///    ever.
/// 8. A read from below the first kept offset starts at the first kept offset; one at or past the
///    end returns nothing.
/// 9. `create`, `delete`, `trim` and `configure` are durable when they resolve, and idempotent:
///    creating a log that exists returns `Exists`, deleting one that is gone succeeds.
/// 10. Trimmed or deleted records are never read again, even after a restart. An id is not for
///     reuse: creating a log that was deleted returns `Exists`, for as long as the store has
///     anything of it, be it the deletion alone. A store that has forgotten it makes a new log.
/// 11. `seal` appends one control record, as durable as any append, and returns its offset. Sealing
///     again appends nothing and returns the offset of the log's first control record, whatever the
///     bytes.
/// 12. A log that holds a control record is sealed, even after a restart and however the record got
///     there. An append either precedes the first control record or is refused with `Sealed` and
///     that record's offset; concurrent seals and appends are totally ordered.
/// 13. After `claim` resolves, this handle's appends to the log carry the epoch, for as long as the
///     handle lives. Once an append under a higher epoch was applied, appends under lower ones are
///     refused with `Fenced`. A seal is above all epochs: any handle may seal, and appends to a
///     sealed log return `Sealed` on every handle. Repeating a claim is harmless.
/// 14. A fresh look sees every append and change that resolved before it began, through any handle.
///     A handle's own knowledge covers what it did and read itself, what a refusal told it, and
///     what existed when it was opened, and never regresses; it may not include what other handles
///     do.
pub trait LogStore: Send + Sync + 'static {
    /// Creates logs, all or none.
    fn create(&self, logs: Vec<(LogId, LogSettings)>) -> Answer<'_, Result<(), StoreError>>;
    /// Appends to many logs with one submission and one wake-up.
    fn append_many(&self, batches: Batches) -> Answer<'_, Vec<Result<Appended, AppendError>>>;
    /// Claims a log for this handle under an epoch. If another handle has claimed it under a higher
    /// one, reports that at once or leaves it to later appends. After any other error it may be
    /// retried.
    fn claim(&self, log: LogId, epoch: Epoch) -> Answer<'_, Result<(), AppendError>>;
    /// Seals a log by one control record with these bytes; returns the offset at which it ended.
    /// Never returns [`AppendError::Sealed`]: a log that is sealed already is in the desired state.
    /// After any other error it may be retried.
    ///
    /// # Panics
    /// If the bytes exceed [`RECORD_BYTES_MAX`].
    fn seal(&self, log: LogId, bytes: &[u8]) -> Answer<'_, Result<Offset, AppendError>>;
    /// Reads forward from an offset.
    fn read(
        &self,
        log: LogId,
        from: Offset,
        limit: ReadLimit,
    ) -> Answer<'_, Result<Slice, ReadError>>;
    /// The same without waiting; `None` if it would have to wait, or if the store cannot tell.
    fn read_at_hand(
        &self,
        _log: LogId,
        _from: Offset,
        _limit: ReadLimit,
    ) -> Option<Result<Slice, ReadError>> {
        None
    }
    /// The first kept offset whose arrival time is at or after `time`; the end if there is none.
    fn offset_at(&self, log: LogId, time: Timestamp) -> Answer<'_, Result<Offset, ReadError>>;
    /// The same without waiting; `None` as in [`LogStore::read_at_hand`].
    fn offset_at_hand(&self, _log: LogId, _time: Timestamp) -> Option<Result<Offset, ReadError>> {
        None
    }
    /// A log's bounds as far as this handle knows them. Exact for the log's only appender.
    fn known_bounds(&self, log: LogId) -> Result<Bounds, ReadError>;
    /// A log's current bounds.
    fn fresh_bounds(&self, log: LogId) -> Answer<'_, Result<Bounds, ReadError>>;
    /// A watch on the durable end as far as this handle knows it, created on demand.
    fn tail(&self, log: LogId) -> Result<TailWatch, ReadError>;
    /// Hides everything before an offset for good, and frees its space eventually. Trimming
    /// backwards has no effect.
    fn trim(&self, log: LogId, before: Offset) -> Answer<'_, Result<(), StoreError>>;
    /// Changes a log's settings.
    fn configure(&self, log: LogId, settings: LogSettings) -> Answer<'_, Result<(), StoreError>>;
    /// All logs that this handle knows, in order.
    fn known_list(&self) -> Vec<LogId>;
    /// All existing logs, in order.
    fn fresh_list(&self) -> Answer<'_, Result<Vec<LogId>, ReadError>>;
    /// Removes logs for good.
    fn delete(&self, logs: Vec<LogId>) -> Answer<'_, Result<(), StoreError>>;
    /// The guarantees specific to this provider.
    fn promises(&self) -> Promises;
    /// Whether appends are accepted at all (`false` after a failed sync, for example). Determines
    /// readiness.
    fn is_writable(&self) -> bool;
    /// Metrics for the operator. May block briefly. Nothing depends on them.
    fn metrics(&self) -> Vec<Metric> {
        Vec::new()
    }
    /// Completes what was submitted, makes it durable, and stops.
    fn shutdown(&self) -> Answer<'_, ()>;
}
