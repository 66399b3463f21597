//! DeregisterStreamConsumer: removes a consumer.

use millstream_protocol_derive::Shape;

use crate::types::named;
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct DeregisterStreamConsumer;

impl Operation for DeregisterStreamConsumer {
    const NAME: &'static str = "DeregisterStreamConsumer";
    type Input = DeregisterStreamConsumerInput;
    type Output = ();
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::LimitExceededException,
        ErrorCode::ResourceNotFoundException,
        ErrorCode::InvalidArgumentException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct DeregisterStreamConsumerInput {
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
