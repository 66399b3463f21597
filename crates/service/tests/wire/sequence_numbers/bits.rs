//! Numbers by their bits, and their decimal digits: arithmetic of its own, independent of the code
//! under test.

/// A number by its bits, the lowest first.
#[derive(Clone, Debug)]
pub struct Bits(pub Vec<bool>);

impl Bits {
    /// Puts fields side by side, each a value and how many bits it has, the lowest first.
    pub fn of(fields: &[(u64, usize)]) -> Self {
        let bits = |(value, count): &(u64, usize)| {
            let value = *value;
            (0..*count).map(move |bit| value >> bit & 1 == 1)
        };
        Self(fields.iter().flat_map(bits).collect())
    }

    pub fn field(&self, from: usize, count: usize) -> u64 {
        let bits = (from..from + count).rev();
        bits.fold(0, |value, bit| {
            value << 1 | u64::from(self.0.get(bit) == Some(&true))
        })
    }

    pub fn is_below_two_to(&self, bit: usize) -> bool {
        !self.0.iter().skip(bit).any(|is_set| *is_set)
    }

    /// Adds the bits up, digit by digit.
    pub fn to_decimal(&self) -> String {
        let mut digits = vec![0];
        for bit in self.0.iter().rev() {
            let mut carry = u8::from(*bit);
            for digit in &mut digits {
                let value = *digit * 2 + carry;
                (*digit, carry) = (value % 10, value / 10);
            }
            if carry > 0 {
                digits.push(carry);
            }
        }
        let digits = digits.iter().rev();
        digits.map(|digit| char::from(b'0' + digit)).collect()
    }

    /// The bits of the newest layout.
    pub fn newest(created_s: u64, counter: u64, arrival_s: u64, shard: u64) -> Self {
        let low = [(2, 4), (shard, 32), (arrival_s, 36), (0, 8)];
        let high = [(counter, 64), (shard & 15, 4), (created_s, 36), (2, 2)];
        Self::of(&[low, high].concat())
    }
}
