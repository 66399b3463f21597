//! StopStreamEncryption: refused as long as there is no key service.
//!
//! AWS counts the changes of 24 hours. Which ones it would make cannot be told here, so that every
//! call counts.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StopStreamEncryption.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::facts::{EncryptionError, NoKeyService};
use crate::target::{FoundStream, Needs};
use millstream_protocol::operations::StopStreamEncryptionInput;
use std::sync::Arc;

/// StopStreamEncryption.
pub struct StopStreamEncryption;

impl Handler for StopStreamEncryption {
    type Operation = millstream_protocol::operations::StopStreamEncryption;
    type Input = StopStreamEncryptionInput;
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
