//! CBOR (RFC 8949) as AWS CBOR 1.1 uses it: blobs as byte strings, instants as tag 1 with an
//! integer number of milliseconds.
//!
//! It reads definite and indefinite lengths and numbers of any width, and writes lists and maps of
//! indefinite length, as AWS does.

mod reader;
mod writer;

pub use reader::CborReader;
pub use writer::{
    CborWriter, HEAD_BYTES_MAX, string_head_bytes, write_bytes_head, write_text_head,
};

/// The major types, the upper three bits of an item's first byte.
mod major {
    pub(super) const UNSIGNED: u8 = 0;
    pub(super) const NEGATIVE: u8 = 1;
    pub(super) const BYTES: u8 = 2;
    pub(super) const TEXT: u8 = 3;
    pub(super) const LIST: u8 = 4;
    pub(super) const MAP: u8 = 5;
    pub(super) const TAG: u8 = 6;
    pub(super) const SIMPLE: u8 = 7;
}

/// The end of a list, map or string of indefinite length.
const BREAK: u8 = 0xff;
/// The tag of an instant.
const EPOCH: u64 = 1;
/// The tags of an integer beyond 64 bits, whose size is in a byte string: one that is not negative,
/// and one that is -1 minus its size.
const BIG: u64 = 2;
const BIG_NEGATIVE: u64 = 3;

#[cfg(test)]
mod tests;
