//! The form of sealed records: what stands around the ciphertext.
//!
//! docs/formats/records.md. Records of a batch are sealed in groups. The text of a group is what
//! they are framed and unsealed; its ciphertext is divided among them. Nothing is encrypted or
//! decrypted here.

use super::OVERHEAD_BYTES;
use millstream_store::Offset;
use millstream_store::batch::{RECORD_OVERHEAD_BYTES, RecordIter};

/// The first byte of a group's first record.
const FIRST: u8 = 2;
/// The first byte of its other records.
const FOLLOWING: u8 = 3;
/// Bytes in front of the ciphertext of a group's first record.
pub(crate) const HEAD_BYTES: usize = 19 + TAG_BYTES;
/// Bytes in front of the ciphertext of its other records.
pub(crate) const FOLLOWING_HEAD_BYTES: usize = 3;
/// Bytes of the authentication tag.
pub(crate) const TAG_BYTES: usize = 16;
/// Maximum bytes of a group's text, but for a record that is longer and alone: whoever reads one
/// record opens its group.
pub(crate) const GROUP_BYTES_MAX: usize = 64 * 1024;
/// Maximum number of records in a group: none has a shorter text.
const GROUP_RECORDS_MAX: usize = GROUP_BYTES_MAX / OVERHEAD_BYTES;
/// Maximum stored bytes of a group of several records.
pub(crate) const GROUP_STORED_BYTES_MAX: usize = GROUP_BYTES_MAX
    + HEAD_BYTES
    + GROUP_RECORDS_MAX * (FOLLOWING_HEAD_BYTES + RECORD_OVERHEAD_BYTES);

/// What stands in front of the ciphertext of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The number of the data key that sealed it.
    pub(crate) data_key: u32,
    /// The low bits of the offset where its range begins.
    pub(crate) range: u32,
    /// How many groups the data key had sealed before.
    pub(crate) counter: u64,
    /// How many records the group has.
    pub(crate) count: u16,
    pub(crate) tag: [u8; TAG_BYTES],
}

/// A sealed record, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sealed<'a> {
    /// The first of a group, with its part of the ciphertext.
    First(Head, &'a [u8]),
    /// The record of this index in its group, with its part of the ciphertext.
    Following(u16, &'a [u8]),
}

impl Head {
    /// The head as it is stored.
    pub(crate) fn to_bytes(self) -> [u8; HEAD_BYTES] {
        let mut bytes = [FIRST; HEAD_BYTES];
        bytes[1..5].copy_from_slice(&self.data_key.to_le_bytes());
        bytes[5..9].copy_from_slice(&self.range.to_le_bytes());
        bytes[9..17].copy_from_slice(&self.counter.to_le_bytes());
        bytes[17..19].copy_from_slice(&self.count.to_le_bytes());
        bytes[19..].copy_from_slice(&self.tag);
        bytes
    }

    /// Where the range of a group with this head begins if its first record has this offset: the
    /// highest offset up to it with the range's low bits. `None` if there is none.
    pub(crate) fn range_before(self, offset: Offset) -> Option<Offset> {
        let behind = (offset.0 as u32).wrapping_sub(self.range);
        offset.0.checked_sub(u64::from(behind)).map(Offset)
    }
}

/// What stands in front of the ciphertext of a group's record of this index, as it is stored.
pub(crate) fn following_head(index: u16) -> [u8; FOLLOWING_HEAD_BYTES] {
    let [low, high] = index.to_le_bytes();
    [FOLLOWING, low, high]
}

impl<'a> Sealed<'a> {
    /// Takes a record apart; `None` if it is not sealed.
    #[inline]
    pub(crate) fn new(stored: &'a [u8]) -> Option<Self> {
        let sealed = match *stored.first()? {
            FOLLOWING => {
                let ([_, low, high], text) = stored.split_first_chunk::<FOLLOWING_HEAD_BYTES>()?;
                Self::Following(u16::from_le_bytes([*low, *high]), text)
            }
            FIRST => {
                let (head, text) = stored.split_first_chunk::<HEAD_BYTES>()?;
                Self::First(Head::of(head), text)
            }
            _ => return None,
        };
        let (is_possible, text) = match &sealed {
            Self::First(head, text) => (head.count > 0, text),
            Self::Following(index, text) => (*index > 0, text),
        };
        (is_possible && text.len() >= OVERHEAD_BYTES).then_some(sealed)
    }

    /// Its part of the group's ciphertext.
    pub(crate) fn text(&self) -> &'a [u8] {
        match self {
            Self::First(_, text) | Self::Following(_, text) => text,
        }
    }
}

