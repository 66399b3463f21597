//! The push writer that encoders use, implemented for JSON and CBOR.
//!
//! It only appends to memory and cannot fail. The caller keeps the order: a key before each value
//! of a map, `item` before each element of a list.

use crate::Timestamp;

/// A writer that appends one value to a body.
pub trait Writer {
    /// A writer of the same kind, for a template that is written once and copied many times.
    type Part<'p>: Writer;

    /// A writer that appends to `out`.
    fn part(out: &mut Vec<u8>) -> Self::Part<'_>;
    /// Appends a copy of a template, and returns the copy, in which the differing bytes are best
    /// overwritten.
    fn copy(&mut self, part: &[u8]) -> &mut [u8];
    /// Opens a map or structure.
    fn begin_map(&mut self);
    /// Writes the key of a member, which may be any text.
    fn key(&mut self, name: &str);
    /// Writes the key of a member of the service model: letters only.
    fn member(&mut self, name: &'static str);
    /// Closes a map or structure.
    fn end_map(&mut self);
    /// Opens a list.
    fn begin_list(&mut self);
    /// Starts the next element.
    fn item(&mut self);
    /// Closes a list.
    fn end_list(&mut self);
    /// Writes text.
    fn text(&mut self, text: &str) {
        self.utf8(text.as_bytes());
    }
    /// Writes text whose bytes are known to be UTF-8.
    fn utf8(&mut self, text: &[u8]);
    /// Writes an integer.
    fn integer(&mut self, value: i64);
    /// Writes true or false.
    fn boolean(&mut self, value: bool);
    /// Writes bytes.
    fn blob(&mut self, bytes: &[u8]);
    /// Writes an instant.
    fn timestamp(&mut self, instant: Timestamp);
}
