//! StopStreamEncryption: refused as long as there is no key service.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StopStreamEncryption.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::facts::{EncryptionError, NoKeyService};
use std::sync::Arc;
use wire::operations::StopStreamEncryptionInput;

/// StopStreamEncryption.
pub struct StopStreamEncryption;

impl Handler for StopStreamEncryption {
    type Operation = wire::operations::StopStreamEncryption;
    type Input = StopStreamEncryptionInput;
    type Output = OutputOf<Self>;
    type Error = EncryptionError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), EncryptionError> {
        let (principal, input) = request.into_parts();
        engine.stream(
            &principal,
            input.stream_name.as_deref(),
            input.stream_arn.as_deref(),
        )?;
        Err(NoKeyService.into())
    }
}
