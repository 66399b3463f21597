//! Putting records: route, throttle, append, and route anew what met a closed shard.
//!
//! PutRecord and PutRecords are this and their own shapes. A log that was sealed meanwhile refuses
//! a record: it is in no shard, waits until the reshard is complete and goes to the child, in call
//! order.

use crate::Engine;
use crate::by_shard::by_shard;
use crate::catalog::{Numbering, State, Status, Stream};
use crate::facts::Outcome;
use crate::record::{OVERHEAD_BYTES, StoredRecord};
use crate::runtime::{Incomings, ShardRuntime, StreamRuntime};
use crate::settings::Limits;
use env::Timestamp;
use log::{AppendError, Appended, BatchBuilder, Batches, BatchesBuilder, Offset};
use model::{HashKey, SequenceNumber, ShardId};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::SemaphorePermit;

/// Bytes of records that may wait for reshards to complete; more are refused.
pub(crate) const PARKED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a record waits for the reshard that closed its shard.
const PARKED_FOR_MAX: Duration = Duration::from_secs(2);
/// A full disk refuses every put: the log says so, but not every time.
pub(crate) const REFUSED_LINES_PER_SECOND: u64 = 1;
/// A record meets at most so many closed shards before it is refused.
const ROUNDS_MAX: usize = 8;

/// A record to put.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming<'a> {
    pub record: StoredRecord<'a>,
    /// Where it goes.
    pub hash: HashKey,
}

impl Incoming<'_> {
    /// What limits count: partition key and data.
    pub(crate) fn bytes(&self) -> u64 {
        (self.record.partition_key.len() + self.record.data.len()) as u64
    }
}

/// Where a record was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub shard: ShardId,
    pub number: SequenceNumber,
}

/// Why a record was not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PutError {
    /// The shard has no budget left. Not applied.
    Throttled(ShardId),
    /// It is in no shard, and never will be.
    NotPut(NotPut),
    /// It may be in its shard, now or later.
    Unknown,
}

/// Why a record is surely not in a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPut {
    /// The stream went away.
    #[error("the stream is gone")]
    StreamGone,
    /// Its shard was closed, and no other took its place in time.
    #[error("no shard took it in time")]
    NoShard,
    /// The store takes no more for now.
    #[error("the store takes no more for now")]
    Full,
    /// The store never takes so much at once.
    #[error("the store never takes so much at once")]
    TooLarge,
    /// The store refused it for a reason of its own.
    #[error("the store refused it")]
    Refused,
}

impl PutError {
    /// What the record stands as until something is known of it.
    const NOT_YET: Self = Self::NotPut(NotPut::NoShard);

    /// Whether the record may have been put all the same.
    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Self::Throttled(_) | Self::NotPut(_) => Outcome::NotApplied,
            Self::Unknown => Outcome::Unknown,
        }
    }
}

pub(crate) type PutResult = Result<Placed, PutError>;

/// The records of one shard in one round.
struct Group {
    shard: Numbering,
    /// Which of the round's places are its records'.
    places: Range<usize>,
}

/// A round's records, put together by shard.
#[derive(Default)]
struct Round {
    groups: Vec<Group>,
    /// Places of records in the call: group by group, and in call order within each.
    places: Vec<usize>,
}

/// Whether shards' budgets are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Budgets {
    Taken,
    /// They were, or there are none.
    Passed,
}

/// What a store's answers say of a round's records. Those of refused groups stand as they did until
/// it is found out what the refusal means to them.
struct Settled<'r> {
    /// Of each shard, by rising index.
    put: Vec<(u32, Incomings)>,
    /// Places of records whose logs are sealed: they are in no shard.
    outside: Vec<usize>,
    refused: Vec<(&'r Group, AppendError)>,
}

/// What it means to records that their batch was not appended.
enum NotAppended {
    /// Their log is sealed, gone, or not there yet: they are in no shard.
    Outside,
    Failed(PutError),
}

impl Round {
    /// Where in the call a group's records stand.
    fn places(&self, group: &Group) -> &[usize] {
        &self.places[group.places.clone()]
    }

