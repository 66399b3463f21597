//! Putting records: route, throttle, append, and reroute what met a closed shard.
//!
//! PutRecord and PutRecords are this and their own shapes. A log that was sealed meanwhile refuses
//! a record: it is in no shard, waits until the reshard is complete and goes to the child, in call
//! order. One record and many go by the same rules: [`throttle`] takes budgets, [`spread`] chooses
//! shards where the service does, [`refusals`] says what a refusal means, [`parking`] waits for a
//! reshard. A call goes by the distribution that it found at its beginning.

mod answers;
mod by_shard;
mod framing;
mod outcome;
mod parking;
mod record;
mod refusals;
mod routing;
mod spread;
mod throttle;

pub use outcome::{NotPut, Placed, PutError, PutResult};
pub(crate) use record::RecordToPut;

use crate::catalog::{Distribution, Numbering, Stream};
use crate::encryption::{Encryption, Sealer};
use crate::facts::DataKeyFailure;
use crate::logs::ShardLogs;
use crate::runtime::{Incomings, Runtimes, StreamRuntime};
use crate::settings::Limits;
use crate::streams::Streams;
use answers::Answers;
use framing::Frames;
use millstream_env::Clock;
use millstream_store::{BatchBuilder, Batches, LogStore};
use parking::Parking;
use refusals::{Refusals, Refused};
use routing::Routed;
use spread::Spread;
use std::iter;
use std::sync::Arc;
use throttle::Throttle;

/// Number of closed shards that a record may meet before it is refused.
const ATTEMPTS_MAX: usize = 8;

/// Puts records into shards.
pub(crate) struct Puts {
    store: Arc<dyn LogStore>,
    runtimes: Arc<Runtimes>,
    throttle: Throttle,
    spread: Spread,
    refusals: Refusals,
    parking: Parking,
    encryption: Arc<Encryption>,
}

impl Puts {
    pub(crate) fn new(
        clock: &Arc<dyn Clock>,
        store: Arc<dyn LogStore>,
        limits: Limits,
        streams: Streams,
        runtimes: Arc<Runtimes>,
        logs: ShardLogs,
        encryption: Arc<Encryption>,
    ) -> Self {
        Self {
            throttle: Throttle::new(Arc::clone(clock), Arc::clone(&runtimes), limits),
            spread: Spread::new(Arc::clone(clock), Arc::clone(&runtimes), limits),
            refusals: Refusals::new(Arc::clone(clock), logs),
            parking: Parking::new(Arc::clone(clock), Arc::clone(&store), streams),
            store,
            runtimes,
            encryption,
        }
    }

    /// What seals the records that are put into a stream, if it is encrypted.
    pub(crate) async fn sealer(&self, stream: &Stream) -> Result<Option<Sealer>, DataKeyFailure> {
        self.encryption.sealer(stream).await
    }

    /// Puts one record.
    pub(crate) async fn put_one(
        &self,
        stream: &Arc<Stream>,
        sealer: Option<&Sealer>,
        record: RecordToPut<'_>,
    ) -> PutResult {
        let runtime = self.runtimes.stream(stream.id);
        let shard = self.place_one(stream, &runtime, &record)?;
        let log = stream.log_of(shard.index);
        let frames = Frames::of(&*self.store, sealer, iter::once(log)).await;
        let bytes = frames.bytes_max(1, record.bytes() as usize, 1);
        let mut batch = BatchBuilder::with_capacity(bytes);
        frames.push(0, iter::once(&record.record), &mut batch);
        let batches = Batches::one(log, batch.finish());
        let answer = self.store.append_many(batches).await.pop();
        let refused = match answer.expect("a store answers each batch") {
            Ok(appended) => {
                let (records, bytes) = (1, record.bytes());
                runtime.count_put(&[(shard.index, Incomings { records, bytes })]);
                return Ok(Placed::at(shard, appended.first, appended.arrival));
            }
            Err(error) => self.refusals.explain(stream, shard, error).await,
        };
        match refused {
            Refused::Failed(error) => Err(error),
            Refused::InNoShard => {
                let mut result = [Err(PutError::NOT_YET)];
                self.put_again(stream, &[record], vec![0], &mut result)
                    .await;
                result[0]
            }
        }
    }

