//! The pull reader over CBOR. At most [`DEPTH_MAX`] levels deep; contiguous text is borrowed. Tags
//! add nothing to what the shape says and are skipped, but for those that make a byte string an
//! integer.

use std::borrow::Cow;

use super::{BIG, BIG_NEGATIVE, BREAK, major};
use crate::reader::{Checks, Cursor, DEPTH_MAX, Fault, Kind, Number, Reader, Steps};
use crate::{Timestamp, base64};

/// A reader of one CBOR item.
pub struct CborReader<'de> {
    body: &'de [u8],
    position: usize,
    depth: usize,
    checks: Checks,
    steps: Steps,
    /// The last integer beyond 64 bits that was come upon.
    big: Option<Big>,
}

/// An integer whose size is in a byte string.
#[derive(Clone, Copy)]
struct Big {
    position: usize,
    sign: Sign,
}

#[derive(Clone, Copy)]
enum Sign {
    Positive,
    Negative,
}

/// An item's first byte and its argument.
struct Head {
    major: u8,
    info: u8,
    /// The length, number or bits; `None` for an indefinite length.
    argument: Option<u64>,
}

impl<'de> CborReader<'de> {
    /// A reader at the start of the body.
    pub fn new(body: &'de [u8], checks: Checks) -> Self {
        Self {
            body,
            position: 0,
            depth: 0,
            checks,
            steps: Steps::of(checks),
            big: None,
        }
    }

    #[inline]
    fn peek(&self) -> Result<u8, Fault> {
        self.body
            .get(self.position)
            .copied()
            .ok_or(Fault::Malformed)
    }

