//! What clients saw: operations with the times between which they ran, as JSON lines.
//!
//! A history holds facts only, never a judgement. The order of its events means nothing, except for
//! reads of one session that began and ended at the same nanoseconds. See the crate's head for what
//! a driver owes the checker.

use crate::number::{HashKey, HashKeyRange, SequenceNumber, ShardId};
use crate::payload::RecordId;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Write};

/// When an operation ran, in nanoseconds of one monotonic clock. It took effect, if it did, at some
/// instant between the two, both included; an unknown outcome may also take effect later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Just before the request was sent.
    pub started: u64,
    /// Just after the answer was read, or the client gave up.
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

/// An attempt to write one record, alone or with others in one PutRecords.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    /// When the call ran.
    pub span: Span,
    /// The record. In one request, `op` rises in the order of the entries.
    pub record: RecordId,
    /// The call that carried it; a number of its own for each call of a client.
    pub request: u64,
    /// Where the record belongs: its ExplicitHashKey, or the MD5 of its partition key.
    pub hash_key: HashKey,
    /// What the client was told.
    pub outcome: Outcome,
}

/// What a client knows about its write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Answered 200 with this place.
    Acked {
        /// ShardId of the answer.
        shard: ShardId,
        /// SequenceNumber of the answer.
        sequence_number: SequenceNumber,
    },
    /// Answered in a way that promises that nothing was written, now or later.
    DefinitelyFailed,
    /// A 5xx, a timeout, a broken connection: written at most once, now or later.
    Unknown,
}

/// The begin of a session: a GetShardIterator or SubscribeToShard that succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// When the call ran.
    pub span: Span,
    /// A number that no other session of the history has.
    pub session: u64,
    /// Whose session it is.
    pub consumer: u32,
    /// What is read.
    pub shard: ShardId,
    /// Where it starts.
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
    /// LATEST: behind all records that there were at an instant of the call.
    Latest,
    /// AT_TIMESTAMP. Nothing is claimed about the place; from its first record on it counts.
    Timestamp,
}

/// How a consumer treats shards that come from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lineage {
    /// It opens a shard only after it met the end of all its listed parents.
    ParentsFirst,
    /// It opens shards in any order.
    Any,
}

/// A session was begun by a SubscribeToShard, and its reads are events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// The session, which has an [`Open`].
    pub session: u64,
    /// Whose seat at the shard it takes: the consumer's ARN.
    pub seat: String,
}

/// A GetRecords, or one event of a subscription: what follows the session's previous read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// When the call ran; for an event of a subscription, from the previous event to this.
    pub span: Span,
    /// The session that it continues.
    pub session: u64,
    /// The records in the order of the answer.
    pub records: Vec<Seen>,
    /// Whether the position after these records was the shard's end at some instant of `span`. To
    /// be set only where the server says so: MillisBehindLatest 0 in an answer without records
    /// (next to records it may also stand for an unread record that is less than a millisecond
    /// old).
    pub reached_tail: bool,
    /// Whether the server said that the shard is closed and this is its end.
    pub shard_end: bool,
}

/// A record of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its SequenceNumber.
    pub sequence_number: SequenceNumber,
    /// Whose payload it carries; `None` if the bytes are nobody's ([`crate::decode`] failed).
    pub record: Option<RecordId>,
}

/// A ListShards without filter that came in one page, so that it shows one instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// When the call ran.
    pub span: Span,
    /// The answer.
    pub shards: Vec<ListedShard>,
}

/// One shard of an answer.
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

/// A SplitShard or MergeShards, with the wait until the stream was ACTIVE again.
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
    /// Answered 200, and the stream was ACTIVE again afterwards.
    Acked,
    /// Answered in a way that promises that nothing was changed.
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

/// Why a kept history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The reader failed.
    #[error("cannot read the history: {0}")]
    Io(#[from] io::Error),
    /// A line is no event.
    #[error("line {line} is no event: {source}")]
    Line {
        /// From 1.
        line: usize,
        /// What the JSON reader says.
        source: serde_json::Error,
    },
}

impl History {
    /// Writes one JSON object a line.
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
