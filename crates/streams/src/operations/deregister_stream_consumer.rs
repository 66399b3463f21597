//! DeregisterStreamConsumer: removes a consumer.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeregisterStreamConsumer.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::{Command, DeregisterConsumer};
use crate::facts::DeregisterConsumerError;
use crate::target::FoundConsumer;
use millstream_protocol::operations::DeregisterStreamConsumerInput;
use std::sync::Arc;

/// DeregisterStreamConsumer.
pub struct DeregisterStreamConsumer;

impl Handler for DeregisterStreamConsumer {
    type Operation = millstream_protocol::operations::DeregisterStreamConsumer;
    type Input = DeregisterStreamConsumerInput;
    type Target = FoundConsumer;
    type Output = OutputOf<Self>;
    type Error = DeregisterConsumerError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<(), DeregisterConsumerError> {
        let (
            FoundConsumer {
                stream, consumer, ..
            },
            _,
        ) = request.into_parts();
        let deregister = DeregisterConsumer {
            stream: stream.id,
            name: consumer.name,
            transition_ms: engine.settings().transition_ms(),
        };
        engine
            .change(&stream, Command::DeregisterConsumer(deregister))
            .await?;
        Ok(())
    }
}
