//! A record to be put: identity, hash key, size; and how it is recognized when it is read.
//!
//! An empty record cannot carry its identity in its data, so its partition key does. A record may
//! have no partition key, where the service distributes records.

use crate::history::Seen;
use crate::number::{HashKey, ParseError};
use crate::payload::{self, RecordId};
use bytes::Bytes;
use fastrand::Rng;
use md5::{Digest, Md5};

/// Maximum size of a record, key included.
const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// Prefix of an empty record's partition key.
const EMPTY: &str = "empty-";
/// What the payload of a record without a partition key is encoded for.
pub const KEYLESS: &str = "";

/// A record to be put.
pub struct Draft {
    /// Its identity.
    pub id: RecordId,
    /// Its partition key, if it has one.
    pub partition_key: Option<String>,
    /// Its explicit hash key, if it has one.
    pub explicit_hash_key: Option<HashKey>,
    /// Its payload.
    pub data: Bytes,
}

impl Draft {
    /// A record of random size and hash key.
    pub fn new(id: RecordId, rng: &mut Rng) -> Self {
        let is_empty = rng.u8(..) < 10;
        let partition_key = if is_empty {
            format!("{EMPTY}{id}")
        } else {
            format!("key-{}", rng.u32(..))
        };
        let room = RECORD_BYTES_MAX - partition_key.len();
        let data = if is_empty {
            Bytes::new()
        } else {
            payload::encode(id, any_length(room, rng), &partition_key).into()
        };
        Self {
            id,
            partition_key: Some(partition_key),
            explicit_hash_key: rng.bool().then(|| any_hash_key(rng)),
            data,
        }
    }

    /// Its hash key; `None` if it has neither that nor a partition key.
    pub fn hash_key(&self) -> Option<HashKey> {
        let of_key = |key: &String| {
            let digest = Md5::digest(key.as_bytes());
            HashKey(u128::from_be_bytes(digest.into()))
        };
        let key = self.partition_key.as_ref();
        self.explicit_hash_key.or_else(|| key.map(of_key))
    }
}

impl Seen {
    /// A record of a response, by these members of it.
    ///
    /// # Errors
    /// If the number is not a sequence number.
    pub fn identify(
        sequence_number: &str,
        partition_key: Option<&str>,
        data: &[u8],
    ) -> Result<Self, ParseError> {
        Ok(Self {
            sequence_number: sequence_number.parse()?,
            record: identify(partition_key, data),
        })
    }
}

/// The identity of a record that was read; `None` if it has none. An empty partition key is not the
/// same as none, and nobody's.
fn identify(partition_key: Option<&str>, data: &[u8]) -> Option<RecordId> {
    match partition_key {
        Some("") => None,
        Some(key) if data.is_empty() => key.strip_prefix(EMPTY)?.parse().ok(),
        Some(key) => payload::decode(data, key).ok(),
        None => payload::decode(data, KEYLESS).ok(),
    }
}

/// Mostly small, rarely huge.
fn any_length(room: usize, rng: &mut Rng) -> usize {
    match rng.u8(..) {
        0..=179 => rng.usize(payload::MIN_LEN..200),
        180..=239 => rng.usize(200..8 * 1024),
        240..=252 => rng.usize(8 * 1024..128 * 1024),
        253..=254 => rng.usize(128 * 1024..room),
        255 => room,
    }
}

/// Random, often at an edge.
fn any_hash_key(rng: &mut Rng) -> HashKey {
    HashKey(match rng.u8(..8) {
        0 => 0,
        1 => u128::MAX,
        2 => 1 << 127,
        3 => (1 << 127) - 1,
        4..=7 => rng.u128(..),
        8.. => unreachable!("the range ends before"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(op: u64) -> RecordId {
        RecordId {
            client: 3,
            op,
            attempt: 0,
        }
    }

    #[test]
    fn drafts_when_read_back_then_are_who_they_were() {
        let mut rng = Rng::with_seed(7);
        let (mut empty, mut largest) = (0, 0);
        for op in 0..2000 {
            let draft = Draft::new(id(op), &mut rng);
            empty += usize::from(draft.data.is_empty());
            let key = draft.partition_key.as_deref().unwrap();
            largest = largest.max(draft.data.len() + key.len());
            assert_eq!(identify(Some(key), &draft.data), Some(id(op)));
            for other in [Some("key-x"), Some(""), None] {
                assert_eq!(identify(other, &draft.data), None);
            }
        }
        assert!(
            empty > 0 && largest == RECORD_BYTES_MAX,
            "{empty} {largest}"
        );
    }

    #[test]
    fn hash_key_when_not_explicit_then_is_the_md5_of_the_partition_key() {
        let draft = Draft {
            id: id(0),
            partition_key: Some("a".to_owned()),
            explicit_hash_key: None,
            data: Bytes::new(),
        };
        let of_a = 0x0cc1_75b9_c0f1_b6a8_31c3_99e2_6977_2661;
        assert_eq!(draft.hash_key(), Some(HashKey(of_a)));
    }

    #[test]
    fn record_when_put_without_a_key_then_is_who_it_was_only_without_one() {
        let data = payload::encode(id(5), 100, KEYLESS);
        assert_eq!(identify(None, &data), Some(id(5)));
        assert_eq!(identify(Some(""), &data), None);
        assert_eq!(identify(Some("key"), &data), None);
        let draft = Draft {
            id: id(5),
            partition_key: None,
            explicit_hash_key: None,
            data: data.into(),
        };
        assert_eq!(draft.hash_key(), None);
    }
}
