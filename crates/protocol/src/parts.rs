//! Parts of the protocols' bytes, for code that reads or writes bodies by other means than typed
//! values.
//!
//! [`crate::encode`] appends to a vector. An encoder that knows how long its output will be, or
//! copies what many records have in common, writes into room of its own, and takes the parts from
//! here. Nothing is checked: such an encoder's tests hold its output against [`crate::encode`].
//!
//! [`crate::decode`] says only that something is wrong. Whoever wants to know what reads the body
//! again with one of the readers, along its shape.

use crate::Protocol;

pub use crate::base64::{
    decode as read_base64, encode as write_base64, text_bytes as base64_bytes,
};
pub use crate::cbor::{
    CborReader, CborWriter, HEAD_BYTES_MAX, string_head_bytes, write_bytes_head, write_text_head,
};
pub use crate::json::{JsonReader, JsonWriter, Special, escaped, escapes_bytes};

/// The offset of the value of `Records` in a structure whose first member it is.
pub fn records_at(protocol: Protocol) -> usize {
    match protocol {
        Protocol::Json => r#"{"Records":"#.len(),
        Protocol::Cbor => b"\xbf\x67Records".len(),
    }
}
