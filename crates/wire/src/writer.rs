//! The push writer that encoders feed; JSON and CBOR implement it.
//!
//! It only appends to memory and cannot fail. Its caller keeps the order: a key before each value of
//! a map, `item` before each element of a list.

use crate::Timestamp;

/// Appends one value to a body.
pub trait Writer {
    /// Opens a map or structure.
    fn begin_map(&mut self);
    /// Announces the member of that name.
    fn key(&mut self, name: &str);
    /// Closes a map or structure.
    fn end_map(&mut self);
    /// Opens a list.
    fn begin_list(&mut self);
    /// Announces the next element.
    fn item(&mut self);
    /// Closes a list.
    fn end_list(&mut self);
    /// Writes text.
    fn text(&mut self, text: &str);
    /// Writes an integer.
    fn integer(&mut self, value: i64);
    /// Writes true or false.
    fn boolean(&mut self, value: bool);
    /// Writes bytes.
    fn blob(&mut self, bytes: &[u8]);
    /// Writes an instant.
    fn timestamp(&mut self, instant: Timestamp);
}
