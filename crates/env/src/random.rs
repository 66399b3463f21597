//! Randomness, and the operating system's.

/// A source of random bytes.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes`. The real source is cryptographically secure.
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
