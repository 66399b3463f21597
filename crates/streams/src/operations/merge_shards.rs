//! MergeShards: merges two adjacent shards.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_MergeShards.html>

use super::resharding::reshard;
use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::Change;
use crate::facts::ReshardError;
use crate::target::StreamRef;
use millstream_protocol::Operation;
use millstream_protocol::operations::MergeShardsInput;
use std::sync::Arc;

/// MergeShards.
pub struct MergeShards;

impl Handler for MergeShards {
    type Operation = millstream_protocol::operations::MergeShards;
    type Input = MergeShardsInput;
    type Target = StreamRef;
    type Output = OutputOf<Self>;
    type Error = ReshardError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), ReshardError> {
        let (target, input) = request.into_parts();
        let shard = target.shard_id(&input.shard_to_merge)?.index();
        let adjacent = target.shard_id(&input.adjacent_shard_to_merge)?.index();
        let stream = engine.stream(&target)?;
        let change = Change::Merge { shard, adjacent };
        reshard(&engine, &stream, change, Self::Operation::NAME).await
    }
}
