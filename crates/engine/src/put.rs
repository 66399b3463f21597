//! Putting records: route, throttle, append, and see whether the shard was closed meanwhile.
//!
//! PutRecord and PutRecords are this and their own shapes. A record that reached a log behind a CLOSE
//! is not part of the shard: it waits until the reshard is complete and goes to the child, in call
//! order.

use crate::Engine;
use crate::catalog::{Shard, State, Status, Stream};
use crate::record::{OVERHEAD_BYTES, StoredRecord};
use crate::runtime::ShardRuntime;
use crate::settings::Limits;
use log::{AppendError, Appended, BatchBuilder, LogId};
use model::{HashKey, SequenceNumber, ShardId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::SemaphorePermit;

/// Bytes of records that may wait for reshards to complete; more are refused.
pub(crate) const PARKED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a record waits for the reshard that closed its shard.
const PARKED_FOR_MAX: Duration = Duration::from_secs(2);
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

/// Why a record was not put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PutError {
    /// The shard has no budget left. Not applied.
    Throttled(ShardId),
    /// Something failed inside. It may or may not be applied.
    Internal,
    /// The stream went away. Not applied.
    StreamGone,
}

pub(crate) type PutResult = Result<Placed, PutError>;

/// The records of one shard in one round, by their places in the call.
struct Group<'s> {
    shard: &'s Shard,
    runtime: Arc<ShardRuntime>,
    places: Vec<usize>,
}

impl Engine {
    /// Puts records; answers one result a record, in order.
    pub(crate) async fn put(
        &self,
        stream: &Arc<Stream>,
        records: &[Incoming<'_>],
    ) -> Vec<PutResult> {
        let mut results = vec![Err(PutError::Internal); records.len()];
        let mut waiting: Vec<usize> = (0..records.len()).collect();
        let mut stream = stream.clone();
        let mut is_paid = false;
        for _ in 0..ROUNDS_MAX {
            let groups = self.group(&stream, records, &waiting, is_paid, &mut results);
            is_paid = true;
            waiting = self
                .append_groups(&stream, records, groups, &mut results)
                .await;
            if waiting.is_empty() {
                break;
            }
            let Some(next) = self.after_reshard(&stream, records, &waiting).await else {
                // Behind a CLOSE they belong to no shard, and never will.
                let error = self.gone_or_internal(&stream);
                waiting
                    .iter()
                    .for_each(|place| results[*place] = Err(error));
                break;
            };
            stream = next;
        }
        results
    }

    /// Finds each record's shard and takes its budget.
    fn group<'s>(
        &self,
        stream: &'s Stream,
        records: &[Incoming<'_>],
        waiting: &[usize],
        is_paid: bool,
        results: &mut [PutResult],
    ) -> Vec<Group<'s>> {
        let runtime = self.runtimes.stream(stream.id);
        let mut routed: Vec<(&Shard, usize)> = waiting
            .iter()
            .map(|at| (stream.shards.route(records[*at].hash), *at))
            .collect();
        // Stable, so that call order is kept within a shard.
        routed.sort_by_key(|(shard, _)| shard.index);
        let now = self.env.clock.monotonic();
        let mut groups = Vec::new();
        for same in routed.chunk_by(|(a, _), (b, _)| a.index == b.index) {
            let shard = same[0].0;
            let shard_runtime = runtime.shard(shard.index);
            let mut limit = shard_runtime.write_limit.lock();
            let mut passes = |place: &usize| {
                let passes = is_paid
                    || self.settings.limits == Limits::Off
                    || limit.try_take(records[*place].bytes(), now);
                if !passes {
                    results[*place] = Err(PutError::Throttled(shard.id()));
                    runtime.counters.write_throttled.add(1);
                    shard_runtime.counters.write_throttled.add(1);
                }
                passes
            };
            let places: Vec<usize> = same
                .iter()
                .map(|(_, place)| *place)
                .filter(|place| passes(place))
                .collect();
            drop(limit);
            if !places.is_empty() {
                groups.push(Group {
                    shard,
                    runtime: shard_runtime,
                    places,
                });
            }
        }
        groups
    }

