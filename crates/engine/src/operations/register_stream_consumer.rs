//! RegisterStreamConsumer: a consumer that may subscribe to shards.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html>

use super::{Engine, Handler, OutputOf, Request, shared};
use crate::catalog::{Command, RegisterConsumer};
use crate::{texts, views};
use model::ConsumerName;
use std::sync::Arc;
use wire::Error;
use wire::operations::{RegisterStreamConsumerInput, RegisterStreamConsumerOutput};

/// RegisterStreamConsumer.
pub struct RegisterStreamConsumer;

impl Handler for RegisterStreamConsumer {
    type Operation = wire::operations::RegisterStreamConsumer;
    type Input = RegisterStreamConsumerInput;
    type Output = OutputOf<Self>;
    const MUTATES: bool = true;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<RegisterStreamConsumerOutput, Error> {
        let (principal, input) = request.into_parts();
        let stream = engine.stream(&principal, None, Some(&input.stream_arn))?;
        let name = ConsumerName::parse(&input.consumer_name)
            .map_err(|_| texts::consumer_not_found(&input.consumer_name, &stream))?;
        let tags = input.tags.unwrap_or_default();
        shared::check_new_tags(&tags, &stream.name, &stream.scope.account)?;
        let register = RegisterConsumer {
            stream: stream.id,
            name: name.clone(),
            transition_ms: engine.transition_ms(),
            quotas: engine.stream_quotas(&stream.scope),
            tags,
        };
        let stream = engine
            .change(&stream, Command::RegisterConsumer(register))
            .await?;
        let now = engine.env.clock.now();
        let consumer = stream
            .consumers_at(now)
            .find(|consumer| consumer.name == name);
        let consumer = consumer.ok_or_else(|| texts::consumer_not_found(&name, &stream))?;
        Ok(RegisterStreamConsumerOutput {
            consumer: views::consumer(&stream, consumer, now),
        })
    }
}
