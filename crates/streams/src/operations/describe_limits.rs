//! DescribeLimits: quotas and usage of an account and region.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeLimits.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::Scope;
use crate::views;
use millstream_model::limits;
use millstream_protocol::operations::{DescribeLimitsInput, DescribeLimitsOutput};
use std::convert::Infallible;
use std::sync::Arc;

/// DescribeLimits.
pub struct DescribeLimits;

impl Handler for DescribeLimits {
    type Operation = millstream_protocol::operations::DescribeLimits;
    type Input = DescribeLimitsInput;
    type Target = Scope;
    type Output = OutputOf<Self>;
    type Error = Infallible;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<DescribeLimitsOutput, Infallible> {
        let (scope, _) = request.into_parts();
        let tally = engine.state().tally(&scope);
        Ok(DescribeLimitsOutput {
            shard_limit: views::count(engine.settings().shard_limit_of(&scope)),
            open_shard_count: views::count(tally.open_shards()),
            on_demand_stream_count: views::count(tally.on_demand()),
            on_demand_stream_count_limit: views::count(limits::ON_DEMAND_STREAMS_MAX),
            channel_count: None,
            channel_count_limit: None,
        })
    }
}
