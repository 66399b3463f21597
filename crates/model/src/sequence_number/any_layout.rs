//! Sequence numbers of every layout that AWS ever used, as far as a request with one is judged.
//!
//! This server issues only the newest, which [`SequenceNumber`] parses exactly. Clients may hold
//! older ones; AWS tells a foreign number from no number at all, and so must whoever answers them.

use super::{Decimal, SequenceNumber, SequenceNumberError, parse_limbs};
use std::fmt;

/// A layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Below 2^129; its lowest 16 bits are the shard. Its creation second is at most
    /// [`SequenceNumber::SECOND_MAX`].
    Oldest,
    /// 186 bits of version 1.
    First,
    /// 186 bits of version 2, the one that is issued today.
    Second,
}

/// What a number of any layout says. Displayed as AWS prints it, which in the oldest layout is not
/// as it was given: bit 124 is set, and none above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnyNumber {
    /// Its layout.
    pub layout: Layout,
    /// The second in which its shard was created, of 36 bits.
    pub created_s: u64,
    /// The second in which its record arrived, where the layout has it.
    pub arrival_s: Option<u64>,
    /// Its shard's index. The newer layouts have 32 bits for it, which AWS takes as signed.
    pub shard_index: i32,
    /// The digits to print, as 64-bit limbs, the lowest first.
    printed: [u64; 3],
}

/// The highest bit that AWS prints of a number of the oldest layout, in its middle limb.
const OLDEST_TOP: u64 = 1 << (124 - 64);

impl AnyNumber {
    /// Parses a decimal number.
    ///
    /// # Errors
    /// If it fits no layout.
    pub fn parse(text: &str) -> Result<Self, SequenceNumberError> {
        let limbs = parse_limbs(text)?;
        Self::from_limbs(limbs).ok_or(SequenceNumberError::OutOfRange)
    }

    fn from_limbs(limbs: [u64; 3]) -> Option<Self> {
        let [low, middle, high] = limbs;
        if high >> 1 == 0 {
            let created_s = bits(limbs, 88, 36);
            return (created_s <= SequenceNumber::SECOND_MAX).then_some(Self {
                layout: Layout::Oldest,
                created_s,
                arrival_s: None,
                shard_index: (low & 0xffff) as i32,
                printed: [low, middle & (OLDEST_TOP - 1) | OLDEST_TOP, 0],
            });
        }
        if high >> 56 != super::TOP_DIGIT {
            return None;
        }
        let (layout, arrival_s) = match low & 0xf {
            1 => (Layout::First, bits(limbs, 100, 36)),
            2 if bits(limbs, 80, 64) <= SequenceNumber::COUNTER_CLOSED => {
                (Layout::Second, bits(limbs, 36, 36))
            }
            _ => return None,
        };
        Some(Self {
            layout,
            created_s: bits(limbs, 148, 36),
            arrival_s: Some(arrival_s),
            shard_index: bits(limbs, 4, 32) as u32 as i32,
            printed: limbs,
        })
    }
}

impl fmt::Display for AnyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = Decimal::from_limbs(self.printed).to_digits();
        let text = std::str::from_utf8(&digits).expect("digits are ASCII");
        // Every layout has a bit that is set, so some digit remains.
        f.pad(text.trim_start_matches('0'))
    }
}

