//! The work of verifying, counted for tests by its steps.

use std::cell::Cell;

/// A function whose time depends on what it is given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// A hash of the body or of the canonical request.
    Hash,
    /// The derivation of a signing key.
    Derive,
    /// A signature.
    Sign,
    /// A comparison of signatures.
    Compare,
}

thread_local! {
    static DONE: Cell<[usize; 4]> = const { Cell::new([0; 4]) };
}

/// Counts a step of this thread.
pub(crate) fn note(step: Step) {
    let mut done = DONE.get();
    done[step as usize] += 1;
    DONE.set(done);
}

/// The number of hashes, derivations, signatures and comparisons since the last call.
pub(crate) fn take() -> [usize; 4] {
    DONE.replace([0; 4])
}
