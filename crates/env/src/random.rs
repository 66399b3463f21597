//! Randomness: the operating system's for the real world, a seeded one for tests.

use std::sync::Mutex;

/// A source of random bytes.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes`. The real source is fit for keys and nonces.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's random bytes.
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the door to real randomness"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system always has random bytes");
    }
}

/// The same bytes for the same seed. Never for keys of a real server.
pub struct SeededRandom {
    state: Mutex<fastrand::Rng>,
}

impl SeededRandom {
    /// A source that this seed alone decides.
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
