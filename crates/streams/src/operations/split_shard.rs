//! SplitShard: splits a shard in two.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SplitShard.html>

use super::resharding::reshard;
use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::Change;
use crate::facts::{ReshardError, SplitKeyTooLarge};
use crate::target::StreamRef;
use millstream_model::HashKey;
use millstream_protocol::Operation;
use millstream_protocol::operations::SplitShardInput;
use std::sync::Arc;

/// SplitShard.
pub struct SplitShard;

impl Handler for SplitShard {
    type Operation = millstream_protocol::operations::SplitShard;
    type Input = SplitShardInput;
    type Target = StreamRef;
    type Output = OutputOf<Self>;
    type Error = ReshardError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), ReshardError> {
        let (target, input) = request.into_parts();
        let shard = target.shard_id(&input.shard_to_split)?;
        let at = HashKey::parse(&input.new_starting_hash_key).map_err(|_| SplitKeyTooLarge {
            key: input.new_starting_hash_key.clone(),
        })?;
        let stream = engine.stream(&target)?;
        let change = Change::Split {
            shard: shard.index(),
            at,
        };
        reshard(&engine, &stream, change, Self::Operation::NAME).await
    }
}
