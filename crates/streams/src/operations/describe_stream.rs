//! DescribeStream: a stream and a page of its shards.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html>

use super::{Engine, Handler, OutputOf, Request, paging};
use crate::catalog::Shard;
use crate::facts::{DescribeStreamError, ShardError};
use crate::target::FoundStream;
use crate::views;
use millstream_model::ShardId;
use millstream_protocol::operations::{DescribeStreamInput, DescribeStreamOutput};
use millstream_protocol::types::StreamDescription;
use std::sync::Arc;

/// Default and maximum number of shards in a response.
const PAGE_SHARDS: usize = 100;

/// DescribeStream.
pub struct DescribeStream;

impl Handler for DescribeStream {
    type Operation = millstream_protocol::operations::DescribeStream;
    type Input = DescribeStreamInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = DescribeStreamError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<DescribeStreamOutput, DescribeStreamError> {
        let (stream, input) = request.into_parts();
        let now = engine.clock().now();
        let after = input.exclusive_start_shard_id.as_deref().map(|text| {
            ShardId::parse(text).map_err(|_| ShardError::NoId {
                id: text.to_owned(),
                stream: stream.label(),
            })
        });
        let after = after.transpose()?.map(ShardId::index);
        let all = stream.shards_at(now).all();
        let rest = &all[all.partition_point(|shard: &Shard| Some(shard.index) <= after)..];
        let page = &rest[..paging::page_size(input.limit, PAGE_SHARDS).min(rest.len())];
        Ok(DescribeStreamOutput {
            stream_description: StreamDescription {
                stream_name: stream.name.to_string(),
                stream_arn: stream.arn().to_string(),
                stream_status: views::status(stream.status_at(now)),
                stream_mode_details: Some(views::mode(stream.mode)),
                shards: page.iter().map(views::shard).collect(),
                has_more_shards: page.len() < rest.len(),
                retention_period_hours: views::count(stream.retention_hours),
                stream_creation_timestamp: views::timestamp(stream.created),
                enhanced_monitoring: views::enhanced_monitoring(&stream),
                encryption_type: Some(views::encryption_type(stream.encryption.as_ref())),
                key_id: views::key_id(stream.encryption.as_ref()),
            },
        })
    }
}
