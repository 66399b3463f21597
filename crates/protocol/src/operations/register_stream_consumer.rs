//! RegisterStreamConsumer: registers a consumer for enhanced fan-out.

use std::collections::BTreeMap;

use millstream_protocol_derive::Shape;

use crate::types::{Consumer, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct RegisterStreamConsumer;

impl Operation for RegisterStreamConsumer {
    const NAME: &'static str = "RegisterStreamConsumer";
    type Input = RegisterStreamConsumerInput;
    type Output = RegisterStreamConsumerOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::InvalidArgumentException,
        ErrorCode::LimitExceededException,
        ErrorCode::ResourceInUseException,
        ErrorCode::ResourceNotFoundException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct RegisterStreamConsumerInput {
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: String,
    /// The name of the consumer.
    #[shape(of = named::CONSUMER_NAME)]
    pub consumer_name: String,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
    /// Tags to set, values by key.
    #[shape(of = named::TAG_MAP)]
    pub tags: Option<BTreeMap<String, String>>,
}

/// The operation's output.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct RegisterStreamConsumerOutput {
    /// The consumer, just registered.
    pub consumer: Consumer,
}
