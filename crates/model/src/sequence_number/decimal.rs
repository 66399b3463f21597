//! A 192-bit number in limbs of eight decimal digits, and its text.
//!
//! Records that stand behind one another have numbers that differ by the same amount, so the text of
//! the next one is made by adding, not by dividing. It knows nothing of the numbers' layout.

/// Every number of the layout has this many decimal digits.
pub(super) const DIGITS: usize = 56;
/// Decimal digits of a limb.
const LIMB_DIGITS: usize = 8;
const LIMBS: usize = DIGITS / LIMB_DIGITS;
const LIMB: u32 = 100_000_000;

/// 2^80, the lowest limb first: how far the numbers of neighbours are apart.
const TWO_TO_80: [u32; 4] = [74_706_176, 96_146_291, 20_892_581, 1];

/// The limbs, the lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal([u32; LIMBS]);

impl Decimal {
    /// Takes a number of at most 56 digits, as 64-bit limbs, the lowest first.
    pub(super) fn from_limbs(limbs: [u64; 3]) -> Self {
        // Halves of limbs: the rest of a division and the next half fit into 64 bits.
        let mut halves = [0; 6];
        for (pair, limb) in halves.chunks_exact_mut(2).zip(limbs) {
            pair.copy_from_slice(&[limb as u32, (limb >> 32) as u32]);
        }
        Self(std::array::from_fn(|_| divide(&mut halves)))
    }

    /// Writes the digits.
    pub(super) fn to_digits(self) -> [u8; DIGITS] {
        let mut digits = [0; DIGITS];
        let places = digits.as_chunks_mut::<LIMB_DIGITS>().0;
        for (place, limb) in places.iter_mut().zip(self.0.iter().rev()) {
            *place = limb_digits(*limb);
        }
        digits
    }

    /// Adds 2^80, to the number and to its digits; what goes beyond the 56th is lost.
    #[inline]
    pub(super) fn add_two_to_80(&mut self, digits: &mut [u8; DIGITS]) {
        let mut places = digits.as_chunks_mut::<LIMB_DIGITS>().0.iter_mut().rev();
        let mut limbs = self.0.iter_mut();
        let mut carry = 0;
        for ((addend, limb), place) in TWO_TO_80.iter().zip(&mut limbs).zip(&mut places) {
            let sum = *limb + addend + carry;
            carry = u32::from(sum >= LIMB);
            *limb = sum - carry * LIMB;
            *place = limb_digits(*limb);
        }
        for (limb, place) in limbs.zip(places) {
            if carry == 0 {
                return;
            }
            let sum = *limb + carry;
            carry = u32::from(sum >= LIMB);
            *limb = sum - carry * LIMB;
            *place = limb_digits(*limb);
        }
    }
}

/// Divides in place by 10^8 and gives the remainder.
fn divide(halves: &mut [u32; 6]) -> u32 {
    let mut rest = 0;
    for half in halves.iter_mut().rev() {
        let part = rest << 32 | u64::from(*half);
        *half = (part / u64::from(LIMB)) as u32;
        rest = part % u64::from(LIMB);
    }
    rest as u32
}

/// The eight digits of a limb. They are split in halves, quarters and single digits, all parts of a
/// step at once in one word; each factor is a division by 100 or 10, exact for what stands there.
#[inline]
fn limb_digits(limb: u32) -> [u8; LIMB_DIGITS] {
    let halves = u64::from(limb / 10_000) | u64::from(limb % 10_000) << 32;
    let hundreds = ((halves * 10_486) >> 20) & 0x0000_007f_0000_007f;
    let pairs = hundreds | (halves - hundreds * 100) << 16;
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = tens | (pairs - tens * 10) << 8;
    (digits | 0x3030_3030_3030_3030).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn limbs_when_written_then_have_their_digits() {
        let all_pairs = (0..10_000).flat_map(|half| [half, half * 10_000, half * 10_001]);
        for limb in all_pairs.chain([LIMB - 1]) {
            let digits = limb_digits(limb);
            assert_eq!(std::str::from_utf8(&digits).unwrap(), format!("{limb:08}"));
        }
    }

    proptest! {
        #[test]
        fn numbers_when_converted_and_added_then_are_as_big_integers_have_them(
            low in 0..u128::MAX / 4, high in 0..1_000_000_000u64
        ) {
            let limbs = [low as u64, (low >> 64) as u64, high];
            let mut number = Decimal::from_limbs(limbs);
            let mut digits = number.to_digits();
            for _ in 0..3 {
                number.add_two_to_80(&mut digits);
            }
            // The same in binary: three times 2^80.
            let (middle, carry) = limbs[1].overflowing_add(3 << 16);
            let expected = [limbs[0], middle, high + u64::from(carry)];
            prop_assert_eq!(number, Decimal::from_limbs(expected));
            prop_assert_eq!(digits, number.to_digits());
        }
    }
}
