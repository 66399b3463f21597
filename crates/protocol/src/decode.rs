//! Typed decoding: from a reader into Rust values, driven by the description of their shape.
//!
//! It stops at the first error without explaining it. If a member is given twice, the last one
//! counts.

use std::collections::BTreeMap;

use crate::reader::{Checks, Fault, Kind, Reader};
use crate::record_sink::RecordSink;
use crate::shape::{Bounds, Type};
use crate::{Blob, Timestamp};

/// A type that can be decoded.
pub trait Decode: Sized {
    /// Decodes a value and, if the reader asks for it, checks the constraints of `shape`. Types
    /// with a shape of their own ignore `shape`.
    fn decode<'de, R: Reader<'de>>(reader: &mut R, shape: &'static Type) -> Result<Self, Fault>;
}

impl Decode for String {
    fn decode<'de, R: Reader<'de>>(reader: &mut R, shape: &'static Type) -> Result<Self, Fault> {
        let text = reader.text_within(most(reader, shape.bounds()))?;
        check(reader, || shape.accepts_text(&text))?;
        Ok(text.into_owned())
    }
}

impl Decode for i32 {
    fn decode<'de, R: Reader<'de>>(reader: &mut R, shape: &'static Type) -> Result<Self, Fault> {
        let value = reader.number()?.to_integer().ok_or(Fault::Mismatch)?;
        check(reader, || shape.bounds().contain(value.into()))?;
        Ok(value)
    }
}

impl Decode for i64 {
    fn decode<'de, R: Reader<'de>>(reader: &mut R, shape: &'static Type) -> Result<Self, Fault> {
        let value = reader.number()?.to_long().ok_or(Fault::Mismatch)?;
        check(reader, || shape.bounds().contain(value))?;
        Ok(value)
    }
}

impl Decode for bool {
    fn decode<'de, R: Reader<'de>>(reader: &mut R, _: &'static Type) -> Result<Self, Fault> {
        reader.boolean()
    }
}

impl Decode for Timestamp {
    fn decode<'de, R: Reader<'de>>(reader: &mut R, _: &'static Type) -> Result<Self, Fault> {
        reader.timestamp()
    }
}

impl Decode for Blob {
    fn decode<'de, R: Reader<'de>>(reader: &mut R, shape: &'static Type) -> Result<Self, Fault> {
        let mut bytes = Vec::new();
        let length = reader.blob(&mut bytes)?;
        check(reader, || shape.bounds().contain_length(length))?;
        Ok(bytes.into())
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode<'de, R: Reader<'de>>(reader: &mut R, shape: &'static Type) -> Result<Self, Fault> {
        let element = shape.element();
        let most = most(reader, shape.bounds());
        let mut elements = Self::new();
        let mut cursor = reader.begin_list()?;
        while reader.next_item(&mut cursor)? {
            if elements.len() >= most {
                return Err(Fault::Violation);
            }
            elements.extend(known(reader, element)?);
        }
        check(reader, || shape.bounds().contain_length(elements.len()))?;
        Ok(elements)
    }
}

impl Decode for BTreeMap<String, String> {
    fn decode<'de, R: Reader<'de>>(reader: &mut R, shape: &'static Type) -> Result<Self, Fault> {
        let crate::shape::Kind::Map(key_shape, value_shape, bounds) = &shape.kind else {
            return Err(Fault::Mismatch);
        };
        let most = most(reader, *bounds);
        let mut entries = Self::new();
        let mut cursor = reader.begin_map()?;
        while let Some(key) = reader.next_key(&mut cursor)? {
            check(reader, || key_shape.accepts_text(&key))?;
            let Some(value) = known(reader, value_shape)? else {
                continue;
            };
            entries.insert(key.into_owned(), value);
            if entries.len() > most {
                return Err(Fault::Violation);
            }
        }
        check(reader, || bounds.contain_length(entries.len()))?;
        Ok(entries)
    }
}

/// Decodes a member's value into its slot; a null empties the slot.
pub(crate) fn member<'de, T: Decode, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
    slot: &mut Option<T>,
) -> Result<(), Fault> {
    if reader.kind()? == Kind::Null {
        *slot = None;
        return reader.null();
    }
    *slot = known(reader, shape)?;
    Ok(())
}

/// Decodes the list of records into a sink.
pub(crate) fn records<'de, S: RecordSink, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
    slot: &mut Option<S>,
) -> Result<(), Fault> {
    if reader.kind()? == Kind::Null {
        *slot = None;
        return reader.null();
    }
    *slot = Some(crate::record_sink::decode(reader, shape)?);
    Ok(())
}

/// Takes the value of a required member.
pub(crate) fn required<T>(slot: Option<T>) -> Result<T, Fault> {
    slot.ok_or(Fault::Missing)
}

/// Fails if the reader asks for checks and `satisfied` returns false.
pub(crate) fn check<'de, R: Reader<'de>>(
    reader: &R,
    satisfied: impl FnOnce() -> bool,
) -> Result<(), Fault> {
    match reader.checks() {
        Checks::All if !satisfied() => Err(Fault::Violation),
        Checks::All | Checks::TypesOnly => Ok(()),
    }
}

/// Maximum number of elements to read, if the reader asks for checks; one more proves that there
/// are too many.
pub(crate) fn most<'de, R: Reader<'de>>(reader: &R, bounds: Bounds) -> usize {
    let max = bounds.max.and_then(|max| usize::try_from(max).ok());
    match reader.checks() {
        Checks::All => max.unwrap_or(usize::MAX),
        Checks::TypesOnly => usize::MAX,
    }
}

/// Decodes a value; without checks, an unknown value of an enumeration counts as absent, since a
/// newer service may have added it.
fn known<'de, T: Decode, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
) -> Result<Option<T>, Fault> {
    match T::decode(reader, shape) {
        Ok(value) => Ok(Some(value)),
        Err(Fault::UnknownValue) if reader.checks() == Checks::TypesOnly => Ok(None),
        Err(fault) => Err(fault),
    }
}
