//! SubscribeToShard: a shard's records are pushed to a consumer.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html>
//!
//! What can be known before the stream begins is answered as an error; what comes later is a frame
//! of the [`Subscription`].

use super::shared;
use crate::catalog::{Consumer, ConsumerStatus, Shard, Status, Stream};
use crate::fanout::{Begin, Refusal};
use crate::position::Start;
use crate::target::Target;
use crate::{Engine, Subscription, texts};
use auth::Authorized;
use std::sync::Arc;
use wire::operations::{SubscribeToShard, SubscribeToShardInput};
use wire::{Error, Protocol};

/// Subscribes. The frames are written in the request's protocol.
///
/// # Errors
/// AWS's, in AWS's words.
pub async fn subscribe_to_shard(
    engine: Arc<Engine>,
    protocol: Protocol,
    request: Authorized<SubscribeToShardInput>,
) -> Result<Subscription, Error> {
    let (principal, input) = request.into_parts();
    let arn = Some(input.consumer_arn.as_str());
    let (stream, consumer) = shared::find_consumer(&engine, &principal, None, None, arn)?;
    let target = Target {
        scope: stream.scope.clone(),
        name: stream.name.clone(),
    };
    let id = target.shard_id(&input.shard_id)?;
    let position = &input.starting_position;
    let number = position.sequence_number.as_deref();
    let operation = <SubscribeToShard as wire::Operation>::NAME;
    let start = Start::parse(operation, position.r#type, number, position.timestamp)?;
    check_status(&engine, &stream, &consumer)?;
    let shard = stream.shards.get(id.index()).ok_or_else(|| {
        texts::shard_does_not_exist(id, stream.name.as_str(), &stream.scope.account)
    })?;
    let counters = engine.runtimes.stream(stream.id);
    let now = || engine.env.clock.monotonic();
    let key = (consumer.name.clone(), consumer.arn_s);
    let seat = counters.shard(shard.index).seats.of(key, now());
    let refused = |refusal| {
        counters.counters.subscribe_rate_exceeded.add(1);
        refused(refusal, &stream, shard, &consumer)
    };
    seat.try_call(now(), engine.settings.limits)
        .map_err(&refused)?;
    engine.check_moment(&stream, shard, start)?;
    let position = engine.start(&stream, shard, start).await?;
    if input.dry_run == Some(true) {
        return Err(texts::dry_run());
    }
    let hold = seat.try_take(now()).map_err(&refused)?;
    counters.counters.subscribe_success.add(1);
    let begin = Begin {
        protocol,
        stream: &stream,
        shard,
        consumer: consumer.clone(),
        hold,
        position,
    };
    Ok(Subscription::new(Arc::clone(&engine), begin))
}

/// Stream and consumer must be there to be read.
fn check_status(engine: &Engine, stream: &Stream, consumer: &Consumer) -> Result<(), Error> {
    let now = engine.env.clock.now();
    match stream.status_at(now) {
        Status::Active | Status::Updating => (),
        status @ (Status::Creating | Status::Deleting) => {
            return Err(texts::stream_not_active(stream, status));
        }
    }
    match consumer.status_at(now) {
        ConsumerStatus::Active => Ok(()),
        ConsumerStatus::Creating | ConsumerStatus::Deleting | ConsumerStatus::Gone => {
            Err(texts::consumer_not_active(consumer, stream))
        }
    }
}

fn refused(refusal: Refusal, stream: &Stream, shard: &Shard, consumer: &Consumer) -> Error {
    match refusal {
        Refusal::InUse => texts::subscription_exists(stream, shard.id(), consumer),
        Refusal::TooFast => texts::subscribe_rate_exceeded(stream, shard.id(), consumer),
    }
}
