//! A key service that is AWS KMS, or whatever speaks its API.
//!
//! It holds no state but the clients of regions. A call has few retries and an end, and what AWS
//! says is told by its code alone: texts are the caller's to write. The SDK has its own clock and
//! its own connections, which no simulation needs: those have other key services.
//!
//! Of a data key, what is in our hands is overwritten when it is dropped. The buffers of the
//! connection that it came over are not.

mod clients;
mod failure;

pub use clients::AwsKms;

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, KeyMetadata, KeySpec, KeyState, KeyUsageType};
use bytes::Bytes;
use clients::Called;
use failure::{failure, other_answer};
use millstream_auth::Secret;
use millstream_kms::{
    Answer, CIPHERTEXT_BYTES_MAX, DataKey, EncryptionContext, KeyArn, KeyError, KeyId, KeyService,
    Place,
};
use zeroize::Zeroizing;

/// The size of a data key.
const KEY_BYTES: usize = 32;

impl KeyService for AwsKms {
    fn describe_key<'a>(&'a self, place: &'a Place, key: &'a KeyId) -> Answer<'a, KeyArn> {
        Box::pin(async move {
            let Called { client, name } = self.called(place, key);
            let described = client.describe_key().key_id(&name).send().await;
            let described = described.map_err(|error| failure(&error, &name))?;
            let metadata = described.key_metadata.ok_or_else(other_answer)?;
            usable(&metadata, &name)
        })
    }

    fn generate_data_key<'a>(
        &'a self,
        key: &'a KeyArn,
        context: &'a EncryptionContext,
    ) -> Answer<'a, DataKey> {
        Box::pin(async move {
            let name = key.to_string();
            let call = self.client(&key.place().region).generate_data_key();
            let call = call.key_id(&name).key_spec(DataKeySpec::Aes256);
            let call = call.encryption_context(context.name, &context.value);
            let made = call.send().await.map_err(|error| failure(&error, &name))?;
            let plaintext = secret(made.plaintext)?;
            let ciphertext = made.ciphertext_blob.map(Blob::into_inner);
            let ciphertext = ciphertext.filter(|bytes| bytes.len() <= CIPHERTEXT_BYTES_MAX);
            Ok(DataKey {
                plaintext,
                ciphertext: Bytes::from(ciphertext.ok_or_else(other_answer)?),
            })
        })
    }

    fn decrypt<'a>(
        &'a self,
        key: &'a KeyArn,
        context: &'a EncryptionContext,
        ciphertext: &'a [u8],
    ) -> Answer<'a, Secret<KEY_BYTES>> {
        Box::pin(async move {
            let name = key.to_string();
            let call = self.client(&key.place().region).decrypt().key_id(&name);
            let call = call.encryption_context(context.name, &context.value);
            let call = call.ciphertext_blob(Blob::new(ciphertext));
            let opened = call.send().await.map_err(|error| failure(&error, &name))?;
            secret(opened.plaintext)
        })
    }
}

/// A data key, of the size that it has to have.
fn secret(plaintext: Option<Blob>) -> Result<Secret<KEY_BYTES>, KeyError> {
    let bytes = plaintext.map(Blob::into_inner).map(Zeroizing::new);
    let bytes = bytes.filter(|bytes| bytes.len() == KEY_BYTES);
    let bytes = bytes.ok_or_else(other_answer)?;
    Ok(Secret::filled(|place| place.copy_from_slice(&bytes)))
}

/// The ARN of a key that data keys can be made by now.
fn usable(metadata: &KeyMetadata, name: &str) -> Result<KeyArn, KeyError> {
    let arn = metadata.arn().and_then(|arn| KeyArn::parse(arn).ok());
    let arn = arn.ok_or_else(other_answer)?;
    let is_symmetric = matches!(metadata.key_spec(), None | Some(KeySpec::SymmetricDefault));
    let usage = metadata.key_usage();
    let wraps = is_symmetric && matches!(usage, None | Some(KeyUsageType::EncryptDecrypt));
    if !wraps {
        let key = name.to_owned();
        return Err(KeyError::NotFound { key });
    }
    let key = arn.to_string();
    match metadata.key_state() {
        Some(KeyState::Enabled) => Ok(arn),
        Some(KeyState::Disabled) => Err(KeyError::Disabled { key }),
        Some(state) => Err(KeyError::InvalidState {
            key,
            state: spaced(state.as_str()),
        }),
        None => Err(other_answer()),
    }
}

/// A state as words: `pending deletion` for `PendingDeletion`.
fn spaced(state: &str) -> String {
    let mut words = String::with_capacity(state.len() + 2);
    for c in state.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests;
