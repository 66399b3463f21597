//! ListStreamConsumers: lists the consumers of a stream.

use millstream_protocol_derive::Shape;

use crate::types::{Consumer, lists, named};
use crate::{ErrorCode, Operation, Timestamp};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct ListStreamConsumers;

impl Operation for ListStreamConsumers {
    const NAME: &'static str = "ListStreamConsumers";
    type Input = ListStreamConsumersInput;
    type Output = ListStreamConsumersOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ResourceNotFoundException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::LimitExceededException,
        ErrorCode::ExpiredNextTokenException,
        ErrorCode::ResourceInUseException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct ListStreamConsumersInput {
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: String,
    /// The position to continue at, sealed.
    #[shape(of = named::NEXT_TOKEN)]
    pub next_token: Option<String>,
    /// The maximum number of consumers to return.
    #[shape(of = named::LIST_STREAM_CONSUMERS_INPUT_LIMIT)]
    pub max_results: Option<i32>,
    /// Distinguishes the stream from an earlier one of the same name.
    pub stream_creation_timestamp: Option<Timestamp>,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}

/// The operation's output.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct ListStreamConsumersOutput {
    /// The consumers.
    #[shape(of = lists::CONSUMER_LIST)]
    pub consumers: Option<Vec<Consumer>>,
    /// The position to continue at, sealed.
    #[shape(of = named::NEXT_TOKEN)]
    pub next_token: Option<String>,
}