    #[inline]
    fn take(&mut self, length: u64) -> Result<&'de [u8], Fault> {
        let length = usize::try_from(length).map_err(|_| Fault::Malformed)?;
        let taken = self.body[self.position..]
            .get(..length)
            .ok_or(Fault::Malformed)?;
        self.position += length;
        Ok(taken)
    }

    /// Reads an item's first byte and argument.
    #[inline]
    fn head(&mut self) -> Result<Head, Fault> {
        let first = self.peek()?;
        self.position += 1;
        let (major, info) = (first >> 5, first & 31);
        let argument = match info {
            0..24 => Some(info.into()),
            24..28 => {
                let bytes = self.take(1 << (info - 24))?;
                Some(
                    bytes
                        .iter()
                        .fold(0, |value, byte| value << 8 | u64::from(*byte)),
                )
            }
            31 => None,
            _ => return Err(Fault::Malformed),
        };
        Ok(Head {
            major,
            info,
            argument,
        })
    }

    #[inline]
    fn skip_tags(&mut self) -> Result<(), Fault> {
        if self.peek()? >> 5 == major::TAG {
            self.pass_tags()?;
        }
        Ok(())
    }

    #[cold]
    fn pass_tags(&mut self) -> Result<(), Fault> {
        let mut last = 0;
        while self.peek()? >> 5 == major::TAG {
            self.steps.take()?;
            last = self.head()?.argument.ok_or(Fault::Malformed)?;
        }
        let sign = match last {
            BIG => Sign::Positive,
            BIG_NEGATIVE => Sign::Negative,
            _ => return Ok(()),
        };
        let position = self.position;
        self.big = Some(Big { position, sign });
        Ok(())
    }

    /// The sign of the integer that the byte string at this position is; `None` if it is a blob.
    #[inline]
    fn sign(&self) -> Option<Sign> {
        let big = self.big.filter(|big| big.position == self.position)?;
        Some(big.sign)
    }

    /// An integer in a byte string. Beyond 128 bits it has the greatest size that fits.
    #[cold]
    fn big_integer(&mut self, sign: Sign) -> Result<Number, Fault> {
        let mut size: u128 = 0;
        self.pieces(major::BYTES, |piece| {
            for byte in piece {
                size = size.saturating_mul(256).saturating_add((*byte).into());
            }
            Ok(())
        })?;
        Ok(integer(sign, i128::try_from(size).unwrap_or(i128::MAX)))
    }

    /// Reads the head of an item that must have this major type.
    #[inline]
    fn head_of(&mut self, major: u8) -> Result<Head, Fault> {
        self.skip_tags()?;
        if self.peek()? >> 5 != major {
            return Err(Fault::Mismatch);
        }
        self.head()
    }

    #[inline]
    fn enter(&mut self, major: u8) -> Result<Cursor, Fault> {
        let remaining = self.head_of(major)?.argument;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Fault::Malformed);
        }
        Ok(Cursor {
            remaining,
            first: true,
        })
    }

    /// Whether another element follows; otherwise consumes a break.
    #[inline]
    fn follows(&mut self, cursor: &mut Cursor) -> Result<bool, Fault> {
        let ended = match &mut cursor.remaining {
            Some(0) => true,
            Some(remaining) => {
                *remaining -= 1;
                false
            }
            None => self.take_break()?,
        };
        if ended {
            self.depth -= 1;
            return Ok(false);
        }
        self.steps.take()?;
        Ok(true)
    }

    #[inline]
    fn take_break(&mut self) -> Result<bool, Fault> {
        let found = self.peek()? == BREAK;
        self.position += usize::from(found);
        Ok(found)
    }

    /// The whole of an untagged, contiguous string of less than 64 KiB, which nearly every one is.
    /// Otherwise consumes nothing.
    #[inline]
    fn plain(&mut self, major: u8) -> Option<&'de [u8]> {
        let (first, rest) = self.body[self.position..].split_first()?;
        if first >> 5 != major {
            return None;
        }
        let (length, rest) = match first & 31 {
            short @ 0..24 => (usize::from(short), rest),
            24 => rest
                .split_first()
                .map(|(length, rest)| ((*length).into(), rest))?,
            25 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u16::from_be_bytes(*length).into(), rest)
            }
            _ => return None,
        };
        let piece = rest.get(..length)?;
        self.position = self.body.len() - rest.len() + length;
        Some(piece)
    }

    /// Passes each chunk of a string to the sink; a single one if its length is definite.
    fn pieces(
        &mut self,
        major: u8,
        mut sink: impl FnMut(&'de [u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if let Some(length) = self.head_of(major)?.argument {
            return sink(self.take(length)?);
        }
        while !self.take_break()? {
            self.steps.take()?;
            let head = self.head()?;
            let length = head
                .argument
                .filter(|_| head.major == major)
                .ok_or(Fault::Malformed)?;
            sink(self.take(length)?)?;
        }
        Ok(())
    }

    /// Text that is tagged, long or chunked.
    #[cold]
    fn unusual_text(&mut self) -> Result<Cow<'de, str>, Fault> {
        let mut text = Cow::Borrowed("");
        self.pieces(major::TEXT, |piece| {
            text += std::str::from_utf8(piece).map_err(|_| Fault::Malformed)?;
            Ok(())
        })?;
        Ok(text)
    }

    /// A blob that is tagged, long, chunked, or base64.
    #[cold]
    fn unusual_blob(&mut self, out: &mut Vec<u8>) -> Result<usize, Fault> {
        match self.kind()? {
            Kind::Text => return base64::decode(self.text()?.as_bytes(), out),
            Kind::Bytes => {}
            Kind::Null | Kind::Boolean | Kind::Number | Kind::List | Kind::Map => {
                return Err(Fault::Mismatch);
            }
        }
        let before = out.len();
        self.pieces(major::BYTES, |piece| {
            out.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(out.len() - before)
    }

    /// A key, which must be text.
    fn key(&mut self) -> Result<Cow<'de, str>, Fault> {
        match self.kind()? {
            Kind::Text => self.text(),
            Kind::Null | Kind::Boolean | Kind::Number | Kind::Bytes | Kind::List | Kind::Map => {
                Err(Fault::Malformed)
            }
        }
    }

    fn float(&mut self) -> Result<f64, Fault> {
        let head = self.head_of(major::SIMPLE)?;
        let bits = head.argument.ok_or(Fault::Malformed)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the argument has just that width"
        )]
        match head.info {
            25 => Ok(half(bits as u16)),
            26 => Ok(f32::from_bits(bits as u32).into()),
            27 => Ok(f64::from_bits(bits)),
            _ => Err(Fault::Mismatch),
        }
    }
}

