//! Parses a request into a tree, and finds its first type error.
//!
//! Unknown and null members are dropped; of duplicates the last one is kept. Nulls in lists and
//! maps are kept, since they violate constraints.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::base64;
use super::render::{SHOWN_BYTES_MAX, clip};
use super::value::Value;
use millstream_protocol::parts::read_base64;
use millstream_protocol::reader::{Fault, Kind, Reader};
use millstream_protocol::shape::{self, Bounds, Member, Type};

/// Number of elements kept of a list or map that exceeds its maximum: enough for the message, as on
/// AWS.
const KEPT_MAX: usize = 1024;

/// What has been found while a tree is read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// AWS's text for the first value of a wrong type. The rest only has to be well-formed.
    pub(super) type_error: Option<String>,
    /// Whether reading stopped because of too many values, so that the rest is unknown.
    pub(super) is_cut: bool,
}

impl Findings {
    fn note(&mut self, text: impl FnOnce() -> String) {
        self.type_error.get_or_insert_with(text);
    }

    /// Unwraps a step of reading; returns nothing more once reading was cut.
    fn step<T: Default>(&mut self, step: Result<T, Fault>) -> Result<T, Fault> {
        match step {
            Err(Fault::TooMany) => {
                self.is_cut = true;
                Ok(T::default())
            }
            other => other,
        }
    }
}

/// Reads one value of the shape; `None` for a null, or a wrong type.
pub(super) fn read<'de, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
    found: &mut Findings,
) -> Result<Option<Value<'de>>, Fault> {
    if found.is_cut {
        return Ok(None);
    }
    if found.type_error.is_some() {
        let skipped = reader.skip();
        found.step(skipped)?;
        return Ok(None);
    }
    let read = read_value(reader, shape, found);
    found.step(read)
}

fn read_value<'de, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
    found: &mut Findings,
) -> Result<Option<Value<'de>>, Fault> {
    let kind = reader.kind()?;
    if kind == Kind::Null {
        reader.null()?;
        return Ok(None);
    }
    let value = match (&shape.kind, kind) {
        (shape::Kind::Structure(members), Kind::Map) => read_structure(reader, members, found)?,
        (shape::Kind::List(element, bounds), Kind::List) => {
            read_list(reader, element, *bounds, found)?
        }
        (shape::Kind::Map(_, value, bounds), Kind::Map) => read_map(reader, value, *bounds, found)?,
        (shape::Kind::String(_), Kind::Text) => Value::Text(reader.text()?),
        (shape::Kind::Boolean, Kind::Boolean) => Value::Boolean(reader.boolean()?),
        (shape::Kind::Blob(_), Kind::Text) => return Ok(read_blob(&reader.text()?, found)),
        (shape::Kind::Blob(_), Kind::Bytes) => read_bytes(reader)?,
        (shape::Kind::Integer(_) | shape::Kind::Long(_), Kind::Number)
        | (shape::Kind::Timestamp, Kind::Number | Kind::Text) => {
            return read_number(reader, shape, kind, found);
        }
        _ => {
            mismatch(reader, shape, kind, found)?;
            return Ok(None);
        }
    };
    Ok(Some(value))
}

fn read_structure<'de, R: Reader<'de>>(
    reader: &mut R,
    members: &'static [Member],
    found: &mut Findings,
) -> Result<Value<'de>, Fault> {
    let mut values: Vec<_> = members.iter().map(|_| None).collect();
    let mut cursor = reader.begin_map()?;
    loop {
        let key = reader.next_key(&mut cursor);
        let Some(key) = found.step(key)? else {
            return Ok(Value::Structure(values));
        };
        match members.iter().position(|member| member.name == key) {
            Some(index) => values[index] = read(reader, members[index].shape, found)?,
            None => {
                let skipped = reader.skip();
                found.step(skipped)?;
            }
        }
        if found.is_cut {
            return Ok(Value::Structure(values));
        }
    }
}

fn read_list<'de, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
    bounds: Bounds,
    found: &mut Findings,
) -> Result<Value<'de>, Fault> {
    let kept_max = kept_max(bounds);
    let mut elements = Vec::new();
    let mut length = 0;
    let mut cursor = reader.begin_list()?;
    loop {
        let follows = reader.next_item(&mut cursor);
        if !found.step(follows)? {
            return Ok(Value::List(elements, length));
        }
        let element = read(reader, shape, found)?;
        if found.is_cut {
            return Ok(Value::List(elements, length));
        }
        length += 1;
        if length <= kept_max {
            elements.push(element);
        }
    }
}

