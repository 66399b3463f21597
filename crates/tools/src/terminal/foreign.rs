//! Text of others, as in records: a terminal must not obey it.

use std::borrow::Cow;

/// What a terminal may be given of these bytes: control characters but tabs and line ends are shown
/// as escapes, and what is no text as U+FFFD.
pub(super) fn harmless(bytes: &[u8]) -> Cow<'_, [u8]> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    if bytes.iter().all(is_plain) {
        return Cow::Borrowed(bytes);
    }
    let text = String::from_utf8_lossy(bytes);
    let shown = escaped(&text, |c| c.is_control() && c != '\n' && c != '\t');
    Cow::Owned(shown.into_bytes())
}

/// A text on one line, without control characters.
pub(super) fn line_of(text: &str) -> String {
    escaped(text, char::is_control)
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match is_escaped(c) {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_when_a_terminal_would_obey_it_then_is_escaped() {
        for (bytes, expected) in [
            (&b"a b\tc\n"[..], "a b\tc\n"),
            ("größer".as_bytes(), "größer"),
            (b"\x1b]0;title\x07", "\\u{1b}]0;title\\u{7}"),
            ("\u{9b}2J\r".as_bytes(), "\\u{9b}2J\\r"),
            (b"\xff", "\u{fffd}"),
        ] {
            assert_eq!(harmless(bytes), expected.as_bytes());
        }
        assert_eq!(line_of("a\tb\n"), "a\\tb\\n");
    }
}
