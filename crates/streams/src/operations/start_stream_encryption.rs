//! StartStreamEncryption: refused as long as there is no key service.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StartStreamEncryption.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::facts::{EncryptionError, NoKeyService};
use crate::target::FoundStream;
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

    async fn handle(_: Arc<Engine>, _: Request<Self>) -> Result<(), EncryptionError> {
        Err(NoKeyService.into())
    }
}
