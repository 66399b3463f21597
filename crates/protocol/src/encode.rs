//! Typed encoding: from Rust values into a writer. It checks nothing: the server's own responses
//! are right by construction, and a client's requests are validated by the server.

use std::collections::BTreeMap;

use crate::writer::Writer;
use crate::{Blob, Timestamp};

/// A type that can be encoded.
pub trait Encode {
    /// Appends the value.
    fn encode<W: Writer>(&self, writer: &mut W);

    /// A size estimate, for reserving capacity.
    fn bytes_expected(&self) -> usize {
        BYTES_EXPECTED
    }
}

/// The default: enough for most responses.
const BYTES_EXPECTED: usize = 256;

impl Encode for String {
    fn encode<W: Writer>(&self, writer: &mut W) {
        writer.text(self);
    }
}

impl Encode for i32 {
    fn encode<W: Writer>(&self, writer: &mut W) {
        writer.integer((*self).into());
    }
}

impl Encode for i64 {
    fn encode<W: Writer>(&self, writer: &mut W) {
        writer.integer(*self);
    }
}

impl Encode for bool {
    fn encode<W: Writer>(&self, writer: &mut W) {
        writer.boolean(*self);
    }
}

impl Encode for Timestamp {
    fn encode<W: Writer>(&self, writer: &mut W) {
        writer.timestamp(*self);
    }
}

impl Encode for Blob {
    fn encode<W: Writer>(&self, writer: &mut W) {
        writer.blob(self);
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode<W: Writer>(&self, writer: &mut W) {
        writer.begin_list();
        for element in self {
            writer.item();
            element.encode(writer);
        }
        writer.end_list();
    }
}

impl Encode for BTreeMap<String, String> {
    fn encode<W: Writer>(&self, writer: &mut W) {
        writer.begin_map();
        for (key, value) in self {
            writer.key(key);
            writer.text(value);
        }
        writer.end_map();
    }
}
