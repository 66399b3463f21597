//! UpdateStreamRecordDistributionStrategy: changes how records are assigned to shards.

use millstream_protocol_derive::Shape;

use crate::types::{RecordDistributionStrategy, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct UpdateStreamRecordDistributionStrategy;

impl Operation for UpdateStreamRecordDistributionStrategy {
    const NAME: &'static str = "UpdateStreamRecordDistributionStrategy";
    type Input = UpdateStreamRecordDistributionStrategyInput;
    type Output = ();
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ResourceNotFoundException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::ResourceInUseException,
        ErrorCode::LimitExceededException,
        ErrorCode::AccessDeniedException,
        ErrorCode::ValidationException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct UpdateStreamRecordDistributionStrategyInput {
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: String,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
    /// How records are assigned to shards from now on.
    pub record_distribution_strategy: RecordDistributionStrategy,
}
