//! DescribeStreamSummary: a stream without its shards.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::Mode;
use crate::facts::StreamError;
use crate::target::FoundStream;
use crate::views;
use millstream_protocol::operations::{DescribeStreamSummaryInput, DescribeStreamSummaryOutput};
use millstream_protocol::types::StreamDescriptionSummary;
use std::sync::Arc;

/// DescribeStreamSummary.
pub struct DescribeStreamSummary;

impl Handler for DescribeStreamSummary {
    type Operation = millstream_protocol::operations::DescribeStreamSummary;
    type Input = DescribeStreamSummaryInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = StreamError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<DescribeStreamSummaryOutput, StreamError> {
        let (stream, _) = request.into_parts();
        let now = engine.clock().now();
        let is_committed = engine.state().is_committed(&stream.scope, now);
        let warm_throughput = match stream.mode {
            Mode::OnDemand if is_committed => Some(views::warm_throughput(&stream, now)),
            Mode::OnDemand | Mode::Provisioned => None,
        };
        Ok(DescribeStreamSummaryOutput {
            stream_description_summary: StreamDescriptionSummary {
                stream_name: stream.name.to_string(),
                stream_arn: stream.arn().to_string(),
                // With an id, SDKs would leave the endpoint they were given (clients send it back).
                stream_id: None,
                stream_status: views::status(stream.status_at(now)),
                stream_mode_details: Some(views::mode(stream.mode)),
                retention_period_hours: views::count(stream.retention_hours),
                stream_creation_timestamp: views::timestamp(stream.created),
                enhanced_monitoring: views::enhanced_monitoring(&stream),
                encryption_type: Some(views::encryption_type(stream.encryption.as_ref())),
                key_id: views::key_id(stream.encryption.as_ref()),
                open_shard_count: views::count(stream.shards_at(now).open().len()),
                consumer_count: Some(views::count(stream.consumers_at(now).count())),
                warm_throughput,
                max_record_size_in_kib: Some(views::count(stream.record_kib_max)),
                channel_count: None,
                record_distribution_strategy: views::distribution(&stream),
                queue_count: None,
            },
        })
    }
}
