//! Puts records, alone and in batches, and records each outcome. It never retries. Where the
//! service distributes records, half of them have no key, and none is expected in a certain shard.

use super::chronicle::Chronicle;
use super::client::{Client, Failure};
use super::server::Server;
use bytes::Bytes;
use fastrand::Rng;
use millstream_judge::Draft;
use millstream_judge::HashKey;
use millstream_judge::KEYLESS;
use millstream_judge::payload::{self, RecordId};
use millstream_judge::{Outcome, Put, Span};
use millstream_protocol::ErrorCode;
use millstream_protocol::operations::{self, PutRecordInput, PutRecordsInput};
use millstream_protocol::types::PutRecordsRequestEntry;
use millstream_protocol::types::PutRecordsResultEntry;
use millstream_streams::Limits;
use std::sync::Arc;
use std::time::Duration;

/// A storm is so many calls with so many records each, all for one shard: more than half of what it
/// takes in a second.
const STORM_CALLS: usize = 3;
const STORM_RECORDS: usize = 300;
/// Between two storms.
const LULL_MILLIS: std::ops::Range<u64> = 2_000..12_000;

/// A client that writes.
pub(super) struct Producer {
    client: Client,
    number: u32,
    ops: u64,
    /// How its streams' records are assigned to shards.
    distribution: Distribution,
}

/// What a producer knows of how records are assigned to shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distribution {
    /// By their keys, for ever.
    ByKeys,
    /// By their keys, until that is changed: a put that got no answer may still come to that.
    ByKeysYet,
    /// By the service; keys are optional.
    ByService,
    /// By either.
    Unknown,
}

impl Producer {
    /// A producer whose records carry a number that no other has.
    pub(super) fn new(client: Client, number: u32) -> Self {
        Self {
            client,
            number,
            ops: 0,
            distribution: Distribution::ByKeys,
        }
    }

    /// Goes by a distribution from now on.
    pub(super) fn set_distribution(&mut self, distribution: Distribution) {
        self.distribution = distribution;
    }

    /// The same, unless an earlier change of unknown outcome may still come.
    pub(super) fn change_distribution(&mut self, distribution: Distribution) {
        if self.distribution != Distribution::Unknown {
            self.distribution = distribution;
        }
    }

    /// Puts into any of the streams until the work is over.
    pub(super) async fn run(mut self, streams: Vec<Arc<Chronicle>>) {
        while let Some(server) = self.client.server().await {
            let nth = self.client.rng.usize(..streams.len());
            self.put_any(&server, &streams[nth]).await;
            self.client.think().await;
        }
    }

    /// Storms an on-demand stream, now and then, until the work is over.
    pub(super) async fn storm(mut self, stream: Arc<Chronicle>) {
        while let Some(server) = self.client.server().await {
            let key = any_hash_key(&mut self.client.rng);
            for _ in 0..STORM_CALLS {
                let small =
                    |_| self.draft_of(Some("storm".to_owned()), payload::MIN_LEN, Some(key));
                let drafts = (0..STORM_RECORDS).map(small).collect();
                self.put_drafts(&server, &stream, drafts).await;
            }
            let lull = self.client.rng.u64(LULL_MILLIS);
            self.client.clock.sleep(Duration::from_millis(lull)).await;
        }
    }

    /// Puts one record, or some.
    pub(super) async fn put_any(&mut self, server: &Server, stream: &Chronicle) {
        if self.client.rng.bool() {
            self.put(server, stream).await;
        } else {
            self.put_batch(server, stream).await;
        }
    }

    /// Puts one record, if there is a server; whether it was acknowledged.
    pub(super) async fn put_now(&mut self, stream: &Chronicle) -> bool {
        match self.client.server_now() {
            Some(server) => self.put(&server, stream).await,
            None => false,
        }
    }

    /// Puts one record; whether it was acknowledged.
    pub(super) async fn put(&mut self, server: &Server, stream: &Chronicle) -> bool {
        let draft = self.draft();
        let input = PutRecordInput {
            stream_name: Some(stream.name.clone()),
            data: draft.data.clone(),
            partition_key: draft.partition_key.clone(),
            explicit_hash_key: draft.explicit_hash_key.map(|key| key.to_string()),
            ..PutRecordInput::default()
        };
        let call = self.client.call::<operations::PutRecord>(server, &input);
        let (span, answer) = call.await;
        let outcome = match answer {
            Ok(output) => self.acked(&output.shard_id, &output.sequence_number),
            Err(failure) => self.failed(&failure),
        };
        self.note(stream, span, vec![(draft, outcome)]);
        matches!(outcome, Outcome::Acked { .. })
    }

    async fn put_batch(&mut self, server: &Server, stream: &Chronicle) {
        let is_large = self.client.rng.u8(..) < 5;
        let count = self.client.rng.usize(1..if is_large { 100 } else { 8 });
        let drafts = (0..count).map(|_| self.draft()).collect();
        self.put_drafts(server, stream, drafts).await;
    }

