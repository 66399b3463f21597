//! How a data key is wrapped by a key's material. `docs/formats/keyring.md` has the bytes.
//!
//! Each data key is sealed with AES-256-GCM under a key of its own, derived by HKDF-SHA256 from the
//! material and 128 random bits. So a material may wrap any number of data keys: with the material
//! itself as the cipher's key, random nonces of 96 bits would be safe for 2^32 of them
//! (NIST SP 800-38D, 8.3), and all processes would have to count together. AWS KMS derives keys for
//! the same reason.
//!
//! What always holds: a wrapped key opens under the same KMS key and the same context, and if any
//! of its bits is another one, under none.

use crate::key::KeyArn;
use crate::local::keyring::{Key, Material};
use crate::{DataKey, EncryptionContext};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use bytes::Bytes;
use millstream_auth::Secret;
use millstream_env::Random;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// The version, and the number of the material.
const HEAD_BYTES: usize = 1 + 4;
/// Everything.
const WRAPPED_BYTES: usize = HEAD_BYTES + SALT_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES;
/// What the derived keys are for.
const PURPOSE: &[u8] = b"millstream-keyring 1";

/// Why a data key is not unwrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unopened {
    /// It is not of this form.
    Form,
    /// The key has no material of this number.
    Material(u32),
    /// It was not wrapped by this key for this context, or its bytes are others.
    Seal,
}

/// Makes a data key, wrapped by the newest material.
pub(super) fn wrap(
    arn: &KeyArn,
    key: &Key,
    context: &EncryptionContext,
    random: &dyn Random,
) -> Option<DataKey> {
    let plaintext = Secret::filled(|bytes| random.fill(bytes));
    let material = key.materials.last()?;
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt);
    let mut nonce = [0; NONCE_BYTES];
    random.fill(&mut nonce);

    let mut wrapped = Vec::with_capacity(WRAPPED_BYTES);
    wrapped.push(VERSION);
    wrapped.extend_from_slice(&material.number.to_be_bytes());
    wrapped.extend_from_slice(&salt);
    wrapped.extend_from_slice(&nonce);
    let associated = associated(&wrapped, arn, context);

    let mut sealed = Zeroizing::new(*plaintext.expose());
    let sealing = derive(material, &salt)?;
    let nonce = Nonce::assume_unique_for_key(nonce);
    let associated = Aad::from(&*associated);
    let tag = sealing.seal_in_place_separate_tag(nonce, associated, &mut *sealed);
    wrapped.extend_from_slice(&*sealed);
    wrapped.extend_from_slice(tag.ok()?.as_ref());
    Some(DataKey {
        plaintext,
        ciphertext: Bytes::from(wrapped),
    })
}

/// Unwraps a data key.
pub(super) fn unwrap(
    arn: &KeyArn,
    key: &Key,
    context: &EncryptionContext,
    wrapped: &[u8],
) -> Result<Secret<KEY_BYTES>, Unopened> {
    let (head, rest) = split::<HEAD_BYTES>(wrapped)?;
    let (salt, rest) = split::<SALT_BYTES>(rest)?;
    let (nonce, rest) = split::<NONCE_BYTES>(rest)?;
    let [version, number @ ..] = *head;
    if version != VERSION || rest.len() != KEY_BYTES + TAG_BYTES {
        return Err(Unopened::Form);
    }
    let number = u32::from_be_bytes(number);
    let mut materials = key.materials.iter();
    let material = materials.find(|material| material.number == number);
    let material = material.ok_or(Unopened::Material(number))?;

    let clear = &wrapped[..wrapped.len() - rest.len()];
    let associated = associated(clear, arn, context);
    let opening = derive(material, salt).ok_or(Unopened::Seal)?;
    let mut sealed = Zeroizing::new([0; KEY_BYTES + TAG_BYTES]);
    sealed.copy_from_slice(rest);
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = opening.open_in_place(nonce, Aad::from(&*associated), &mut *sealed);
    let opened = opened.map_err(|_| Unopened::Seal)?;
    Ok(Secret::filled(|place| place.copy_from_slice(opened)))
}

fn split<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), Unopened> {
    bytes.split_first_chunk().ok_or(Unopened::Form)
}

fn derive(material: &Material, salt: &[u8; SALT_BYTES]) -> Option<LessSafeKey> {
    let pseudorandom = Salt::new(HKDF_SHA256, salt).extract(material.secret.expose());
    let purpose = [PURPOSE];
    let derived = pseudorandom.expand(&purpose, &AES_256_GCM).ok()?;
    Some(LessSafeKey::new(UnboundKey::from(derived)))
}

/// What a data key is bound to: all that stands before it, the KMS key, and the context.
fn associated(clear: &[u8], arn: &KeyArn, context: &EncryptionContext) -> Vec<u8> {
    let arn = arn.to_string();
    let mut bytes = clear.to_vec();
    for text in [arn.as_str(), context.name, context.value.as_str()] {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests;
