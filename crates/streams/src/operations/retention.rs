//! The retention, as IncreaseStreamRetentionPeriod and DecreaseStreamRetentionPeriod set it.

use crate::Engine;
use crate::catalog::{Direction, Stream};
use crate::facts::{RetentionError, SetRetentionError};
use millstream_model::limits;
use std::sync::Arc;

/// Sets the retention, if it is valid.
pub(super) async fn set_retention(
    engine: &Arc<Engine>,
    stream: &Arc<Stream>,
    hours: i32,
    direction: Direction,
) -> Result<(), SetRetentionError> {
    let wanted = u32::try_from(hours).unwrap_or(0);
    if wanted < limits::RETENTION_HOURS_MIN {
        return Err(RetentionError::TooShort { hours }.into());
    }
    if wanted > limits::RETENTION_HOURS_MAX {
        return Err(RetentionError::TooLong { hours }.into());
    }
    engine.retention().set(stream, wanted, direction).await
}
