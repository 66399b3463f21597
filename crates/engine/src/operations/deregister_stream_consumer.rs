//! DeregisterStreamConsumer: a consumer goes.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeregisterStreamConsumer.html>

use super::{Engine, Handler, OutputOf, Request, shared};
use crate::catalog::{Command, DeregisterConsumer};
use crate::facts::DeregisterConsumerError;
use std::sync::Arc;
use wire::operations::DeregisterStreamConsumerInput;

/// DeregisterStreamConsumer.
pub struct DeregisterStreamConsumer;

impl Handler for DeregisterStreamConsumer {
    type Operation = wire::operations::DeregisterStreamConsumer;
    type Input = DeregisterStreamConsumerInput;
    type Output = OutputOf<Self>;
    type Error = DeregisterConsumerError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<(), DeregisterConsumerError> {
        let (principal, input) = request.into_parts();
        let (stream, consumer) = shared::find_consumer(
            &engine,
            &principal,
            input.stream_arn.as_deref(),
            input.consumer_name.as_deref(),
            input.consumer_arn.as_deref(),
        )?;
        let deregister = DeregisterConsumer {
            stream: stream.id,
            name: consumer.name,
            transition_ms: engine.transition_ms(),
        };
        engine
            .change(&stream, Command::DeregisterConsumer(deregister))
            .await?;
        Ok(())
    }
}