    /// A batch for each group, framed one behind the other.
    fn batches(&self, stream: &Stream, records: &[Incoming<'_>]) -> Batches {
        let stored = |place: &usize| records[*place].bytes() as usize + OVERHEAD_BYTES;
        let bytes = self.places.iter().map(stored).sum();
        let mut framed = BatchesBuilder::with_capacity(bytes, self.groups.len());
        for group in &self.groups {
            for place in self.places(group) {
                records[*place].record.push_to(framed.batch());
            }
            framed.end_batch(stream.log_of(group.shard.index));
        }
        framed.finish()
    }

    /// Notes what a store answers. There is nothing to wait for here: in what an `await` keeps,
    /// each answer would be laid down and taken up again, which a processor does slowly.
    fn settle<'r>(
        &'r self,
        answers: &[Result<Appended, AppendError>],
        records: &[Incoming<'_>],
        results: &mut [PutResult],
    ) -> Settled<'r> {
        let mut settled = Settled {
            put: Vec::with_capacity(self.groups.len()),
            outside: Vec::new(),
            refused: Vec::new(),
        };
        for (group, answer) in self.groups.iter().zip(answers) {
            let places = self.places(group);
            match answer {
                Ok(appended) => {
                    let bytes = acknowledge(&group.shard, *appended, places, records, results);
                    let records = places.len() as u64;
                    let incomings = Incomings { records, bytes };
                    settled.put.push((group.shard.index, incomings));
                }
                Err(AppendError::Sealed(_)) => settled.outside.extend_from_slice(places),
                Err(error) => settled.refused.push((group, error.clone())),
            }
        }
        settled
    }
}

impl Engine {
    /// Puts one record.
    pub(crate) async fn put_one(&self, stream: &Arc<Stream>, record: Incoming<'_>) -> PutResult {
        let runtime = self.runtimes.stream(stream.id);
        let shard = stream.shards.route(record.hash);
        if self.budgets() == Budgets::Taken {
            let shard_runtime = runtime.shard(shard.index);
            let now = self.env.clock.monotonic();
            let mut limit = shard_runtime.write_limit.lock();
            if !limit.try_take(record.bytes(), now) {
                return Err(throttled(shard, &runtime, &shard_runtime));
            }
        }
        let mut batch = BatchBuilder::with_capacity(record.bytes() as usize + OVERHEAD_BYTES);
        record.record.push_to(&mut batch);
        let batches = Batches::one(stream.log_of(shard.index), batch.finish());
        let answer = self.store.append_many(batches).await.pop();
        let answer = answer.expect("a store answers each batch");
        let refusal = match answer {
            Ok(appended) => {
                let (records, bytes) = (1, record.bytes());
                runtime.count_put(&[(shard.index, Incomings { records, bytes })]);
                return Ok(placed(shard, appended.first, appended.arrival));
            }
            Err(error) => self.not_appended(stream, shard, error).await,
        };
        match refusal {
            NotAppended::Failed(error) => Err(error),
            NotAppended::Outside => {
                let mut result = [Err(PutError::NOT_YET)];
                self.put_again(stream, &[record], vec![0], &mut result)
                    .await;
                result[0]
            }
        }
    }

