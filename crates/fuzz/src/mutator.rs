//! New inputs of old ones: bytes changed, inserted, removed, repeated, taken from elsewhere.

use fastrand::Rng;

/// Maximum length of an input that has grown.
const BYTES_MAX: usize = 256 * 1024;
/// Maximum number of changes to an input.
const CHANGES_MAX: usize = 8;
/// Maximum length of what is repeated, removed or taken from elsewhere; most are much shorter.
const RUN_BYTES_MAX: usize = 64;
/// What tends to be a border: of signs, of CBOR's lengths, of JSON's texts and numbers.
const BORDERS: [&[u8]; 24] = [
    b"\x00",
    b"\x01",
    b"\x17",
    b"\x18",
    b"\x1b",
    b"\x5f",
    b"\x7f",
    b"\x80",
    b"\x9f",
    b"\xbf",
    b"\xc1",
    b"\xf6",
    b"\xfb",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\"",
    b"\\u0000",
    b"\\ud83d",
    b"{",
    b"[",
    b"null",
    b"-1",
    b"9223372036854775808",
    b"1e999",
];

/// Makes inputs; the same ones for the same seed.
#[derive(Debug)]
pub struct Mutator {
    dice: Rng,
}

impl Mutator {
    /// A mutator that a seed decides.
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Rng::with_seed(seed),
        }
    }

    /// Changes an input out of `pool`, which is not empty, in one to several places.
    pub fn next(&mut self, pool: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.one_of(pool).to_vec();
        for _ in 0..self.dice.usize(1..=CHANGES_MAX) {
            self.change(&mut input, pool);
        }
        input.truncate(BYTES_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, pool: &[Vec<u8>]) {
        let at = self.dice.usize(..=input.len());
        let run = self.run_in(input.len() - at);
        match self.dice.u8(..10) {
            0 | 1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << self.dice.u8(..8);
                }
            }
            2 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = self.dice.u8(..);
                }
            }
            3 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = byte.wrapping_add(self.dice.u8(..9)).wrapping_sub(4);
                }
            }
            4 => drop(input.drain(at..at + run)),
            5 => {
                let repeated = input[at..at + run].to_vec();
                let _ = input.splice(at..at, repeated);
            }
            6 => {
                let border = BORDERS[self.dice.usize(..BORDERS.len())];
                let _ = input.splice(at..at, border.iter().copied());
            }
            7 => {
                let border = BORDERS[self.dice.usize(..BORDERS.len())];
                let end = input.len().min(at + border.len());
                let _ = input.splice(at..end, border.iter().copied());
            }
            8 => {
                let other = self.one_of(pool);
                let from = self.dice.usize(..=other.len());
                let taken = self.run_in(other.len() - from);
                let other = other[from..from + taken].to_vec();
                let _ = input.splice(at..at + run, other);
            }
            _ => self.cross(input, at, pool),
        }
    }

    /// Goes on with the end of another input.
    fn cross(&mut self, input: &mut Vec<u8>, at: usize, pool: &[Vec<u8>]) {
        if self.dice.u8(..4) != 0 {
            return;
        }
        input.truncate(at);
        let other = self.one_of(pool);
        let from = self.dice.usize(..=other.len());
        input.extend_from_slice(&other[from..]);
    }

    fn run_in(&mut self, most: usize) -> usize {
        let most = most.min(RUN_BYTES_MAX);
        let first = self.dice.usize(..=most);
        self.dice.usize(..=first)
    }

    fn one_of<'p>(&mut self, pool: &'p [Vec<u8>]) -> &'p [u8] {
        &pool[self.dice.usize(..pool.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_when_made_with_one_seed_then_are_the_same_and_soon_all_differ() {
        let pool = [b"{\"a\":1}".to_vec(), Vec::new()];
        let make = |seed| -> Vec<Vec<u8>> {
            let mut mutator = Mutator::new(seed);
            (0..100).map(|_| mutator.next(&pool)).collect()
        };
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
        let distinct: std::collections::BTreeSet<_> = make(1).into_iter().collect();
        assert!(distinct.len() > 70, "{}", distinct.len());
    }
}
