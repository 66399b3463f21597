//! The data keys of a stream, each wrapped by a KMS key.
//!
//! Their numbers rise and never repeat: the newest one stays, whatever is dropped.

use super::codec;
use bytes::Bytes;
use millstream_kms::KeyArn;
use minicbor::{Decode, Decoder, Encode, Encoder};

/// Maximum number of data keys of a stream. One is made for each period of rotation and each start
/// of a process that puts, so that a stream of the longest retention has some 400.
pub const DATA_KEYS_PER_STREAM_MAX: usize = 4096;

/// A data key, wrapped.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct StreamDataKey {
    /// What records name it by.
    #[n(0)]
    pub number: u32,
    /// The KMS key that wrapped it.
    #[cbor(n(1), with = "codec::key_arn")]
    pub key: KeyArn,
    /// What it was wrapped to.
    #[cbor(n(2), with = "codec::ciphertext")]
    pub ciphertext: Bytes,
    /// When it was added.
    #[n(3)]
    pub created_ms: u64,
}

/// Data keys, by rising number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataKeys(Vec<StreamDataKey>);

impl DataKeys {
    /// All of them, by rising number.
    pub fn all(&self) -> &[StreamDataKey] {
        &self.0
    }

    /// The data key of a number.
    pub fn get(&self, number: u32) -> Option<&StreamDataKey> {
        let place = self.0.binary_search_by_key(&number, |key| key.number);
        place.ok().map(|place| &self.0[place])
    }

    /// The one that was added last.
    pub fn newest(&self) -> Option<&StreamDataKey> {
        self.0.last()
    }

    /// The number of the next one; `None` if numbers are used up.
    pub(super) fn next_number(&self) -> Option<u32> {
        let newest = self.newest().map_or(0, |key| key.number);
        newest.checked_add(1)
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= DATA_KEYS_PER_STREAM_MAX
    }

    pub(super) fn push(&mut self, key: StreamDataKey) {
        self.0.push(key);
    }

    /// Drops the data keys up to a number, except the newest.
    pub(super) fn drop_through(&mut self, number: u32) {
        let old = self.0.partition_point(|key| key.number <= number);
        self.0.drain(..old.min(self.0.len().saturating_sub(1)));
    }
}

/// The encoding in a snapshot: the list, or nothing if it is empty.
impl<C> Encode<C> for DataKeys {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        self.0.encode(e, ctx)
    }

    fn is_nil(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'b, C> Decode<'b, C> for DataKeys {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        Option::<Vec<StreamDataKey>>::decode(d, ctx).map(|keys| Self(keys.unwrap_or_default()))
    }

    fn nil() -> Option<Self> {
        Some(Self::default())
    }
}