fn read_map<'de, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
    bounds: Bounds,
    found: &mut Findings,
) -> Result<Value<'de>, Fault> {
    let kept_max = kept_max(bounds);
    let mut places: BTreeMap<Cow<'de, str>, usize> = BTreeMap::new();
    let mut entries: Vec<(Cow<'de, str>, _)> = Vec::new();
    let mut cursor = reader.begin_map()?;
    loop {
        let key = reader.next_key(&mut cursor);
        let Some(key) = found.step(key)? else {
            return Ok(Value::Map(entries));
        };
        let value = read(reader, shape, found)?;
        if found.is_cut {
            return Ok(Value::Map(entries));
        }
        if let Some(place) = places.get(&key) {
            entries[*place].1 = value;
        } else if entries.len() < kept_max {
            places.insert(key.clone(), entries.len());
            entries.push((key, value));
        }
    }
}

/// A list or map without a maximum is kept whole.
fn kept_max(bounds: Bounds) -> usize {
    let max = bounds.max.and_then(|max| usize::try_from(max).ok());
    max.map_or(usize::MAX, |max| KEPT_MAX.max(max + 1))
}

fn read_blob(text: &str, found: &mut Findings) -> Option<Value<'static>> {
    let mut bytes = Vec::new();
    if read_base64(text.as_bytes(), &mut bytes).is_ok() {
        return Some(Value::Blob(bytes));
    }
    found.note(|| {
        let (shown, complaint) = (clip(text, SHOWN_BYTES_MAX), base64::complaint(text));
        format!("'{shown}' can not be converted to a Blob: {complaint}")
    });
    None
}

fn read_bytes<'de, R: Reader<'de>>(reader: &mut R) -> Result<Value<'de>, Fault> {
    let mut bytes = Vec::new();
    reader.blob(&mut bytes)?;
    Ok(Value::Blob(bytes))
}

/// Reads a number or an instant, which may also be text.
fn read_number<'de, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
    kind: Kind,
    found: &mut Findings,
) -> Result<Option<Value<'de>>, Fault> {
    let value = match (&shape.kind, kind) {
        (shape::Kind::Timestamp, _) => match reader.timestamp() {
            Ok(instant) => Some(Value::Timestamp(instant)),
            Err(Fault::Mismatch) => None,
            Err(fault) => return Err(fault),
        },
        (shape::Kind::Integer(_), _) => {
            let integer = reader.number()?.to_integer();
            integer.map(|integer| Value::Integer(integer.into()))
        }
        _ => reader.number()?.to_long().map(Value::Integer),
    };
    if value.is_none() {
        found.note(|| conversion(shape, kind, ""));
    }
    Ok(value)
}

/// Skips a value of a wrong type.
fn mismatch<'de, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
    kind: Kind,
    found: &mut Findings,
) -> Result<(), Fault> {
    let given = if kind == Kind::Text {
        reader.text()?
    } else {
        Cow::Borrowed("")
    };
    found.note(|| conversion(shape, kind, &given));
    match kind {
        Kind::Text => Ok(()),
        Kind::Null | Kind::Boolean | Kind::Number | Kind::Bytes | Kind::List | Kind::Map => {
            reader.skip()
        }
    }
}

/// AWS's text for a value of this kind (`given` if it is text) that cannot be converted to the
/// shape.
fn conversion(shape: &'static Type, kind: Kind, given: &str) -> String {
    let target = match (&shape.kind, kind) {
        (_, Kind::Map) => return "Start of structure or map found where not expected.".to_owned(),
        (_, Kind::List) => return "Start of list found where not expected".to_owned(),
        (shape::Kind::Structure(_) | shape::Kind::EventStream(_), _) => {
            return "Expected null".to_owned();
        }
        (shape::Kind::List(..), _) => return "Expected list or null".to_owned(),
        (shape::Kind::Map(..), _) => return "Expected map or null".to_owned(),
        (shape::Kind::String(_), _) => "an String",
        (shape::Kind::Integer(_), _) => "an Integer",
        (shape::Kind::Long(_), _) => "an Long",
        (shape::Kind::Boolean, Kind::Text) => {
            let shown = clip(given, SHOWN_BYTES_MAX).to_uppercase();
            return format!("'{shown}' can not be converted to an Boolean");
        }
        (shape::Kind::Boolean, _) => "an Boolean",
        (shape::Kind::Blob(_), _) => "a Blob",
        (shape::Kind::Timestamp, _) => "milliseconds since epoch",
    };
    format!(
        "class {} can not be converted to {target}",
        java_class(kind)
    )
}

/// The class of such a value in AWS's parser.
fn java_class(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "java.lang.Boolean",
        Kind::Number => "com.amazon.coral.value.json.numbers.TruncatingBigNumber",
        Kind::Bytes => "java.nio.HeapByteBuffer",
        Kind::Text | Kind::Null | Kind::List | Kind::Map => "java.lang.String",
    }
}
