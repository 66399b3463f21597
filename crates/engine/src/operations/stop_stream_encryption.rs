//! StopStreamEncryption: refused as long as there is no key service.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StopStreamEncryption.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::texts;
use std::sync::Arc;
use wire::Error;
use wire::operations::StopStreamEncryptionInput;

/// StopStreamEncryption.
pub struct StopStreamEncryption;

impl Handler for StopStreamEncryption {
    type Operation = wire::operations::StopStreamEncryption;
    type Input = StopStreamEncryptionInput;
    type Output = OutputOf<Self>;
    const MUTATES: bool = false;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), Error> {
        let (principal, input) = request.into_parts();
        engine.stream(
            &principal,
            input.stream_name.as_deref(),
            input.stream_arn.as_deref(),
        )?;
        Err(texts::no_key_service())
    }
}
