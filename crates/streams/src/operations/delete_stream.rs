//! DeleteStream: makes the stream DELETING, closes its shards, then frees the name.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::{BeginDelete, Command};
use crate::facts::ChangeError;
use crate::target::FoundStream;
use millstream_protocol::operations::DeleteStreamInput;
use std::sync::Arc;

/// DeleteStream.
pub struct DeleteStream;

impl Handler for DeleteStream {
    type Operation = millstream_protocol::operations::DeleteStream;
    type Input = DeleteStreamInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = ChangeError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), ChangeError> {
        let (stream, input) = request.into_parts();
        let begin = BeginDelete {
            stream: stream.id,
            takes_consumers: input.enforce_consumer_deletion.unwrap_or(false),
            transition_ms: engine.settings().transition_ms(),
        };
        engine.change(&stream, Command::BeginDelete(begin)).await?;
        engine.fence().carry_on(stream.id);
        engine
            .settled(|state| state.stream_by_id(stream.id).is_none())
            .await;
        Ok(())
    }
}
