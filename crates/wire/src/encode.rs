//! Typed encoding: from Rust values into a writer. It checks nothing: the server's own answers are
//! right by construction, and a client's requests are the server's to judge.

use std::collections::BTreeMap;

use crate::writer::Writer;
use crate::{Blob, Timestamp};

/// A value that can be written.
pub trait Encode {
    /// Appends the value.
    fn encode<W: Writer>(&self, writer: &mut W);

    /// About how many bytes it takes: so much room is made ahead.
    fn bytes_expected(&self) -> usize {
        BYTES_EXPECTED
    }
}

/// Most answers fit.
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
