//! A map keyed by log, for lookups at every batch.
//!
//! Its hash is a multiplication: ids are issued by us, so clients cannot choose colliding ones, and
//! it is not randomized, so that runs are reproducible. Iteration order is unspecified; sort where
//! it matters.

use log::store::LogId;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map keyed by log.
pub(crate) type LogMap<V> = HashMap<LogId, V, BuildHasherDefault<IdHasher>>;

/// A hasher for the numbers of an id.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

/// 2^64 divided by the golden ratio: spreads consecutive ids (Fibonacci hashing).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(SPREAD);
    }

    fn finish(&self) -> u64 {
        // The map uses the lowest bits first, and the product's entropy is in the highest.
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::hash::{BuildHasher, Hash};

    #[test]
    fn neighbours_when_hashed_then_hardly_share_a_place() {
        let hashes = BuildHasherDefault::<IdHasher>::default();
        let place = |group, index| hashes.hash_one(LogId { group, index }) & 0xffff;
        for group in [0, 1, 7, 1 << 40] {
            let places: BTreeSet<u64> = (0..10_000).map(|index| place(group, index)).collect();
            assert!(places.len() > 8_000, "{} of 10000", places.len());
        }
        let by_bytes = |bytes: &[u8]| {
            let mut hasher = IdHasher::default();
            bytes.hash(&mut hasher);
            hasher.finish()
        };
        assert_ne!(by_bytes(b"ab"), by_bytes(b"ba"));
    }
}
