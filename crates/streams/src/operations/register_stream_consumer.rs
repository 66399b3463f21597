//! RegisterStreamConsumer: a consumer that may subscribe to shards.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html>

use super::{Engine, Handler, OutputOf, Request, tags};
use crate::catalog::{ArnSecond, Command, RegisterConsumer, ResourceLabel, Stream};
use crate::facts::{ConsumerError, RegisterConsumerError};
use crate::target::{FoundStream, Needs};
use crate::views;
use millstream_model::ConsumerName;
use millstream_protocol::operations::{RegisterStreamConsumerInput, RegisterStreamConsumerOutput};
use std::sync::Arc;

/// RegisterStreamConsumer.
pub struct RegisterStreamConsumer;

impl Handler for RegisterStreamConsumer {
    type Operation = millstream_protocol::operations::RegisterStreamConsumer;
    type Input = RegisterStreamConsumerInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = RegisterConsumerError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<RegisterStreamConsumerOutput, RegisterConsumerError> {
        let (stream, input) = request.into_parts();
        Needs::Settled.check(&stream, engine.clock().now())?;
        let name = ConsumerName::parse(&input.consumer_name)
            .map_err(|_| not_found(&input.consumer_name, &stream))?;
        let tags = input.tags.unwrap_or_default();
        let resource = ResourceLabel::Consumer {
            name: name.clone(),
            stream: stream.label(),
        };
        tags::check_new_tags(&tags, &resource)?;
        let register = RegisterConsumer {
            stream: stream.id,
            name: name.clone(),
            transition_ms: engine.settings().transition_ms(),
            quotas: engine.quotas(&stream.scope),
            tags,
            arn_second: Some(ArnSecond::Registered),
        };
        let stream = engine
            .change(&stream, Command::RegisterConsumer(register))
            .await?;
        let now = engine.clock().now();
        let consumer = stream
            .consumers_at(now)
            .find(|consumer| consumer.name == name);
        let consumer = consumer.ok_or_else(|| not_found(name.as_str(), &stream))?;
        Ok(RegisterStreamConsumerOutput {
            consumer: views::consumer(&stream, consumer, now),
        })
    }
}

fn not_found(consumer: &str, stream: &Stream) -> ConsumerError {
    ConsumerError::NotFound {
        consumer: consumer.to_owned(),
        stream: stream.label(),
    }
}
