//! The numbers of a history: sequence numbers, hash keys and shard ids, as the text that clients
//! see.
//!
//! These are not the server's own types: the judge must not share a parser with the judged. Each
//! type prints the text that it was parsed from, and compares as a number.

use crate::payload::RecordId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Decimal digits in one limb of a [`SequenceNumber`].
const LIMB_DIGITS: usize = 19;
/// One more than the largest limb.
const LIMB_BASE: u64 = 10_000_000_000_000_000_000;

/// Why a text is not one of these numbers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}")]
pub struct ParseError {
    what: &'static str,
    text: String,
}

impl ParseError {
    pub(crate) fn new(what: &'static str, text: &str) -> Self {
        Self {
            what,
            text: text.to_owned(),
        }
    }
}

/// A sequence number of up to 57 decimal digits, in base 10^19 limbs, so that comparison, parsing
/// and printing need no long division.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SequenceNumber([u64; 3]);

impl SequenceNumber {
    /// The minimum.
    pub const ZERO: Self = Self([0; 3]);

    /// The next number; `None` after the maximum.
    pub fn next(self) -> Option<Self> {
        let mut limbs = self.0;
        for limb in limbs.iter_mut().rev() {
            if *limb + 1 < LIMB_BASE {
                *limb += 1;
                return Some(Self(limbs));
            }
            *limb = 0;
        }
        None
    }
}

impl FromStr for SequenceNumber {
    type Err = ParseError;

    /// Parses decimal digits; rejects leading zeros, signs and spaces, so that the text is unique.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refused = || ParseError::new("sequence number", text);
        let digits = text.as_bytes();
        let canonical = text == "0" || !digits.starts_with(b"0");
        if digits.is_empty() || digits.len() > 3 * LIMB_DIGITS || !canonical {
            return Err(refused());
        }
        let mut limbs = [0; 3];
        for (limb, chunk) in limbs.iter_mut().rev().zip(digits.rchunks(LIMB_DIGITS)) {
            for digit in chunk {
                if !digit.is_ascii_digit() {
                    return Err(refused());
                }
                *limb = *limb * 10 + u64::from(digit - b'0');
            }
        }
        Ok(Self(limbs))
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [0, 0, low] => write!(f, "{low}"),
            [0, middle, low] => write!(f, "{middle}{low:019}"),
            [high, middle, low] => write!(f, "{high}{middle:019}{low:019}"),
        }
    }
}

/// A point on the ring of 2^128 hash keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct HashKey(pub u128);

impl FromStr for HashKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.parse()
            .map(Self)
            .map_err(|_| ParseError::new("hash key", text))
    }
}

impl fmt::Display for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The hash keys of a shard, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HashKeyRange {
    /// StartingHashKey.
    pub first: HashKey,
    /// EndingHashKey.
    pub last: HashKey,
}

impl HashKeyRange {
    /// Whether `key` is in the range.
    pub fn contains(&self, key: HashKey) -> bool {
        self.first <= key && key <= self.last
    }
}

/// A shard's index, written as `shardId-%012d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ShardId(pub u32);

impl FromStr for ShardId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let digits = text
            .strip_prefix("shardId-")
            .filter(|digits| digits.len() == 12);
        let index = digits.and_then(|digits| digits.parse().ok());
        index
            .map(Self)
            .ok_or_else(|| ParseError::new("shard id", text))
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shardId-{:012}", self.0)
    }
}

/// Serde conversions of a type to and from its text.
macro_rules! as_text {
    ($($name:ty),*) => {$(
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = ParseError;

            fn try_from(text: String) -> Result<Self, ParseError> {
                text.parse()
            }
        }
    )*};
}

as_text!(SequenceNumber, HashKey, ShardId, RecordId);

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> SequenceNumber {
        text.parse().unwrap()
    }

    #[test]
    fn sequence_number_when_written_then_is_what_was_read() {
        let widest = "9".repeat(57);
        for text in [
            "0",
            "7",
            "9999999999999999999",
            "10000000000000000000",
            "49590338271490256608559692538361571095921575989136588898",
            "100000000000000000000000000000000000000",
            &widest,
        ] {
            assert_eq!(number(text).to_string(), text);
        }
    }

    #[test]
    fn sequence_numbers_when_compared_then_sort_as_numbers() {
        let nines = "9".repeat(19);
        let power = format!("1{}", "0".repeat(19));
        let mut sorted = vec![
            "0",
            "9",
            "10",
            &nines,
            &power,
            "49590338271490256608559692538361571",
        ];
        let expected = sorted.clone();
        sorted.reverse();
        sorted.sort_by_key(|text| number(text));
        assert_eq!(sorted, expected);
    }

    #[test]
    fn sequence_number_when_not_canonical_then_is_refused() {
        let wide = "1".repeat(58);
        for text in ["", "01", "00", "+1", "-1", " 1", "1x", &wide] {
            assert!(text.parse::<SequenceNumber>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn next_when_limb_is_full_then_carries() {
        assert_eq!(
            number(&"9".repeat(19)).next().unwrap().to_string(),
            format!("1{}", "0".repeat(19))
        );
        assert_eq!(number(&"9".repeat(57)).next(), None);
    }

    #[test]
    fn shard_id_when_not_twelve_digits_then_is_refused() {
        assert_eq!("shardId-000000000042".parse(), Ok(ShardId(42)));
        assert_eq!(ShardId(42).to_string(), "shardId-000000000042");
        assert!("shardId-42".parse::<ShardId>().is_err());
        assert!("000000000042".parse::<ShardId>().is_err());
    }
}
