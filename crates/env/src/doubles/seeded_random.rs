//! Randomness that a seed decides.

use crate::Random;
use std::sync::Mutex;

/// A deterministic source: the same bytes for the same seed. Never for a real server's keys.
pub struct SeededRandom {
    state: Mutex<fastrand::Rng>,
}

impl SeededRandom {
    /// A source determined by this seed alone.
    pub fn new(seed: u64) -> Self {
        Self {
            state: Mutex::new(fastrand::Rng::with_seed(seed)),
        }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.state
            .lock()
            .expect("no code panics while it holds the generator")
            .fill(bytes);
    }
}
