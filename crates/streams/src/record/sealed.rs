//! The form of a sealed record: what stands around the ciphertext.
//!
//! docs/formats/records.md. Nothing is encrypted or decrypted here.

use super::{KEYLESS, PLAIN};
use millstream_store::Offset;
use millstream_store::batch::RecordIter;

/// The first byte of a sealed record.
const SEALED: u8 = 2;
/// Bytes in front of the ciphertext.
pub(crate) const HEAD_BYTES: usize = 17;
/// Bytes of the authentication tag behind it.
pub(crate) const TAG_BYTES: usize = 16;
/// Bytes of the partition key's length, with which the text begins.
pub(crate) const KEY_LENGTH_BYTES: usize = 2;

/// Bytes by which a sealed record is longer than a plain one.
pub(crate) const SEAL_BYTES: usize = HEAD_BYTES + TAG_BYTES - 1;

/// What stands in front of a sealed record's ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The number of the data key that sealed it.
    pub(crate) data_key: u32,
    /// The low bits of the offset where its range begins.
    pub(crate) range: u32,
    /// How many records the data key had sealed before.
    pub(crate) counter: u64,
}

/// A sealed record, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SealedParts<'a> {
    pub(crate) head: Head,
    /// The sealed text: the key's length, the partition key, the data.
    pub(crate) text: &'a [u8],
    pub(crate) tag: &'a [u8],
}

impl Head {
    /// The head as it is stored.
    pub(crate) fn to_bytes(self) -> [u8; HEAD_BYTES] {
        let mut bytes = [SEALED; HEAD_BYTES];
        bytes[1..5].copy_from_slice(&self.data_key.to_le_bytes());
        bytes[5..9].copy_from_slice(&self.range.to_le_bytes());
        bytes[9..].copy_from_slice(&self.counter.to_le_bytes());
        bytes
    }

    /// Where the range of a record with this head begins if the record has this offset: the highest
    /// offset up to it with the range's low bits. `None` if there is none.
    pub(crate) fn range_before(self, offset: Offset) -> Option<Offset> {
        let behind = (offset.0 as u32).wrapping_sub(self.range);
        offset.0.checked_sub(u64::from(behind)).map(Offset)
    }
}

impl<'a> SealedParts<'a> {
    /// Takes a record apart; `None` if it is not sealed.
    #[inline]
    pub(crate) fn new(stored: &'a [u8]) -> Option<Self> {
        let (head, rest) = stored.split_first_chunk::<HEAD_BYTES>()?;
        let (text, tag) = rest.split_at_checked(rest.len().checked_sub(TAG_BYTES)?)?;
        if head[0] != SEALED || text.len() < KEY_LENGTH_BYTES {
            return None;
        }
        let number = |range: std::ops::Range<usize>| {
            let bytes = head[range].try_into().expect("a number has four bytes");
            u32::from_le_bytes(bytes)
        };
        Some(Self {
            head: Head {
                data_key: number(1..5),
                range: number(5..9),
                counter: u64::from(number(9..13)) | u64::from(number(13..17)) << 32,
            },
            text,
            tag,
        })
    }
}

/// Whether a record has the form of a sealed one.
#[inline]
pub(crate) fn is_sealed(stored: &[u8]) -> bool {
    stored.first() == Some(&SEALED)
}

/// Whether the first of these framed records is sealed.
pub(crate) fn is_first_sealed(framed: &[u8]) -> bool {
    let first = RecordIter::new(framed).next();
    first.is_some_and(|(_, stored)| is_sealed(stored))
}

/// The form that a record has once its text is open: in front of the text it is a plain record.
pub(crate) fn plain_form(text: &[u8]) -> u8 {
    if text.starts_with(&[0; KEY_LENGTH_BYTES]) {
        KEYLESS
    } else {
        PLAIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn head_when_stored_then_reads_back(data_key: u32, range: u32, counter: u64) {
            let head = Head { data_key, range, counter };
            let stored = [&head.to_bytes()[..], &[0, 0, b'd'], &[7; TAG_BYTES]].concat();
            let parts = SealedParts::new(&stored).unwrap();
            prop_assert_eq!(parts.head, head);
            prop_assert_eq!((parts.text, parts.tag), (&[0, 0, b'd'][..], &[7; TAG_BYTES][..]));
        }

        #[test]
        fn range_when_its_low_bits_are_known_then_is_the_last_one_before_the_offset(
            start in 0..u64::MAX >> 1, behind: u32, periods in 1..4_u64
        ) {
            let head = Head { data_key: 1, range: start as u32, counter: 0 };
            let offset = Offset(start + u64::from(behind));
            prop_assert_eq!(head.range_before(offset), Some(Offset(start)));
            let far = Offset(start + (periods << 32));
            prop_assert_eq!(head.range_before(far), Some(far));
        }
    }

    #[test]
    fn range_when_it_would_begin_before_the_log_then_is_none() {
        let head = Head {
            data_key: 1,
            range: 8,
            counter: 0,
        };
        assert_eq!(head.range_before(Offset(7)), None);
        assert_eq!(head.range_before(Offset(8)), Some(Offset(8)));
    }

    #[test]
    fn record_when_cut_off_or_of_another_form_then_is_not_sealed() {
        let whole = [&[SEALED; HEAD_BYTES][..], &[0, 0], &[7; TAG_BYTES]].concat();
        assert!(SealedParts::new(&whole).is_some());
        for bytes in 0..whole.len() {
            assert_eq!(SealedParts::new(&whole[..bytes]), None, "{bytes}");
        }
        for form in [PLAIN, KEYLESS, 3] {
            let mut other = whole.clone();
            other[0] = form;
            assert_eq!(SealedParts::new(&other), None, "{form}");
        }
    }
}