    /// Puts records; answers one result a record, in order.
    pub(crate) async fn put(
        &self,
        stream: &Arc<Stream>,
        records: &[Incoming<'_>],
    ) -> Vec<PutResult> {
        let mut results = vec![Err(PutError::NOT_YET); records.len()];
        let all = 0..records.len();
        let round = self.group(stream, records, all, self.budgets(), &mut results);
        let outside = self.append(stream, records, round, &mut results).await;
        if !outside.is_empty() {
            self.put_again(stream, records, outside, &mut results).await;
        }
        results
    }

    /// Puts records that turned out to be in no shard, once the reshard that did it is complete.
    async fn put_again(
        &self,
        stream: &Arc<Stream>,
        records: &[Incoming<'_>],
        mut waiting: Vec<usize>,
        results: &mut [PutResult],
    ) {
        let mut stream = stream.clone();
        for _ in 1..ROUNDS_MAX {
            let Some(next) = self.after_reshard(&stream, records, &waiting).await else {
                // Sealed logs took none of them, and never will.
                let error = PutError::NotPut(self.gone_or_no_shard(&stream));
                waiting
                    .iter()
                    .for_each(|place| results[*place] = Err(error));
                return;
            };
            stream = next;
            let places = waiting.iter().copied();
            let round = self.group(&stream, records, places, Budgets::Passed, results);
            waiting = self.append(&stream, records, round, results).await;
            if waiting.is_empty() {
                return;
            }
        }
    }

    /// Whether a call's first round asks the shards' budgets.
    fn budgets(&self) -> Budgets {
        match self.settings.limits {
            Limits::Aws => Budgets::Taken,
            Limits::Off => Budgets::Passed,
        }
    }

    /// Finds each record's shard and takes its budget.
    fn group(
        &self,
        stream: &Stream,
        records: &[Incoming<'_>],
        waiting: impl ExactSizeIterator<Item = usize>,
        budgets: Budgets,
        results: &mut [PutResult],
    ) -> Round {
        let route = |place: usize| (stream.shards.route(records[place].hash), place);
        let routed = by_shard(waiting.map(route).collect());
        let mut round = Round {
            groups: Vec::with_capacity(routed.len()),
            places: routed.iter().map(|(_, place)| *place).collect(),
        };
        let mut start = 0;
        for same in routed.chunk_by(|(a, _), (b, _)| a.index == b.index) {
            let places = start..start + same.len();
            start = places.end;
            let shard = *same[0].0;
            round.groups.push(Group { shard, places });
        }
        if budgets == Budgets::Taken {
            self.throttle(stream, records, &mut round, results);
        }
        round
    }

    /// Takes the shards' budgets, and leaves out the records for which they do not suffice.
    fn throttle(
        &self,
        stream: &Stream,
        records: &[Incoming<'_>],
        round: &mut Round,
        results: &mut [PutResult],
    ) {
        let runtime = self.runtimes.stream(stream.id);
        let runtimes = runtime.shards(round.groups.iter().map(|group| group.shard.index));
        let now = self.env.clock.monotonic();
        let mut passed = Vec::with_capacity(round.places.len());
        for (group, shard_runtime) in round.groups.iter_mut().zip(runtimes) {
            let start = passed.len();
            let mut limit = shard_runtime.write_limit.lock();
            for place in &round.places[group.places.clone()] {
                if limit.try_take(records[*place].bytes(), now) {
                    passed.push(*place);
                } else {
                    results[*place] = Err(throttled(&group.shard, &runtime, &shard_runtime));
                }
            }
            group.places = start..passed.len();
        }
        round.places = passed;
        round.groups.retain(|group| !group.places.is_empty());
    }

    /// Appends each group; answers the places of the records that are in no shard, in call order.
    async fn append(
        &self,
        stream: &Stream,
        records: &[Incoming<'_>],
        round: Round,
        results: &mut [PutResult],
    ) -> Vec<usize> {
        let batches = round.batches(stream, records);
        let answers = self.store.append_many(batches).await;
        let Settled {
            put,
            mut outside,
            refused,
        } = round.settle(&answers, records, results);
        for (group, error) in refused {
            match self.not_appended(stream, &group.shard, error).await {
                NotAppended::Outside => outside.extend_from_slice(round.places(group)),
                NotAppended::Failed(error) => round
                    .places(group)
                    .iter()
                    .for_each(|place| results[*place] = Err(error)),
            }
        }
        self.runtimes.stream(stream.id).count_put(&put);
        outside.sort_unstable();
        outside
    }

    /// What it means to the records of a batch that a store did not append it.
    async fn not_appended(
        &self,
        stream: &Stream,
        shard: &Numbering,
        error: AppendError,
    ) -> NotAppended {
        let failed = match &error {
            AppendError::Sealed(_) => return NotAppended::Outside,
            // Not made yet, or of a stream that is going: the next round knows.
            AppendError::NoSuchLog(log) => {
                self.logs.repair_missing(stream, *log).await;
                return NotAppended::Outside;
            }
            AppendError::Full => PutError::NotPut(NotPut::Full),
            AppendError::TooLarge => PutError::NotPut(NotPut::TooLarge),
            AppendError::Fenced | AppendError::NotApplied(_) => PutError::NotPut(NotPut::Refused),
            AppendError::Unknown(_) => PutError::Unknown,
        };
        self.log_failure(stream, shard, failed, &error);
        NotAppended::Failed(failed)
    }

    /// The store's reason goes to the log; callers are told what it means to them.
    fn log_failure(
        &self,
        stream: &Stream,
        shard: &Numbering,
        failed: PutError,
        error: &AppendError,
    ) {
        let (stream, shard, outcome) = (stream.arn(), shard.id(), failed.outcome());
        match error {
            AppendError::Full | AppendError::Fenced | AppendError::NotApplied(_) => {
                if let Some(kept_back) = self.refused_lines.pass(self.env.clock.monotonic()) {
                    tracing::error!(%stream, %shard, ?outcome, %error, kept_back, "put refused");
                }
            }
            AppendError::TooLarge
            | AppendError::NoSuchLog(_)
            | AppendError::Sealed(_)
            | AppendError::Unknown(_) => {
                tracing::error!(%stream, %shard, ?outcome, %error, "put failed");
            }
        }
    }

    /// Waits until the stream's shards are others than those that refused; `None` if that takes too
    /// long, too much waits already, or the stream takes no more records.
    async fn after_reshard(
        &self,
        stream: &Arc<Stream>,
        records: &[Incoming<'_>],
        waiting: &[usize],
    ) -> Option<Arc<Stream>> {
        let bytes: u64 = waiting.iter().map(|place| records[*place].bytes()).sum();
        let _parked: SemaphorePermit<'_> = self
            .parked_bytes
            .try_acquire_many(u32::try_from(bytes).ok()?)
            .ok()?;
        let hashes: Vec<HashKey> = waiting.iter().map(|place| records[*place].hash).collect();
        let is_past = |state: &State| match state.stream_by_id(stream.id) {
            None => true,
            Some(now) => now.deletion.is_some() || self.routes_anew(stream, now, &hashes),
        };
        let changed = self.streams.wait_until(is_past);
        let too_long = self.env.clock.sleep(PARKED_FOR_MAX);
        tokio::select! {
            biased;
            () = changed => {}
            () = too_long => return None,
        }
        let state = self.catalog.state();
        state
            .stream_by_id(stream.id)
            .filter(|stream| stream.deletion.is_none())
            .cloned()
    }

    /// Whether each of the keys leads to an open log: another shard than before, or one whose log
    /// is there now. What is known is enough: a log that is sealed or gone by now refuses the next
    /// round.
    fn routes_anew(&self, before: &Stream, now: &Stream, hashes: &[HashKey]) -> bool {
        hashes.iter().all(|hash| {
            let shard = now.shards.route(*hash);
            shard.index != before.shards.route(*hash).index
                || self
                    .store
                    .known_bounds(now.log_of(shard.index))
                    .is_ok_and(|b| b.first_control.is_none())
        })
    }

    fn gone_or_no_shard(&self, stream: &Stream) -> NotPut {
        match self.catalog.state().stream_by_id(stream.id) {
            Some(stream) if stream.status_at(self.env.clock.now()) != Status::Deleting => {
                NotPut::NoShard
            }
            Some(_) | None => NotPut::StreamGone,
        }
    }
}

/// Notes where a group's records are; returns their bytes.
fn acknowledge(
    shard: &Numbering,
    appended: Appended,
    places: &[usize],
    records: &[Incoming<'_>],
    results: &mut [PutResult],
) -> u64 {
    let mut bytes = 0;
    for (place, offset) in places.iter().zip(appended.first.0..) {
        results[*place] = Ok(placed(shard, Offset(offset), appended.arrival));
        bytes += records[*place].bytes();
    }
    bytes
}

fn placed(shard: &Numbering, offset: Offset, arrival: Timestamp) -> Placed {
    Placed {
        shard: shard.id(),
        number: shard.sequence_number(offset, arrival),
    }
}

fn throttled(shard: &Numbering, stream: &StreamRuntime, runtime: &ShardRuntime) -> PutError {
    stream.counters.write_throttled.add(1);
    runtime.counters.write_throttled.add(1);
    PutError::Throttled(shard.id())
}
