//! What a stream's new records are encrypted with.
//!
//! The catalog knows the KMS key by its ARN, and data keys by what it wrapped them to: no secret is
//! here. Data keys are made, used and unwrapped elsewhere.

use super::codec;
use millstream_env::Timestamp;
use millstream_kms::KeyArn;
use minicbor::{Decode, Encode};

/// What new records of a stream are encrypted with.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Encryption {
    /// The KMS key, in the form in which it was given.
    #[cbor(n(0), with = "codec::key_id")]
    pub key_id: String,
    /// The key that was meant by that.
    #[cbor(n(1), with = "codec::key_arn")]
    pub key: KeyArn,
    /// Since when.
    #[cbor(n(2), with = "codec::timestamp")]
    pub begun: Timestamp,
}
