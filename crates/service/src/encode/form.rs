//! What the records of a list have in common, known to the compiler.
//!
//! The code that writes records exists once for each form, which is chosen once for many records:
//! none is asked for its protocol, nor, where all have keys, whether it has one. The instruction
//! budgets of GetRecords cover this.

use millstream_protocol::Protocol;
use millstream_streams::{KeyedIter, StoredIter, StoredParts};
use std::marker::PhantomData;

/// How the keys of a list's records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// As they are stored; each record has one.
    Plain,
    /// Some records have none, or some keys have to be escaped.
    Mixed,
}

/// A protocol and a kind of keys.
pub(super) trait Form {
    /// The protocol.
    const PROTOCOL: Protocol;
    /// The keys.
    const KEYS: Keys;

    /// The records that stand in a run's bytes.
    fn records(bytes: &[u8]) -> impl Iterator<Item = Option<StoredParts<'_>>>;
}

/// A protocol, known to the compiler.
pub(super) trait Encoding {
    const PROTOCOL: Protocol;
}

/// JSON.
pub(super) enum Json {}

impl Encoding for Json {
    const PROTOCOL: Protocol = Protocol::Json;
}

/// CBOR.
pub(super) enum Cbor {}

impl Encoding for Cbor {
    const PROTOCOL: Protocol = Protocol::Cbor;
}

/// Each record has a key, which is written as it is stored.
pub(super) struct PlainKeys<E>(PhantomData<E>);

impl<E: Encoding> Form for PlainKeys<E> {
    const PROTOCOL: Protocol = E::PROTOCOL;
    const KEYS: Keys = Keys::Plain;

    #[inline]
    fn records(bytes: &[u8]) -> impl Iterator<Item = Option<StoredParts<'_>>> {
        KeyedIter::new(bytes)
    }
}

/// Some records have no key, or some keys have to be escaped.
pub(super) struct MixedKeys<E>(PhantomData<E>);

impl<E: Encoding> Form for MixedKeys<E> {
    const PROTOCOL: Protocol = E::PROTOCOL;
    const KEYS: Keys = Keys::Mixed;

    #[inline]
    fn records(bytes: &[u8]) -> impl Iterator<Item = Option<StoredParts<'_>>> {
        StoredIter::new(bytes)
    }
}
