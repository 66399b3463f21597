//! SplitShard: one shard becomes two.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SplitShard.html>

use super::shared::reshard;
use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::Change;
use crate::target::Target;
use crate::texts;
use model::HashKey;
use std::sync::Arc;
use wire::operations::SplitShardInput;
use wire::{Error, Operation};

/// SplitShard.
pub struct SplitShard;

impl Handler for SplitShard {
    type Operation = wire::operations::SplitShard;
    type Input = SplitShardInput;
    type Output = OutputOf<Self>;
    const MUTATES: bool = true;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), Error> {
        let (principal, input) = request.into_parts();
        let target = Target::new(
            &principal,
            input.stream_name.as_deref(),
            input.stream_arn.as_deref(),
        )?;
        let shard = target.shard_id(&input.shard_to_split)?;
        let at = HashKey::parse(&input.new_starting_hash_key)
            .map_err(|_| texts::split_key_too_large(&input.new_starting_hash_key))?;
        let stream = engine.find(&target)?;
        let change = Change::Split {
            shard: shard.index(),
            at,
        };
        reshard(&engine, &stream, change, Self::Operation::NAME)
            .await
            .map(drop)
    }
}