/// `count` bits of a number, from bit `from` upwards.
fn bits(limbs: [u64; 3], from: usize, count: u32) -> u64 {
    let (limb, shift) = (from / 64, from % 64);
    let low = limbs[limb] >> shift;
    let next = limbs.get(limb + 1).copied().unwrap_or(0);
    let high = if shift == 0 { 0 } else { next << (64 - shift) };
    let mask = u64::MAX >> (64 - count);
    (low | high) & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest second of 36 bits.
    const SECONDS: u64 = (1 << 36) - 1;

    /// Layout, creation second, arrival second and shard.
    type Fields = (Layout, u64, Option<u64>, i32);

    fn number(layout: Layout, created_s: u64, arrival_s: Option<u64>, shard: i32) -> Fields {
        (layout, created_s, arrival_s, shard)
    }

    fn parsed(text: &str) -> Result<Fields, SequenceNumberError> {
        let number = AnyNumber::parse(text)?;
        let AnyNumber {
            layout,
            created_s,
            arrival_s,
            shard_index,
            printed: _,
        } = number;
        Ok((layout, created_s, arrival_s, shard_index))
    }

    /// Numbers that AWS was sent, and what it made of them.
    #[test]
    fn numbers_when_of_any_layout_then_say_their_shard_and_their_seconds() {
        for (text, expected) in [
            ("0", number(Layout::Oldest, 0, None, 0)),
            ("5", number(Layout::Oldest, 0, None, 5)),
            (
                "425352958651173072921826052383309826",
                number(Layout::Oldest, 1_374_389_534, None, 2),
            ),
            (
                "26227199374821822965252748908982894592",
                number(Layout::Oldest, SequenceNumber::SECOND_MAX, None, 0),
            ),
            (
                "49537979178794861780081237450294896636708704732336619521",
                number(Layout::First, 1_396_034_826, Some(1_396_035_379), 0),
            ),
            (
                "49590338271490256608559692538361571095921575989136588898",
                number(Layout::Second, 1_542_776_258, Some(1_545_084_650), 6),
            ),
            (
                // All bits that a number of version 1 can have.
                "73559785961562665201200657303214840813699477864812904433",
                number(Layout::First, SECONDS, Some(SECONDS), -1),
            ),
            (
                // The same of version 2, with an arrival second of zero.
                "73559785961551514828601391991642864028743539089244946418",
                number(Layout::Second, SECONDS, Some(0), i32::MAX),
            ),
            (
                // 2 << 184, 8 << 32 in the shard's bits, version 2.
                "49039857307708443467467104868809893875799651944235008002",
                number(Layout::Second, 0, Some(0), i32::MIN),
            ),
        ] {
            assert_eq!(parsed(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn numbers_when_of_no_layout_then_are_none() {
        let two_to_185 = "49039857307708443467467104868809893875799651909875269632";
        for text in [
            two_to_185,
            // Version 3; the top digit 3; the highest bit of the counter.
            "49039857307708443467467104868809893875799651909875269635",
            "73559785961562665201200657303214840813699477864812904450",
            "49039857307719593840066370180380661734935976090628259842",
            // Its creation second is 16025175000, the first that this layout does not take.
            "26227199374822427428162556223570313216",
            "680564733841876926926749214863536422911",
            "680564733841876926926749214863536422912",
        ] {
            let expected = Err(SequenceNumberError::OutOfRange);
            assert_eq!(parsed(text), expected, "{text}");
        }
        for text in ["", "01", "1x", "-1"] {
            let expected = Err(SequenceNumberError::NotANumber);
            assert_eq!(parsed(text), expected, "{text}");
        }
    }

    /// Numbers that AWS was sent, and how it printed them.
    #[test]
    fn numbers_when_printed_then_are_as_aws_has_them() {
        for (given, printed) in [
            ("0", "21267647932558653966460912964485513216"),
            ("65536", "21267647932558653966460912964485578752"),
            (
                "425352958651173072921826052383309826",
                "21693000891209827039382739016868823042",
            ),
            (
                "323974270430642978495705530411780079616",
                "26227199374821822965252748908982894592",
            ),
        ] {
            assert_eq!(AnyNumber::parse(given).unwrap().to_string(), printed);
            assert_eq!(AnyNumber::parse(printed).unwrap().to_string(), printed);
        }
        for newer in [
            "49537979178794861780081237450294896636708704732336619521",
            "49590338271490256608559692538361571095921575989136588898",
        ] {
            assert_eq!(AnyNumber::parse(newer).unwrap().to_string(), newer);
        }
    }

    #[test]
    fn number_when_issued_here_then_says_the_same_in_both_readings() {
        let issued = SequenceNumber {
            created_s: 1_767_225_600,
            counter: 77,
            arrival_s: 1_767_225_999,
            shard_index: 300,
        };
        let expected = number(
            Layout::Second,
            issued.created_s,
            Some(issued.arrival_s),
            300,
        );
        assert_eq!(parsed(&issued.to_string()), Ok(expected));
    }
}
