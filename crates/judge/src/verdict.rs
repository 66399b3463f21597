//! What a judgement says: named anomalies, how many of each, and how much was judged.
//!
//! Names are those of Jepsen's Kafka workload where it has one. A verdict keeps every count but
//! only the first details of each kind, so that a thoroughly broken run still gives a readable
//! report.

use crate::number::{SequenceNumber, ShardId};
use crate::payload::RecordId;
use std::collections::BTreeMap;
use std::fmt;

/// How many details of one kind are kept.
const DETAILS_MAX: usize = 20;

/// Declares the kinds once: variant, name in reports, meaning.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// A broken promise.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// Its name in reports.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// An acknowledged record is not where reads went past its place.
    LostWrite = "lost-write",
    /// An acknowledged record was neither read nor passed by: the history proves nothing about it.
    Unseen = "unseen",
    /// A record that nobody wrote.
    Phantom = "phantom",
    /// One attempt was written more than once.
    Duplicate = "duplicate",
    /// A record whose write was answered as not applied.
    AbortedRead = "aborted-read",
    /// A payload that is not what anyone wrote.
    Damaged = "damaged",
    /// One sequence number, several records.
    InconsistentOffset = "inconsistent-offset",
    /// A record stands elsewhere than its acknowledgement said.
    AckMismatch = "ack-mismatch",
    /// A session went back, or stood still, in sequence numbers.
    NonmonotonicPoll = "nonmonotonic-poll",
    /// A session went past a record that others read.
    PollSkip = "poll-skip",
    /// A read took for the shard's tail what was already not its tail when it began.
    StaleRead = "stale-read",
    /// A write stands behind another, or behind a tail that was read, and yet ended before those
    /// began.
    RealtimeInversion = "realtime-inversion",
    /// The records of one request stand in another order than its entries.
    RequestReordered = "request-reordered",
    /// A record's hash key is not in its shard's range.
    Misrouted = "misrouted",
    /// A record's sequence number is not between its shard's starting and ending number.
    OutsideShard = "outside-shard",
    /// A shard was said to be at its end, and had more records.
    ShardEndTooEarly = "shard-end-too-early",
    /// A consumer that reads parents first opened a child before it met its parents' ends.
    ParentNotDrained = "parent-not-drained",
    /// A write to a parent began after a write to its descendant had ended.
    LineageInversion = "lineage-inversion",
    /// A child's starting number is not above its parent's ending number.
    ChildBelowParent = "child-below-parent",
    /// A shard that was written to or read is in no list.
    UnlistedShard = "unlisted-shard",
    /// Lists disagree about what never changes in a shard, or list one twice.
    InconsistentShard = "inconsistent-shard",
    /// The open shards of a list do not cover the hash keys exactly once.
    BrokenCover = "broken-cover",
    /// A list shows less than one that had ended before it began.
    StaleList = "stale-list",
    /// A list begun after a reshard was acknowledged does not show it.
    LostReshard = "lost-reshard",
    /// A reshard that was answered as not applied took place.
    AbortedReshard = "aborted-reshard",
    /// A subscription lasts longer than five minutes.
    EndlessSubscription = "endless-subscription",
    /// A subscription goes on although its consumer has another at the shard.
    SharedSeat = "shared-seat",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One broken promise, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// Which promise.
    pub kind: Kind,
    /// The shard concerned, if it is about one.
    pub shard: Option<ShardId>,
    /// The place concerned, if it is about one.
    pub sequence_number: Option<SequenceNumber>,
    /// The record concerned, if it is about one.
    pub record: Option<RecordId>,
    /// The evidence, for people.
    pub detail: String,
}

impl Anomaly {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            kind,
            shard: None,
            sequence_number: None,
            record: None,
            detail,
        }
    }

    pub(crate) fn on(mut self, shard: ShardId) -> Self {
        self.shard = Some(shard);
        self
    }

    pub(crate) fn at(mut self, sequence_number: SequenceNumber) -> Self {
        self.sequence_number = Some(sequence_number);
        self
    }

    pub(crate) fn of(mut self, record: RecordId) -> Self {
        self.record = Some(record);
        self
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(shard) = self.shard {
            write!(f, " {shard}")?;
        }
        if let Some(number) = self.sequence_number {
            write!(f, " at {number}")?;
        }
        if let Some(record) = self.record {
            write!(f, " record {record}")?;
        }
        write!(f, ": {}", self.detail)
    }
}

/// How much a verdict rests on; a good verdict over nothing proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Attempts to write a record.
    pub puts: usize,
    /// Those that were acknowledged.
    pub acked: usize,
    /// Those whose outcome stayed unknown.
    pub unknown: usize,
    /// Calls that read.
    pub reads: usize,
    /// Records in their answers.
    pub records_read: usize,
    /// Lists of shards.
    pub lists: usize,
    /// Shards that were written to, read or listed.
    pub shards: usize,
}

/// Why a history cannot be judged: whoever recorded it made a mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// Two puts claim one attempt.
    #[error("two puts carry the record id {0}")]
    RecordIdReused(RecordId),
    /// Two sessions have one number.
    #[error("session {0} was opened twice")]
    SessionReused(u64),
    /// A read belongs to no session.
    #[error("a read continues session {0}, which was never opened")]
    NoSuchSession(u64),
    /// A session reads before its begin, or two of its reads overlap.
    #[error("session {0} ran two calls at once")]
    SessionOverlaps(u64),
    /// A call ended before it began.
    #[error("an operation that started at {} finished at {}", .0.started, .0.finished)]
    Backwards(crate::history::Span),
}

/// The judgement of one history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What was looked at.
    pub judged: Judged,
    counts: BTreeMap<Kind, usize>,
    anomalies: Vec<Anomaly>,
}

impl Verdict {
    pub(crate) fn new(judged: Judged) -> Self {
        Self {
            judged,
            ..Self::default()
        }
    }

    pub(crate) fn report(&mut self, anomaly: Anomaly) {
        let count = self.counts.entry(anomaly.kind).or_default();
        *count += 1;
        if *count <= DETAILS_MAX {
            self.anomalies.push(anomaly);
        }
    }

    /// Whether no promise was broken.
    pub fn is_good(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many anomalies of this kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// The first anomalies of each kind, with their evidence.
    pub fn anomalies(&self) -> &[Anomaly] {
        &self.anomalies
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Judged {
            puts,
            acked,
            unknown,
            reads,
            records_read,
            lists,
            shards,
        } = self.judged;
        write!(
            f,
            "{puts} puts ({acked} acknowledged, {unknown} unknown), {reads} reads of "
        )?;
        write!(
            f,
            "{records_read} records, {lists} lists, {shards} shards: "
        )?;
        if self.is_good() {
            return writeln!(f, "no anomaly");
        }
        let counts: Vec<_> = self
            .counts
            .iter()
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect();
        writeln!(f, "{}", counts.join(", "))?;
        self.anomalies
            .iter()
            .try_for_each(|anomaly| writeln!(f, "  {anomaly}"))
    }
}
