//! Fuzzing: a function for each kind of bytes that come from outside, inputs known to be
//! interesting, and a runner that makes further ones of them.
//!
//! A target takes any bytes and panics if something is wrong: code that must not panic does, or
//! what must hold of the result does not. Its corpus is a folder of files, each named by a hash of
//! its content; an input that fails is made small and put there, so that it is tried first from
//! then on.
//!
//! Nothing here measures what code an input reaches: these are property runs. `guided` beside it
//! calls the same targets and does measure it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod corpus;
mod mutator;
mod runner;
mod targets;

pub use corpus::Corpus;
pub use mutator::Mutator;
pub use runner::{Budget, fuzz, smaller};
pub use targets::{TARGETS, Target};
