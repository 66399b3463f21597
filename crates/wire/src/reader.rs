//! The pull reader that typed decoders draw on; JSON and CBOR implement it.
//!
//! A reader hands out borrowed text where it can and builds no tree. It never allocates by a length
//! that the input merely declares, and stops after as many values as no request has. It says *that*
//! something is wrong, not what AWS calls it: the exact words are worked out by `explain`, after
//! the fact.

use std::borrow::Cow;

use crate::Timestamp;

/// Why a typed decoder stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The body is not well-formed, or nested too deeply.
    #[error("malformed")]
    Malformed,
    /// A value has another type than its shape.
    #[error("a value of the wrong type")]
    Mismatch,
    /// A value breaks a constraint of its shape.
    #[error("a value that its shape does not allow")]
    Violation,
    /// A required member is absent, or an element of a list or map is null.
    #[error("a required value is absent")]
    Missing,
    /// A record has a member twice, and its sink cannot take the first one back.
    #[error("a record's member given twice")]
    Repeated,
    /// A string is none of the values that its enumeration knows.
    #[error("an unknown value of an enumeration")]
    UnknownValue,
    /// It has far more values than any request has.
    #[error("too many values")]
    TooMany,
}

/// Values that a request may have, unknown ones, keys, tags and pieces of strings included. The
/// largest that means something has some two thousand.
const VALUES_MAX: usize = 64 * 1024;

/// How many more values a reader reads: what costs most in a body is not its bytes but its parts.
#[derive(Debug)]
pub(crate) struct Steps {
    left: usize,
}

impl Steps {
    /// What a client sends is bounded; an answer has as many values as were asked for.
    pub(crate) fn of(checks: Checks) -> Self {
        let left = match checks {
            Checks::All => VALUES_MAX,
            Checks::TypesOnly => usize::MAX,
        };
        Self { left }
    }

    /// Takes one.
    #[inline]
    pub(crate) fn take(&mut self) -> Result<(), Fault> {
        self.left = self.left.checked_sub(1).ok_or(Fault::TooMany)?;
        Ok(())
    }
}

/// What a decoder checks besides types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// Everything that the shapes declare: for what clients send.
    All,
    /// Nothing: for what a server answered, which may be newer than we are.
    TypesOnly,
}

/// What stands next in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JSON's null, CBOR's null or undefined.
    Null,
    /// True or false.
    Boolean,
    /// An integer or a float.
    Number,
    /// Text.
    Text,
    /// Bytes; only CBOR has them.
    Bytes,
    /// A list.
    List,
    /// A map.
    Map,
}

/// A number as it stands in the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer that fits.
    Integer(i64),
    /// Anything else; finite in JSON, anything at all in CBOR.
    Float(f64),
}

impl Number {
    /// Rounds down and clamps to 64 bits; `None` if it is not a number.
    pub fn to_long(self) -> Option<i64> {
        match self {
            Self::Integer(integer) => Some(integer),
            Self::Float(float) if float.is_nan() => None,
            #[expect(clippy::cast_possible_truncation, reason = "`as` clamps, as AWS does")]
            Self::Float(float) => Some(float.floor() as i64),
        }
    }

    /// Rounds down and clamps to 32 bits; `None` if it is not a number.
    pub fn to_integer(self) -> Option<i32> {
        let long = self.to_long()?;
        let clamped = long.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
        Some(i32::try_from(clamped).expect("it was clamped just now"))
    }
}

/// How far a list or a map has been read.
#[derive(Debug)]
pub struct Cursor {
    /// Elements still to come, where the input said so beforehand.
    pub(crate) remaining: Option<u64>,
    /// Whether nothing has been read yet.
    pub(crate) first: bool,
}

/// A pull reader over one body that lives as long as `'de`.
///
/// Calls must follow the input: after `begin_map`, `next_key` and one value in turn until there are
/// no more keys; after `begin_list`, `next_item` and one value in turn. `next_key` and `next_item`
/// close the map or list when they find its end. After a fault the reader is of no further use,
/// with one exception: [`Fault::UnknownValue`] leaves it behind the value.
pub trait Reader<'de> {
    /// Returns what to check besides types.
    fn checks(&self) -> Checks;
    /// Tells what stands next, without consuming it.
    fn kind(&mut self) -> Result<Kind, Fault>;
    /// Consumes a null.
    fn null(&mut self) -> Result<(), Fault>;
    /// Reads true or false.
    fn boolean(&mut self) -> Result<bool, Fault>;
    /// Reads a number.
    fn number(&mut self) -> Result<Number, Fault>;
    /// Reads text.
    fn text(&mut self) -> Result<Cow<'de, str>, Fault>;
    /// Reads text that is refused if it has more characters; one that is far longer need not be
    /// looked at.
    fn text_within(&mut self, _characters_max: usize) -> Result<Cow<'de, str>, Fault> {
        self.text()
    }
    /// Reads text of which the caller finds out whether it is UTF-8: many short ones are checked
    /// faster together.
    #[inline]
    fn unchecked_text(&mut self) -> Result<Cow<'de, [u8]>, Fault> {
        Ok(match self.text()? {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }
    /// Appends the bytes of a blob and returns their number.
    fn blob(&mut self, out: &mut Vec<u8>) -> Result<usize, Fault>;
    /// Reads an instant in whatever form the protocol gives it.
    fn timestamp(&mut self) -> Result<Timestamp, Fault>;
    /// Enters a map.
    fn begin_map(&mut self) -> Result<Cursor, Fault>;
    /// Reads the next key, or leaves the map.
    fn next_key(&mut self, cursor: &mut Cursor) -> Result<Option<Cow<'de, str>>, Fault>;
    /// Reads the next key as the member that it names, or leaves the map. A name that `find` does
    /// not know is `Some(None)`; a decoder that knows its members has no need of the text.
    #[inline]
    fn next_member<T>(
        &mut self,
        cursor: &mut Cursor,
        find: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Option<Option<T>>, Fault> {
        let key = self.next_key(cursor)?;
        Ok(key.map(|key| find(key.as_bytes())))
    }
    /// Enters a list.
    fn begin_list(&mut self) -> Result<Cursor, Fault>;
    /// Tells whether an element follows, or leaves the list.
    fn next_item(&mut self, cursor: &mut Cursor) -> Result<bool, Fault>;
    /// Consumes bytes without keeping them.
    fn skip_bytes(&mut self) -> Result<(), Fault>;
    /// How many bytes of blobs what is left can hold.
    fn data_expected(&self) -> usize;
    /// Tells whether anything but blanks is left.
    fn finish(&mut self) -> Result<(), Fault>;

    /// Consumes the next value, whatever it is, and checks that it is well-formed.
    fn skip(&mut self) -> Result<(), Fault> {
        match self.kind()? {
            Kind::Null => self.null(),
            Kind::Boolean => self.boolean().map(drop),
            Kind::Number => self.number().map(drop),
            Kind::Text => self.text().map(drop),
            Kind::Bytes => self.skip_bytes(),
            Kind::List => {
                let mut cursor = self.begin_list()?;
                while self.next_item(&mut cursor)? {
                    self.skip()?;
                }
                Ok(())
            }
            Kind::Map => {
                let mut cursor = self.begin_map()?;
                while self.next_key(&mut cursor)?.is_some() {
                    self.skip()?;
                }
                Ok(())
            }
        }
    }
}
