//! One reader's session on a shard, from one iterator to the next.
//!
//! An iterator is kept while the server is dead: it has to be valid in the next life.

use super::control::Worker;
use super::endpoint::Endpoint;
use millstream_judge::{Event, Lineage, Open, Read, Seen, Start};
use millstream_judge::{ParseError, ShardId};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{
    GetRecords, GetRecordsInput, GetRecordsOutput, GetShardIterator, GetShardIteratorInput,
};
use millstream_protocol::types::ShardIteratorType;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Lifetime of an iterator.
const ITERATOR_LIFE: Duration = Duration::from_secs(300);

/// What a session is to be.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The stream.
    pub stream: usize,
    /// The consumer that the session belongs to.
    pub consumer: u32,
    /// The shard.
    pub shard: ShardId,
    /// Where it begins.
    pub start: Start,
    /// What the consumer promises.
    pub lineage: Lineage,
}

/// An iterator in hand.
pub struct Session {
    request: Request,
    id: u64,
    iterator: String,
    issued: u64,
    generation: u64,
}

/// The result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Records.
    Records,
    /// No records, and there are none.
    Tail,
    /// No records, but there may be some.
    Nothing,
    /// The end of a closed shard.
    End,
    /// No response, or too soon; the iterator is still valid.
    Failed,
    /// The iterator has become useless.
    Lost,
}

impl Session {
    /// Gets a first iterator.
    pub async fn open(worker: &mut Worker, at: &Endpoint, request: Request) -> Option<Self> {
        let recorder = &worker.recorder;
        let (shard_iterator_type, number) = match request.start {
            Start::TrimHorizon => (ShardIteratorType::TrimHorizon, None),
            Start::At(number) => (ShardIteratorType::AtSequenceNumber, Some(number)),
            Start::After(number) => (ShardIteratorType::AfterSequenceNumber, Some(number)),
            Start::Latest => (ShardIteratorType::Latest, None),
            Start::Timestamp => return None,
        };
        let input = GetShardIteratorInput {
            stream_name: Some(recorder.name(request.stream).to_owned()),
            shard_id: request.shard.to_string(),
            shard_iterator_type,
            starting_sequence_number: number.map(|number| number.to_string()),
            timestamp: None,
            stream_arn: None,
            stream_id: None,
            dry_run: None,
        };
        let call = at.client(&mut worker.rng).call::<GetShardIterator>(&input);
        let (span, answer) = recorder.timed(call).await;
        let output = answer.inspect_err(|error| {
            let doing = format!("GetShardIterator {request:?}");
            recorder.complain_if_refused(&doing, error);
        });
        let iterator = output.ok()?.shard_iterator?;
        let id = recorder.number();
        let open = Open {
            span,
            session: id,
            consumer: request.consumer,
            shard: request.shard,
            start: request.start,
            lineage: request.lineage,
        };
        recorder.record(request.stream, Event::Open(open));
        Some(Self {
            request,
            id,
            iterator,
            issued: span.started,
            generation: at.generation,
        })
    }

    /// Reads on.
    pub async fn read(
        &mut self,
        worker: &mut Worker,
        at: &Endpoint,
        limit: Option<i32>,
    ) -> Progress {
        let recorder = &worker.recorder;
        let input = GetRecordsInput {
            shard_iterator: self.iterator.clone(),
            limit,
            ..GetRecordsInput::default()
        };
        let call = at.client(&mut worker.rng).call::<GetRecords>(&input);
        let (span, answer) = recorder.timed(call).await;
        let output = match answer {
            Ok(output) => output,
            Err(error) => return self.failed(worker, &error, span.finished),
        };
        let across = u64::from(self.generation != at.generation);
        recorder
            .reached
            .iterators_across
            .fetch_add(across, Ordering::Relaxed);
        match seen(&output) {
            Ok(records) => {
                let is_empty = records.is_empty();
                let read = Read {
                    span,
                    session: self.id,
                    records,
                    reached_tail: is_empty && output.millis_behind_latest == Some(0),
                    shard_end: output.next_shard_iterator.is_none(),
                };
                let progress = progress(&read);
                recorder.record(self.request.stream, Event::Read(read));
                if let Some(next) = output.next_shard_iterator {
                    (self.iterator, self.issued, self.generation) =
                        (next, span.started, at.generation);
                }
                progress
            }
            Err(error) => {
                recorder.complain(format!("records cannot be read: {error}"));
                Progress::Lost
            }
        }
    }

    fn failed(&self, worker: &Worker, error: &millstream_client::Error, now: u64) -> Progress {
        let age = Duration::from_nanos(now - self.issued);
        let was_due =
            error.code() == Some(ErrorCode::ExpiredIteratorException) && age >= ITERATOR_LIFE;
        let is_refusal = matches!(error, millstream_client::Error::Service { remote, .. } if remote.status < 500);
        let is_throttled = worker.recorder.is_throttled(error.code());
        if !was_due {
            let doing = format!("an iterator of {age:?} of {:?}", self.request);
            worker.recorder.complain_if_refused(&doing, error);
        }
        if is_refusal && !is_throttled {
            Progress::Lost
        } else {
            Progress::Failed
        }
    }
}

fn seen(output: &GetRecordsOutput) -> Result<Vec<Seen>, ParseError> {
    let records = output.records.iter();
    let seen = records.map(|record| {
        let key = record.partition_key.as_deref();
        Seen::identify(&record.sequence_number, key, &record.data)
    });
    seen.collect()
}

fn progress(read: &Read) -> Progress {
    if read.shard_end {
        Progress::End
    } else if !read.records.is_empty() {
        Progress::Records
    } else if read.reached_tail {
        Progress::Tail
    } else {
        Progress::Nothing
    }
}
