//! ListStreams: lists the streams of an account in a region.

use millstream_protocol_derive::Shape;

use crate::types::{StreamSummary, lists, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct ListStreams;

impl Operation for ListStreams {
    const NAME: &'static str = "ListStreams";
    type Input = ListStreamsInput;
    type Output = ListStreamsOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::LimitExceededException,
        ErrorCode::ExpiredNextTokenException,
        ErrorCode::InvalidArgumentException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct ListStreamsInput {
    /// The maximum number of streams to return.
    #[shape(of = named::LIST_STREAMS_INPUT_LIMIT)]
    pub limit: Option<i32>,
    /// The name to continue after.
    #[shape(of = named::STREAM_NAME)]
    pub exclusive_start_stream_name: Option<String>,
    /// The position to continue at, sealed.
    #[shape(of = named::NEXT_TOKEN)]
    pub next_token: Option<String>,
}

/// The operation's output.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct ListStreamsOutput {
    /// Names of streams, sorted.
    #[shape(of = named::STREAM_NAME_LIST)]
    pub stream_names: Vec<String>,
    /// Whether there are more.
    pub has_more_streams: bool,
    /// The position to continue at, sealed.
    #[shape(of = named::NEXT_TOKEN)]
    pub next_token: Option<String>,
    /// The same streams, with some details.
    #[shape(of = lists::STREAM_SUMMARY_LIST)]
    pub stream_summaries: Option<Vec<StreamSummary>>,
}
