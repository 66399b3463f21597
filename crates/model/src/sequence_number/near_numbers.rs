//! The digits of numbers that share their timestamps, such as those of one call across many shards.
//! The common part is divided into words once; the rest of each number is added.
//!
//! The instruction budgets of PutRecords cover this; `bench/run only shards-batch` measures it.

use super::decimal::{WORD, WORDS, words_of};
use super::{RisingDigits, SequenceNumber};

/// The weight of the counter, and of the shard index's lowest digit, which the number repeats.
const COUNTER: [u32; WORDS] = power_of_two(80);
const NIBBLE: [u32; WORDS] = power_of_two(144);

/// The common part of numbers with the same two timestamps.
#[derive(Clone, Debug)]
pub struct NearNumbers {
    created_s: u64,
    arrival_s: u64,
    /// The words of the number with these timestamps whose shard index and counter are 0.
    words: [u32; WORDS],
}

impl NearNumbers {
    /// The part that is shared with this number.
    pub fn to(number: SequenceNumber) -> Self {
        let shared = SequenceNumber {
            counter: 0,
            shard_index: 0,
            ..number
        };
        Self {
            created_s: number.created_s,
            arrival_s: number.arrival_s,
            words: words_of(shared.to_limbs()),
        }
    }

    /// Sets `digits` to the [`SequenceNumber::rising_digits`] of a number with the same timestamps.
    /// Returns `false` and leaves `digits` alone if the timestamps differ or the counter has more
    /// than 32 bits. Writes in place: copying a result that was just stored in smaller pieces would
    /// defeat store forwarding.
    #[inline]
    pub fn write_to(&self, digits: &mut RisingDigits, number: SequenceNumber) -> bool {
        let is_near = self.created_s == number.created_s && self.arrival_s == number.arrival_s;
        let counter = u32::try_from(number.counter).ok().filter(|_| is_near);
        let Some(counter) = counter.map(u64::from) else {
            return false;
        };
        let nibble = u64::from(number.shard_index & 0xf);
        let mut carry = u64::from(number.shard_index) << 4;
        digits.0.set_words(|at| {
            // Below 2^59, with a counter below 2^32 and words below 2^27.
            let parts = counter * u64::from(COUNTER[at]) + nibble * u64::from(NIBBLE[at]);
            let sum = u64::from(self.words[at]) + parts + carry;
            carry = sum / u64::from(WORD);
            (sum % u64::from(WORD)) as u32
        });
        true
    }
}

/// The words of a power of two.
const fn power_of_two(exponent: u32) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    words[0] = 1;
    let mut doubled = 0;
    while doubled < exponent {
        let (mut at, mut carry) = (0, 0);
        while at < WORDS {
            let sum = words[at] * 2 + carry;
            (words[at], carry) = (sum % WORD, sum / WORD);
            at += 1;
        }
        doubled += 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_of_the_same_seconds_when_written_then_have_the_digits_that_dividing_gives(
            (created_s, arrival_s) in (0..=SequenceNumber::SECOND_MAX, 0..=SequenceNumber::SECOND_MAX),
            of in proptest::collection::vec(
                (prop_oneof![0..10_u64, any::<u32>().prop_map(u64::from)], 0..=i32::MAX as u32), 2),
        ) {
            let number = |(counter, shard_index)| SequenceNumber { created_s, counter, arrival_s, shard_index };
            let near = NearNumbers::to(number(of[0]));
            for of in of {
                let mut digits = RisingDigits::default();
                prop_assert!(near.write_to(&mut digits, number(of)));
                let next = (of.0 + 1, of.1);
                prop_assert_eq!(digits.next_digits(), number(of).to_digits());
                prop_assert_eq!(digits.next_digits(), number(next).to_digits());
            }
        }
    }

    #[test]
    fn number_when_of_another_second_or_very_far_on_then_is_not_near() {
        let number = SequenceNumber {
            created_s: 1_767_225_600,
            counter: 1 << 32,
            arrival_s: 1_767_225_700,
            shard_index: 3,
        };
        let near = NearNumbers::to(number);
        let mut digits = RisingDigits::default();
        assert!(!near.write_to(&mut digits, number));
        let counter = 7;
        let number = SequenceNumber { counter, ..number };
        assert!(near.write_to(&mut digits, number));
        let (created_s, arrival_s) = (number.created_s + 1, number.arrival_s + 1);
        for other in [
            SequenceNumber {
                created_s,
                ..number
            },
            SequenceNumber {
                arrival_s,
                ..number
            },
        ] {
            assert!(!near.write_to(&mut digits, other));
        }
    }
}
