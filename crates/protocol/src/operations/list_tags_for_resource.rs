//! ListTagsForResource: lists the tags of a stream or a consumer.

use millstream_protocol_derive::Shape;

use crate::types::{Tag, lists, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct ListTagsForResource;

impl Operation for ListTagsForResource {
    const NAME: &'static str = "ListTagsForResource";
    type Input = ListTagsForResourceInput;
    type Output = ListTagsForResourceOutput;
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ValidationException,
        ErrorCode::ResourceNotFoundException,
        ErrorCode::ResourceInUseException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::LimitExceededException,
        ErrorCode::AccessDeniedException,
        ErrorCode::InternalFailureException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct ListTagsForResourceInput {
    /// The stream or consumer, by ARN.
    #[shape(name = "ResourceARN", of = named::RESOURCE_ARN)]
    pub resource_arn: String,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}

/// The operation's output.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct ListTagsForResourceOutput {
    /// The tags, sorted by key.
    #[shape(of = lists::TAG_LIST)]
    pub tags: Option<Vec<Tag>>,
}
