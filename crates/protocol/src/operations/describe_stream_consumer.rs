//! DescribeStreamConsumer: describes a consumer.

use millstream_protocol_derive::Shape;

use crate::types::{ConsumerDescription, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct DescribeStreamConsumer;

impl Operation for DescribeStreamConsumer {
    const NAME: &'static str = "DescribeStreamConsumer";
    type Input = DescribeStreamConsumerInput;
    type Output = DescribeStreamConsumerOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::LimitExceededException,
        ErrorCode::ResourceNotFoundException,
        ErrorCode::InvalidArgumentException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct DescribeStreamConsumerInput {
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
    /// The name of the consumer.
    #[shape(of = named::CONSUMER_NAME)]
    pub consumer_name: Option<String>,
    /// The ARN of the consumer.
    #[shape(name = "ConsumerARN", of = named::CONSUMER_ARN)]
    pub consumer_arn: Option<String>,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}

/// The operation's output.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct DescribeStreamConsumerOutput {
    /// The description.
    pub consumer_description: ConsumerDescription,
}
