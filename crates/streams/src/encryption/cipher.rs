//! AES-256-GCM, which seals groups of records.
//!
//! A group is bound to where it stands: the associated data are the form's version, the log, the
//! offset where the group's range begins, and its number of records. The nonce is a counter, which
//! never repeats under a data key, because a data key is used by the process alone that made it.

use crate::record::sealed::Head;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use millstream_auth::Secret;
use millstream_store::{LogId, Offset};

/// The version of what a group is bound to.
const VERSION: u8 = 2;
/// Bytes of what a group is bound to.
const BOUND_BYTES: usize = 23;

/// A data key, unwrapped. What `aws-lc` holds of it, it zeroizes when this is dropped.
pub(crate) struct RecordKey(LessSafeKey);

/// Where a group stands: it can be opened nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The log.
    pub(crate) log: LogId,
    /// Where its range begins: an end of the log that was known when it was sealed.
    pub(crate) range: Offset,
}

/// A group does not fit its seal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unfit;

impl Place {
    /// What a group of so many records that stands here is bound to: docs/formats/records.md.
    pub(crate) fn binding(self, count: u16) -> [u8; BOUND_BYTES] {
        let mut bytes = [VERSION; BOUND_BYTES];
        bytes[1..9].copy_from_slice(&self.log.group.to_le_bytes());
        bytes[9..13].copy_from_slice(&self.log.index.to_le_bytes());
        bytes[13..21].copy_from_slice(&self.range.0.to_le_bytes());
        bytes[21..].copy_from_slice(&count.to_le_bytes());
        bytes
    }
}

impl RecordKey {
    /// The key of these bytes.
    pub(crate) fn new(secret: &Secret<32>) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, secret.expose());
        Self(LessSafeKey::new(key.expect("it has the length of a key")))
    }

    /// Encrypts the text of a group of `count` records, as the `counter`-th under this key, whose
    /// number is given; returns the group's head.
    pub(crate) fn seal(
        &self,
        (number, counter): (u32, u64),
        place: Place,
        count: u16,
        text: &mut [u8],
    ) -> Head {
        let aad = Aad::from(place.binding(count));
        let tag = self
            .0
            .seal_in_place_separate_tag(nonce(counter), aad, text)
            .expect("no group is too large to be sealed");
        Head {
            data_key: number,
            range: place.range.0 as u32,
            counter,
            count,
            tag: tag.as_ref().try_into().expect("a tag has 16 bytes"),
        }
    }

    /// Decrypts the ciphertext of a group that stands in a place into `text`, which is as long. If
    /// it does not fit its seal, `text` holds nothing that may be used.
    pub(crate) fn open(
        &self,
        head: &Head,
        place: Place,
        ciphertext: &[u8],
        text: &mut [u8],
    ) -> Result<(), Unfit> {
        let aad = Aad::from(place.binding(head.count));
        let nonce = nonce(head.counter);
        let opened = self
            .0
            .open_separate_gather(nonce, aad, ciphertext, &head.tag, text);
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
