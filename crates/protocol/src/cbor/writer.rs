//! The writer of CBOR.

use super::{BREAK, EPOCH, major};
use crate::Timestamp;
use crate::writer::Writer;

/// The argument bits of an indefinite length.
const INDEFINITE: u8 = 31;
/// False; true is one more.
const FALSE: u64 = 20;

/// Maximum size of a head.
pub const HEAD_BYTES_MAX: usize = 9;

/// Size of the head of a string with this length.
#[inline]
pub fn string_head_bytes(length: usize) -> usize {
    match length {
        0x1_0000_0000.. => 9,
        0x1_0000.. => 5,
        // Branchless: short lengths vary from record to record, and would be mispredicted.
        _ => 1 + usize::from(length >= 24) + usize::from(length >= 0x100),
    }
}

/// Writes the head of a byte string at the start of `out`; returns the rest of `out`.
#[inline]
pub fn write_bytes_head(length: usize, out: &mut [u8]) -> &mut [u8] {
    write_head(major::BYTES, length as u64, out)
}

/// Writes the head of a text string at the start of `out`; returns the rest of `out`.
#[inline]
pub fn write_text_head(length: usize, out: &mut [u8]) -> &mut [u8] {
    write_head(major::TEXT, length as u64, out)
}

/// Writes a head in its shortest form at the start of `out`; returns the rest of `out`.
///
/// # Panics
/// If there is no room for [`HEAD_BYTES_MAX`].
#[inline]
fn write_head(major: u8, argument: u64, out: &mut [u8]) -> &mut [u8] {
    let (head, length) = head(major, argument);
    let place = out.first_chunk_mut::<HEAD_BYTES_MAX>();
    *place.expect("there is room for a head") = head;
    &mut out[length..]
}

/// A head in its shortest form, and its size.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "each arm's range fits its type"
)]
fn head(major: u8, argument: u64) -> ([u8; HEAD_BYTES_MAX], usize) {
    let mut head = [0; HEAD_BYTES_MAX];
    let major = major << 5;
    let length = match argument {
        0..24 => {
            head[0] = major | argument as u8;
            1
        }
        24..0x100 => {
            head[..2].copy_from_slice(&[major | 24, argument as u8]);
            2
        }
        0x100..0x1_0000 => {
            head[0] = major | 25;
            head[1..3].copy_from_slice(&(argument as u16).to_be_bytes());
            3
        }
        0x1_0000..0x1_0000_0000 => {
            head[0] = major | 26;
            head[1..5].copy_from_slice(&(argument as u32).to_be_bytes());
            5
        }
        _ => {
            head[0] = major | 27;
            head[1..].copy_from_slice(&argument.to_be_bytes());
            HEAD_BYTES_MAX
        }
    };
    (head, length)
}

/// A writer that appends CBOR to a body.
pub struct CborWriter<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> CborWriter<'a> {
    /// Appends to `out`, whatever it contains.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Writes a head in its shortest form.
    #[inline]
    fn head(&mut self, major: u8, argument: u64) {
        let (head, length) = head(major, argument);
        self.out.extend_from_slice(&head[..length]);
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
    fn copy(&mut self, part: &[u8]) -> &mut [u8] {
        let start = self.out.len();
        self.out.extend_from_slice(part);
        &mut self.out[start..]
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