impl Head {
    fn of(bytes: &[u8; HEAD_BYTES]) -> Self {
        let number = |range: std::ops::Range<usize>| {
            let bytes = bytes[range].try_into().expect("a number has four bytes");
            u32::from_le_bytes(bytes)
        };
        Self {
            data_key: number(1..5),
            range: number(5..9),
            counter: u64::from(number(9..13)) | u64::from(number(13..17)) << 32,
            count: u16::from_le_bytes([bytes[17], bytes[18]]),
            tag: *bytes.last_chunk().expect("the tag is a part of it"),
        }
    }
}

/// The first of these framed records, if it is sealed.
pub(crate) fn first_sealed(framed: &[u8]) -> Option<Sealed<'_>> {
    let (_, first) = RecordIter::new(framed).next()?;
    Sealed::new(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{KEYLESS, PLAIN};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn head_when_stored_then_reads_back(
            data_key: u32, range: u32, counter: u64, count in 1_u16.., tag: [u8; TAG_BYTES]
        ) {
            let head = Head { data_key, range, counter, count, tag };
            let text = [7; OVERHEAD_BYTES];
            let stored = [&head.to_bytes()[..], &text].concat();
            prop_assert_eq!(Sealed::new(&stored), Some(Sealed::First(head, &text)));
            let stored = [&following_head(count)[..], &text].concat();
            prop_assert_eq!(Sealed::new(&stored), Some(Sealed::Following(count, &text)));
        }

        #[test]
        fn range_when_its_low_bits_are_known_then_is_the_last_one_before_the_offset(
            start in 0..u64::MAX >> 1, behind: u32, periods in 1..4_u64
        ) {
            let head = Head { range: start as u32, ..HEAD };
            let offset = Offset(start + u64::from(behind));
            prop_assert_eq!(head.range_before(offset), Some(Offset(start)));
            let far = Offset(start + (periods << 32));
            prop_assert_eq!(head.range_before(far), Some(far));
        }
    }

    const HEAD: Head = Head {
        data_key: 1,
        range: 8,
        counter: 0,
        count: 1,
        tag: [7; TAG_BYTES],
    };

    #[test]
    fn range_when_it_would_begin_before_the_log_then_is_none() {
        assert_eq!(HEAD.range_before(Offset(7)), None);
        assert_eq!(HEAD.range_before(Offset(8)), Some(Offset(8)));
    }

    #[test]
    fn record_when_cut_off_or_of_another_form_then_is_not_sealed() {
        let text = [7; OVERHEAD_BYTES];
        let first = [&HEAD.to_bytes()[..], &text].concat();
        let following = [&following_head(1)[..], &text].concat();
        for whole in [first, following] {
            assert!(Sealed::new(&whole).is_some());
            for bytes in 0..whole.len() {
                assert_eq!(Sealed::new(&whole[..bytes]), None, "{bytes}");
            }
            for form in [PLAIN, KEYLESS, 4] {
                let mut other = whole.clone();
                other[0] = form;
                assert_eq!(Sealed::new(&other), None, "{form}");
            }
        }
    }

    #[test]
    fn group_when_it_has_no_records_or_one_follows_none_then_is_not_sealed() {
        let text = [7; OVERHEAD_BYTES];
        let none = Head { count: 0, ..HEAD };
        let stored = [&none.to_bytes()[..], &text].concat();
        assert_eq!(Sealed::new(&stored), None);
        let stored = [&following_head(0)[..], &text].concat();
        assert_eq!(Sealed::new(&stored), None);
    }
}
