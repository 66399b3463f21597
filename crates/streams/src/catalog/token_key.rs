//! The keys that seal tokens, as the catalog holds them. What they seal is not known here.
//!
//! A key is plain or wrapped by a key service. Of a wrapped one the catalog knows no secret.

use super::codec;
use bytes::Bytes;
use millstream_kms::KeyArn;
use minicbor::decode::Error;
use minicbor::{Decode, Decoder, Encode, Encoder};

/// Number of token keys kept: the newest seals, all open.
pub const TOKEN_KEYS_KEPT: usize = 3;

/// The secret of a token key.
pub type TokenSecret = millstream_auth::Secret<32>;

/// A key that seals shard iterators and NextTokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenKey {
    /// When it was created.
    pub created_ms: u64,
    /// The key.
    pub form: TokenKeyForm,
}

/// How a token key is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenKeyForm {
    /// As it is: without a key service.
    Plain(TokenSecret),
    /// Wrapped.
    Wrapped(WrappedSecret),
}

/// A secret that a key service wrapped.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct WrappedSecret {
    /// The KMS key that wrapped it.
    #[cbor(n(0), with = "codec::key_arn")]
    pub key: KeyArn,
    /// What it was wrapped to.
    #[cbor(n(1), with = "codec::ciphertext")]
    pub ciphertext: Bytes,
}

/// The encoded form: one of the two.
#[derive(Encode, Decode)]
struct Stored {
    #[n(0)]
    created_ms: u64,
    #[cbor(n(1), with = "codec::secret_if_any", has_nil)]
    secret: Option<TokenSecret>,
    #[n(2)]
    wrapped: Option<WrappedSecret>,
}

impl<C> Encode<C> for TokenKey {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let (secret, wrapped) = match &self.form {
            TokenKeyForm::Plain(secret) => (Some(secret.clone()), None),
            TokenKeyForm::Wrapped(wrapped) => (None, Some(wrapped.clone())),
        };
        let stored = Stored {
            created_ms: self.created_ms,
            secret,
            wrapped,
        };
        stored.encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for TokenKey {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, Error> {
        let position = d.position();
        let stored = Stored::decode(d, ctx)?;
        let form = match (stored.secret, stored.wrapped) {
            (Some(secret), None) => TokenKeyForm::Plain(secret),
            (None, Some(wrapped)) => TokenKeyForm::Wrapped(wrapped),
            (Some(_), Some(_)) | (None, None) => {
                return Err(Error::message("a key that is not plain or wrapped").at(position));
            }
        };
        Ok(Self {
            created_ms: stored.created_ms,
            form,
        })
    }
}
