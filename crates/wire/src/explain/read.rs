//! Reads a request into a tree, and finds its first type error.
//!
//! Unknown members and null members are dropped; of a member given twice the last one stays. Nulls in
//! lists and maps stay, for the constraints to refuse.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::render;
use super::value::Value;
use crate::base64;
use crate::reader::{Fault, Kind, Reader};
use crate::shape::{self, Bounds, Member, Type};

/// How much of a list or map is kept that may hold less: enough to show it, as AWS does.
const KEPT_MAX: usize = 1024;

/// Why a tree could not be read.
#[derive(Debug)]
pub(super) enum TypeError {
    /// The input itself is broken.
    Malformed,
    /// A value has the wrong type; AWS's words for it.
    Text(String),
}

impl From<Fault> for TypeError {
    fn from(_: Fault) -> Self {
        Self::Malformed
    }
}

/// Reads one value of the shape; `None` for a null.
pub(super) fn read<'de, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
) -> Result<Option<Value<'de>>, TypeError> {
    let kind = reader.kind()?;
    if kind == Kind::Null {
        reader.null()?;
        return Ok(None);
    }
    let value = match (&shape.kind, kind) {
        (shape::Kind::Structure(members), Kind::Map) => read_structure(reader, members)?,
        (shape::Kind::List(element, bounds), Kind::List) => read_list(reader, element, *bounds)?,
        (shape::Kind::Map(_, value, bounds), Kind::Map) => read_map(reader, value, *bounds)?,
        (shape::Kind::String(_), Kind::Text) => Value::Text(reader.text()?),
        (shape::Kind::Boolean, Kind::Boolean) => Value::Boolean(reader.boolean()?),
        (shape::Kind::Blob(_), Kind::Text) => read_base64(&reader.text()?)?,
        (shape::Kind::Blob(_), Kind::Bytes) => read_bytes(reader)?,
        (shape::Kind::Integer(_) | shape::Kind::Long(_) | shape::Kind::Timestamp, _) => {
            read_number(reader, shape, kind)?
        }
        _ => return mismatch(reader, shape, kind),
    };
    Ok(Some(value))
}

fn read_structure<'de, R: Reader<'de>>(
    reader: &mut R,
    members: &'static [Member],
) -> Result<Value<'de>, TypeError> {
    let mut values: Vec<_> = members.iter().map(|_| None).collect();
    let mut cursor = reader.begin_map()?;
    while let Some(key) = reader.next_key(&mut cursor)? {
        match members.iter().position(|member| member.name == key) {
            Some(index) => values[index] = read(reader, members[index].shape)?,
            None => reader.skip()?,
        }
    }
    Ok(Value::Structure(values))
}

fn read_list<'de, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
    bounds: Bounds,
) -> Result<Value<'de>, TypeError> {
    let kept_max = kept_max(bounds);
    let mut elements = Vec::new();
    let mut length = 0;
    let mut cursor = reader.begin_list()?;
    while reader.next_item(&mut cursor)? {
        let element = read(reader, shape)?;
        length += 1;
        if length <= kept_max {
            elements.push(element);
        }
    }
    Ok(Value::List(elements, length))
}

fn read_map<'de, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
    bounds: Bounds,
) -> Result<Value<'de>, TypeError> {
    let kept_max = kept_max(bounds);
    let mut places: BTreeMap<Cow<'de, str>, usize> = BTreeMap::new();
    let mut entries: Vec<(Cow<'de, str>, _)> = Vec::new();
    let mut cursor = reader.begin_map()?;
    while let Some(key) = reader.next_key(&mut cursor)? {
        let value = read(reader, shape)?;
        if let Some(place) = places.get(&key) {
            entries[*place].1 = value;
        } else if entries.len() < kept_max {
            places.insert(key.clone(), entries.len());
            entries.push((key, value));
        }
    }
    Ok(Value::Map(entries))
}

/// A list or map without a greatest length is kept whole.
fn kept_max(bounds: Bounds) -> usize {
    let max = bounds.max.and_then(|max| usize::try_from(max).ok());
    max.map_or(usize::MAX, |max| KEPT_MAX.max(max + 1))
}

fn read_base64(text: &str) -> Result<Value<'static>, TypeError> {
    if let Some(complaint) = base64::complaint(text) {
        let shown = render::clip(text);
        let text = format!("'{shown}' can not be converted to a Blob: {complaint}");
        return Err(TypeError::Text(text));
    }
    let mut bytes = Vec::new();
    base64::decode(text.as_bytes(), &mut bytes)?;
    Ok(Value::Blob(bytes))
}

fn read_bytes<'de, R: Reader<'de>>(reader: &mut R) -> Result<Value<'de>, TypeError> {
    let mut bytes = Vec::new();
    reader.blob(&mut bytes)?;
    Ok(Value::Blob(bytes))
}

/// Reads what is given as a number, or an instant, which may also be text.
fn read_number<'de, R: Reader<'de>>(
    reader: &mut R,
    shape: &'static Type,
    kind: Kind,
) -> Result<Value<'de>, TypeError> {
    let value = match (&shape.kind, kind) {
        (shape::Kind::Timestamp, Kind::Number | Kind::Text) => {
            reader.timestamp().ok().map(Value::Timestamp)
        }
        (shape::Kind::Integer(_), Kind::Number) => reader
            .number()?
            .to_integer()
            .map(|integer| Value::Integer(integer.into())),
        (shape::Kind::Long(_), Kind::Number) => reader.number()?.to_long().map(Value::Integer),
        _ => None,
    };
    value.ok_or_else(|| TypeError::Text(conversion(shape, kind, "")))
}

fn mismatch<'de, R: Reader<'de>, T>(
    reader: &mut R,
    shape: &'static Type,
    kind: Kind,
) -> Result<T, TypeError> {
    let given = if kind == Kind::Text {
        reader.text()?
    } else {
        Cow::Borrowed("")
    };
    Err(TypeError::Text(conversion(shape, kind, &given)))
}

/// Says that a value of the kind, `given` if it is text, cannot be one of the shape.
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
            let shown = render::clip(given).to_uppercase();
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

/// The class in which AWS's parser keeps such a value.
fn java_class(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "java.lang.Boolean",
        Kind::Number => "com.amazon.coral.value.json.numbers.TruncatingBigNumber",
        Kind::Bytes => "java.nio.HeapByteBuffer",
        Kind::Text | Kind::Null | Kind::List | Kind::Map => "java.lang.String",
    }
}
