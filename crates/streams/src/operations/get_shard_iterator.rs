//! GetShardIterator: a position in a shard, sealed.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::facts::{DryRun, GetShardIteratorError, ShardError, ShardReadError, StartError};
use crate::position::Start;
use crate::target::{StreamRef, scope_of};
use crate::token::{Kind, ShardIterator};
use millstream_protocol::operations::{GetShardIteratorInput, GetShardIteratorOutput};
use std::sync::Arc;

/// GetShardIterator.
pub struct GetShardIterator;

impl Handler for GetShardIterator {
    type Operation = millstream_protocol::operations::GetShardIterator;
    type Input = GetShardIteratorInput;
    type Target = StreamRef;
    type Output = OutputOf<Self>;
    type Error = GetShardIteratorError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<GetShardIteratorOutput, GetShardIteratorError> {
        // Whoever asks goes on with it, whoever owns the stream.
        let scope = scope_of(request.principal());
        let (target, input) = request.into_parts();
        let id = target.shard_id(&input.shard_id)?;
        // As on AWS, a stream that is missing or CREATING has no such shard.
        let gone = || ShardError::NotFound {
            shard: id,
            stream: target.label(),
        };
        let stream = engine.stream(&target).map_err(|_| gone())?;
        let shards = stream.shards_at(engine.clock().now());
        let shard = shards.get(id.index()).ok_or_else(gone)?;
        let start = Start::parse(
            <Self::Operation as millstream_protocol::Operation>::NAME,
            input.shard_iterator_type,
            input.starting_sequence_number.as_deref(),
            input.timestamp,
        )?;
        engine.positions().check_moment(&stream, shard, start)?;
        let position = engine.positions().start(&stream, shard, start).await;
        let position = position.map_err(|error| match error {
            StartError::Read(ShardReadError::Stream(_)) => gone().into(),
            StartError::Position(_) | StartError::Read(ShardReadError::Read(_)) => {
                GetShardIteratorError::from(error)
            }
        })?;
        if input.dry_run == Some(true) {
            return Err(DryRun.into());
        }
        let iterator = ShardIterator {
            stream: stream.id,
            name: stream.name.to_string(),
            shard: shard.index,
            position: position.0,
        };
        let sealed = engine.tokens().seal(Kind::ShardIterator, &scope, &iterator);
        Ok(GetShardIteratorOutput {
            shard_iterator: Some(sealed),
        })
    }
}
