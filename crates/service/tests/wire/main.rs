//! What is on the wire, judged by AWS's service model: requests of every shape, right and wrong, in
//! JSON and in CBOR.
//!
//! Nothing here is taken from our own shapes or from the code that explains refusals. What is to be
//! answered is computed from botocore's model.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod alike;
mod caller;
mod cases;
mod corners;
mod judged;
mod model;
mod sequence_numbers;
mod sound;
mod value;
mod verdict;
