//! UpdateStreamRecordDistributionStrategy: a command, which holds for puts from then on.
//!
//! AWS's page is `API_UpdateStreamRecordDistributionStrategy.html`, beside the other operations'.

use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::{Command, SetDistribution};
use crate::facts::ChangeError;
use crate::target::FoundStream;
use crate::views;
use millstream_protocol::operations::UpdateStreamRecordDistributionStrategyInput;
use std::sync::Arc;

/// UpdateStreamRecordDistributionStrategy.
pub struct UpdateStreamRecordDistributionStrategy;

impl Handler for UpdateStreamRecordDistributionStrategy {
    type Operation = millstream_protocol::operations::UpdateStreamRecordDistributionStrategy;
    type Input = UpdateStreamRecordDistributionStrategyInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = ChangeError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), ChangeError> {
        let (stream, input) = request.into_parts();
        let set = SetDistribution {
            stream: stream.id,
            distribution: views::distribution_of(input.record_distribution_strategy),
        };
        engine
            .change(&stream, Command::SetDistribution(set))
            .await?;
        Ok(())
    }
}
