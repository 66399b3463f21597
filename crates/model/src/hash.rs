//! Hash keys: the position of a partition key in the key space, and the ranges that shards own.

use crate::md5_lanes::{LANES, MESSAGE_BYTES_MAX, Messages};
use crate::name::NameError;
use md5::{Digest, Md5};
use std::fmt;
use std::num::NonZeroU32;

/// A point in the key space, 0 … 2^128 − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashKey(pub u128);

impl HashKey {
    /// The highest key.
    pub const MAX: Self = Self(u128::MAX);

    /// The hash key of a partition key: the MD5 of its UTF-8 bytes, read as a big-endian number.
    pub fn of_partition_key(key: &str) -> Self {
        Self(u128::from_be_bytes(Md5::digest(key.as_bytes()).into()))
    }

    /// The hash keys of many partition keys, computed in SIMD lanes: much cheaper than one by one.
    pub fn of_partition_keys<'k>(
        keys: impl Iterator<Item = &'k str>,
    ) -> impl Iterator<Item = Self> {
        SideBySide {
            keys,
            ready: [Self(0); LANES],
            next: 0,
            end: 0,
        }
    }

    /// Parses a decimal number.
    ///
    /// # Errors
    /// If it is not a number or is above 2^128 − 1.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        const WRONG: NameError = NameError("hash key");
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(WRONG);
        }
        text.parse().map(Self).map_err(|_| WRONG)
    }
}

impl fmt::Display for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Up to this many keys are hashed one by one, since most lanes would be idle.
const SINGLE_KEYS_MAX: usize = 2;

/// An iterator over the hashes of keys, computed a full set of lanes at a time.
struct SideBySide<I> {
    keys: I,
    ready: [HashKey; LANES],
    next: usize,
    end: usize,
}

impl<'k, I: Iterator<Item = &'k str>> SideBySide<I> {
    fn fill(&mut self) {
        let mut taken = [""; LANES];
        (self.next, self.end) = (0, 0);
        for (slot, key) in taken.iter_mut().zip(&mut self.keys) {
            *slot = key;
            self.end += 1;
        }
        let taken = &taken[..self.end];
        let is_alone = |key: &str| taken.len() <= SINGLE_KEYS_MAX || key.len() > MESSAGE_BYTES_MAX;
        if !taken.iter().all(|key| is_alone(key)) {
            let mut messages = Messages::new();
            let short = taken.iter().enumerate().filter(|(_, key)| !is_alone(key));
            short.for_each(|(lane, key)| messages.set(lane, key.as_bytes()));
            let digests = messages.digests();
            self.ready = digests.map(|digest| HashKey(u128::from_be_bytes(digest)));
        }
        for (hash, key) in self.ready.iter_mut().zip(taken) {
            if is_alone(key) {
                *hash = HashKey::of_partition_key(key);
            }
        }
    }
}

impl<'k, I: Iterator<Item = &'k str>> Iterator for SideBySide<I> {
    type Item = HashKey;

    #[inline]
    fn next(&mut self) -> Option<HashKey> {
        if self.next == self.end {
            self.fill();
        }
        let hash = self.ready[..self.end].get(self.next).copied()?;
        self.next += 1;
        Some(hash)
    }
}

/// The keys that a shard owns, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashRange {
    /// The first key, inclusive.
    pub start: HashKey,
    /// The last key, inclusive; not below `start`.
    pub end: HashKey,
}

impl HashRange {
    /// All keys.
    pub const ALL: Self = Self {
        start: HashKey(0),
        end: HashKey::MAX,
    };

    /// Whether the key is in the range.
    pub fn contains(self, key: HashKey) -> bool {
        (self.start..=self.end).contains(&key)
    }

    /// The `count` ranges that AWS gives a stream's first shards: shard i starts at
    /// i·⌊2^128/count⌋, the last ends at 2^128 − 1.
    pub fn uniform(count: NonZeroU32) -> Vec<Self> {
        let step = Self::uniform_step(count);
        let count = count.get();
        let start = |i: u32| u128::from(i).wrapping_mul(step);
        (0..count)
            .map(|i| {
                let end = if i + 1 == count {
                    u128::MAX
                } else {
                    start(i + 1) - 1
                };
                Self {
                    start: HashKey(start(i)),
                    end: HashKey(end),
                }
            })
            .collect()
    }

    /// ⌊2^128/count⌋, and 0 (that is 2^128, wrapped) for a count of one.
    fn uniform_step(count: NonZeroU32) -> u128 {
        let count = u128::from(count.get());
        // 2^128/count = (2^128 − 1)/count, plus one where the division leaves count − 1.
        let (quotient, rest) = (u128::MAX / count, u128::MAX % count);
        if rest == count - 1 {
            quotient.wrapping_add(1)
        } else {
            quotient
        }
    }

    /// The ranges left and right of a split at `at`, the first key of the right one. AWS wants `at`
    /// greater than one plus the start and less than the end.
    pub fn split_at(self, at: HashKey) -> Option<(Self, Self)> {
        let is_inside = at.0 > self.start.0.checked_add(1)? && at < self.end;
        is_inside.then(|| {
            let left = Self {
                start: self.start,
                end: HashKey(at.0 - 1),
            };
            (
                left,
                Self {
                    start: at,
                    end: self.end,
                },
            )
        })
    }

