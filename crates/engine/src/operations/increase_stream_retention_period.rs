//! IncreaseStreamRetentionPeriod: records are kept longer.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_IncreaseStreamRetentionPeriod.html>

use super::shared::set_retention;
use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::Direction;
use crate::facts::SetRetentionError;
use std::sync::Arc;
use wire::operations::IncreaseStreamRetentionPeriodInput;

/// IncreaseStreamRetentionPeriod.
pub struct IncreaseStreamRetentionPeriod;

impl Handler for IncreaseStreamRetentionPeriod {
    type Operation = wire::operations::IncreaseStreamRetentionPeriod;
    type Input = IncreaseStreamRetentionPeriodInput;
    type Output = OutputOf<Self>;
    type Error = SetRetentionError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), SetRetentionError> {
        let (principal, input) = request.into_parts();
        let stream = engine.stream(
            &principal,
            input.stream_name.as_deref(),
            input.stream_arn.as_deref(),
        )?;
        set_retention(
            &engine,
            &stream,
            input.retention_period_hours,
            Direction::Increase,
        )
        .await
    }
}
