//! UntagResource: removes tags of a stream or a consumer.

use millstream_protocol_derive::Shape;

use crate::types::named;
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct UntagResource;

impl Operation for UntagResource {
    const NAME: &'static str = "UntagResource";
    type Input = UntagResourceInput;
    type Output = ();
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
pub struct UntagResourceInput {
    /// The keys of the tags to remove.
    #[shape(of = named::TAG_KEY_LIST)]
    pub tag_keys: Vec<String>,
    /// The stream or consumer, by ARN.
    #[shape(name = "ResourceARN", of = named::RESOURCE_ARN)]
    pub resource_arn: String,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}
