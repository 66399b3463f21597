//! The writer of CBOR.

use super::{BREAK, EPOCH, major};
use crate::Timestamp;
use crate::writer::Writer;

/// The first byte's lower bits for a length that is not given.
const INDEFINITE: u8 = 31;
/// False; true is one more.
const FALSE: u64 = 20;

/// How many bytes stand before text or bytes of a length.
#[inline]
pub(crate) fn string_head_bytes(length: usize) -> usize {
    match length {
        0x1_0000_0000.. => 9,
        0x1_0000.. => 5,
        // Without branches: short lengths differ from one record to the next.
        _ => 1 + usize::from(length >= 24) + usize::from(length >= 0x100),
    }
}

/// Appends CBOR to a body.
pub(crate) struct CborWriter<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> CborWriter<'a> {
    /// Appends to `out`, whatever is in it already.
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Writes a head in its shortest form.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "each arm's range fits its type"
    )]
    fn head(&mut self, major: u8, argument: u64) {
        let major = major << 5;
        match argument {
            0..24 => self.out.push(major | argument as u8),
            24..0x100 => self.out.extend_from_slice(&[major | 24, argument as u8]),
            0x100..0x1_0000 => {
                self.out.push(major | 25);
                self.out.extend_from_slice(&(argument as u16).to_be_bytes());
            }
            0x1_0000..0x1_0000_0000 => {
                self.out.push(major | 26);
                self.out.extend_from_slice(&(argument as u32).to_be_bytes());
            }
            _ => {
                self.out.push(major | 27);
                self.out.extend_from_slice(&argument.to_be_bytes());
            }
        }
    }

    /// Writes what stands before so many bytes of a blob, which are the caller's to append.
    #[inline]
    pub(crate) fn begin_blob(&mut self, length: usize) {
        self.head(major::BYTES, length as u64);
    }

    #[inline]
    fn string(&mut self, major: u8, bytes: &[u8]) {
        self.head(major, bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }
}

impl Writer for CborWriter<'_> {
    type Part<'p> = CborWriter<'p>;

    fn part(out: &mut Vec<u8>) -> CborWriter<'_> {
        CborWriter::new(out)
    }

    #[inline]
    fn copy(&mut self, part: &[u8]) {
        self.out.extend_from_slice(part);
    }

    #[inline]
    fn begin_map(&mut self) {
        self.out.push(major::MAP << 5 | INDEFINITE);
    }

    #[inline]
    fn key(&mut self, name: &str) {
        self.text(name);
    }

    #[inline]
    fn member(&mut self, name: &'static str) {
        self.text(name);
    }

    #[inline]
    fn end_map(&mut self) {
        self.out.push(BREAK);
    }

    #[inline]
    fn begin_list(&mut self) {
        self.out.push(major::LIST << 5 | INDEFINITE);
    }

    #[inline]
    fn item(&mut self) {}

    #[inline]
    fn end_list(&mut self) {
        self.out.push(BREAK);
    }

    #[inline]
    fn utf8(&mut self, text: &[u8]) {
        self.string(major::TEXT, text);
    }

    #[inline]
    fn integer(&mut self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.head(major::UNSIGNED, value),
            Err(_) => self.head(major::NEGATIVE, value.unsigned_abs() - 1),
        }
    }

    #[inline]
    fn boolean(&mut self, value: bool) {
        self.head(major::SIMPLE, FALSE + u64::from(value));
    }

    #[inline]
    fn blob(&mut self, bytes: &[u8]) {
        self.string(major::BYTES, bytes);
    }

    fn timestamp(&mut self, instant: Timestamp) {
        self.head(major::TAG, EPOCH);
        self.integer(instant.0);
    }
}
