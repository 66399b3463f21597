//! JSON on one line, in visible ASCII alone: whatever a client sends, a line stays one line, and a
//! terminal shows it as it is.

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;
use std::io::{self, Write};

/// Writes JSON; `None` if it has more than `bytes_max` bytes.
pub(super) fn to_line(value: &impl Serialize, bytes_max: usize) -> Option<Vec<u8>> {
    let mut bounded = Bounded {
        bytes: Vec::new(),
        bytes_max,
    };
    let mut serializer = Serializer::with_formatter(&mut bounded, Ascii);
    // Nothing else can fail: keys are texts.
    value.serialize(&mut serializer).ok()?;
    Some(bounded.bytes)
}

/// Escapes everything that is not visible ASCII: what JSON demands is escaped before this sees it.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(start) = rest.find(|letter| !is_shown(letter)) {
            let (shown, escaped) = rest.split_at(start);
            writer.write_all(shown.as_bytes())?;
            let mut letters = escaped.chars();
            for unit in letters
                .next()
                .map(|letter| letter.encode_utf16(&mut [0; 2]).to_vec())
                .unwrap_or_default()
            {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = letters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

fn is_shown(letter: char) -> bool {
    (' '..='~').contains(&letter)
}

/// Bytes up to a limit.
struct Bounded {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.bytes_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_when_it_has_line_breaks_and_escapes_of_terminals_then_stays_a_line_of_ascii() {
        let text = "a\n\r\t\0\u{1b}[31m\u{7f}\u{85}\u{9b}\u{2028}\u{2029}\u{202e}\u{feff}é😀\"\\~";
        let line = to_line(&text, 1000).unwrap();
        assert!(line.iter().all(|byte| (b' '..=b'~').contains(byte)));
        let expected = r#""a\n\r\t\u0000\u001b[31m\u007f\u0085\u009b\u2028\u2029\u202e\ufeff"#;
        let expected = format!(r#"{expected}\u00e9\ud83d\ude00\"\\~""#);
        assert_eq!(std::str::from_utf8(&line).unwrap(), expected);
        assert_eq!(serde_json::from_slice::<String>(&line).unwrap(), text);
    }

    #[test]
    fn line_when_too_long_then_is_none() {
        assert!(to_line(&"abc", 5).is_some());
        assert!(to_line(&"abc", 4).is_none());
    }
}
