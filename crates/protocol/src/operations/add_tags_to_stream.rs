//! AddTagsToStream: sets tags of a stream.

use std::collections::BTreeMap;

use millstream_protocol_derive::Shape;

use crate::types::named;
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct AddTagsToStream;

impl Operation for AddTagsToStream {
    const NAME: &'static str = "AddTagsToStream";
    type Input = AddTagsToStreamInput;
    type Output = ();
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ResourceNotFoundException,
        ErrorCode::ResourceInUseException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::LimitExceededException,
        ErrorCode::AccessDeniedException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct AddTagsToStreamInput {
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// Tags to set, values by key.
    #[shape(of = named::TAG_MAP)]
    pub tags: BTreeMap<String, String>,
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}
