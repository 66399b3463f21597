//! StartStreamEncryption: refused as long as there is no key service.
//!
//! AWS counts the changes of 24 hours. Which ones it would make cannot be told here, so that every
//! call counts.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StartStreamEncryption.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::facts::{EncryptionError, NoKeyService};
use crate::target::{FoundStream, Needs};
use millstream_protocol::operations::StartStreamEncryptionInput;
use std::sync::Arc;

/// StartStreamEncryption.
pub struct StartStreamEncryption;

impl Handler for StartStreamEncryption {
    type Operation = millstream_protocol::operations::StartStreamEncryption;
    type Input = StartStreamEncryptionInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = EncryptionError;

    async fn handle(engine: Arc<Engine>, request: Request<Self>) -> Result<(), EncryptionError> {
        let (stream, _) = request.into_parts();
        Needs::Active.check(&stream, engine.clock().now())?;
        engine
            .call_rates()
            .take_change::<Self::Operation>(&stream)?;
        Err(NoKeyService.into())
    }
}
