//! TagResource: sets tags of a stream or a consumer.

use std::collections::BTreeMap;

use millstream_protocol_derive::Shape;

use crate::types::named;
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct TagResource;

impl Operation for TagResource {
    const NAME: &'static str = "TagResource";
    type Input = TagResourceInput;
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
pub struct TagResourceInput {
    /// Tags to set, values by key.
    #[shape(of = named::TAG_MAP)]
    pub tags: BTreeMap<String, String>,
    /// The stream or consumer, by ARN.
    #[shape(name = "ResourceARN", of = named::RESOURCE_ARN)]
    pub resource_arn: String,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}
