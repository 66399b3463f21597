//! The pull reader over JSON text. Strict RFC 8259, at most [`DEPTH_MAX`] levels deep; unescaped
//! text is borrowed.

use std::borrow::Cow;

use super::escape::first_quote;
use crate::reader::{Checks, Cursor, DEPTH_MAX, Fault, Kind, Number, Reader, Steps};
use crate::{Timestamp, base64};

/// Number of digits that always fit 64 bits.
const SHORT_INTEGER_DIGITS: usize = 18;

/// Maximum size of an escaped character: two of `\uXXXX`.
const CHARACTER_BYTES_MAX: usize = 12;
/// No member has a name that with its quote is longer.
const NAME_WORDS_MAX: usize = 5;

/// A reader of one JSON text.
pub struct JsonReader<'de> {
    text: &'de str,
    position: usize,
    depth: usize,
    checks: Checks,
    steps: Steps,
}

impl<'de> JsonReader<'de> {
    /// A reader at the start of the body, which must be UTF-8.
    pub fn new(body: &'de [u8], checks: Checks) -> Result<Self, Fault> {
        let text = std::str::from_utf8(body).map_err(|_| Fault::Malformed)?;
        Ok(Self {
            text,
            position: 0,
            depth: 0,
            checks,
            steps: Steps::of(checks),
        })
    }

