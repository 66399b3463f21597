//! JSON as AWS JSON 1.1 uses it: blobs in base64, instants as seconds with a fraction.
//!
//! Hand-written, because decoding is on the hot path, and because it is part of the protocol which
//! invalid input is rejected in which way. It has no tree and no options.

mod escape;
mod reader;
mod request_writer;
mod writer;

pub use escape::Special;
pub use reader::JsonReader;
pub use request_writer::RequestWriter;
pub use writer::{JsonWriter, escaped, escapes_bytes};

#[cfg(test)]
mod tests;
