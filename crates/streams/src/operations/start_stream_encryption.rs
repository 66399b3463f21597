//! StartStreamEncryption: encrypts a stream's new records with a KMS key, or with another than
//! before.
//!
//! The key has to be enabled. It is kept by its ARN: an alias that is given to another key later
//! changes nothing. That the key is the same as before, the stream is UPDATING all the same
//! (*assumed*). Only changes count towards the number of 24 hours, as AWS has it.
//!
//! <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StartStreamEncryption.html>

use super::{Engine, Handler, OutputOf, Request};
use crate::catalog::{Command, StartEncryption, Stream};
use crate::facts::{KeyFailure, MalformedKeyId, NoneRequested, StartEncryptionError};
use crate::target::{FoundStream, Needs};
use millstream_kms::{KeyArn, KeyId};
use millstream_protocol::operations::StartStreamEncryptionInput;
use millstream_protocol::types::EncryptionType;
use std::sync::Arc;

/// StartStreamEncryption.
pub struct StartStreamEncryption;

impl Handler for StartStreamEncryption {
    type Operation = millstream_protocol::operations::StartStreamEncryption;
    type Input = StartStreamEncryptionInput;
    type Target = FoundStream;
    type Output = OutputOf<Self>;
    type Error = StartEncryptionError;

    async fn handle(
        engine: Arc<Engine>,
        request: Request<Self>,
    ) -> Result<(), StartEncryptionError> {
        let (stream, input) = request.into_parts();
        match input.encryption_type {
            EncryptionType::Kms => {}
            EncryptionType::None => return Err(NoneRequested.into()),
        }
        Needs::Active.check(&stream, engine.clock().now())?;
        let key = resolve(&engine, &stream, &input.key_id).await?;
        engine
            .call_rates()
            .take_change::<Self::Operation>(&stream)?;
        let start = StartEncryption {
            stream: stream.id,
            key_id: input.key_id,
            key,
            transition_ms: engine.settings().transition_ms(),
        };
        engine
            .change(&stream, Command::StartEncryption(start))
            .await?;
        Ok(())
    }
}

/// The key that is meant, which can be used.
async fn resolve(engine: &Engine, stream: &Stream, key_id: &str) -> Result<KeyArn, KeyFailure> {
    let keys = engine.keys()?;
    let parsed = KeyId::parse(key_id).map_err(|_| MalformedKeyId {
        key_id: key_id.to_owned(),
    })?;
    let place = stream.scope.place();
    Ok(keys.describe_key(&place, &parsed).await?)
}