    #[inline]
    fn rest(&self) -> &'de [u8] {
        &self.text.as_bytes()[self.position..]
    }

    /// The next byte that is not whitespace, not consumed.
    #[inline]
    fn peek(&mut self) -> Result<u8, Fault> {
        while let Some(byte) = self.text.as_bytes().get(self.position) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(*byte);
            }
            self.position += 1;
        }
        Err(Fault::Malformed)
    }

    /// Consumes that byte, which must be the expected one.
    #[inline]
    fn expect(&mut self, expected: u8, fault: Fault) -> Result<(), Fault> {
        if self.peek()? != expected {
            return Err(fault);
        }
        self.position += 1;
        Ok(())
    }

    fn literal(&mut self, literal: &str) -> Result<(), Fault> {
        if !self.rest().starts_with(literal.as_bytes()) {
            return Err(Fault::Malformed);
        }
        self.position += literal.len();
        Ok(())
    }

    #[inline]
    fn enter(&mut self, bracket: u8) -> Result<Cursor, Fault> {
        self.expect(bracket, Fault::Mismatch)?;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::Malformed);
        }
        Ok(Cursor {
            remaining: None,
            first: true,
        })
    }

    /// Whether another element precedes the closing bracket; consumes the comma or bracket.
    #[inline]
    fn follows(&mut self, cursor: &mut Cursor, bracket: u8) -> Result<bool, Fault> {
        if self.peek()? == bracket {
            self.position += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if !cursor.first {
            self.expect(b',', Fault::Malformed)?;
        }
        cursor.first = false;
        self.steps.take()?;
        Ok(true)
    }

    /// Consumes a string up to its closing quote; returns its raw content, and whether it has
    /// escapes.
    #[inline]
    fn raw_string(&mut self) -> Result<(&'de str, bool), Fault> {
        self.expect(b'"', Fault::Mismatch)?;
        let start = self.position;
        let mut escaped = false;
        loop {
            let found = memchr::memchr2(b'"', b'\\', self.rest()).ok_or(Fault::Malformed)?;
            self.position += found;
            if self.rest()[0] == b'"' {
                break;
            }
            escaped = true;
            self.pass_escapes()?;
        }
        let raw = self
            .text
            .get(start..self.position)
            .ok_or(Fault::Malformed)?;
        self.position += 1;
        Ok((raw, escaped))
    }

    /// Skips consecutive escapes, without a search for each.
    fn pass_escapes(&mut self) -> Result<(), Fault> {
        let text = self.text.as_bytes();
        while text.get(self.position) == Some(&b'\\') {
            self.position += 2;
        }
        if self.position > text.len() {
            Err(Fault::Malformed)
        } else {
            Ok(())
        }
    }

    /// Reads a key and the colon after it.
    fn key(&mut self) -> Result<Cow<'de, str>, Fault> {
        if self.peek()? != b'"' {
            return Err(Fault::Malformed);
        }
        let key = self.text()?;
        self.expect(b':', Fault::Malformed)?;
        Ok(key)
    }

    /// The raw bytes of a key up to the next quote, if it is no longer than names are and does not
    /// stand in the body's last bytes.
    #[inline]
    fn plain_key(&mut self) -> Option<&'de [u8]> {
        let rest = self.rest().strip_prefix(b"\"")?;
        let mut before = 0;
        for word in rest.as_chunks().0.iter().take(NAME_WORDS_MAX) {
            if let Some(in_word) = first_quote(*word) {
                let length = before + in_word;
                self.position += length + 2;
                return Some(&rest[..length]);
            }
            before += word.len();
        }
        None
    }

    /// The number's text, checked against JSON's grammar, and whether it is a plain integer.
    fn raw_number(&mut self) -> Result<(&'de str, bool), Fault> {
        if !matches!(self.peek()?, b'-' | b'0'..=b'9') {
            return Err(Fault::Mismatch);
        }
        let start = self.position;
        self.position += usize::from(self.rest()[0] == b'-');
        let leading_zero = self.rest().first() == Some(&b'0');
        let digits = self.digits()?;
        if leading_zero && digits > 1 {
            return Err(Fault::Malformed);
        }
        let integer_end = self.position;
        if self.rest().first() == Some(&b'.') {
            self.position += 1;
            self.digits()?;
        }
        if matches!(self.rest().first(), Some(b'e' | b'E')) {
            self.position += 1;
            self.position += usize::from(matches!(self.rest().first(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok((
            &self.text[start..self.position],
            integer_end == self.position,
        ))
    }

    fn digits(&mut self) -> Result<usize, Fault> {
        let count = self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        self.position += count;
        if count == 0 {
            Err(Fault::Malformed)
        } else {
            Ok(count)
        }
    }
}

impl<'de> Reader<'de> for JsonReader<'de> {
    #[inline]
    fn checks(&self) -> Checks {
        self.checks
    }

    #[inline]
    fn kind(&mut self) -> Result<Kind, Fault> {
        match self.peek()? {
            b'"' => Ok(Kind::Text),
            b'{' => Ok(Kind::Map),
            b'[' => Ok(Kind::List),
            b't' | b'f' => Ok(Kind::Boolean),
            b'n' => Ok(Kind::Null),
            b'-' | b'0'..=b'9' => Ok(Kind::Number),
            _ => Err(Fault::Malformed),
        }
    }

    fn null(&mut self) -> Result<(), Fault> {
        self.peek()?;
        self.literal("null")
    }

    fn boolean(&mut self) -> Result<bool, Fault> {
        match self.peek()? {
            b't' => self.literal("true").map(|()| true),
            b'f' => self.literal("false").map(|()| false),
            _ => Err(Fault::Mismatch),
        }
    }

    fn number(&mut self) -> Result<Number, Fault> {
        let (text, integer) = self.raw_number()?;
        if integer && text.len() <= SHORT_INTEGER_DIGITS {
            return Ok(Number::Integer(
                text.parse().expect("so few digits always fit"),
            ));
        }
        if let Some(value) = text.parse().ok().filter(|_| integer) {
            return Ok(Number::Integer(value));
        }
        let float: f64 = text.parse().map_err(|_| Fault::Malformed)?;
        Ok(Number::Float(float.clamp(f64::MIN, f64::MAX)))
    }

    #[inline]
    fn text(&mut self) -> Result<Cow<'de, str>, Fault> {
        let (raw, escaped) = self.raw_string()?;
        read_text(raw, escaped)
    }

    #[inline]
    fn text_within(&mut self, characters_max: usize) -> Result<Cow<'de, str>, Fault> {
        let (raw, escaped) = self.raw_string()?;
        if raw.len() / CHARACTER_BYTES_MAX > characters_max {
            return Err(Fault::Violation);
        }
        read_text(raw, escaped)
    }

    #[inline]
    fn blob(&mut self, out: &mut Vec<u8>) -> Result<usize, Fault> {
        let (raw, escaped) = self.raw_string()?;
        if escaped {
            // Some clients escape the slash, which is legal.
            return base64::decode(unescape(raw)?.as_bytes(), out);
        }
        base64::decode(raw.as_bytes(), out)
    }

    fn timestamp(&mut self) -> Result<Timestamp, Fault> {
        let instant = match self.kind()? {
            Kind::Text => Timestamp::from_text(&self.text()?),
            Kind::Number => Timestamp::from_seconds(self.number()?),
            Kind::Null | Kind::Boolean | Kind::Bytes | Kind::List | Kind::Map => None,
        };
        instant.ok_or(Fault::Mismatch)
    }

    #[inline]
    fn begin_map(&mut self) -> Result<Cursor, Fault> {
        self.enter(b'{')
    }

    fn next_key(&mut self, cursor: &mut Cursor) -> Result<Option<Cow<'de, str>>, Fault> {
        if !self.follows(cursor, b'}')? {
            return Ok(None);
        }
        self.key().map(Some)
    }

    #[inline]
    fn next_member<T>(
        &mut self,
        cursor: &mut Cursor,
        find: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Option<Option<T>>, Fault> {
        if !self.follows(cursor, b'}')? {
            return Ok(None);
        }
        let start = self.position;
        // A known name contains no character that would have to be escaped.
        if let Some(member) = self.plain_key().and_then(&find) {
            self.expect(b':', Fault::Malformed)?;
            return Ok(Some(Some(member)));
        }
        self.position = start;
        Ok(Some(find(self.key()?.as_bytes())))
    }

    #[inline]
    fn begin_list(&mut self) -> Result<Cursor, Fault> {
        self.enter(b'[')
    }

    #[inline]
    fn next_item(&mut self, cursor: &mut Cursor) -> Result<bool, Fault> {
        self.follows(cursor, b']')
    }

    fn skip_bytes(&mut self) -> Result<(), Fault> {
        Err(Fault::Mismatch)
    }

    fn data_expected(&self) -> usize {
        self.rest().len() / 4 * 3
    }

    fn finish(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Ok(_) => Err(Fault::Malformed),
            Err(_) => Ok(()),
        }
    }
}

