//! StopStreamEncryption: refused as long as there is no key service.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StopStreamEncryption.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::facts::{EncryptionError, NoKeyService};
use crate::target::FoundStream;
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

    async fn handle(_: Arc<Engine>, _: Request<Self>) -> Result<(), EncryptionError> {
        Err(NoKeyService.into())
    }
}
