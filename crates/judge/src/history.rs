//! What clients saw: operations with their time spans, as JSON lines.
//!
//! A history holds facts only, never a judgement. The order of its events has no meaning, except
//! for reads of one session with identical spans. The crate's head says what a driver must
//! guarantee.

use crate::number::{HashKey, HashKeyRange, SequenceNumber, ShardId};
use crate::payload::RecordId;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Write};

/// When an operation ran, in nanoseconds of one monotonic clock. It took effect, if it did, at some
/// instant in the closed interval; an unknown outcome may also take effect later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Just before the request was sent.
    pub started: u64,
    /// Just after the response was read, or the client gave up.
    pub finished: u64,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// An attempt to write one record.
    Put(Put),
    /// A reader got its first position in a shard.
    Open(Open),
    /// A session is a subscription.
    Subscribed(Subscribed),
    /// A reader read on from its position.
    Read(Read),
    /// The stream's shards were listed.
    List(List),
    /// Shards were split or merged.
    Reshard(Reshard),
}

/// An attempt to write one record, alone or with others in a PutRecords.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    /// When the call ran.
    pub span: Span,
    /// The record. Within a request, `op` increases in the order of the entries.
    pub record: RecordId,
    /// The call that carried it: unique per call of a client.
    pub request: u64,
    /// Where the record belongs: its ExplicitHashKey, or the MD5 of its partition key. `None` if
    /// the service may put it anywhere; then nothing orders it with others of its request either.
    pub hash_key: Option<HashKey>,
    /// What the client was told.
    pub outcome: Outcome,
}

/// What a client knows about its write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Acknowledged with a 200, at this position.
    Acked {
        /// ShardId of the response.
        shard: ShardId,
        /// SequenceNumber of the response.
        sequence_number: SequenceNumber,
    },
    /// Failed in a way that promises that nothing was written, now or later.
    DefinitelyFailed,
    /// A 5xx, a timeout, a broken connection: written at most once, now or later.
    Unknown,
}

/// The start of a session: a successful GetShardIterator or SubscribeToShard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// When the call ran.
    pub span: Span,
    /// A number unique in the history.
    pub session: u64,
    /// The consumer that the session belongs to.
    pub consumer: u32,
    /// The shard that is read.
    pub shard: ShardId,
    /// The starting position.
    pub start: Start,
    /// Whether this consumer promises to read parents first.
    pub lineage: Lineage,
}

/// A session's first position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// TRIM_HORIZON: before every record (nothing is removed by age while a history runs).
    TrimHorizon,
    /// AT_SEQUENCE_NUMBER.
    At(SequenceNumber),
    /// AFTER_SEQUENCE_NUMBER.
    After(SequenceNumber),
    /// LATEST: after all records that existed at some instant of the call.
    Latest,
    /// AT_TIMESTAMP. Nothing is claimed about the position; from its first record on the session
    /// counts.
    Timestamp,
}

/// The order in which a consumer reads parents and children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lineage {
    /// It opens a shard only after it has reached the end of all its listed parents.
    ParentsFirst,
    /// It opens shards in any order.
    Any,
}

/// A session was started by a SubscribeToShard, and its reads are events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// The session, which has an [`Open`].
    pub session: u64,
    /// The seat at the shard that it takes: the consumer's ARN.
    pub seat: String,
}

/// A GetRecords, or one event of a subscription: what follows the session's previous read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// When the call ran; for an event of a subscription, from the previous event to this one.
    pub span: Span,
    /// The session that it continues.
    pub session: u64,
    /// The records, in the order of the response.
    pub records: Vec<Seen>,
    /// Whether the position after these records was the shard's end at some instant of `span`. Set
    /// only if the server says so: MillisBehindLatest 0 in a response without records (with records
    /// it may also mean an unread record that is less than a millisecond old).
    pub reached_tail: bool,
    /// Whether the server said that the shard is closed and this is its end.
    pub shard_end: bool,
}

/// A record of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its SequenceNumber.
    pub sequence_number: SequenceNumber,
    /// The record that its payload identifies; `None` if the payload is invalid ([`crate::decode`]
    /// failed).
    pub record: Option<RecordId>,
}

/// A ListShards without a filter whose response is a single page, so that it shows one instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// When the call ran.
    pub span: Span,
    /// The response.
    pub shards: Vec<ListedShard>,
}

/// A shard in a response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedShard {
    /// ShardId.
    pub shard: ShardId,
    /// ParentShardId and AdjacentParentShardId, as far as present.
    pub parents: Vec<ShardId>,
    /// HashKeyRange.
    pub range: HashKeyRange,
    /// StartingSequenceNumber.
    pub first: SequenceNumber,
    /// EndingSequenceNumber, of a closed shard.
    pub last: Option<SequenceNumber>,
}

/// A SplitShard or MergeShards, including the wait until the stream was ACTIVE again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reshard {
    /// From the call until the stream was seen ACTIVE again.
    pub span: Span,
    /// The shards to close.
    pub parents: Vec<ShardId>,
    /// What the client was told.
    pub outcome: ReshardOutcome,
}

/// What a client knows about its split or merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReshardOutcome {
    /// Answered with a 200, and the stream was ACTIVE again afterwards.
    Acked,
    /// Failed in a way that promises that nothing was changed.
    DefinitelyFailed,
    /// Anything else.
    Unknown,
}

/// Everything that the clients of one run saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The facts, in any order.
    pub events: Vec<Event>,
}

/// Why a stored history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The reader failed.
    #[error("cannot read the history: {0}")]
    Io(#[from] io::Error),
    /// A line is not an event.
    #[error("line {line} is no event: {source}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// The JSON error.
        source: serde_json::Error,
    },
}

impl History {
    /// Writes one JSON object per line.
    pub fn write_lines(&self, mut to: impl Write) -> io::Result<()> {
        for event in &self.events {
            serde_json::to_writer(&mut to, event)?;
            to.write_all(b"\n")?;
        }
        to.flush()
    }

    /// Reads what [`History::write_lines`] wrote.
    pub fn read_lines(from: impl BufRead) -> Result<Self, FormatError> {
        let mut events = Vec::new();
        for (index, line) in from.lines().enumerate() {
            let event = serde_json::from_str(&line?).map_err(|source| FormatError::Line {
                line: index + 1,
                source,
            })?;
            events.push(event);
        }
        Ok(Self { events })
    }
}
