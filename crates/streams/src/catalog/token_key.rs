//! The keys that seal tokens, as the catalog holds them. What they seal is not known here.

use super::codec;
use minicbor::{Decode, Encode};

/// Number of token keys kept: the newest seals, all open.
pub const TOKEN_KEYS_KEPT: usize = 3;

/// The secret of a token key.
pub type TokenSecret = millstream_auth::Secret<32>;

/// A key that seals shard iterators and NextTokens.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct TokenKey {
    /// When it was created.
    #[n(0)]
    pub created_ms: u64,
    /// The key.
    #[cbor(n(1), with = "codec::secret")]
    pub secret: TokenSecret,
}
