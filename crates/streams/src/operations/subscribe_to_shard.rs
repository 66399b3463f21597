//! SubscribeToShard: pushes a shard's records to a consumer.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>
//!
//! What can be known before the stream begins is answered as an error; what comes later is an event
//! of the [`Subscription`].

use super::{Engine, Handler, Request};
use crate::Subscription;
use crate::catalog::{Consumer, ConsumerStatus, Shard, Stream};
use crate::facts::{ConsumerError, DryRun, ShardError, SubscribeError};
use crate::fanout::{Begin, Refusal};
use crate::handler::Counted;
use crate::position::Start;
use crate::target::{FoundConsumer, Needs};
use millstream_model::ShardId;
use millstream_protocol::operations::SubscribeToShardInput;
use std::sync::Arc;

/// SubscribeToShard.
pub struct SubscribeToShard;

impl Handler for SubscribeToShard {
    type Operation = millstream_protocol::operations::SubscribeToShard;
    type Input = SubscribeToShardInput;
    type Target = FoundConsumer;
    type Output = Subscription;
    type Error = SubscribeError;
    const COUNTED: Counted = Counted::ByItsBudget;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<Subscription, SubscribeError> {
        let (
            FoundConsumer {
                stream, consumer, ..
            },
            input,
        ) = request.into_parts();
        let id = ShardId::parse(&input.shard_id).map_err(|_| ShardError::NoId {
            id: input.shard_id.clone(),
            stream: stream.label(),
        })?;
        Needs::Settled.check(&stream, engine.clock().now())?;
        check_active(&engine, &stream, &consumer)?;
        let shard = stream.shards.get(id.index());
        let shard = shard.ok_or_else(|| ShardError::NotFound {
            shard: id,
            stream: stream.label(),
        })?;
        let position = &input.starting_position;
        let number = position.sequence_number.as_deref();
        let operation = <Self::Operation as millstream_protocol::Operation>::NAME;
        let start = Start::parse(operation, position.r#type, number, position.timestamp)?;
        let counters = engine.runtime(stream.id);
        let now = || engine.clock().monotonic();
        let key = (consumer.name.clone(), consumer.arn_s);
        let seat = counters.shard(shard.index).seats.of(key, now());
        let refused = |refusal| {
            counters.counters.subscribe_rate_exceeded.add(1);
            refused(refusal, &stream, shard, &consumer)
        };
        seat.try_call(now(), engine.settings().limits)
            .map_err(&refused)?;
        engine.positions().check_moment(&stream, shard, start)?;
        let position = engine.positions().start(&stream, shard, start).await?;
        if input.dry_run == Some(true) {
            return Err(DryRun.into());
        }
        let place = engine.admission().subscribe(&stream.scope.account);
        let place = place.ok_or_else(|| ConsumerError::TooManySubscriptions {
            consumer: consumer.name.clone(),
            shard: id,
            stream: stream.label(),
        })?;
        let taken = seat.try_take(now()).map_err(&refused)?;
        counters.counters.subscribe_success.add(1);
        let begin = Begin {
            stream: &stream,
            shard,
            consumer: consumer.clone(),
            seat: taken,
            place,
            position,
        };
        Ok(Subscription::new(Arc::clone(engine.fanout()), begin))
    }
}

/// Rejects a consumer that is not ACTIVE.
fn check_active(
    engine: &Engine,
    stream: &Stream,
    consumer: &Consumer,
) -> Result<(), ConsumerError> {
    match consumer.status_at(engine.clock().now()) {
        ConsumerStatus::Active => Ok(()),
        status @ (ConsumerStatus::Creating | ConsumerStatus::Deleting | ConsumerStatus::Gone) => {
            Err(ConsumerError::NotActive {
                consumer: consumer.name.clone(),
                arn_s: consumer.arn_s,
                status,
                stream: stream.label(),
            })
        }
    }
}

fn refused(refusal: Refusal, stream: &Stream, shard: &Shard, consumer: &Consumer) -> ConsumerError {
    let (consumer, shard, stream) = (consumer.name.clone(), shard.id(), stream.label());
    match refusal {
        Refusal::InUse => ConsumerError::SeatTaken {
            consumer,
            shard,
            stream,
        },
        Refusal::TooFast => ConsumerError::TooFast {
            consumer,
            shard,
            stream,
        },
    }
}
