//! Key services: what wraps the keys that encrypt records.
//!
//! A record is encrypted with a data key, and a data key is stored wrapped by a KMS key, which
//! never leaves its [`KeyService`]. The operations have the names of AWS KMS's. A data key is bound
//! to an [`EncryptionContext`]: under another one it cannot be unwrapped.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html>

mod key;
pub mod local;
#[cfg(any(test, feature = "testing"))]
mod memory_keys;

pub use key::{KEY_ID_CHARS_MAX, KeyArn, KeyId, Place};
#[cfg(any(test, feature = "testing"))]
pub use memory_keys::{CallsMade, KeyState, MemoryKeys};

use bytes::Bytes;
use millstream_auth::Secret;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// The alias that each account has in each region without making it: that of the service's own key.
/// On AWS nobody but its services may use that key.
pub const BUILT_IN_ALIAS: &str = "aws/kinesis";
/// Maximum size of a wrapped data key: AWS KMS's.
pub const CIPHERTEXT_BYTES_MAX: usize = 6144;

/// An answer of a key service.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, KeyError>> + Send + 'a>>;

/// What wraps data keys.
///
/// An answer may take a round trip. A call has a limit of time of its own, and may be made again
/// whatever happened to it.
pub trait KeyService: Send + Sync + fmt::Debug {
    /// Finds the key that a client of `place` means. It has to be enabled.
    fn describe_key<'a>(&'a self, place: &'a Place, key: &'a KeyId) -> Answer<'a, KeyArn>;

    /// Makes a data key.
    fn generate_data_key<'a>(
        &'a self,
        key: &'a KeyArn,
        context: &'a EncryptionContext,
    ) -> Answer<'a, DataKey>;

    /// Unwraps a data key.
    fn decrypt<'a>(
        &'a self,
        key: &'a KeyArn,
        context: &'a EncryptionContext,
        ciphertext: &'a [u8],
    ) -> Answer<'a, Secret<32>>;
}

/// A new data key.
#[derive(Clone, Debug)]
pub struct DataKey {
    /// The key: 256 bits.
    pub plaintext: Secret<32>,
    /// The same, wrapped: at most [`CIPHERTEXT_BYTES_MAX`].
    pub ciphertext: Bytes,
}

/// What a data key is for: one pair, authenticated and not secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptionContext {
    /// Its name, such as `aws:kinesis:arn`.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// Why a key service did not do as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no such key or alias, or it is for something else.
    #[error("{key} is not found")]
    NotFound {
        /// What was looked for.
        key: String,
    },
    /// The key is disabled.
    #[error("{key} is disabled")]
    Disabled {
        /// The key's ARN.
        key: String,
    },
    /// The key is to be deleted, or otherwise not in a state to be used.
    #[error("{key} is {state}")]
    InvalidState {
        /// The key's ARN.
        key: String,
        /// Its state, such as `pending deletion`: it completes a sentence.
        state: String,
    },
    /// The key may not be used by who asks, or for this context.
    #[error("{key} may not be used")]
    AccessDenied {
        /// What was asked for.
        key: String,
    },
    /// The account has no right to the key service at all.
    #[error("the account is not subscribed to the key service")]
    OptInRequired,
    /// The key service refuses for now.
    #[error("the key service has too much to do")]
    Throttled,
    /// The key service has the key, and not the material that wrapped this: a copy of a keyring is
    /// older than what it is to unwrap.
    #[error("{why}")]
    MaterialMissing {
        /// Which, and what to do: for the log.
        why: String,
    },
    /// The key service did not answer, or not as a key service does.
    #[error("the key service did not answer: {why}")]
    Unavailable {
        /// For the log; no secret is in it.
        why: String,
    },
}
