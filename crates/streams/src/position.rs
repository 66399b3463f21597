//! Starting positions of readers: sequence numbers, times and named positions, converted to
//! offsets.
//!
//! Counter = offset + 1 + the shard's base, so a number carries its offset and counter 0 precedes
//! every record. AT and AFTER compare whole numbers, so a number that belongs to no record (a
//! continuation) still has an exact position.

use crate::admission::Waits;
use crate::catalog::{Shard, Stream};
use crate::facts::{NumberUse, PositionError, Presence, ReadFailure, ShardReadError, StartError};
use crate::log_reader::{LogReader, OwnedLog};
use crate::logs::ShardLogs;
use crate::streams::Streams;
use millstream_env::{Clock, Timestamp};
use millstream_model::{AnyNumber, SequenceNumber};
use millstream_protocol::types::ShardIteratorType;
use millstream_store::{Bounds, LogStore, Offset, ReadLimit};
use std::sync::Arc;
use std::time::Duration;

/// How often the record at a position is looked for before the caller is told to retry …
const LOOKS_MAX: u32 = 100;
/// … and how long after each look.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// A starting position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start<'a> {
    /// The oldest record within retention.
    TrimHorizon,
    /// After the newest record.
    Latest,
    /// The first record that arrived at or after a time.
    AtTimestamp(Timestamp),
    /// The record with a number, or the first one after it.
    AtNumber(Number<'a>),
    /// The first record after a number.
    AfterNumber(Number<'a>),
}

/// A sequence number as given by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number<'a> {
    text: &'a str,
    /// The operation that it was given to.
    operation: &'static str,
}

impl<'a> Start<'a> {
    /// Checks which members go with which type in a request to `operation`. As on AWS, a number
    /// beside a time is not looked at, nor is a time beside any other type.
    pub(crate) fn parse(
        operation: &'static str,
        kind: ShardIteratorType,
        number: Option<&'a str>,
        time: Option<millstream_protocol::Timestamp>,
    ) -> Result<Self, PositionError> {
        let number = number.map(|text| Number { text, operation });
        let contradicts = |number| Err(PositionError::NumberOrType { kind, number });
        match (kind, number) {
            (ShardIteratorType::TrimHorizon, None) => Ok(Self::TrimHorizon),
            (ShardIteratorType::Latest, None) => Ok(Self::Latest),
            (ShardIteratorType::TrimHorizon | ShardIteratorType::Latest, Some(_)) => {
                contradicts(Presence::Given)
            }
            (ShardIteratorType::AtSequenceNumber, Some(number)) => Ok(Self::AtNumber(number)),
            (ShardIteratorType::AfterSequenceNumber, Some(number)) => Ok(Self::AfterNumber(number)),
            (
                ShardIteratorType::AtSequenceNumber | ShardIteratorType::AfterSequenceNumber,
                None,
            ) => contradicts(Presence::Absent),
            (ShardIteratorType::AtTimestamp, _) => {
                let time = time.ok_or(PositionError::MomentMissing { kind })?;
                // There is nothing before the epoch.
                let millis = u64::try_from(time.0).unwrap_or(0);
                Ok(Self::AtTimestamp(Timestamp(millis)))
            }
        }
    }
}

/// Whether the record with a number is included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// It is.
    At,
    /// Reading starts after it.
    After,
}

/// Where a number points in a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pointed {
    /// Before all records.
    Start,
    /// After all records.
    End,
    /// At the record with an offset, if it arrived in this second.
    Record { offset: Offset, arrival_s: u64 },
}

/// Finds where readers start, and where shards end.
pub(crate) struct Positions {
    clock: Arc<dyn Clock>,
    store: Arc<dyn LogStore>,
    streams: Streams,
    made: ShardLogs,
    logs: Arc<LogReader>,
}

