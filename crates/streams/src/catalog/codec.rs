//! Encodings of other crates' values in the catalog's commands and snapshots.
//!
//! Modules for minicbor's `with` attribute, one per kind of value; docs/formats/catalog.md says
//! what each field means. Nothing here may change: old logs are replayed for ever.

pub(crate) use millstream_replicated::timestamp;
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder};

/// A validated text.
pub(crate) trait Text: Sized {
    fn as_text(&self) -> &str;
    fn from_text(text: &str) -> Option<Self>;
}

macro_rules! text {
    ($($name:ty),*) => {$(
        impl Text for $name {
            fn as_text(&self) -> &str {
                self.as_str()
            }

            fn from_text(text: &str) -> Option<Self> {
                Self::parse(text).ok()
            }
        }
    )*};
}

text!(
    millstream_model::AccountId,
    millstream_model::Region,
    millstream_model::StreamName,
    millstream_model::ConsumerName
);

/// A validated text, as a text string.
pub(crate) mod text {
    use super::*;

    pub(crate) fn encode<C, W: minicbor::encode::Write, T: Text>(
        value: &T,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(value.as_text())?.ok()
    }

    pub(crate) fn decode<C, T: Text>(d: &mut Decoder<'_>, _: &mut C) -> Result<T, Error> {
        let position = d.position();
        let text = d.str()?;
        T::from_text(text).ok_or_else(|| Error::message("not a valid name").at(position))
    }
}

/// A secret, as its bytes: once written it is only as secret as the disk.
pub(crate) mod secret {
    use super::*;
    use millstream_auth::Secret;

    pub(crate) fn encode<C, W: minicbor::encode::Write, const N: usize>(
        value: &Secret<N>,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(value.expose())?.ok()
    }

    pub(crate) fn decode<C, const N: usize>(
        d: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<Secret<N>, Error> {
        let position = d.position();
        let bytes = d.bytes()?;
        if bytes.len() != N {
            return Err(Error::message("a key of another length").at(position));
        }
        Ok(Secret::filled(|place| place.copy_from_slice(bytes)))
    }
}

/// The same, where there may be none.
pub(crate) mod secret_if_any {
    use super::*;
    use millstream_auth::Secret;

    pub(crate) fn encode<C, W: minicbor::encode::Write, const N: usize>(
        value: &Option<Secret<N>>,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match value {
            Some(value) => secret::encode(value, e, ctx),
            None => e.null()?.ok(),
        }
    }

    pub(crate) fn decode<C, const N: usize>(
        d: &mut Decoder<'_>,
        ctx: &mut C,
    ) -> Result<Option<Secret<N>>, Error> {
        if d.datatype()? == minicbor::data::Type::Null {
            d.null()?;
            return Ok(None);
        }
        secret::decode(d, ctx).map(Some)
    }

    #[expect(
        clippy::option_option,
        reason = "minicbor asks for what is there if nothing is"
    )]
    pub(crate) fn nil<const N: usize>() -> Option<Option<Secret<N>>> {
        Some(None)
    }

    pub(crate) fn is_nil<const N: usize>(value: &Option<Secret<N>>) -> bool {
        value.is_none()
    }
}

/// A KMS key's ARN, as a text string.
pub(crate) mod key_arn {
    use super::*;
    use millstream_kms::KeyArn;

    pub(crate) fn encode<C, W: minicbor::encode::Write>(
        value: &KeyArn,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(&value.to_string())?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<KeyArn, Error> {
        let position = d.position();
        KeyArn::parse(d.str()?).map_err(|_| Error::message("not a key's ARN").at(position))
    }
}

/// What names a KMS key, as it was given: a text string in one of the four forms.
pub(crate) mod key_id {
    use super::*;
    use millstream_kms::KeyId;

    pub(crate) fn encode<C, W: minicbor::encode::Write>(
        value: &str,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(value)?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<String, Error> {
        let position = d.position();
        let text = d.str()?;
        KeyId::parse(text).map_err(|_| Error::message("names no key").at(position))?;
        Ok(text.to_owned())
    }
}

/// A wrapped data key, as its bytes: some, and no more than a key service makes of one.
pub(crate) mod ciphertext {
    use super::*;
    use bytes::Bytes;
    use millstream_kms::CIPHERTEXT_BYTES_MAX;

    pub(crate) fn encode<C, W: minicbor::encode::Write>(
        value: &Bytes,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(value)?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Bytes, Error> {
        let position = d.position();
        let bytes = d.bytes()?;
        if !(1..=CIPHERTEXT_BYTES_MAX).contains(&bytes.len()) {
            return Err(Error::message("not a wrapped key").at(position));
        }
        Ok(Bytes::copy_from_slice(bytes))
    }
}

/// How records are assigned to shards; by their keys where it is absent, as it always was before
/// there was another way.
pub(crate) mod distribution {
    use super::*;
    use crate::catalog::Distribution;

    pub(crate) fn encode<C, W: minicbor::encode::Write>(
        value: &Distribution,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let value = (!is_nil(value)).then_some(*value);
        e.encode(value)?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Distribution, Error> {
        let value: Option<Distribution> = d.decode()?;
        Ok(value.unwrap_or_default())
    }

    pub(crate) fn nil() -> Option<Distribution> {
        Some(Distribution::default())
    }

    pub(crate) fn is_nil(value: &Distribution) -> bool {
        *value == Distribution::default()
    }
}

/// A hash key, as 16 bytes, big-endian.
pub(crate) mod hash_key {
    use super::*;
    use millstream_model::HashKey;

    pub(crate) fn encode<C, W: minicbor::encode::Write>(
        value: &HashKey,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&value.0.to_be_bytes())?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<HashKey, Error> {
        let position = d.position();
        let bytes = d.bytes()?.try_into();
        bytes
            .map(|bytes| HashKey(u128::from_be_bytes(bytes)))
            .map_err(|_| Error::message("a hash key has 16 bytes").at(position))
    }
}

/// A range of hash keys, as 32 bytes: its first and its last key, big-endian.
pub(crate) mod hash_range {
    use super::*;
    use millstream_model::{HashKey, HashRange};

    pub(crate) fn encode<C, W: minicbor::encode::Write>(
        value: &HashRange,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&value.start.0.to_be_bytes());
        bytes[16..].copy_from_slice(&value.end.0.to_be_bytes());
        e.bytes(&bytes)?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<HashRange, Error> {
        let position = d.position();
        let bytes = d.bytes()?;
        let halves = bytes.split_first_chunk::<16>().and_then(|(start, end)| {
            let end: [u8; 16] = end.try_into().ok()?;
            Some((u128::from_be_bytes(*start), u128::from_be_bytes(end)))
        });
        match halves {
            Some((start, end)) if start <= end => Ok(HashRange {
                start: HashKey(start),
                end: HashKey(end),
            }),
            Some(_) | None => Err(Error::message("not a range of hash keys").at(position)),
        }
    }
}
