//! A 192-bit number as decimal digits, and its text.
//!
//! Consecutive records have numbers that differ by a constant, so the next text is made by addition
//! instead of division. Nothing here knows the layout of sequence numbers.
//!
//! The instruction budgets of GetRecords cover this; `bench/run only get-cold` measures it.

/// Decimal digits of every number in the layout.
pub(super) const DIGITS: usize = 56;
/// Decimal digits of a word.
const WORD_DIGITS: usize = 8;
pub(super) const WORDS: usize = DIGITS / WORD_DIGITS;
/// 32-bit halves of limbs in a number of at most 56 digits, before and after each division by 10^8.
const HALVES: [usize; WORDS] = [6, 5, 5, 4, 3, 2, 1];
/// The number of values of a word: 10^8.
pub(super) const WORD: u32 = 100_000_000;
const ONES: u64 = u64::MAX / 255;
/// Bias that makes a byte above nine carry into the next.
const BEYOND: u64 = 256 - 10;

/// 2^80, the lowest word first: the difference between consecutive numbers.
const TWO_TO_80: [u64; 4] = [
    0x07_04_07_00_06_01_07_06,
    0x09_06_01_04_06_02_09_01,
    0x02_00_08_09_02_05_08_01,
    1,
];

/// Words of eight digits, one byte per digit, the lowest word first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Decimal([u64; WORDS]);

impl Decimal {
    /// Converts a number of at most 56 digits, given as 64-bit limbs, the lowest first.
    pub(super) fn from_limbs(limbs: [u64; 3]) -> Self {
        Self(words_of(limbs).map(digits_of))
    }

    /// Sets each word from `value`, the lowest first, each below 10^8.
    #[inline]
    pub(super) fn set_words(&mut self, mut value: impl FnMut(usize) -> u32) {
        for (at, word) in self.0.iter_mut().enumerate() {
            *word = digits_of(value(at));
        }
    }

    /// Writes the digits.
    pub(super) fn to_digits(self) -> [u8; DIGITS] {
        let mut digits = [0; DIGITS];
        self.write(&mut digits);
        digits
    }

    #[inline]
    fn write(&self, digits: &mut [u8; DIGITS]) {
        let places = digits.as_chunks_mut::<WORD_DIGITS>().0;
        for (place, word) in places.iter_mut().zip(self.0.iter().rev()) {
            *place = text_of(*word);
        }
    }

    /// Writes the digits, then adds 2^80; overflow beyond the 56th digit is dropped. Always
    /// inlined: it is short and runs once per record.
    #[inline(always)]
    pub(super) fn write_and_add_two_to_80(&mut self, digits: &mut [u8; DIGITS]) {
        self.write(digits);
        let mut carry = false;
        let (low, high) = self.0.split_at_mut(TWO_TO_80.len());
        for (word, addend) in low.iter_mut().zip(TWO_TO_80) {
            (*word, carry) = add(*word, addend, carry);
        }
        if carry {
            carry_into(high);
        }
    }
}

/// Propagates a carry through the upper words. Happens for one number in eighty million.
#[cold]
fn carry_into(words: &mut [u64]) {
    let mut carry = true;
    for word in words {
        (*word, carry) = add(*word, 0, carry);
    }
}

/// Adds two words digit by digit (SWAR). Each byte is biased so that a sum above nine carries into
/// the next byte; the bias is then removed from the bytes that did not carry, which have their top
/// bit set.
#[inline]
fn add(word: u64, addend: u64, carry: bool) -> (u64, bool) {
    let beyond = addend + ONES * BEYOND;
    let sum = word.wrapping_add(beyond).wrapping_add(carry.into());
    let stayed = (sum >> 7) & ONES;
    (sum.wrapping_sub(stayed * BEYOND), sum >> 63 == 0)
}

/// A word as ASCII digits.
#[inline]
fn text_of(word: u64) -> [u8; WORD_DIGITS] {
    (word | (ONES * u64::from(b'0'))).to_be_bytes()
}

/// A number's words, the lowest first; it has at most 56 digits.
pub(super) fn words_of(limbs: [u64; 3]) -> [u32; WORDS] {
    // 32-bit halves of limbs: a remainder and the next half fit into 64 bits.
    let mut halves = [0; 6];
    for (pair, limb) in halves.chunks_exact_mut(2).zip(limbs) {
        pair.copy_from_slice(&[limb as u32, (limb >> 32) as u32]);
    }
    HALVES.map(|left| divide(&mut halves[..left]))
}

/// Divides in place by 10^8 and returns the remainder.
#[inline]
fn divide(halves: &mut [u32]) -> u32 {
    let mut rest = 0;
    for half in halves.iter_mut().rev() {
        let part = rest << 32 | u64::from(*half);
        *half = (part / u64::from(WORD)) as u32;
        rest = part % u64::from(WORD);
    }
    rest as u32
}

/// The eight digits of a value below 10^8. Splits it into halves, quarters and digits, all parts of
/// a step in one word (SWAR); each multiplication is a division by 100 or 10 that is exact in its
/// range.
#[inline]
fn digits_of(value: u32) -> u64 {
    let halves = u64::from(value / 10_000) | u64::from(value % 10_000) << 32;
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | (halves - hundreds * 100) << 16;
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    (tens | (pairs - tens * 10) << 8).swap_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 10^32, just above what the four words that 2^80 is added to can hold, and 10^40, one word
    /// more: lower 128 bits and the rest.
    const BOUNDS: [(u128, u64); 2] = [
        (10_u128.pow(32), 0),
        (10_u128.pow(38).wrapping_mul(100), 29),
    ];

    /// Numbers as their lower 128 bits and the rest, with cases just below the bounds.
    fn any_number() -> impl Strategy<Value = (u128, u64)> {
        let below = (0..BOUNDS.len(), 0..1_u128 << 82);
        prop_oneof![
            (0..u128::MAX / 4, 0..1_000_000_000_u64),
            below.prop_map(|(bound, less)| (BOUNDS[bound].0 - less, BOUNDS[bound].1)),
        ]
    }

    #[test]
    fn words_when_written_then_have_their_digits() {
        let all_pairs = (0..10_000).flat_map(|half| [half, half * 10_000, half * 10_001]);
        for value in all_pairs.chain([WORD - 1]) {
            let digits = text_of(digits_of(value));
            assert_eq!(std::str::from_utf8(&digits).unwrap(), format!("{value:08}"));
        }
    }

    proptest! {
        #[test]
        fn numbers_when_converted_and_added_then_are_as_big_integers_have_them(
            (low, high) in any_number()
        ) {
            let limbs = [low as u64, (low >> 64) as u64, high];
            let mut number = Decimal::from_limbs(limbs);
            let mut digits = [0; DIGITS];
            for _ in 0..3 {
                let before = number;
                number.write_and_add_two_to_80(&mut digits);
                prop_assert_eq!(digits, before.to_digits());
            }
            // The same in binary: adds three times 2^80.
            let (middle, carry) = limbs[1].overflowing_add(3 << 16);
            let expected = [limbs[0], middle, high + u64::from(carry)];
            prop_assert_eq!(number, Decimal::from_limbs(expected));
        }
    }
}
