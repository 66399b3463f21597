//! SplitShard: splits a shard in two.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SplitShard.html>

use super::resharding::reshard;
use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::{Change, ProposeError, Refusal};
use crate::facts::{ChangeError, ReshardError, SplitKeyTooLarge};
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
        let stream = engine.stream(&target)?;
        let given = HashKey::parse(&input.new_starting_hash_key).ok();
        let change = Change::Split {
            shard: shard.index(),
            // The last key splits no shard: what comes before it in the order of checks is found.
            at: given.unwrap_or(HashKey::MAX),
        };
        let split = reshard(&engine, &stream, change, Self::Operation::NAME).await;
        match given {
            Some(_) => split,
            None => split.map_err(|error| with_key(error, input.new_starting_hash_key)),
        }
    }
}

/// An error with the key as given, which is no hash key.
fn with_key(error: ReshardError, key: String) -> ReshardError {
    if let ReshardError::Change(ChangeError::Propose(ProposeError::Refused(Refusal::SplitKey {
        key: _,
        shard,
        range,
        stream,
    }))) = error
    {
        let too_large = SplitKeyTooLarge {
            key,
            shard,
            range,
            stream,
        };
        return too_large.into();
    }
    error
}
