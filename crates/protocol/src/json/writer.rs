//! The writer of compact JSON: without whitespace, because a client searches the bytes for
//! `"FailedRecordCount":0`.

use super::escape;
use crate::writer::Writer;
use crate::{Timestamp, base64};

/// Number of bytes that escapes add to a text; `None` if it is not text.
pub fn escapes_bytes(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?;
    Some(escaped(text).len() - text.len())
}

/// Escaped text, without quotes.
pub fn escaped(text: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    JsonWriter::new(&mut escaped).escaped(text);
    escaped
}

/// A writer that appends JSON to a body.
pub struct JsonWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Whether a value precedes, so that the next one needs a comma.
    follows: bool,
}

impl<'a> JsonWriter<'a> {
    /// Appends to `out`, whatever it contains.
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            follows: false,
        }
    }

    #[inline]
    fn open(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.follows = false;
    }

    #[inline]
    fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.follows = true;
    }

    #[inline]
    fn scalar(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
        self.follows = true;
    }

    #[inline]
    fn string(&mut self, text: &[u8]) {
        self.out.push(b'"');
        if escape::is_plain(text) {
            self.out.extend_from_slice(text);
        } else {
            self.escaped(text);
        }
        self.out.push(b'"');
        self.follows = true;
    }

    /// Writes escaped text, without quotes.
    #[cold]
    fn escaped(&mut self, text: &[u8]) {
        let mut rest = text;
        while let Some(at) = escape::first(rest) {
            self.out.extend_from_slice(&rest[..at]);
            self.escape(rest[at]);
            rest = &rest[at + 1..];
        }
        self.out.extend_from_slice(rest);
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

impl Writer for JsonWriter<'_> {
    type Part<'p> = JsonWriter<'p>;

    fn part(out: &mut Vec<u8>) -> JsonWriter<'_> {
        JsonWriter::new(out)
    }

    #[inline]
    fn copy(&mut self, part: &[u8]) -> &mut [u8] {
        let start = self.out.len();
        self.out.extend_from_slice(part);
        &mut self.out[start..]
    }

    #[inline]
    fn begin_map(&mut self) {
        self.open(b'{');
    }

    #[inline]
    fn key(&mut self, name: &str) {
        self.item();
        self.string(name.as_bytes());
        self.out.push(b':');
    }

    #[inline]
    fn member(&mut self, name: &'static str) {
        self.item();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    #[inline]
    fn end_map(&mut self) {
        self.close(b'}');
    }

    #[inline]
    fn begin_list(&mut self) {
        self.open(b'[');
    }

    #[inline]
    fn item(&mut self) {
        if self.follows {
            self.out.push(b',');
        }
    }

    #[inline]
    fn end_list(&mut self) {
        self.close(b']');
    }

    #[inline]
    fn utf8(&mut self, text: &[u8]) {
        self.string(text);
    }

    #[inline]
    fn integer(&mut self, value: i64) {
        self.scalar(itoa::Buffer::new().format(value).as_bytes());
    }

    #[inline]
    fn boolean(&mut self, value: bool) {
        self.scalar(if value { b"true" } else { b"false" });
    }

    #[inline]
    fn blob(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        base64::append(bytes, self.out);
        self.out.push(b'"');
        self.follows = true;
    }

    /// Seconds with at least one decimal, so that every client parses them as a fraction:
    /// `1700000001.456`, `1700000001.0`.
    fn timestamp(&mut self, instant: Timestamp) {
        let millis = instant.0.unsigned_abs();
        if instant.0 < 0 {
            self.out.push(b'-');
        }
        self.scalar(itoa::Buffer::new().format(millis / 1000).as_bytes());
        let digit = |place: u64| b'0' + (millis / place % 10) as u8;
        let fraction = [b'.', digit(100), digit(10), digit(1)];
        let significant = match millis % 1000 {
            rest if rest % 100 == 0 => 2,
            rest if rest % 10 == 0 => 3,
            _ => 4,
        };
        self.scalar(&fraction[..significant]);
    }
}
