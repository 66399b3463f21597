//! StartStreamEncryption: encrypts records from now on.

use millstream_protocol_derive::Shape;

use crate::types::{EncryptionType, named};
use crate::{ErrorCode, Operation};

/// The operation.
#[derive(Clone, Copy, Debug)]
pub struct StartStreamEncryption;

impl Operation for StartStreamEncryption {
    const NAME: &'static str = "StartStreamEncryption";
    type Input = StartStreamEncryptionInput;
    type Output = ();
    const ERRORS: &'static [ErrorCode] = &[
        ErrorCode::InvalidArgumentException,
        ErrorCode::LimitExceededException,
        ErrorCode::ResourceInUseException,
        ErrorCode::ResourceNotFoundException,
        ErrorCode::KMSDisabledException,
        ErrorCode::KMSInvalidStateException,
        ErrorCode::KMSAccessDeniedException,
        ErrorCode::KMSNotFoundException,
        ErrorCode::KMSOptInRequired,
        ErrorCode::KMSThrottlingException,
        ErrorCode::AccessDeniedException,
    ];
}

/// The operation's input.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct StartStreamEncryptionInput {
    /// The stream, by name.
    #[shape(of = named::STREAM_NAME)]
    pub stream_name: Option<String>,
    /// The type of encryption.
    pub encryption_type: EncryptionType,
    /// The key to encrypt with.
    #[shape(of = named::KEY_ID)]
    pub key_id: String,
    /// The stream, by ARN.
    #[shape(name = "StreamARN", of = named::STREAM_ARN)]
    pub stream_arn: Option<String>,
    /// The stream, by the id that AWS gives it; never set by this project.
    #[shape(of = named::STREAM_ID)]
    pub stream_id: Option<String>,
}