    /// Puts records; returns one result per record, in order.
    pub(crate) async fn put(
        &self,
        stream: &Arc<Stream>,
        sealer: Option<&Sealer>,
        records: &[RecordToPut<'_>],
    ) -> Vec<PutResult> {
        let mut results = vec![Err(PutError::NOT_YET); records.len()];
        let routed = self.place(stream, records, &mut results);
        let put = self.append((stream, sealer), records, routed, &mut results);
        let in_no_shard = put.await;
        if !in_no_shard.is_empty() {
            self.put_again(stream, records, in_no_shard, &mut results)
                .await;
        }
        results
    }

    /// The shard of a record, whose budget for it is taken.
    fn place_one<'s>(
        &self,
        stream: &'s Stream,
        runtime: &StreamRuntime,
        record: &RecordToPut<'_>,
    ) -> Result<&'s Numbering, PutError> {
        match stream.distribution {
            Distribution::UserPartitionKey => {
                let shard = stream.shards.route(record.hash);
                self.throttle
                    .take(stream.record_kib_max, runtime, shard, record)?;
                Ok(shard)
            }
            Distribution::Auto => self.spread.place_one(stream, record),
        }
    }

    /// The shards of records, whose budgets for them are taken; those that exceed them are left
    /// out.
    fn place(
        &self,
        stream: &Stream,
        records: &[RecordToPut<'_>],
        results: &mut [PutResult],
    ) -> Routed {
        match stream.distribution {
            Distribution::UserPartitionKey => {
                let mut routed = Routed::new(stream, records, 0..records.len());
                self.throttle
                    .take_all(stream, records, &mut routed, results);
                routed
            }
            Distribution::Auto => self.spread.place(stream, records, results),
        }
    }

    /// Puts records that turned out to be in no shard, once the reshard that did it is complete.
    /// Their budgets have been taken.
    async fn put_again(
        &self,
        stream: &Arc<Stream>,
        records: &[RecordToPut<'_>],
        mut waiting: Vec<usize>,
        results: &mut [PutResult],
    ) {
        let (mut stream, distribution) = (stream.clone(), stream.distribution);
        for _ in 1..ATTEMPTS_MAX {
            let to = (records, distribution);
            let next = self.parking.after_reshard(&stream, to, &waiting);
            let Some(next) = next.await else {
                return refuse(&waiting, self.parking.why_in_vain(&stream), results);
            };
            // The stream may have got another key meanwhile, or none.
            let Ok(sealer) = self.sealer(&next).await else {
                return refuse(&waiting, NotPut::NoKey, results);
            };
            let routed = match distribution {
                Distribution::UserPartitionKey => {
                    Routed::new(&next, records, waiting.iter().copied())
                }
                Distribution::Auto => {
                    let takes_records =
                        |shard: &Numbering| self.parking.takes_records(&stream, &next, shard);
                    self.spread.place_again(&next, &waiting, takes_records)
                }
            };
            stream = next;
            let put = self.append((&stream, sealer.as_ref()), records, routed, results);
            waiting = put.await;
            if waiting.is_empty() {
                return;
            }
        }
    }

    /// One attempt: appends a batch for each shard; answers the indexes of the records that are in
    /// no shard, in call order.
    async fn append(
        &self,
        (stream, sealer): (&Stream, Option<&Sealer>),
        records: &[RecordToPut<'_>],
        routed: Routed,
        results: &mut [PutResult],
    ) -> Vec<usize> {
        let frames = Frames::of(&*self.store, sealer, routed.logs(stream)).await;
        let batches = routed.batches(stream, records, &frames);
        let answers = self.store.append_many(batches).await;
        let Answers { put, refused } = Answers::note(&routed, &answers, records, results);
        let mut in_no_shard = Vec::new();
        for (of, error) in refused {
            let indexes = routed.indexes(of);
            match self.refusals.explain(stream, &of.shard, error).await {
                Refused::InNoShard => in_no_shard.extend_from_slice(indexes),
                Refused::Failed(error) => indexes
                    .iter()
                    .for_each(|index| results[*index] = Err(error)),
            }
        }
        self.runtimes.stream(stream.id).count_put(&put);
        in_no_shard.sort_unstable();
        in_no_shard
    }
}

/// Notes that records are in no shard.
fn refuse(waiting: &[usize], why: NotPut, results: &mut [PutResult]) {
    let error = Err(PutError::NotPut(why));
    waiting.iter().for_each(|index| results[*index] = error);
}
