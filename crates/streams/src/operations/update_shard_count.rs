//! UpdateShardCount: uniform ranges, with the fewest splits and merges.
//!
//! A call that asks for the existing shards changes nothing, succeeds, and does not count towards
//! the ten per day; AWS's response to it is not recorded.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html>

use super::resharding::reshard;
use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::Change;
use crate::facts::ReshardError;
use crate::target::FoundStream;
use millstream_protocol::Operation;
use millstream_protocol::operations::{UpdateShardCountInput, UpdateShardCountOutput};
use millstream_protocol::types::ScalingType;
use std::num::NonZeroU32;
use std::sync::Arc;

/// UpdateShardCount.
pub struct UpdateShardCount;

impl Handler for UpdateShardCount {
    type Operation = millstream_protocol::operations::UpdateShardCount;
    type Input = UpdateShardCountInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = ReshardError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<UpdateShardCountOutput, ReshardError> {
        let (stream, input) = request.into_parts();
        let ScalingType::UniformScaling = input.scaling_type;
        let target = u32::try_from(input.target_shard_count).ok();
        // The constraints of the shape leave no other.
        let target = target.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        reshard(
            &engine,
            &stream,
            Change::ScaleAtOnce { target },
            Self::Operation::NAME,
        )
        .await?;
        Ok(UpdateShardCountOutput {
            stream_name: Some(stream.name.to_string()),
            current_shard_count: i32::try_from(stream.shards.open().len()).ok(),
            target_shard_count: Some(input.target_shard_count),
            stream_arn: Some(stream.arn().to_string()),
        })
    }
}
