//! UpdateMaxRecordSize: changes the maximum size of a stream's records.

use millstream_protocol_derive::Shape;

use crate::types::named;
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct UpdateMaxRecordSize;

impl Operation for UpdateMaxRecordSize {
    const NAME: &'static str = "UpdateMaxRecordSize";
    type Input = UpdateMaxRecordSizeInput;
    type Output = ();
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::ResourceInUseException,
        ErrorCode::ResourceNotFoundException,
        ErrorCode::LimitExceededException,
        ErrorCode::InvalidArgumentException,
        ErrorCode::AccessDeniedException,
        ErrorCode::ValidationException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct UpdateMaxRecordSizeInput {
    /// The stream, by ARN. Not required by the shape, and there is no other way to name it.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
    /// The maximum record size, in KiB.
    #[shape(name = "MaxRecordSizeInKiB", of = named::MAX_RECORD_SIZE_IN_KIB)]
    pub max_record_size_in_kib: i32,
}
