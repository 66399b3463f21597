//! The writer of requests as botocore writes them: a space after each colon and comma, ASCII only,
//! instants as Python prints a number.
//!
//! A client whose requests equal boto3's byte for byte can be compared with it by their bytes.

use super::JsonWriter;
use crate::Timestamp;
use crate::writer::Writer;

/// A writer that appends a request in JSON.
pub struct RequestWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Whether a value precedes, so that the next one needs a comma.
    follows: bool,
}

impl<'a> RequestWriter<'a> {
    /// Appends to `out`, whatever it contains.
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self {
            out,
            follows: false,
        }
    }

    /// Writes a value that has no spaces and is ASCII whoever writes it.
    fn scalar(&mut self, write: impl FnOnce(&mut JsonWriter<'_>)) {
        write(&mut JsonWriter::new(self.out));
        self.follows = true;
    }

    fn string(&mut self, text: &str) {
        self.out.push(b'"');
        for character in text.chars() {
            match character {
                '"' | '\\' => self.out.extend_from_slice(&[b'\\', character as u8]),
                '\n' => self.out.extend_from_slice(b"\\n"),
                '\r' => self.out.extend_from_slice(b"\\r"),
                '\t' => self.out.extend_from_slice(b"\\t"),
                '\u{8}' => self.out.extend_from_slice(b"\\b"),
                '\u{c}' => self.out.extend_from_slice(b"\\f"),
                ' '..='~' => self.out.push(character as u8),
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        self.out
                            .extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                    }
                }
            }
        }
        self.out.push(b'"');
        self.follows = true;
    }
}

impl Writer for RequestWriter<'_> {
    type Part<'p> = RequestWriter<'p>;

    fn part(out: &mut Vec<u8>) -> RequestWriter<'_> {
        RequestWriter::new(out)
    }

    fn copy(&mut self, part: &[u8]) -> &mut [u8] {
        let start = self.out.len();
        self.out.extend_from_slice(part);
        &mut self.out[start..]
    }

    fn begin_map(&mut self) {
        self.out.push(b'{');
        self.follows = false;
    }

    fn key(&mut self, name: &str) {
        self.item();
        self.string(name);
        self.out.extend_from_slice(b": ");
    }

    fn member(&mut self, name: &'static str) {
        self.key(name);
    }

    fn end_map(&mut self) {
        self.out.push(b'}');
        self.follows = true;
    }

    fn begin_list(&mut self) {
        self.out.push(b'[');
        self.follows = false;
    }

    fn item(&mut self) {
        if self.follows {
            self.out.extend_from_slice(b", ");
        }
    }

    fn end_list(&mut self) {
        self.out.push(b']');
        self.follows = true;
    }

    fn utf8(&mut self, text: &[u8]) {
        self.string(&String::from_utf8_lossy(text));
    }

    fn integer(&mut self, value: i64) {
        self.scalar(|writer| writer.integer(value));
    }

    fn boolean(&mut self, value: bool) {
        self.scalar(|writer| writer.boolean(value));
    }

    fn blob(&mut self, bytes: &[u8]) {
        self.scalar(|writer| writer.blob(bytes));
    }

    /// Whole seconds without a fraction.
    fn timestamp(&mut self, instant: Timestamp) {
        if instant.0 % 1000 == 0 {
            self.integer(instant.0 / 1000);
        } else {
            self.scalar(|writer| writer.timestamp(instant));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_when_of_a_request_then_are_written_as_python_writes_them() {
        let mut out = Vec::new();
        let mut writer = RequestWriter::new(&mut out);
        writer.begin_map();
        writer.member("Text");
        writer.text("\u{e4}\"\\/<\u{7f}\u{8}\u{c}\n\u{1}\u{2028}\u{1f600}x");
        writer.member("Data");
        writer.blob(b"ab\xff");
        writer.member("List");
        writer.begin_list();
        for instant in [1_704_070_923_000, 1_704_070_923_456, 500, -1500, 0] {
            writer.item();
            writer.timestamp(Timestamp(instant));
        }
        writer.end_list();
        writer.member("Map");
        writer.begin_map();
        writer.end_map();
        writer.member("Limit");
        writer.integer(-7);
        writer.member("DryRun");
        writer.boolean(true);
        writer.end_map();
        // What `json.dumps` prints for these values.
        let expected = concat!(
            r#"{"Text": "\u00e4\"\\/<\u007f\b\f\n\u0001\u2028\ud83d\ude00x", "Data": "YWL/", "#,
            r#""List": [1704070923, 1704070923.456, 0.5, -1.5, 0], "Map": {}, "Limit": -7, "#,
            r#""DryRun": true}"#
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
