//! Keeps a line of the log one line: what a client, a file or a library puts into it can neither
//! begin another line nor drive the terminal of who reads it.
//!
//! It is applied to whole lines, whatever wrote them, so no call site has to think of it. What it
//! writes instead is also right within a text of JSON.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether lines have colors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colors {
    /// No sequence for a terminal is let through.
    #[default]
    Without,
    /// Sequences that change colors are.
    With,
}

/// The line, with everything escaped that is neither shown nor its end.
pub fn one_line(line: &[u8], colors: Colors) -> Cow<'_, [u8]> {
    let (text, end) = match line.strip_suffix(b"\n") {
        Some(text) => (text, "\n"),
        None => (line, ""),
    };
    if text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        return Cow::Borrowed(line);
    }
    let text = String::from_utf8_lossy(text);
    let mut escaped = String::with_capacity(line.len());
    let mut rest = &*text;
    while let Some(letter) = rest.chars().next() {
        let length = match color(rest).filter(|_| colors == Colors::With) {
            Some(sequence) => {
                escaped.push_str(sequence);
                sequence.len()
            }
            None => {
                push(&mut escaped, letter);
                letter.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    escaped.push_str(end);
    Cow::Owned(escaped.into_bytes())
}

/// The sequence that changes colors at the beginning of a text: `ESC [`, digits, `m`.
fn color(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("\u{1b}[")?;
    let end = digits.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    digits[end..].starts_with('m').then(|| &text[..end + 3])
}

fn push(to: &mut String, letter: char) {
    match letter {
        '\n' => to.push_str("\\n"),
        '\r' => to.push_str("\\r"),
        '\t' => to.push('\t'),
        letter if is_hidden(letter) => {
            // Writing into a string does not fail.
            let _ = write!(to, "\\u{:04x}", u32::from(letter));
        }
        letter => to.push(letter),
    }
}

/// Whether a letter is a control, ends a line for some readers, or changes the order in which
/// others are shown.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || ('\u{2028}'..='\u{202e}').contains(&letter)
        || ('\u{2066}'..='\u{2069}').contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str, colors: Colors) -> String {
        String::from_utf8(one_line(line.as_bytes(), colors).into_owned()).unwrap()
    }

    #[test]
    fn line_when_it_has_what_breaks_lines_or_drives_terminals_then_has_it_escaped() {
        for (line, expected) in [
            (
                "plain\tand caf\u{e9} \u{1f600}\n",
                "plain\tand caf\u{e9} \u{1f600}\n",
            ),
            ("a\nb\r\n", "a\\nb\\r\n"),
            ("\n\n", "\\n\n"),
            ("no end\0", "no end\\u0000"),
            ("\u{1b}[2J\u{7}\u{7f}\n", "\\u001b[2J\\u0007\\u007f\n"),
            ("\u{1b}[31mred\u{1b}[0m\n", "\\u001b[31mred\\u001b[0m\n"),
            (
                "\u{85}\u{9b}31m\u{2028}\u{2029}\n",
                "\\u0085\\u009b31m\\u2028\\u2029\n",
            ),
            (
                "\u{202e}\u{2066}\u{200f}\u{feff}\n",
                "\\u202e\\u2066\\u200f\\ufeff\n",
            ),
        ] {
            assert_eq!(shown(line, Colors::Without), expected, "{line:?}");
        }
        assert_eq!(
            *one_line(b"\xff\n", Colors::Without),
            *"\u{fffd}\n".as_bytes()
        );
    }

    #[test]
    fn line_when_it_has_colors_then_keeps_them_and_no_other_sequence() {
        let colored = "\u{1b}[2m2026\u{1b}[0m \u{1b}[1;31mERROR\u{1b}[m\n";
        assert_eq!(shown(colored, Colors::With), colored);
        for other in [
            "\u{1b}[2J",
            "\u{1b}]0;title\u{7}",
            "\u{1b}",
            "\u{1b}[",
            "\u{1b}[31",
        ] {
            let line = shown(other, Colors::With);
            assert!(!line.contains('\u{1b}'), "{line:?}");
        }
    }
}
