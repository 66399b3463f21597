//! AES-256-GCM, which seals records.
//!
//! A record is bound to where it stands: the associated data are the form's version, the log, and
//! the offset where the record's range begins. The nonce is a counter, which never repeats under a
//! data key, because a data key is used by the process alone that made it.

use crate::record::StoredRecord;
use crate::record::sealed::{Head, KEY_LENGTH_BYTES, SealedParts, TAG_BYTES};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use millstream_auth::Secret;
use millstream_store::{BatchBuilder, Kind, LogId, Offset};

/// The version of what a record is bound to: the form's byte.
const VERSION: u8 = 2;
/// Bytes of what a record is bound to.
const PLACE_BYTES: usize = 21;

/// A data key, unwrapped. What `aws-lc` holds of it, it zeroizes when this is dropped.
pub(crate) struct RecordKey(LessSafeKey);

/// Where a record stands: it can be opened nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The log.
    pub(crate) log: LogId,
    /// Where its range begins: an end of the log that was known when it was sealed.
    pub(crate) range: Offset,
}

/// A record does not fit its seal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfit;

impl Place {
    /// What a record that stands here is bound to: docs/formats/records.md.
    pub(crate) fn to_bytes(self) -> [u8; PLACE_BYTES] {
        let mut bytes = [VERSION; PLACE_BYTES];
        bytes[1..9].copy_from_slice(&self.log.group.to_le_bytes());
        bytes[9..13].copy_from_slice(&self.log.index.to_le_bytes());
        bytes[13..].copy_from_slice(&self.range.0.to_le_bytes());
        bytes
    }
}

impl RecordKey {
    /// The key of these bytes.
    pub(crate) fn new(secret: &Secret<32>) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, secret.expose());
        Self(LessSafeKey::new(key.expect("it has the length of a key")))
    }

    /// Frames a record into a batch, sealed as the `counter`-th under this key, whose number is
    /// given.
    pub(crate) fn push(
        &self,
        (number, counter): (u32, u64),
        record: &StoredRecord<'_>,
        place: Place,
        batch: &mut BatchBuilder,
    ) {
        let head = Head {
            data_key: number,
            range: place.range.0 as u32,
            counter,
        };
        let head = head.to_bytes();
        let key = record.partition_key.unwrap_or_default().as_bytes();
        let key_bytes = u16::try_from(key.len()).expect("a partition key has 256 characters");
        let key_bytes: [u8; KEY_LENGTH_BYTES] = key_bytes.to_le_bytes();
        let parts: [&[u8]; 5] = [&head, &key_bytes, key, record.data, &[0; TAG_BYTES]];
        batch.push_changed(Kind::Data, &parts, |stored| {
            let text_end = stored.len() - TAG_BYTES;
            let (text, tag) = stored[head.len()..].split_at_mut(text_end - head.len());
            let aad = Aad::from(place.to_bytes());
            let sealed = self
                .0
                .seal_in_place_separate_tag(nonce(counter), aad, text)
                .expect("no record is too large to be sealed");
            tag.copy_from_slice(sealed.as_ref());
        });
    }

    /// Opens a record that stands in a place: `text` is as long as what was sealed. If it does not
    /// fit its seal, `text` holds nothing that may be used.
    pub(crate) fn open(
        &self,
        sealed: &SealedParts<'_>,
        place: Place,
        text: &mut [u8],
    ) -> Result<(), Unfit> {
        let nonce = nonce(sealed.head.counter);
        let aad = Aad::from(place.to_bytes());
        let opened = self
            .0
            .open_separate_gather(nonce, aad, sealed.text, sealed.tag, text);
        opened.map_err(|_| Unfit)
    }
}

fn nonce(counter: u64) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[NONCE_LEN - size_of::<u64>()..].copy_from_slice(&counter.to_le_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// No part of a key is printed.
impl std::fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecordKey(***)")
    }
}

#[cfg(test)]
mod tests;
