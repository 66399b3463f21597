//! DecreaseStreamRetentionPeriod: shortens retention.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DecreaseStreamRetentionPeriod.html>

use super::retention::set_retention;
use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::Direction;
use crate::facts::SetRetentionError;
use crate::target::FoundStream;
use millstream_protocol::operations::DecreaseStreamRetentionPeriodInput;
use std::sync::Arc;

/// DecreaseStreamRetentionPeriod.
pub struct DecreaseStreamRetentionPeriod;

impl Handler for DecreaseStreamRetentionPeriod {
    type Operation = millstream_protocol::operations::DecreaseStreamRetentionPeriod;
    type Input = DecreaseStreamRetentionPeriodInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = SetRetentionError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), SetRetentionError> {
        let (stream, input) = request.into_parts();
        set_retention(
            &engine,
            &stream,
            input.retention_period_hours,
            Direction::Decrease,
        )
        .await
    }
}
