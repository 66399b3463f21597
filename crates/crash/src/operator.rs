//! Changes a stream's shards from time to time: splits, merges, scalings, with lists in between.
//!
//! There is one operator per stream, and it waits for each change: so it knows the current shards,
//! and every refusal is the server's mistake.

use super::control::Worker;
use super::endpoint::Endpoint;
use millstream_judge::ShardId;
use millstream_judge::{Event, ListedShard, Reshard, ReshardOutcome};
use millstream_protocol::operations::{
    MergeShards, MergeShardsInput, SplitShard, SplitShardInput, UpdateShardCount,
    UpdateShardCountInput,
};
use millstream_protocol::types::ScalingType;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Open shards of a stream at most.
const OPEN_MAX: usize = 6;
/// Between two changes, at most, in milliseconds.
const PAUSE_MILLIS_MAX: u64 = 150;

/// Someone who operates a stream.
pub struct Operator {
    worker: Worker,
    stream: usize,
}

/// A change of shards.
#[derive(Clone, Debug)]
pub enum Change {
    /// SplitShard, before this hash key.
    Split(ShardId, u128),
    /// MergeShards.
    Merge(ShardId, ShardId),
    /// UpdateShardCount, of these open shards.
    Count(i32, Vec<ShardId>),
}

impl Operator {
    /// An operator, the only one of its stream.
    pub fn new(worker: Worker, stream: usize) -> Self {
        Self { worker, stream }
    }

    /// Changes and lists until the work is over.
    pub async fn run(mut self) {
        while let Some(at) = self.worker.access.endpoint().await {
            let pause = Duration::from_millis(self.worker.rng.u64(..PAUSE_MILLIS_MAX));
            self.worker.env.clock.sleep(pause).await;
            let Some(shards) = self.worker.list(&at, self.stream).await else {
                continue;
            };
            if let Some(change) = self.any_change(shards) {
                self.reshard(&at, &change).await;
            }
        }
    }

    /// Makes a change, waits until it is over, and records its outcome.
    pub async fn reshard(&mut self, at: &Endpoint, change: &Change) -> ReshardOutcome {
        let started = self.worker.recorder.now();
        let answer = self.call(at, change).await;
        let is_over = self.worker.until_active(self.stream).await;
        let outcome = match (&answer, change) {
            // The response does not say which shards it will close.
            (Ok(()), Change::Count(..)) => ReshardOutcome::Unknown,
            (Ok(()), Change::Split(..) | Change::Merge(..)) if is_over => ReshardOutcome::Acked,
            (Err(error), _) if error.was_not_applied() => ReshardOutcome::DefinitelyFailed,
            (Ok(()) | Err(_), _) => ReshardOutcome::Unknown,
        };
        let recorder = &self.worker.recorder;
        match &answer {
            Ok(()) => {
                recorder.reached.reshards.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => recorder.complain_if_refused(&format!("{change:?}"), error),
        }
        let reshard = Reshard {
            span: millstream_judge::Span {
                started,
                finished: recorder.now(),
            },
            parents: match change {
                Change::Split(shard, _) => vec![*shard],
                Change::Merge(one, other) => vec![*one, *other],
                Change::Count(_, open) => open.clone(),
            },
            outcome,
        };
        recorder.record(self.stream, Event::Reshard(reshard));
        outcome
    }

    async fn call(
        &mut self,
        at: &Endpoint,
        change: &Change,
    ) -> Result<(), millstream_client::Error> {
        let stream_name = Some(self.worker.recorder.name(self.stream).to_owned());
        let client = at.client(&mut self.worker.rng);
        match change {
            Change::Split(shard, key) => {
                let input = SplitShardInput {
                    stream_name,
                    shard_to_split: shard.to_string(),
                    new_starting_hash_key: key.to_string(),
                    ..SplitShardInput::default()
                };
                client.call::<SplitShard>(&input).await
            }
            Change::Merge(one, other) => {
                let input = MergeShardsInput {
                    stream_name,
                    shard_to_merge: one.to_string(),
                    adjacent_shard_to_merge: other.to_string(),
                    ..MergeShardsInput::default()
                };
                client.call::<MergeShards>(&input).await
            }
            Change::Count(count, _) => {
                let input = UpdateShardCountInput {
                    stream_name,
                    target_shard_count: *count,
                    scaling_type: ScalingType::UniformScaling,
                    stream_arn: None,
                    stream_id: None,
                };
                let answer = client.call::<UpdateShardCount>(&input).await;
                answer.map(drop)
            }
        }
    }

    fn any_change(&mut self, mut shards: Vec<ListedShard>) -> Option<Change> {
        let rng = &mut self.worker.rng;
        shards.retain(|shard| shard.last.is_none());
        shards.sort_by_key(|shard| shard.range.first);
        let count = shards.len();
        match rng.u8(..5) {
            0 | 1 if count < OPEN_MAX => {
                let shard = rng.choice(&shards)?;
                let (first, last) = (shard.range.first.0, shard.range.last.0);
                let splits = first.checked_add(2)? < last;
                splits.then(|| Change::Split(shard.shard, rng.u128(first + 2..last)))
            }
            0..=3 => {
                let pair = rng.choice(shards.windows(2))?;
                Some(Change::Merge(pair[0].shard, pair[1].shard))
            }
            _ => {
                let most = (2 * count).min(OPEN_MAX);
                let target = rng.usize(count.div_ceil(2)..=most.max(count));
                let open = shards.iter().map(|shard| shard.shard).collect();
                (target != count).then_some(Change::Count(i32::try_from(target).ok()?, open))
            }
        }
    }
}
