//! PutResourcePolicy: attaches a policy to a stream or a consumer.

use millstream_protocol_derive::Shape;

use crate::types::named;
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct PutResourcePolicy;

impl Operation for PutResourcePolicy {
    const NAME: &'static str = "PutResourcePolicy";
    type Input = PutResourcePolicyInput;
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
pub struct PutResourcePolicyInput {
    /// The stream or consumer, by ARN.
    #[shape(name = "ResourceARN", of = named::RESOURCE_ARN)]
    pub resource_arn: String,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
    /// The policy, a JSON document.
    #[shape(of = named::POLICY)]
    pub policy: String,
}
