//! UpdateStreamMode: changes a stream's capacity mode. Its shards stay as they are, unless it is to
//! be prepared for more throughput than they take.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamMode.html>

use super::resharding::carry_on;
use super::warmth::prepare;
use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::{Command, Mode, Quotas, SetMode, Warmth};
use crate::facts::{CapacityError, UpdateStreamModeError};
use crate::target::FoundStream;
use crate::views;
use millstream_model::limits;
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
        let (id, transition_ms) = (stream.id, engine.settings().transition_ms());
        let set = |warmth: Option<Warmth>, quotas: Quotas| {
            Command::SetMode(SetMode {
                stream: id,
                mode,
                transition_ms,
                quotas,
                warmth,
                remembered: Some(limits::MODE_SWITCHES_PER_DAY),
            })
        };
        let begun = match input.warm_throughput_mibps {
            Some(mibps) => {
                let set = |warmth, quotas| set(Some(warmth), quotas);
                prepare(&engine, &stream, mibps, set).await?
            }
            None => {
                let quotas = engine.quotas(&stream.scope);
                engine.change(&stream, set(None, quotas)).await?
            }
        };
        carry_on(&engine, &begun).await;
        Ok(())
    }
}
