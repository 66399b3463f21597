//! The tree of a request with the right types, whatever its constraints.

use std::borrow::Cow;

use millstream_protocol::Timestamp;
use millstream_protocol::shape::{Kind, Type};
use millstream_protocol::writer::Writer;

/// A value with the type of its shape.
#[derive(Debug)]
pub(super) enum Value<'de> {
    Text(Cow<'de, str>),
    Integer(i64),
    Boolean(bool),
    Blob(Vec<u8>),
    Timestamp(Timestamp),
    /// Elements (`None` for a null) and the whole list's length: of a list that is far too long
    /// only the beginning is kept.
    List(Vec<Option<Self>>, usize),
    /// Entries in the order in which their keys first occurred; likewise.
    Map(Vec<(Cow<'de, str>, Option<Self>)>),
    /// One slot per member of the shape, in its order.
    Structure(Vec<Option<Self>>),
}

impl Value<'_> {
    /// A structure's member; `None` if it is absent.
    pub(super) fn member(&self, shape: &'static Type, name: &str) -> Option<&Self> {
        let Self::Structure(values) = self else {
            return None;
        };
        let members = shape.members().iter().zip(values);
        let mut named = members.filter(|(member, _)| member.name == name);
        named.next().and_then(|(_, value)| value.as_ref())
    }

    /// The text, if it is one.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Integer(_)
            | Self::Boolean(_)
            | Self::Blob(_)
            | Self::Timestamp(_)
            | Self::List(..)
            | Self::Map(_)
            | Self::Structure(_) => None,
        }
    }

    /// Writes the value, which must match the shape, and must contain no null elements.
    pub(super) fn write<W: Writer>(&self, shape: &'static Type, writer: &mut W) {
        match self {
            Self::Text(text) => writer.text(text),
            Self::Integer(value) => writer.integer(*value),
            Self::Boolean(value) => writer.boolean(*value),
            Self::Blob(bytes) => writer.blob(bytes),
            Self::Timestamp(instant) => writer.timestamp(*instant),
            Self::List(elements, _) => write_list(elements, shape, writer),
            Self::Map(entries) => write_map(entries, shape, writer),
            Self::Structure(values) => write_structure(values, shape, writer),
        }
    }
}

fn write_list<W: Writer>(elements: &[Option<Value<'_>>], shape: &'static Type, writer: &mut W) {
    let element_shape = shape.element();
    writer.begin_list();
    for element in elements.iter().flatten() {
        writer.item();
        element.write(element_shape, writer);
    }
    writer.end_list();
}

fn write_map<W: Writer>(
    entries: &[(Cow<'_, str>, Option<Value<'_>>)],
    shape: &'static Type,
    writer: &mut W,
) {
    let Kind::Map(_, value_shape, _) = &shape.kind else {
        return;
    };
    writer.begin_map();
    for (key, value) in entries {
        if let Some(value) = value {
            writer.key(key);
            value.write(value_shape, writer);
        }
    }
    writer.end_map();
}

fn write_structure<W: Writer>(values: &[Option<Value<'_>>], shape: &'static Type, writer: &mut W) {
    writer.begin_map();
    for (member, value) in shape.members().iter().zip(values) {
        if let Some(value) = value {
            writer.key(member.name);
            value.write(member.shape, writer);
        }
    }
    writer.end_map();
}