    /// The first keys of all but the first of so many even parts; `None` if the range is too narrow
    /// for [`HashRange::split_at`] to make them. Halving a range of 2^n keys makes two of 2^(n-1).
    pub fn even_cuts(self, parts: u32) -> Option<Vec<HashKey>> {
        if !self.has_even_parts(parts) {
            return None;
        }
        let (parts, last) = (u128::from(parts), self.end.0 - self.start.0);
        let (step, rest) = (last / parts, last % parts);
        let cut = |part: u128| HashKey(self.start.0 + step * part + rest * part / parts + 1);
        Some((1..parts).map(cut).collect())
    }

    /// Whether there are [`HashRange::even_cuts`] for so many parts.
    pub fn has_even_parts(self, parts: u32) -> bool {
        let step = (self.end.0 - self.start.0).checked_div(u128::from(parts));
        step.is_some_and(|step| step >= Self::PART_KEYS_MIN)
    }

    /// The fewest keys of an even part: it can be halved once more.
    const PART_KEYS_MIN: u128 = 8;

    /// The union with the range that starts immediately after this one.
    pub fn merge_with(self, next: Self) -> Option<Self> {
        let is_adjacent = self.end.0.checked_add(1) == Some(next.start.0);
        is_adjacent.then_some(Self {
            start: self.start,
            end: next.end,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn range_when_cut_evenly_then_its_parts_differ_by_one_key_and_can_be_split(
            start in any::<u128>(), last in any::<u128>(), parts in 1..300_u32, narrow in 0..128_u32
        ) {
            let last = (last >> narrow).min(u128::MAX - start);
            let range = HashRange { start: HashKey(start), end: HashKey(start + last) };
            prop_assert_eq!(range.even_cuts(parts).is_some(), range.has_even_parts(parts));
            let Some(cuts) = range.even_cuts(parts) else {
                prop_assert!(last / u128::from(parts) < HashRange::PART_KEYS_MIN);
                return Ok(());
            };
            prop_assert_eq!(cuts.len() + 1, parts as usize);
            let (mut rest, mut keys) = (range, Vec::new());
            for cut in cuts {
                let (part, upper) = rest.split_at(cut).unwrap();
                keys.push(part.end.0 - part.start.0);
                rest = upper;
            }
            keys.push(rest.end.0 - rest.start.0);
            let (least, most) = (keys.iter().min().unwrap(), keys.iter().max().unwrap());
            prop_assert!(most - least <= 1, "{keys:?}");
            prop_assert!(rest.split_at(HashKey(rest.start.0 + 2)).is_some());
        }
    }

    fn uniform(count: u32) -> Vec<HashRange> {
        HashRange::uniform(NonZeroU32::new(count).unwrap())
    }

    #[test]
    fn range_when_halved_then_both_halves_are_powers_of_two_again() {
        let quarter = uniform(4)[1];
        assert_eq!(quarter.even_cuts(2), Some(vec![HashKey(3 << 125)]));
        assert_eq!(HashRange::ALL.even_cuts(2), Some(vec![HashKey(1 << 127)]));
        let four: Vec<HashKey> = (1..4).map(|part| HashKey(part << 126)).collect();
        assert_eq!(HashRange::ALL.even_cuts(4), Some(four));
        assert_eq!(HashRange::ALL.even_cuts(0), None);
    }

    #[test]
    fn uniform_when_any_count_then_covers_all_keys_without_overlap() {
        for count in [1, 2, 3, 4, 5, 7, 64, 1000, 10_000] {
            let ranges = uniform(count);
            assert_eq!(ranges.len(), count as usize);
            assert_eq!(ranges[0].start, HashKey(0));
            assert_eq!(ranges[ranges.len() - 1].end, HashKey::MAX);
            for pair in ranges.windows(2) {
                assert_eq!(
                    pair[0].merge_with(pair[1]).map(|r| r.end),
                    Some(pair[1].end)
                );
            }
        }
    }

    #[test]
    fn uniform_when_three_then_matches_what_aws_shows() {
        let starts: Vec<String> = uniform(3)
            .iter()
            .map(|range| range.start.to_string())
            .collect();
        let third = "113427455640312821154458202477256070485";
        let two_thirds = "226854911280625642308916404954512140970";
        assert_eq!(starts, ["0", third, two_thirds]);
        assert_eq!(uniform(2)[1].start, HashKey(1 << 127));
    }

    #[test]
    fn split_when_at_the_edges_then_is_refused() {
        let range = HashRange {
            start: HashKey(10),
            end: HashKey(20),
        };
        for at in [0, 10, 11, 20, 21] {
            assert_eq!(range.split_at(HashKey(at)), None, "{at}");
        }
        let (left, right) = range.split_at(HashKey(12)).unwrap();
        assert_eq!(
            (left.start.0, left.end.0, right.start.0, right.end.0),
            (10, 11, 12, 20)
        );
        assert!(range.split_at(HashKey(19)).is_some());
    }

    #[test]
    fn partition_key_when_hashed_then_is_the_md5_as_a_big_endian_number() {
        // MD5("a") = 0cc175b9c0f1b6a831c399e269772661
        let expected = 0x0cc1_75b9_c0f1_b6a8_31c3_99e2_6977_2661;
        assert_eq!(HashKey::of_partition_key("a"), HashKey(expected));
    }

    proptest! {
        #[test]
        fn partition_keys_when_hashed_together_then_fall_where_each_falls_alone(
            keys in proptest::collection::vec("[a-zä]{1,60}", 0..40),
        ) {
            let together = HashKey::of_partition_keys(keys.iter().map(String::as_str));
            let alone = keys.iter().map(|key| HashKey::of_partition_key(key));
            prop_assert_eq!(together.collect::<Vec<_>>(), alone.collect::<Vec<_>>());
        }
    }
}
