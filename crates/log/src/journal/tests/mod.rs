//! The journal as a whole: the conformance suite, and what is particular to it.

mod conforming;
mod damage;
mod faults;
mod formats;
mod harness;
mod model;
mod recovery;
mod room;
