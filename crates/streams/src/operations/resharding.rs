//! Reshards, as SplitShard, MergeShards and UpdateShardCount begin them.

use crate::Engine;
use crate::catalog::{BeginReshard, Change, Command, Mode, ProposeError, Refusal, Stream};
use crate::facts::{ChangeError, ReshardError, StreamError};
use millstream_model::{ShardId, limits};
use std::sync::Arc;

/// Begins a reshard, and waits for its end if that is soon.
pub(super) async fn reshard(
    engine: &Arc<Engine>,
    stream: &Arc<Stream>,
    change: Change,
    operation: &'static str,
) -> Result<(), ReshardError> {
    if stream.mode == Mode::OnDemand {
        let stream = stream.label();
        return Err(StreamError::OnDemand { stream, operation }.into());
    }
    check_shards(stream, &change)?;
    let begin = BeginReshard {
        stream: stream.id,
        change,
        transition_ms: engine.settings().transition_ms(),
        quotas: engine.quotas(&stream.scope),
        by_service: None,
        remembered: Some(limits::UPDATE_SHARD_COUNT_PER_DAY),
    };
    let begun = engine.change(stream, Command::BeginReshard(begin)).await?;
    carry_on(engine, &begun).await;
    Ok(())
}

/// Carries a stream's reshard on, if it has one, and waits for its end if that is soon.
pub(super) async fn carry_on(engine: &Arc<Engine>, stream: &Stream) {
    if let Some(reshard) = &stream.reshard {
        engine.fence().carry_on(stream.id);
        let is_over = |now: &Arc<Stream>| now.reshard.as_ref().is_none_or(|r| r.id != reshard.id);
        engine
            .settled(|state| state.stream_by_id(stream.id).is_none_or(is_over))
            .await;
    }
}

/// Rejects a change of shards that the stream does not have: on AWS this comes before the stream's
/// status.
fn check_shards(stream: &Stream, change: &Change) -> Result<(), ChangeError> {
    let named = change.shards().into_iter().flatten();
    let missing = named.filter(|index| stream.shards.get(*index).is_none());
    match missing.map(ShardId::new).next() {
        None => Ok(()),
        Some(shard) => {
            let stream = stream.label();
            Err(ProposeError::Refused(Refusal::ShardNotFound { shard, stream }).into())
        }
    }
}