    async fn put_drafts(&mut self, server: &Server, stream: &Chronicle, drafts: Vec<Draft>) {
        let count = drafts.len();
        let input = PutRecordsInput {
            records: drafts.iter().map(entry).collect::<Vec<_>>(),
            stream_name: Some(stream.name.clone()),
            ..PutRecordsInput::default()
        };
        let call = self.client.call::<operations::PutRecords>(server, &input);
        let (span, answer) = call.await;
        let outcomes = match answer {
            Ok(output) if output.records.len() == count => {
                output.records.iter().map(|it| self.entry(it)).collect()
            }
            Ok(output) => {
                let got = output.records.len();
                let what = format!("PutRecords of {count} records answered {got} results");
                self.client.machine.complain(what);
                vec![Outcome::Unknown; count]
            }
            Err(failure) => vec![self.failed(&failure); count],
        };
        self.note(stream, span, drafts.into_iter().zip(outcomes).collect());
    }

    fn draft(&mut self) -> Draft {
        let rng = &mut self.client.rng;
        let is_keyless = self.distribution == Distribution::ByService && rng.bool();
        let partition_key = (!is_keyless).then(|| format!("key-{}", rng.u16(..)));
        let length = any_length(rng);
        let hash_key = (rng.u8(..4) == 0).then(|| any_hash_key(rng));
        self.draft_of(partition_key, length, hash_key)
    }

    fn draft_of(
        &mut self,
        partition_key: Option<String>,
        length: usize,
        explicit_hash_key: Option<HashKey>,
    ) -> Draft {
        let id = RecordId {
            client: self.number,
            op: self.ops,
            attempt: 0,
        };
        self.ops += 1;
        let key = partition_key.as_deref().unwrap_or(KEYLESS);
        Draft {
            id,
            explicit_hash_key,
            data: Bytes::from(payload::encode(id, length, key)),
            partition_key,
        }
    }

    /// Writes down one call's records.
    fn note(&self, stream: &Chronicle, span: Span, records: Vec<(Draft, Outcome)>) {
        let request = stream.number();
        for (draft, outcome) in records {
            let hash_key = match (self.distribution, outcome) {
                (Distribution::ByKeysYet, Outcome::Unknown) => None,
                (Distribution::ByKeys | Distribution::ByKeysYet, _) => draft.hash_key(),
                (Distribution::ByService | Distribution::Unknown, _) => None,
            };
            stream.record_put(Put {
                span,
                record: draft.id,
                request,
                hash_key,
                outcome,
            });
        }
    }

    fn acked(&self, shard: &str, number: &str) -> Outcome {
        match (shard.parse(), number.parse()) {
            (Ok(shard), Ok(sequence_number)) => Outcome::Acked {
                shard,
                sequence_number,
            },
            _ => {
                let what = format!("an acknowledgement cannot be read: {shard} {number}");
                self.client.machine.complain(what);
                Outcome::Unknown
            }
        }
    }

    fn failed(&self, failure: &Failure) -> Outcome {
        let plan = &self.client.machine.plan;
        let expected: &[ErrorCode] = match plan.may_create_again() {
            true => &[ErrorCode::ResourceNotFoundException],
            false => &[],
        };
        self.client.complain_unless("a put", failure, expected);
        if failure.was_not_applied() {
            Outcome::DefinitelyFailed
        } else {
            Outcome::Unknown
        }
    }

    /// An entry that failed internally may have been written; one that was throttled was not.
    fn entry(&self, entry: &PutRecordsResultEntry) -> Outcome {
        let has_limits = self.client.machine.plan.limits == Limits::Aws;
        match (&entry.shard_id, &entry.sequence_number, &entry.error_code) {
            (Some(shard), Some(number), None) => self.acked(shard, number),
            (None, None, Some(code)) if code == "InternalFailure" => Outcome::Unknown,
            (None, None, Some(code))
                if has_limits && code == "ProvisionedThroughputExceededException" =>
            {
                Outcome::DefinitelyFailed
            }
            odd => {
                let what = format!("an entry of PutRecords is {odd:?}");
                self.client.machine.complain(what);
                Outcome::Unknown
            }
        }
    }
}

/// Mostly small, seldom larger than a block.
fn any_length(rng: &mut Rng) -> usize {
    match rng.u8(..) {
        0..=199 => rng.usize(payload::MIN_LEN..150),
        200..=249 => rng.usize(150..2_000),
        250..=255 => rng.usize(2_000..40_000),
    }
}

/// Random, often at an edge.
fn any_hash_key(rng: &mut Rng) -> HashKey {
    let edges = [0, u128::MAX, 1 << 127, (1 << 127) - 1];
    let anywhere = rng.u128(..);
    HashKey(edges.get(rng.usize(..8)).copied().unwrap_or(anywhere))
}

/// A record as it travels with others.
fn entry(draft: &Draft) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry {
        data: draft.data.clone(),
        explicit_hash_key: draft.explicit_hash_key.map(|key| key.to_string()),
        partition_key: draft.partition_key.clone(),
    }
}