impl<'de> Reader<'de> for CborReader<'de> {
    #[inline]
    fn checks(&self) -> Checks {
        self.checks
    }

    #[inline]
    fn kind(&mut self) -> Result<Kind, Fault> {
        self.skip_tags()?;
        let first = self.peek()?;
        match first >> 5 {
            major::UNSIGNED | major::NEGATIVE => Ok(Kind::Number),
            major::BYTES if self.sign().is_some() => Ok(Kind::Number),
            major::BYTES => Ok(Kind::Bytes),
            major::TEXT => Ok(Kind::Text),
            major::LIST => Ok(Kind::List),
            major::MAP => Ok(Kind::Map),
            _ => match first & 31 {
                20 | 21 => Ok(Kind::Boolean),
                22 | 23 => Ok(Kind::Null),
                25..28 => Ok(Kind::Number),
                _ => Err(Fault::Malformed),
            },
        }
    }

    fn null(&mut self) -> Result<(), Fault> {
        match self.kind()? {
            Kind::Null => self.head().map(drop),
            Kind::Boolean | Kind::Number | Kind::Text | Kind::Bytes | Kind::List | Kind::Map => {
                Err(Fault::Mismatch)
            }
        }
    }

    fn boolean(&mut self) -> Result<bool, Fault> {
        match self.kind()? {
            Kind::Boolean => Ok(self.head()?.info == 21),
            Kind::Null | Kind::Number | Kind::Text | Kind::Bytes | Kind::List | Kind::Map => {
                Err(Fault::Mismatch)
            }
        }
    }

    fn number(&mut self) -> Result<Number, Fault> {
        self.skip_tags()?;
        let sign = match self.peek()? >> 5 {
            major::UNSIGNED => Sign::Positive,
            major::NEGATIVE => Sign::Negative,
            major::BYTES => {
                let sign = self.sign().ok_or(Fault::Mismatch)?;
                return self.big_integer(sign);
            }
            _ => return self.float().map(Number::Float),
        };
        let size = self.head()?.argument.ok_or(Fault::Malformed)?;
        Ok(integer(sign, size.into()))
    }

    #[inline]
    fn text(&mut self) -> Result<Cow<'de, str>, Fault> {
        if let Some(text) = self.plain(major::TEXT) {
            let text = std::str::from_utf8(text).map_err(|_| Fault::Malformed)?;
            return Ok(Cow::Borrowed(text));
        }
        self.unusual_text()
    }

    #[inline]
    fn unchecked_text(&mut self) -> Result<Cow<'de, [u8]>, Fault> {
        if let Some(text) = self.plain(major::TEXT) {
            return Ok(Cow::Borrowed(text));
        }
        let text = self.unusual_text()?;
        Ok(Cow::Owned(text.into_owned().into_bytes()))
    }

    #[inline]
    fn blob(&mut self, out: &mut Vec<u8>) -> Result<usize, Fault> {
        if let Some(bytes) = self.plain(major::BYTES) {
            out.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        self.unusual_blob(out)
    }

    fn timestamp(&mut self) -> Result<Timestamp, Fault> {
        let instant = match self.kind()? {
            Kind::Text => Timestamp::from_text(&self.text()?),
            Kind::Number => Timestamp::from_millis(self.number()?),
            Kind::Null | Kind::Boolean | Kind::Bytes | Kind::List | Kind::Map => None,
        };
        instant.ok_or(Fault::Mismatch)
    }

    #[inline]
    fn begin_map(&mut self) -> Result<Cursor, Fault> {
        self.enter(major::MAP)
    }

    fn next_key(&mut self, cursor: &mut Cursor) -> Result<Option<Cow<'de, str>>, Fault> {
        if !self.follows(cursor)? {
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
        if !self.follows(cursor)? {
            return Ok(None);
        }
        let start = self.position;
        // A known name is UTF-8.
        if let Some(member) = self.plain(major::TEXT).and_then(&find) {
            return Ok(Some(Some(member)));
        }
        self.position = start;
        Ok(Some(find(self.key()?.as_bytes())))
    }

    #[inline]
    fn begin_list(&mut self) -> Result<Cursor, Fault> {
        self.enter(major::LIST)
    }

    #[inline]
    fn next_item(&mut self, cursor: &mut Cursor) -> Result<bool, Fault> {
        self.follows(cursor)
    }

    fn skip_bytes(&mut self) -> Result<(), Fault> {
        self.pieces(major::BYTES, |_| Ok(()))
    }

    fn data_expected(&self) -> usize {
        self.body.len() - self.position
    }

    fn finish(&mut self) -> Result<(), Fault> {
        if self.position == self.body.len() {
            Ok(())
        } else {
            Err(Fault::Malformed)
        }
    }
}

/// An integer as CBOR has it: a negative one is -1 minus its size.
fn integer(sign: Sign, size: i128) -> Number {
    let value = match sign {
        Sign::Positive => size,
        Sign::Negative => -1 - size,
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "beyond 64 bits only the size counts"
    )]
    i64::try_from(value).map_or(Number::Float(value as f64), Number::Integer)
}

/// Widens a half-precision float: 1 bit of sign, 5 of exponent, 10 of fraction.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3ff);
    let magnitude = match bits >> 10 & 0x1f {
        0 => fraction * 2f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        exponent => (1024.0 + fraction) * 2f64.powi(i32::from(exponent) - 25),
    };
    if bits & 0x8000 == 0 {
        magnitude
    } else {
        -magnitude
    }
}
