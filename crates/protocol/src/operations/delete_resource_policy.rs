//! DeleteResourcePolicy: removes the policy of a stream or a consumer.

use millstream_protocol_derive::Shape;

use crate::types::named;
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct DeleteResourcePolicy;

impl Operation for DeleteResourcePolicy {
    const NAME: &'static str = "DeleteResourcePolicy";
    type Input = DeleteResourcePolicyInput;
    type Output = ();
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ValidationException,
        ErrorCode::AccessDeniedException,
        ErrorCode::ResourceNotFoundException,
        ErrorCode::LimitExceededException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::ResourceInUseException,
        ErrorCode::InternalFailureException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct DeleteResourcePolicyInput {
    /// The stream or consumer, by ARN.
    #[shape(name = "ResourceARN", of = named::RESOURCE_ARN)]
    pub resource_arn: String,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}
