//! The pull reader that typed decoders use, implemented for JSON and CBOR.
//!
//! A reader borrows text where it can and builds no tree. It never allocates by a length that the
//! input merely declares, and limits the number of values. It reports *that* something is wrong:
//! AWS's text for it is the server's business.

use std::borrow::Cow;

use crate::Timestamp;

/// Why a typed decoder stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The body is not well-formed, or nested too deeply.
    #[error("malformed")]
    Malformed,
    /// A value's type is not that of its shape.
    #[error("a value of the wrong type")]
    Mismatch,
    /// A value violates a constraint of its shape.
    #[error("a value that its shape does not allow")]
    Violation,
    /// A required member is absent, or an element of a list or map is null.
    #[error("a required value is absent")]
    Missing,
    /// A record has a duplicate member, and its sink cannot undo the first one.
    #[error("a record's member given twice")]
    Repeated,
    /// A string is not a known value of its enumeration.
    #[error("an unknown value of an enumeration")]
    UnknownValue,
    /// The body has far more values than any valid request.
    #[error("too many values")]
    TooMany,
}

/// Maximum number of values in a request, including unknown ones, keys, tags and string chunks. The
/// largest valid request has about two thousand.
const VALUES_MAX: usize = 64 * 1024;

/// Maximum nesting of lists and maps. The deepest valid request has four levels; deeper ones are in
/// members that we do not know.
pub(crate) const DEPTH_MAX: usize = 32;

/// A budget of values: the cost of a body is in the number of its values, not in its bytes.
#[derive(Debug)]
pub(crate) struct Steps {
    left: usize,
}

impl Steps {
    /// The budget for requests; responses are unlimited.
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

/// Which checks a decoder does besides types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// All declared constraints: for requests.
    All,
    /// None: for responses, which may be newer than this client.
    TypesOnly,
}

/// The kind of the next value in the input.
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
    /// Bytes; only in CBOR.
    Bytes,
    /// A list.
    List,
    /// A map.
    Map,
}

/// A number as written in the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer in range.
    Integer(i64),
    /// Anything else: finite in JSON, unrestricted in CBOR.
    Float(f64),
}

impl Number {
    /// Rounds down and clamps to 64 bits; `None` for NaN.
    pub fn to_long(self) -> Option<i64> {
        match self {
            Self::Integer(integer) => Some(integer),
            Self::Float(float) if float.is_nan() => None,
            #[expect(clippy::cast_possible_truncation, reason = "`as` clamps, as AWS does")]
            Self::Float(float) => Some(float.floor() as i64),
        }
    }

    /// Rounds down and clamps to 32 bits; `None` for NaN.
    pub fn to_integer(self) -> Option<i32> {
        let long = self.to_long()?;
        let clamped = long.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
        Some(i32::try_from(clamped).expect("it was clamped just now"))
    }
}

/// A position in a list or map.
#[derive(Debug)]
pub struct Cursor {
    /// Number of remaining elements, if the input declares it.
    pub(crate) remaining: Option<u64>,
    /// Whether nothing has been read yet.
    pub(crate) first: bool,
}

/// A pull reader over one body with lifetime `'de`.
///
/// Calls must follow the input: after `begin_map`, `next_key` and one value alternate until there
/// are no more keys; after `begin_list`, `next_item` and one value. `next_key` and `next_item`
/// close the map or list when they find its end. After a fault the reader is unusable, with one
/// exception: [`Fault::UnknownValue`] leaves it after the value.
pub trait Reader<'de> {
    /// Returns which checks to do besides types.
    fn checks(&self) -> Checks;
    /// Returns the kind of the next value, without consuming it.
    fn kind(&mut self) -> Result<Kind, Fault>;
    /// Consumes a null.
    fn null(&mut self) -> Result<(), Fault>;
    /// Reads true or false.
    fn boolean(&mut self) -> Result<bool, Fault>;
    /// Reads a number.
    fn number(&mut self) -> Result<Number, Fault>;
    /// Reads text.
    fn text(&mut self) -> Result<Cow<'de, str>, Fault>;
    /// Reads text; fails if it has too many characters, without examining text that is much too
    /// long.
    fn text_within(&mut self, _characters_max: usize) -> Result<Cow<'de, str>, Fault> {
        self.text()
    }
    /// Reads text without checking that it is UTF-8. The caller does: many short texts are checked
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
    /// Reads an instant in any form that the protocol allows.
    fn timestamp(&mut self) -> Result<Timestamp, Fault>;
    /// Enters a map.
    fn begin_map(&mut self) -> Result<Cursor, Fault>;
    /// Reads the next key, or leaves the map.
    fn next_key(&mut self, cursor: &mut Cursor) -> Result<Option<Cow<'de, str>>, Fault>;
    /// Reads the next key and looks it up with `find`, or leaves the map. An unknown name is
    /// `Some(None)`. Saves the allocation of keys.
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
    /// Whether an element follows; otherwise leaves the list.
    fn next_item(&mut self, cursor: &mut Cursor) -> Result<bool, Fault>;
    /// Consumes bytes without keeping them.
    fn skip_bytes(&mut self) -> Result<(), Fault>;
    /// An upper bound on the bytes of blobs in the rest of the input.
    fn data_expected(&self) -> usize;
    /// Fails if anything but whitespace is left.
    fn finish(&mut self) -> Result<(), Fault>;

    /// Consumes the next value of any kind, and checks that it is well-formed.
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
