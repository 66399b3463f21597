//! StopStreamEncryption: encrypts a stream's new records no longer.
//!
//! What is stored stays encrypted, and needs its key for as long as it is kept. The key that is
//! named is not looked for and need not be the stream's (*assumed*): a key that can no longer be
//! used is a reason to stop. Where nothing is encrypted nothing changes (*assumed*), and that is
//! not counted: AWS counts the changes of 24 hours.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StopStreamEncryption.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::{Command, StopEncryption};
use crate::facts::{NoneRequested, StopEncryptionError};
use crate::target::{FoundStream, Needs};
use millstream_protocol::operations::StopStreamEncryptionInput;
use millstream_protocol::types::EncryptionType;
use std::sync::Arc;

/// StopStreamEncryption.
pub struct StopStreamEncryption;

impl Handler for StopStreamEncryption {
    type Operation = millstream_protocol::operations::StopStreamEncryption;
    type Input = StopStreamEncryptionInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = StopEncryptionError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<(), StopEncryptionError> {
        let (stream, input) = request.into_parts();
        match input.encryption_type {
            EncryptionType::Kms => {}
            EncryptionType::None => return Err(NoneRequested.into()),
        }
        Needs::Active.check(&stream, engine.clock().now())?;
        if stream.encryption.is_some() {
            engine
                .call_rates()
                .take_change::<Self::Operation>(&stream)?;
        }
        // Another node may have started it meanwhile: the order of the catalog's log decides.
        let stop = StopEncryption {
            stream: stream.id,
            transition_ms: engine.settings().transition_ms(),
        };
        engine
            .change(&stream, Command::StopEncryption(stop))
            .await?;
        Ok(())
    }
}
