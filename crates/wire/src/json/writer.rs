//! The writer of compact JSON: no blanks anywhere, because a client looks for
//! `"FailedRecordCount":0` byte by byte.

use crate::writer::Writer;
use crate::{Timestamp, base64};

/// Appends JSON to a body.
pub(crate) struct JsonWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Whether a value stands before, so that the next one needs a comma.
    follows: bool,
}

impl<'a> JsonWriter<'a> {
    /// Appends to `out`, whatever is in it already.
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            follows: false,
        }
    }

    fn open(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.follows = false;
    }

    fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.follows = true;
    }

    fn scalar(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
        self.follows = true;
    }

    fn string(&mut self, text: &str) {
        self.out.push(b'"');
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|byte| needs_escape(*byte)) {
            self.out.extend_from_slice(&rest[..at]);
            self.escape(rest[at]);
            rest = &rest[at + 1..];
        }
        self.out.extend_from_slice(rest);
        self.out.push(b'"');
        self.follows = true;
    }

    fn escape(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        match byte {
            b'"' | b'\\' => self.out.extend_from_slice(&[b'\\', byte]),
            b'\n' => self.out.extend_from_slice(b"\\n"),
            b'\r' => self.out.extend_from_slice(b"\\r"),
            b'\t' => self.out.extend_from_slice(b"\\t"),
            _ => {
                let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                self.out.extend_from_slice(b"\\u00");
                self.out.extend_from_slice(&digits);
            }
        }
    }
}

fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

impl Writer for JsonWriter<'_> {
    fn begin_map(&mut self) {
        self.open(b'{');
    }

    fn key(&mut self, name: &str) {
        self.item();
        self.string(name);
        self.out.push(b':');
    }

    fn end_map(&mut self) {
        self.close(b'}');
    }

    fn begin_list(&mut self) {
        self.open(b'[');
    }

    fn item(&mut self) {
        if self.follows {
            self.out.push(b',');
        }
    }

    fn end_list(&mut self) {
        self.close(b']');
    }

    fn text(&mut self, text: &str) {
        self.string(text);
    }

    fn integer(&mut self, value: i64) {
        self.scalar(itoa::Buffer::new().format(value).as_bytes());
    }

    fn boolean(&mut self, value: bool) {
        self.scalar(if value { b"true" } else { b"false" });
    }

    fn blob(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        base64::encode(bytes, self.out);
        self.out.push(b'"');
        self.follows = true;
    }

    /// Seconds with as many decimals as are needed and at least one, so that every client takes it
    /// for a fraction: `1700000001.456`, `1700000001.0`.
    fn timestamp(&mut self, instant: Timestamp) {
        let millis = instant.0.unsigned_abs();
        if instant.0 < 0 {
            self.out.push(b'-');
        }
        self.scalar(itoa::Buffer::new().format(millis / 1000).as_bytes());
        let fraction = format!(".{:03}", millis % 1000);
        let significant = fraction.trim_end_matches('0').len().max(2);
        self.scalar(&fraction.as_bytes()[..significant]);
    }
}
