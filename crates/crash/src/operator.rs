//! Changes a stream's shards from time to time: splits, merges, scalings, with lists in between.
//!
//! There is one operator per stream, and it waits for each change: so it knows the current shards,
//! and every refusal is the server's mistake, unless it comes too soon for its limits.

use super::control::Worker;
use super::endpoint::Endpoint;
use millstream_judge::{Event, Reshaping, ReshardOutcome, ShardChange, Span};
use millstream_protocol::operations::{
    MergeShards, MergeShardsInput, SplitShard, SplitShardInput, UpdateShardCount,
    UpdateShardCountInput,
};
use millstream_protocol::types::ScalingType;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Between two changes, at most, in milliseconds.
const PAUSE_MILLIS_MAX: u64 = 150;

/// Someone who operates a stream.
pub struct Operator {
    worker: Worker,
    stream: usize,
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
            let rng = &mut self.worker.rng;
            let reshaping = match rng.u8(..5) {
                0 | 1 => Reshaping::Split,
                2 | 3 => Reshaping::Merge,
                _ => Reshaping::Count,
            };
            if let Some(change) = ShardChange::draw(rng, reshaping, shards) {
                self.reshard(&at, &change).await;
            }
        }
    }

    /// Makes a change, waits until it is over, and records its outcome.
    pub async fn reshard(&mut self, at: &Endpoint, change: &ShardChange) -> ReshardOutcome {
        let started = self.worker.recorder.now();
        let answer = self.call(at, change).await;
        let is_over = self.worker.until_active(self.stream).await;
        let of_call = match &answer {
            Ok(()) if is_over => ReshardOutcome::Acked,
            Err(error) if error.was_not_applied() => ReshardOutcome::DefinitelyFailed,
            Ok(()) | Err(_) => ReshardOutcome::Unknown,
        };
        let recorder = &self.worker.recorder;
        match &answer {
            Ok(()) => {
                recorder.reached.reshards.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => recorder.complain_if_refused(&format!("{change:?}"), error),
        }
        let span = Span {
            started,
            finished: recorder.now(),
        };
        let reshard = change.event(span, of_call);
        let outcome = reshard.outcome;
        recorder.record(self.stream, Event::Reshard(reshard));
        outcome
    }

    async fn call(
        &mut self,
        at: &Endpoint,
        change: &ShardChange,
    ) -> Result<(), millstream_client::Error> {
        let stream_name = Some(self.worker.recorder.name(self.stream).to_owned());
        let client = at.client(&mut self.worker.rng);
        match change {
            ShardChange::Split(shard, key) => {
                let input = SplitShardInput {
                    stream_name,
                    shard_to_split: shard.to_string(),
                    new_starting_hash_key: key.to_string(),
                    ..SplitShardInput::default()
                };
                client.call::<SplitShard>(&input).await
            }
            ShardChange::Merge(one, other) => {
                let input = MergeShardsInput {
                    stream_name,
                    shard_to_merge: one.to_string(),
                    adjacent_shard_to_merge: other.to_string(),
                    ..MergeShardsInput::default()
                };
                client.call::<MergeShards>(&input).await
            }
            ShardChange::Count(count, _) => {
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
}
