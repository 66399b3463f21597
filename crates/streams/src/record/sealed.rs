//! The form of sealed records: what stands around the ciphertext.
//!
//! docs/formats/records.md. Records of a batch are sealed in groups. The first record of a group
//! has the ciphertext of all, which are framed as if nobody had sealed them; the others are as good
//! as empty, so that the log counts them. Nothing is encrypted or decrypted here.

use super::OVERHEAD_BYTES;
use millstream_store::Offset;
use millstream_store::batch::{RECORD_OVERHEAD_BYTES, RecordIter};

/// The first byte of a group's first record.
const FIRST: u8 = 2;
/// The first byte of its other records.
const FOLLOWING: u8 = 3;
/// Bytes in front of a group's ciphertext.
pub(crate) const HEAD_BYTES: usize = 19 + TAG_BYTES;
/// Bytes of a record that follows the first of its group.
const FOLLOWING_BYTES: usize = 3;
/// The same, framed.
pub(crate) const FRAMED_FOLLOWING_BYTES: usize = RECORD_OVERHEAD_BYTES + FOLLOWING_BYTES;
/// Bytes of the authentication tag.
pub(crate) const TAG_BYTES: usize = 16;
/// Maximum bytes of a group's text, but for a record that is longer and alone: whoever reads one
/// record opens its group.
pub(crate) const GROUP_BYTES_MAX: usize = 32 * 1024;

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
    /// The first of a group, with the group's ciphertext.
    First(Head, &'a [u8]),
    /// The record of this index in its group.
    Following(u16),
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

/// The record of this index in its group, as it is stored.
pub(crate) fn following(index: u16) -> [u8; FOLLOWING_BYTES] {
    let [low, high] = index.to_le_bytes();
    [FOLLOWING, low, high]
}

impl<'a> Sealed<'a> {
    /// Takes a record apart; `None` if it is not sealed.
    #[inline]
    pub(crate) fn new(stored: &'a [u8]) -> Option<Self> {
        match *stored.first()? {
            FOLLOWING => {
                let [_, low, high] = *stored.as_array::<FOLLOWING_BYTES>()?;
                let index = u16::from_le_bytes([low, high]);
                (index > 0).then_some(Self::Following(index))
            }
            FIRST => {
                let (head, text) = stored.split_first_chunk::<HEAD_BYTES>()?;
                let head = Head::of(head);
                // None of its records is shorter.
                let has_room = text.len() / OVERHEAD_BYTES >= usize::from(head.count);
                (head.count > 0 && has_room).then_some(Self::First(head, text))
            }
            _ => None,
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
            data_key: u32, range: u32, counter: u64, count in 1_u16..100, tag: [u8; TAG_BYTES]
        ) {
            let head = Head { data_key, range, counter, count, tag };
            let text = vec![7; OVERHEAD_BYTES * usize::from(count)];
            let stored = [&head.to_bytes()[..], &text].concat();
            prop_assert_eq!(Sealed::new(&stored), Some(Sealed::First(head, &text)));
            let stored = following(count);
            prop_assert_eq!(Sealed::new(&stored), Some(Sealed::Following(count)));
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
        let first = [&HEAD.to_bytes()[..], &[7; OVERHEAD_BYTES]].concat();
        for whole in [first, following(1).to_vec()] {
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
        assert_eq!(Sealed::new(&[&following(1)[..], &[0]].concat()), None);
    }

    #[test]
    fn group_when_its_text_has_not_so_many_records_or_one_follows_none_then_is_not_sealed() {
        for (count, is_sealed) in [(0, false), (1, true), (2, true), (3, false)] {
            let head = Head { count, ..HEAD };
            let stored = [&head.to_bytes()[..], &[7; 2 * OVERHEAD_BYTES + 6]].concat();
            assert_eq!(Sealed::new(&stored).is_some(), is_sealed, "{count}");
        }
        assert_eq!(Sealed::new(&following(0)), None);
    }
}
