//! GetRecords: the records at a shard iterator, and the next iterator.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html>
//!
//! The last records of a closed shard come with an iterator; the end comes in an empty response of
//! its own, with the children. Some consumers drop records that come without an iterator.

use super::{Engine, Handler, Request};
use crate::answer::RecordsRead;
use crate::catalog::{Scope, Shard, Stream, StreamLabel};
use crate::facts::{
    DryRun, GetRecordsError, ReadFailure, ReadThrottled, ShardError, ShardReadError, TokenError,
};
use crate::handler::Counted;
use crate::read::{Records, ShardRead};
use crate::runtime::{ShardRuntime, StreamRuntime};
use crate::settings::Limits;
use crate::target::{FoundStream, Lacking, Named, Reach, StreamRef, Target, scope_of};
use crate::token::{Kind, ShardIterator};
use crate::views;
use millstream_auth::{Principal, Resource, Subject};
use millstream_env::{RequestContext, Timestamp};
use millstream_model::{ShardId, StreamName, limits};
use millstream_protocol::operations::{GetRecordsInput, GetRecordsOutput};
use millstream_store::{Offset, ReadLimit};
use std::sync::Arc;

/// GetRecords.
pub struct GetRecords;

impl Handler for GetRecords {
    type Operation = millstream_protocol::operations::GetRecords;
    type Input = GetRecordsInput;
    type Target = FoundIterator;
    type Output = RecordsRead;
    type Error = GetRecordsError;
    const COUNTED: Counted = Counted::ByItsBudget;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<RecordsRead, GetRecordsError> {
        let clock = engine.clock();
        let began = clock.monotonic();
        let scope = scope_of(request.principal());
        let (FoundIterator { iterator, stream }, input) = request.into_parts();
        let shard = stream
            .shards
            .get(iterator.shard)
            .ok_or_else(|| gone(stream.label(), &iterator))?;
        if input.dry_run == Some(true) {
            return Err(DryRun.into());
        }
        let reader = Reader::new(&engine, &stream, shard);
        reader.take_call()?;
        let records = input.limit.and_then(|limit| u32::try_from(limit).ok());
        let limit = ReadLimit {
            records: records.unwrap_or(limits::GET_RECORDS_MAX),
            bytes: limits::GET_RECORDS_BYTES_MAX,
        };
        let position = Offset(iterator.position);
        let read = reader.read(position, limit).await;
        let (read, records) =
            read.map_err(
                |failure| match engine.streams().read_failed(&stream, failure) {
                    ShardReadError::Stream(_) => gone(stream.label(), &iterator).into(),
                    ShardReadError::Read(failure) => GetRecordsError::from(failure),
                },
            )?;
        let answer = reader.answer(read, records, iterator, &scope);
        let counters = &reader.of_stream.counters;
        counters.get_records_latency.add_micros(began, clock);
        Ok(answer)
    }
}

/// An opened iterator, and its existing stream.
#[derive(Debug)]
pub struct FoundIterator {
    iterator: ShardIterator,
    stream: FoundStream,
}

impl Target for FoundIterator {
    type Error = GetRecordsError;

    /// An iterator of another stream than the ARN's finds nothing.
    fn find(
        engine: &Engine,
        principal: &Principal,
        named: Named<'_>,
    ) -> Result<Self, Lacking<GetRecordsError>> {
        let no_iterator = || Lacking::nothing(TokenError::NoIterator);
        let scope = scope_of(principal);
        let token = named.shard_iterator.ok_or_else(no_iterator)?;
        let opened = engine
            .tokens()
            .open::<ShardIterator>(Kind::ShardIterator, &scope, token);
        let opened = opened.ok_or_else(no_iterator)?;
        let iterator = opened.content;
        let name = StreamName::parse(&iterator.name).map_err(|_| no_iterator())?;
        let by_arn = named
            .stream_arn
            .map(|arn| StreamRef::new(principal, Some(&iterator.name), Some(arn), named.across));
        let meant = match &by_arn {
            Some(Ok(shared)) if shared.reach == Reach::Shared => shared.clone(),
            Some(Ok(_) | Err(_)) | None => StreamRef::own(scope, name),
        };
        let (created, now) = (opened.created, engine.clock().now());
        if now.since(created).as_millis() > u128::from(limits::TOKEN_LIFETIME_MS) {
            let why = TokenError::IteratorExpired { created, now };
            return Err(Lacking::stream(meant.arn(), why));
        }
        if let Some(named) = by_arn {
            let named = named.map_err(Lacking::widen)?;
            if named.reach == Reach::Foreign {
                let why = gone(named.label(), &iterator);
                return Err(Lacking::stream(named.arn(), why));
            }
        }
        let state = engine.state();
        // Another account's stream has to be named by its ARN each time.
        let is_meant = |stream: &&FoundStream| stream.scope == meant.scope;
        if let Some(stream) = state.stream_by_id(iterator.stream).filter(is_meant) {
            RequestContext::note_resource(stream);
            let stream = Arc::clone(stream);
            return Ok(Self { iterator, stream });
        }
        // It is gone. As on AWS, whose iterators hold its name, one made anew is read in its place.
        let anew = state.stream(&meant.scope, &iterator.name);
        let anew = anew.and_then(|stream| start_anew(&iterator, stream, now));
        anew.ok_or_else(|| {
            let why = gone(meant.label(), &iterator);
            Lacking::stream(meant.arn(), why)
        })
    }

