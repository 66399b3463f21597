//! DescribeStreamConsumer: one consumer, by its ARN or by stream and name.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamConsumer.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::facts::FindConsumerError;
use crate::target::FoundConsumer;
use crate::views;
use millstream_protocol::operations::{DescribeStreamConsumerInput, DescribeStreamConsumerOutput};
use millstream_protocol::types::ConsumerDescription;
use std::sync::Arc;

/// DescribeStreamConsumer.
pub struct DescribeStreamConsumer;

impl Handler for DescribeStreamConsumer {
    type Operation = millstream_protocol::operations::DescribeStreamConsumer;
    type Input = DescribeStreamConsumerInput;
    type Target = FoundConsumer;
    type Output = OutputOf<Self>;
    type Error = FindConsumerError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<DescribeStreamConsumerOutput, FindConsumerError> {
        let (
            FoundConsumer {
                stream, consumer, ..
            },
            _,
        ) = request.into_parts();
        let now = engine.clock().now();
        Ok(DescribeStreamConsumerOutput {
            consumer_description: ConsumerDescription {
                consumer_name: consumer.name.to_string(),
                consumer_arn: stream.consumer_arn(&consumer).to_string(),
                consumer_status: views::consumer_status(&consumer, now),
                consumer_creation_timestamp: views::timestamp(consumer.created),
                stream_arn: stream.arn().to_string(),
            },
        })
    }
}
