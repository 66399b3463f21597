//! GetShardIterator: a position in a shard, sealed.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::position::Start;
use crate::target::Target;
use crate::texts;
use crate::token::{Kind, ShardIterator};
use env::Timestamp;
use std::sync::Arc;
use wire::Error;
use wire::operations::{GetShardIteratorInput, GetShardIteratorOutput};
use wire::types::ShardIteratorType;

/// GetShardIterator.
pub struct GetShardIterator;

impl Handler for GetShardIterator {
    type Operation = wire::operations::GetShardIterator;
    type Input = GetShardIteratorInput;
    type Output = OutputOf<Self>;
    const MUTATES: bool = false;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<GetShardIteratorOutput, Error> {
        let (principal, input) = request.into_parts();
        let target = Target::new(
            &principal,
            input.stream_name.as_deref(),
            input.stream_arn.as_deref(),
        )?;
        let id = target.shard_id(&input.shard_id)?;
        let start = starting_position(&input)?;
        let stream = engine.find(&target)?;
        let shard = stream.shards.get(id.index()).ok_or_else(|| {
            texts::shard_does_not_exist(id, stream.name.as_str(), &stream.scope.account)
        })?;
        if let Start::AtTimestamp(time) = start {
            let latest = engine.latest_moment(&stream, shard);
            if time > latest {
                return Err(texts::timestamp_in_future(time, latest));
            }
        }
        let position = engine.start(&stream, shard, start).await?;
        if input.dry_run == Some(true) {
            return Err(texts::dry_run());
        }
        let iterator = ShardIterator {
            stream: stream.id,
            name: stream.name.to_string(),
            shard: shard.index,
            position: position.0,
        };
        let sealed = engine.seal(Kind::ShardIterator, &stream.scope, &iterator);
        Ok(GetShardIteratorOutput {
            shard_iterator: Some(sealed),
        })
    }
}

/// Which members go with which type.
fn starting_position(input: &GetShardIteratorInput) -> Result<Start<'_>, Error> {
    let kind = type_name(input.shard_iterator_type);
    let number = input.starting_sequence_number.as_deref();
    match (input.shard_iterator_type, number) {
        (ShardIteratorType::TrimHorizon, None) => Ok(Start::TrimHorizon),
        (ShardIteratorType::Latest, None) => Ok(Start::Latest),
        (ShardIteratorType::AtSequenceNumber, Some(number)) => Ok(Start::AtNumber(number)),
        (ShardIteratorType::AfterSequenceNumber, Some(number)) => Ok(Start::AfterNumber(number)),
        (ShardIteratorType::AtTimestamp, None) => match input.timestamp {
            None => Err(texts::timestamp_missing(kind)),
            // Before the epoch there is nothing.
            Some(time) => Ok(Start::AtTimestamp(Timestamp(
                u64::try_from(time.0).unwrap_or(0),
            ))),
        },
        (
            ShardIteratorType::TrimHorizon
            | ShardIteratorType::Latest
            | ShardIteratorType::AtSequenceNumber
            | ShardIteratorType::AfterSequenceNumber
            | ShardIteratorType::AtTimestamp,
            _,
        ) => Err(texts::number_or_type(kind, number.is_some())),
    }
}

fn type_name(kind: ShardIteratorType) -> &'static str {
    match kind {
        ShardIteratorType::AtSequenceNumber => "AT_SEQUENCE_NUMBER",
        ShardIteratorType::AfterSequenceNumber => "AFTER_SEQUENCE_NUMBER",
        ShardIteratorType::TrimHorizon => "TRIM_HORIZON",
        ShardIteratorType::Latest => "LATEST",
        ShardIteratorType::AtTimestamp => "AT_TIMESTAMP",
    }
}
