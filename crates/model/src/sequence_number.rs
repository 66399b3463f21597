//! Sequence numbers, in the layout observed in AWS's.
//!
//! A 186-bit number, printed in decimal (docs/formats/sequence-numbers.md has the table). Compared
//! as numbers they order the records of a shard, and a child's after its parents'. Nothing here
//! knows about offsets: the engine defines what a counter means.

mod any_layout;
mod decimal;
mod near_numbers;

pub use any_layout::{AnyNumber, Layout};
use decimal::{DIGITS, Decimal};
pub use near_numbers::NearNumbers;
use std::fmt;

/// A sequence number, split into its fields. A derived order would be wrong: see [`Ord`] below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SequenceNumber {
    /// The second in which the shard was created; at most [`SequenceNumber::SECOND_MAX`].
    pub created_s: u64,
    /// The record's position in the shard; 0 sorts before all records.
    pub counter: u64,
    /// The second in which the record arrived; at most [`SequenceNumber::SECOND_MAX`].
    pub arrival_s: u64,
    /// The shard's index.
    pub shard_index: u32,
}

/// Why a text is not a sequence number of this layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SequenceNumberError {
    /// Not a decimal number without leading zeros.
    #[error("not a decimal number")]
    NotANumber,
    /// A number of the oldest layout (below 2^129), which this server never issued.
    #[error("a sequence number of the oldest layout")]
    Oldest,
    /// A number that fits no layout.
    #[error("no sequence number has this value")]
    OutOfRange,
}

/// Decimal digits parsed per step: the largest power of ten below 2^60.
const PARSED_DIGITS: usize = 18;
const VERSION: u64 = 2;
const TOP_DIGIT: u64 = 2;
const SECOND_BITS: u32 = 36;

impl SequenceNumber {
    /// The highest second that a number may hold: AWS rejects 16025175000 and above in its oldest
    /// layout.
    pub const SECOND_MAX: u64 = 16_025_174_999;
    /// The counter of a closed shard's ending number.
    pub const COUNTER_CLOSED: u64 = 0x7fff_ffff_ffff_ffff;

    /// The number as three 64-bit limbs, the lowest first.
    fn to_limbs(self) -> [u64; 3] {
        let nibble = u64::from(self.shard_index & 0xf);
        let low = VERSION | u64::from(self.shard_index) << 4 | self.arrival_s << 36;
        let middle = self.arrival_s >> 28 | self.counter << 16;
        let high = self.counter >> 48 | nibble << 16 | self.created_s << 20 | TOP_DIGIT << 56;
        [low, middle, high]
    }

    fn from_limbs([low, middle, high]: [u64; 3]) -> Result<Self, SequenceNumberError> {
        if high >> 1 == 0 {
            return Err(SequenceNumberError::Oldest);
        }
        let second_mask = (1 << SECOND_BITS) - 1;
        let number = Self {
            created_s: high >> 20 & second_mask,
            counter: middle >> 16 | high << 48,
            arrival_s: (low >> 36 | middle << 28) & second_mask,
            shard_index: (low >> 4) as u32,
        };
        let is_in_range = number.created_s <= Self::SECOND_MAX
            && number.arrival_s <= Self::SECOND_MAX
            && number.counter <= Self::COUNTER_CLOSED
            && number.shard_index <= i32::MAX as u32;
        // The fixed fields (version, top, zero byte, nibble) are right exactly if packing gives the
        // same number.
        if is_in_range && number.to_limbs() == [low, middle, high] {
            Ok(number)
        } else {
            Err(SequenceNumberError::OutOfRange)
        }
    }

    /// Writes the decimal digits.
    pub fn to_digits(self) -> [u8; DIGITS] {
        Decimal::from_limbs(self.to_limbs()).to_digits()
    }

    /// The decimal digits of this number and of the following records that arrived in the same
    /// second.
    pub fn rising_digits(self) -> RisingDigits {
        RisingDigits(Decimal::from_limbs(self.to_limbs()))
    }

    /// The decimal digits as text, without an allocation.
    pub fn to_text(self) -> NumberText {
        NumberText(self.to_digits())
    }

    /// Parses a decimal number of this layout.
    ///
    /// # Errors
    /// If it is not one; the error says why.
    pub fn parse(text: &str) -> Result<Self, SequenceNumberError> {
        Self::from_limbs(parse_limbs(text)?)
    }
}

/// The 64-bit limbs of a decimal number, the lowest first.
fn parse_limbs(text: &str) -> Result<[u64; 3], SequenceNumberError> {
    let bytes = text.as_bytes();
    let has_leading_zero = bytes.len() > 1 && bytes[0] == b'0';
    if bytes.is_empty() || has_leading_zero || !bytes.iter().all(u8::is_ascii_digit) {
        return Err(SequenceNumberError::NotANumber);
    }
    if bytes.len() > DIGITS {
        return Err(SequenceNumberError::OutOfRange);
    }
    let mut limbs = [0; 3];
    for chunk in bytes.chunks(PARSED_DIGITS) {
        let value = chunk
            .iter()
            .fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
        multiply_add(&mut limbs, 10u64.pow(chunk.len() as u32), value);
    }
    Ok(limbs)
}

/// `limbs = limbs * factor + addend`; 56 decimal digits cannot overflow 192 bits.
fn multiply_add(limbs: &mut [u64; 3], factor: u64, addend: u64) {
    let mut carry = u128::from(addend);
    for limb in limbs.iter_mut() {
        let part = u128::from(*limb) * u128::from(factor) + carry;
        *limb = part as u64;
        carry = part >> 64;
    }
}

/// An endless sequence of digits of numbers that differ only in their counter, which rises by one.
#[derive(Clone, Debug, Default)]
pub struct RisingDigits(Decimal);

impl RisingDigits {
    /// Writes the digits of the next number.
    #[inline]
    pub fn write_next(&mut self, place: &mut [u8; DIGITS]) {
        // The counter starts at bit 80.
        self.0.write_and_add_two_to_80(place);
    }

    /// The digits of the next number.
    #[inline]
    pub fn next_digits(&mut self) -> [u8; DIGITS] {
        let mut digits = [0; DIGITS];
        self.write_next(&mut digits);
        digits
    }
}

/// Numeric order: compares limbs from the highest.
impl Ord for SequenceNumber {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.to_limbs()
            .iter()
            .rev()
            .cmp(other.to_limbs().iter().rev())
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_text())
    }
}

/// A sequence number as text.
#[derive(Clone, Copy, Debug)]
pub struct NumberText([u8; DIGITS]);

impl std::ops::Deref for NumberText {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits are ASCII")
    }
}

impl std::str::FromStr for SequenceNumber {
    type Err = SequenceNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;
