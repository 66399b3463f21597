//! ListTagsForStream: lists the tags of a stream.

use millstream_protocol_derive::Shape;

use crate::types::{Tag, lists, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct ListTagsForStream;

impl Operation for ListTagsForStream {
    const NAME: &'static str = "ListTagsForStream";
    type Input = ListTagsForStreamInput;
    type Output = ListTagsForStreamOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ResourceNotFoundException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::LimitExceededException,
        ErrorCode::AccessDeniedException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct ListTagsForStreamInput {
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// The key to continue after.
    #[shape(of = named::TAG_KEY)]
    pub exclusive_start_tag_key: Option<String>,
    /// The maximum number of tags to return.
    #[shape(of = named::LIST_TAGS_FOR_STREAM_INPUT_LIMIT)]
    pub limit: Option<i32>,
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}

/// The operation's output.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct ListTagsForStreamOutput {
    /// The tags, sorted by key.
    #[shape(of = lists::TAG_LIST)]
    pub tags: Vec<Tag>,
    /// Whether there are more.
    pub has_more_tags: bool,
}
