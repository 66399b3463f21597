//! DisableEnhancedMonitoring: disables shard-level metrics.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DisableEnhancedMonitoring.html>

use super::monitoring::{Switch, switch_metrics};
use super::{Engine, Handler, OutputOf, Request};
use crate::facts::ChangeError;
use crate::target::FoundStream;
use millstream_protocol::operations::DisableEnhancedMonitoringInput;
use millstream_protocol::types::EnhancedMonitoringOutput;
use std::sync::Arc;

/// DisableEnhancedMonitoring.
pub struct DisableEnhancedMonitoring;

impl Handler for DisableEnhancedMonitoring {
    type Operation = millstream_protocol::operations::DisableEnhancedMonitoring;
    type Input = DisableEnhancedMonitoringInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = ChangeError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<EnhancedMonitoringOutput, ChangeError> {
        let (stream, input) = request.into_parts();
        switch_metrics(&engine, &stream, &input.shard_level_metrics, Switch::Off).await
    }
}