impl Positions {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        store: Arc<dyn LogStore>,
        streams: Streams,
        made: ShardLogs,
        logs: Arc<LogReader>,
    ) -> Self {
        Self {
            clock,
            store,
            streams,
            made,
            logs,
        }
    }

    /// The offset at which reading starts. If retention has hidden it, the read moves it up.
    pub(crate) async fn start(
        &self,
        stream: &Stream,
        shard: &Shard,
        start: Start<'_>,
    ) -> Result<Offset, StartError> {
        self.made.ensure(stream, shard).await;
        let end = self.fresh_end(stream, shard).await?;
        let offset = match start {
            Start::TrimHorizon => Offset(0),
            Start::Latest => end,
            Start::AtTimestamp(time) => self.first_since(stream, shard, time).await?,
            Start::AtNumber(number) => {
                let point = point(stream, shard, number, Bound::At, end)?;
                self.at_number(stream, shard, point, Bound::At, end).await?
            }
            Start::AfterNumber(number) => {
                let point = point(stream, shard, number, Bound::After, end)?;
                self.at_number(stream, shard, point, Bound::After, end)
                    .await?
            }
        };
        Ok(offset.min(end))
    }

    /// One past the shard's last record: where it was closed, or the durable end of its log. A
    /// fresh look: everything that any handle returned before is below it.
    pub(crate) async fn fresh_end(
        &self,
        stream: &Stream,
        shard: &Shard,
    ) -> Result<Offset, ShardReadError> {
        if let Some(end) = shard.end() {
            return Ok(end);
        }
        let bounds = self.store.fresh_bounds(stream.log(shard)).await;
        bounds
            .map(open_end)
            .map_err(|error| self.streams.read_failed(stream, error))
    }

    /// The same as far as it is known locally: enough to tell how far a reader is behind.
    pub(crate) fn known_end(
        &self,
        stream: &Stream,
        shard: &Shard,
    ) -> Result<Offset, ShardReadError> {
        if let Some(end) = shard.end() {
            return Ok(end);
        }
        let bounds = self.store.known_bounds(stream.log(shard));
        bounds
            .map(open_end)
            .map_err(|error| self.streams.read_failed(stream, error))
    }

    /// Rejects a time after the latest allowed for a shard: now, or its last record's arrival if
    /// the clock was set back since.
    pub(crate) fn check_moment(
        &self,
        stream: &Stream,
        shard: &Shard,
        start: Start<'_>,
    ) -> Result<(), PositionError> {
        let Start::AtTimestamp(time) = start else {
            return Ok(());
        };
        // Local knowledge is enough: only this node's own clock can have been set back since.
        let bounds = self.store.known_bounds(stream.log(shard)).ok();
        let last = bounds.and_then(|bounds| bounds.last_arrival);
        let latest = last.unwrap_or_default().max(self.clock.now());
        if time > latest {
            Err(PositionError::MomentInFuture {
                given: time,
                latest,
            })
        } else {
            Ok(())
        }
    }

    async fn first_since(
        &self,
        stream: &Stream,
        shard: &Shard,
        time: Timestamp,
    ) -> Result<Offset, ShardReadError> {
        if !shard.has_log() {
            return Ok(Offset(0));
        }
        let offset = self
            .logs
            .offset_at(OwnedLog::of(stream, shard), time, Waits::Bounded)
            .await;
        offset.map_err(|failure| self.streams.read_failed(stream, failure))
    }

    async fn at_number(
        &self,
        stream: &Stream,
        shard: &Shard,
        pointed: Pointed,
        bound: Bound,
        end: Offset,
    ) -> Result<Offset, ShardReadError> {
        match pointed {
            Pointed::Start => Ok(Offset(0)),
            Pointed::End => Ok(end),
            Pointed::Record { offset, arrival_s } => {
                let arrived = self.arrival_at(OwnedLog::of(stream, shard), offset).await;
                let arrived =
                    arrived.map_err(|failure| self.streams.read_failed(stream, failure))?;
                let is_passed = arrived.is_some_and(|arrived| {
                    let own_s = arrived.seconds();
                    own_s < arrival_s || (own_s == arrival_s && bound == Bound::After)
                });
                Ok(if is_passed { offset.plus(1) } else { offset })
            }
        }
    }

    /// When the record at an offset below the log's end arrived; `None` if it was trimmed. Where a
    /// read sees only a prefix of the log, it waits until the record is in it.
    async fn arrival_at(
        &self,
        log: OwnedLog<'_>,
        offset: Offset,
    ) -> Result<Option<Timestamp>, ReadFailure> {
        let limit = ReadLimit {
            records: 1,
            bytes: 0,
        };
        for _ in 0..LOOKS_MAX {
            let (slice, _share) = self.logs.read(log, offset, limit).await?;
            if let Some(first) = slice.records().next() {
                return Ok((first.offset == offset).then_some(first.arrival));
            }
            if slice.next > offset {
                return Ok(None);
            }
            self.clock.sleep(LOOKS_AGAIN_AFTER).await;
        }
        Err(ReadFailure::Busy)
    }
}

/// Where a shard ends that is open in the catalog: a CLOSE ends it even before a Complete names it.
fn open_end(bounds: Bounds) -> Offset {
    bounds.first_control.unwrap_or(bounds.end)
}

/// Where a number points. As on AWS, what fits no layout comes before the shard that the number
/// encodes, and that before the stream that it came from.
fn point(
    stream: &Stream,
    shard: &Shard,
    Number { text, operation }: Number<'_>,
    bound: Bound,
    end: Offset,
) -> Result<Pointed, PositionError> {
    let used = |number: String| NumberUse {
        number,
        operation,
        shard: shard.id(),
        stream: stream.label(),
    };
    let any = AnyNumber::parse(text).map_err(|_| PositionError::NumberInvalid {
        given: used(text.to_owned()),
    })?;
    if i64::from(any.shard_index) != i64::from(shard.index) {
        return Err(PositionError::NumberOfOtherShard {
            given: used(text.to_owned()),
            encoded: any.shard_index,
        });
    }
    let of_other_stream = || PositionError::NumberOfOtherStream {
        printed: used(any.to_string()),
    };
    if text == "0" {
        return Err(PositionError::NumberZero);
    }
    let number = SequenceNumber::parse(text).map_err(|_| of_other_stream())?;
    if number.created_s != shard.created_s {
        return Err(of_other_stream());
    }
    if number.counter == SequenceNumber::COUNTER_CLOSED {
        return match bound {
            Bound::After => Err(PositionError::NumberIsLast),
            Bound::At if shard.is_open() => Err(of_other_stream()),
            Bound::At => Ok(Pointed::End),
        };
    }
    match number
        .counter
        .checked_sub(shard.counter_base)
        .map(|counter| counter.checked_sub(1))
    {
        Some(None) => Ok(Pointed::Start),
        Some(Some(offset)) if offset < end.0 => Ok(Pointed::Record {
            offset: Offset(offset),
            arrival_s: number.arrival_s,
        }),
        Some(Some(_)) | None => Err(of_other_stream()),
    }
}
