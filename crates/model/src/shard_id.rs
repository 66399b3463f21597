//! Shard ids: `shardId-000000000042`.

use crate::name::NameError;
use std::fmt;

/// A shard of a stream, by its index. Indexes rise and are never reused within a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(u32);

impl ShardId {
    /// The highest index: sequence numbers store it as a signed 32-bit integer.
    pub const INDEX_MAX: u32 = i32::MAX as u32;

    /// The text of the first shard's id.
    pub const ZERO: &[u8; 20] = b"shardId-000000000000";

    /// The shard with this index.
    ///
    /// # Panics
    /// If the index is above [`ShardId::INDEX_MAX`].
    pub fn new(index: u32) -> Self {
        assert!(
            index <= Self::INDEX_MAX,
            "a stream never has that many shards"
        );
        Self(index)
    }

    /// The index.
    pub fn index(self) -> u32 {
        self.0
    }

    /// The id as text, without an allocation.
    pub fn to_text(self) -> IdText {
        let mut text = IdText(*Self::ZERO);
        self.write_onto_zero(&mut text.0);
        text
    }

    /// Overwrites the digits of [`ShardId::ZERO`] with this shard's.
    #[inline]
    pub fn write_onto_zero(self, text: &mut [u8]) {
        let mut rest = self.0;
        for digit in text.iter_mut().rev() {
            if rest == 0 {
                break;
            }
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }

    /// Parses an id. Like AWS, takes the digits between the first hyphen and the second for the
    /// index, whatever precedes them, and the whole text if nothing stands there.
    ///
    /// # Errors
    /// If they are no index.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        const WRONG: NameError = NameError("shard id");
        let behind_hyphen = text.split('-').nth(1).filter(|digits| !digits.is_empty());
        let digits = behind_hyphen.unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(WRONG);
        }
        let index: u32 = digits.parse().map_err(|_| WRONG)?;
        if index > Self::INDEX_MAX {
            Err(WRONG)
        } else {
            Ok(Self(index))
        }
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

/// A shard's id as text.
#[derive(Clone, Copy, Debug)]
pub struct IdText([u8; 20]);

impl std::ops::Deref for IdText {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.0).expect("it is ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shard_ids_when_short_or_padded_or_otherwise_prefixed_then_name_the_same_shard() {
        for text in [
            "shardId-000000000042",
            "shardId-42",
            "42",
            "000042",
            "shard-42",
            "x-00000000000000042",
            "-42",
            "shardid-42-7",
        ] {
            assert_eq!(ShardId::parse(text), Ok(ShardId::new(42)), "{text}");
        }
        assert_eq!(ShardId::new(42).to_string(), "shardId-000000000042");
        assert_eq!(
            ShardId::parse("a-2147483647"),
            Ok(ShardId::new(ShardId::INDEX_MAX))
        );
        for bad in [
            "",
            "-",
            "shardId-",
            "shardId--42",
            "42-",
            "shardId-x",
            "x-4x2",
            "2.14E4",
            "2147483648",
            "shardId-002147483648",
            "shard_42",
        ] {
            assert_eq!(ShardId::parse(bad), Err(NameError("shard id")), "{bad}");
        }
    }
}