    fn resource(&self) -> Resource<'_> {
        self.stream.resource()
    }

    fn subject(&self) -> Subject<'_> {
        self.stream.subject()
    }
}

/// The start of the same shard of a later stream: all its records come after those of an earlier.
fn start_anew(
    iterator: &ShardIterator,
    stream: &FoundStream,
    now: Timestamp,
) -> Option<FoundIterator> {
    stream.shards_at(now).get(iterator.shard)?;
    RequestContext::note_resource(stream);
    Some(FoundIterator {
        iterator: ShardIterator {
            stream: stream.id,
            position: 0,
            ..iterator.clone()
        },
        stream: Arc::clone(stream),
    })
}

fn gone(stream: StreamLabel, iterator: &ShardIterator) -> ShardError {
    ShardError::NotFound {
        shard: ShardId::new(iterator.shard.min(ShardId::INDEX_MAX)),
        stream,
    }
}

/// One call's view of its shard.
struct Reader<'a> {
    engine: &'a Engine,
    stream: &'a Stream,
    shard: &'a Shard,
    of_stream: Arc<StreamRuntime>,
    of_shard: Arc<ShardRuntime>,
}

impl<'a> Reader<'a> {
    fn new(engine: &'a Engine, stream: &'a Stream, shard: &'a Shard) -> Self {
        let of_stream = engine.runtime(stream.id);
        let of_shard = of_stream.shard(shard.index);
        Self {
            engine,
            stream,
            shard,
            of_stream,
            of_shard,
        }
    }

    /// Takes a call from the shard's budget.
    fn take_call(&self) -> Result<(), ReadThrottled> {
        let now = self.engine.clock().monotonic();
        if self.engine.settings().limits == Limits::Off || self.of_shard.try_take_read(now) {
            return Ok(());
        }
        self.of_stream.counters.read_throttled.add(1);
        self.of_shard.counters.read_throttled.add(1);
        Err(ReadThrottled {
            shard: self.shard.id(),
            stream: self.stream.label(),
        })
    }

    /// Reads from an offset, and opens what is encrypted.
    async fn read(
        &self,
        position: Offset,
        limit: ReadLimit,
    ) -> Result<(ShardRead, Records), ReadFailure> {
        let (reader, stream, shard) = (self.engine.reader(), self.stream, self.shard);
        let mut read = reader.read(stream, shard, position, limit).await?;
        let records = reader.open(stream, shard, &mut read).await?;
        Ok((read, records))
    }

    /// The answer to a caller of this scope, which alone can go on with its iterator.
    fn answer(
        &self,
        read: ShardRead,
        records: Records,
        iterator: ShardIterator,
        callers: &Scope,
    ) -> RecordsRead {
        self.count(records.payload_bytes as u64, records.count as u64, &read);
        let millis_behind_latest = i64::try_from(read.behind.as_millis()).unwrap_or(i64::MAX);
        let next = ShardIterator {
            position: read.next.0,
            ..iterator
        };
        let tokens = self.engine.tokens();
        let next_shard_iterator =
            (!read.is_over).then(|| tokens.seal(Kind::ShardIterator, callers, &next));
        let child_shards = read
            .is_over
            .then(|| views::child_shards(&self.stream.shards, self.shard));
        let around = GetRecordsOutput {
            records: Vec::new(),
            next_shard_iterator,
            millis_behind_latest: Some(millis_behind_latest),
            child_shards,
        };
        RecordsRead {
            around,
            records,
            share: read.into_share(),
        }
    }

    fn count(&self, bytes: u64, records: u64, read: &ShardRead) {
        let now = self.engine.clock().monotonic();
        if self.engine.settings().limits == Limits::Aws {
            self.of_shard.take_read(bytes, read.fill, now);
        }
        let age_ms = read.behind.as_millis() as u64;
        let counters = &self.of_stream.counters;
        counters.get_records_bytes.add(bytes);
        counters.get_records_records.add(records);
        counters.get_records_success.add(1);
        counters.iterator_age_ms.set(age_ms);
        let counters = &self.of_shard.counters;
        counters.outgoing_bytes.add(bytes);
        counters.outgoing_records.add(records);
        counters.iterator_age_ms.set(age_ms);
    }
}
