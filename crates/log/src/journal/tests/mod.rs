//! The journal as a whole: the conformance suite, and what is particular to it.

mod conforming;
mod harness;
