//! A resource policy as the catalog holds it: its text, as it was given.
//!
//! It was validated before it was proposed. What it means is not known here.

use minicbor::decode::Error;
use minicbor::{Decode, Decoder, Encode, Encoder};
use std::sync::Arc;

/// The text of a policy. A clone shares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyText(Arc<str>);

impl PolicyText {
    /// The policy, byte for byte.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for PolicyText {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl<C> Encode<C> for PolicyText {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for PolicyText {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        Ok(Self(d.str()?.into()))
    }
}
