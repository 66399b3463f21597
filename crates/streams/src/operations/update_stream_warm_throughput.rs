//! UpdateStreamWarmThroughput: prepares an on-demand stream for traffic before that comes.
//!
//! A MiB per second needs a shard. More than there are come by an ordinary reshard, which divides
//! the widest shards; less releases the others, and 0 takes the setting away.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamWarmThroughput.html>

use super::resharding::carry_on;
use super::warmth::prepare;
use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::{Command, SetWarmThroughput};
use crate::facts::ChangeError;
use crate::target::FoundStream;
use crate::views;
use millstream_protocol::operations::{
    UpdateStreamWarmThroughputInput, UpdateStreamWarmThroughputOutput,
};
use std::sync::Arc;

/// UpdateStreamWarmThroughput.
pub struct UpdateStreamWarmThroughput;

impl Handler for UpdateStreamWarmThroughput {
    type Operation = millstream_protocol::operations::UpdateStreamWarmThroughput;
    type Input = UpdateStreamWarmThroughputInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = ChangeError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<UpdateStreamWarmThroughputOutput, ChangeError> {
        let (stream, input) = request.into_parts();
        let (id, transition_ms) = (stream.id, engine.settings().transition_ms());
        let begun = prepare(
            &engine,
            &stream,
            input.warm_throughput_mibps,
            |warmth, quotas| {
                Command::SetWarmThroughput(SetWarmThroughput {
                    stream: id,
                    warmth,
                    transition_ms,
                    quotas,
                })
            },
        )
        .await?;
        carry_on(&engine, &begun).await;
        Ok(UpdateStreamWarmThroughputOutput {
            stream_arn: Some(begun.arn().to_string()),
            stream_name: Some(begun.name.to_string()),
            warm_throughput: Some(views::warm_throughput(&begun, engine.clock().now())),
        })
    }
}
