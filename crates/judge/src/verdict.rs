//! The result of a judgement: named anomalies with counts, and how much was judged.
//!
//! Names follow Jepsen's Kafka workload where it has one. A verdict keeps every count but only the
//! first details of each kind, so that a thoroughly broken run still gives a readable report.

use crate::number::{SequenceNumber, ShardId};
use crate::payload::RecordId;
use std::collections::BTreeMap;
use std::fmt;

/// Maximum number of details per kind.
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
    /// An acknowledged record is missing from its position although reads went past it.
    LostWrite = "lost-write",
    /// An acknowledged record was neither read nor passed: the history proves nothing about it.
    Unseen = "unseen",
    /// A record that no client wrote.
    Phantom = "phantom",
    /// One attempt was written more than once.
    Duplicate = "duplicate",
    /// A record whose write was reported as not applied.
    AbortedRead = "aborted-read",
    /// A payload that no client wrote.
    Damaged = "damaged",
    /// Several records have the same sequence number.
    InconsistentOffset = "inconsistent-offset",
    /// A record is not at the position in its acknowledgement.
    AckMismatch = "ack-mismatch",
    /// A session's sequence numbers did not increase.
    NonmonotonicPoll = "nonmonotonic-poll",
    /// A session skipped a record that others read.
    PollSkip = "poll-skip",
    /// A read reported the shard's tail although more records existed when it began.
    StaleRead = "stale-read",
    /// A write comes after another, or after a tail that was read, and yet ended before those
    /// began.
    RealtimeInversion = "realtime-inversion",
    /// The records of a request are not in the order of its entries.
    RequestReordered = "request-reordered",
    /// A record's hash key is not in its shard's range.
    Misrouted = "misrouted",
    /// A record's sequence number is not between its shard's starting and ending number.
    OutsideShard = "outside-shard",
    /// A shard was reported to be at its end, and had more records.
    ShardEndTooEarly = "shard-end-too-early",
    /// A parents-first consumer opened a child before it reached its parents' ends.
    ParentNotDrained = "parent-not-drained",
    /// A write to a parent began after a write to its descendant had ended.
    LineageInversion = "lineage-inversion",
    /// A child's starting number is not above its parent's ending number.
    ChildBelowParent = "child-below-parent",
    /// A shard that was written to or read is in no list.
    UnlistedShard = "unlisted-shard",
    /// Lists disagree about immutable properties of a shard, or contain it twice.
    InconsistentShard = "inconsistent-shard",
    /// The open shards of a list do not cover the hash keys exactly once.
    BrokenCover = "broken-cover",
    /// A list shows less than one that had ended before it began.
    StaleList = "stale-list",
    /// A list begun after a reshard was acknowledged does not show it.
    LostReshard = "lost-reshard",
    /// A reshard that was reported as not applied took place.
    AbortedReshard = "aborted-reshard",
    /// A subscription lasted longer than five minutes.
    EndlessSubscription = "endless-subscription",
    /// A subscription went on although its consumer had another one at the shard.
    SharedSeat = "shared-seat",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A broken promise, with its location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// The kind.
    pub kind: Kind,
    /// The shard concerned, if it is about one.
    pub shard: Option<ShardId>,
    /// The position concerned, if it is about one.
    pub sequence_number: Option<SequenceNumber>,
    /// The record concerned, if it is about one.
    pub record: Option<RecordId>,
    /// The evidence, in words.
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

/// How much a verdict is based on; a good verdict over nothing proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Attempts to write a record.
    pub puts: usize,
    /// Acknowledged attempts.
    pub acked: usize,
    /// Attempts with unknown outcome.
    pub unknown: usize,
    /// Read calls.
    pub reads: usize,
    /// Records in their responses.
    pub records_read: usize,
    /// Lists of shards.
    pub lists: usize,
    /// Shards that were written to, read or listed.
    pub shards: usize,
}

/// Why a history cannot be judged: its recorder made a mistake.
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
    /// A session reads before its start, or two of its reads overlap.
    #[error("session {0} ran two calls at once")]
    SessionOverlaps(u64),
    /// A call ended before it began.
    #[error("an operation that started at {} finished at {}", .0.started, .0.finished)]
    Backwards(crate::history::Span),
}

/// The judgement of one history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How much was judged.
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

    /// Number of anomalies of this kind.
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
