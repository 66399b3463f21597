//! UpdateStreamMode: changes a stream's capacity mode. Its shards stay as they are, unless it is to
//! be prepared for more throughput than they take.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamMode.html>

use super::resharding::carry_on;
use super::warmth::warmth;
use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::{Command, Mode, SetMode};
use crate::facts::{CapacityError, UpdateStreamModeError};
use crate::target::FoundStream;
use crate::views;
use millstream_protocol::operations::UpdateStreamModeInput;
use std::sync::Arc;

/// UpdateStreamMode.
pub struct UpdateStreamMode;

impl Handler for UpdateStreamMode {
    type Operation = millstream_protocol::operations::UpdateStreamMode;
    type Input = UpdateStreamModeInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = UpdateStreamModeError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<(), UpdateStreamModeError> {
        let (stream, input) = request.into_parts();
        let mode = views::mode_of(&input.stream_mode_details);
        if mode == Mode::Provisioned && input.warm_throughput_mibps.is_some() {
            return Err(CapacityError::WarmProvisioned.into());
        }
        let set = SetMode {
            stream: stream.id,
            mode,
            transition_ms: engine.settings().transition_ms(),
            quotas: engine.quotas(&stream.scope),
            warmth: input.warm_throughput_mibps.map(warmth),
        };
        let begun = engine.change(&stream, Command::SetMode(set)).await?;
        carry_on(&engine, &begun).await;
        Ok(())
    }
}