/// Decodes the raw content of a string.
#[inline]
fn read_text(raw: &str, escaped: bool) -> Result<Cow<'_, str>, Fault> {
    // Folding, unlike `any`, tests every byte and is vectorized.
    if raw.bytes().fold(false, |found, byte| found | (byte < b' ')) {
        return Err(Fault::Malformed);
    }
    if escaped {
        unescape(raw).map(Cow::Owned)
    } else {
        Ok(Cow::Borrowed(raw))
    }
}

/// Replaces the escapes. An unpaired surrogate is malformed: it has no UTF-8.
fn unescape(raw: &str) -> Result<String, Fault> {
    let mut text = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    loop {
        rest = match rest {
            [] => break,
            [b'\\', b'u', after @ ..] => unescape_unicode(after, &mut text)?,
            [b'\\', escape, after @ ..] => {
                text.push(unescape_one(*escape)?);
                after
            }
            [b'\\'] => return Err(Fault::Malformed),
            // Escapes tend to come in groups: the next ones are not searched for.
            _ => {
                let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
                text.extend_from_slice(&rest[..plain]);
                &rest[plain..]
            }
        };
    }
    String::from_utf8(text).map_err(|_| Fault::Malformed)
}

fn unescape_one(escape: u8) -> Result<u8, Fault> {
    match escape {
        b'"' | b'\\' | b'/' => Ok(escape),
        b'b' => Ok(8),
        b'f' => Ok(0x0c),
        b'n' => Ok(b'\n'),
        b'r' => Ok(b'\r'),
        b't' => Ok(b'\t'),
        _ => Err(Fault::Malformed),
    }
}

/// Appends the character after `\u`; returns the rest.
fn unescape_unicode<'r>(rest: &'r [u8], text: &mut Vec<u8>) -> Result<&'r [u8], Fault> {
    let (first, rest) = code_unit(rest)?;
    let mut encoded = [0; 4];
    if let Some(character) = char::from_u32(first.into()) {
        text.extend_from_slice(character.encode_utf8(&mut encoded).as_bytes());
        return Ok(rest);
    }
    let rest = rest.strip_prefix(b"\\u").ok_or(Fault::Malformed)?;
    let (second, rest) = code_unit(rest)?;
    let mut pair = char::decode_utf16([first, second]);
    match (pair.next(), pair.next()) {
        (Some(Ok(character)), None) => {
            text.extend_from_slice(character.encode_utf8(&mut encoded).as_bytes());
            Ok(rest)
        }
        _ => Err(Fault::Malformed),
    }
}

fn code_unit(rest: &[u8]) -> Result<(u16, &[u8]), Fault> {
    let (digits, rest) = rest.split_first_chunk::<4>().ok_or(Fault::Malformed)?;
    let mut unit = 0;
    for digit in digits {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            b'A'..=b'F' => digit - b'A' + 10,
            _ => return Err(Fault::Malformed),
        };
        unit = unit << 4 | u16::from(value);
    }
    Ok((unit, rest))
}