    /// Appends each group; answers the places of the records that met a closed shard, in call order.
    async fn append_groups(
        &self,
        stream: &Stream,
        records: &[Incoming<'_>],
        groups: Vec<Group<'_>>,
        results: &mut [PutResult],
    ) -> Vec<usize> {
        let batches = groups.iter().map(|group| {
            let log = stream.log(group.shard);
            (log, batch(group.places.iter().map(|place| records[*place])))
        });
        let answers = self.store.append_many(batches.collect()).await;
        let mut closed = Vec::new();
        for (group, answer) in groups.iter().zip(answers) {
            match answer {
                Ok(Appended {
                    control_before: Some(_),
                    ..
                }) => closed.extend(&group.places),
                Ok(appended) => self.acknowledge(stream, group, appended, records, results),
                // Not made yet, or of a stream that is going: the next round knows.
                Err(AppendError::NoSuchLog(log)) => {
                    self.log_was_missing(stream, log).await;
                    closed.extend(&group.places);
                }
                Err(
                    error @ (AppendError::Full
                    | AppendError::TooLarge
                    | AppendError::NotApplied(_)
                    | AppendError::Unknown(_)),
                ) => {
                    tracing::error!(stream = %stream.arn(), shard = %group.shard.id(), %error, "put failed");
                }
            }
        }
        closed.sort_unstable();
        closed
    }

    fn acknowledge(
        &self,
        stream: &Stream,
        group: &Group<'_>,
        appended: Appended,
        records: &[Incoming<'_>],
        results: &mut [PutResult],
    ) {
        let shard = group.shard;
        let mut bytes = 0;
        for (place, offset) in group.places.iter().zip(appended.first.0..) {
            let number = shard.sequence_number(log::Offset(offset), appended.arrival);
            results[*place] = Ok(Placed {
                shard: shard.id(),
                number,
            });
            bytes += records[*place].bytes();
        }
        let count = group.places.len() as u64;
        let counters = &self.runtimes.stream(stream.id).counters;
        counters.incoming_bytes.add(bytes);
        counters.incoming_records.add(count);
        group.runtime.counters.incoming_bytes.add(bytes);
        group.runtime.counters.incoming_records.add(count);
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
        let changed = self.catalog.wait_until(is_past);
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

    /// Whether each of the keys leads to an open log: another shard than before, or one whose log is
    /// there now.
    fn routes_anew(&self, before: &Stream, now: &Stream, hashes: &[HashKey]) -> bool {
        hashes.iter().all(|hash| {
            let shard = now.shards.route(*hash);
            shard.index != before.shards.route(*hash).index
                || self
                    .store
                    .bounds(now.log(shard))
                    .is_ok_and(|b| b.first_control.is_none())
        })
    }

    pub(crate) async fn log_was_missing(&self, stream: &Stream, log: LogId) {
        let state = self.catalog.state().clone();
        let Some(stream) = state
            .stream_by_id(stream.id)
            .filter(|now| now.deletion.is_none())
        else {
            return;
        };
        if let Err(error) = self.ensure_logs(stream).await {
            tracing::error!(%log, %error, "a shard has no log");
        }
    }

    fn gone_or_internal(&self, stream: &Stream) -> PutError {
        match self.catalog.state().stream_by_id(stream.id) {
            Some(stream) if stream.status_at(self.env.clock.now()) != Status::Deleting => {
                PutError::Internal
            }
            Some(_) | None => PutError::StreamGone,
        }
    }
}

fn batch<'a>(records: impl Iterator<Item = Incoming<'a>> + Clone) -> log::Batch {
    let bytes = records
        .clone()
        .map(|r| r.bytes() as usize + OVERHEAD_BYTES)
        .sum();
    let mut batch = BatchBuilder::with_capacity(bytes);
    records.for_each(|incoming| incoming.record.push_to(&mut batch));
    batch.finish()
}
