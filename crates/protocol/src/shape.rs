//! Static descriptions of the service model's shapes: names of members and allowed values.
//!
//! A description is declared once, beside its Rust type or in [`crate::types::named`]. The decoder
//! checks by it, the server walks it to explain a rejected request, and a test compares it with
//! AWS's own model. It holds no values and does no I/O. The constructors are `const`, so every
//! description is a constant.

use crate::pattern::Pattern;

/// A type with its own shape in the service model.
pub trait Described {
    /// The description.
    const SHAPE: &'static Type;
}

impl Described for bool {
    const SHAPE: &'static Type = &Type::boolean("BooleanObject");
}

/// A shape: its name in the service model and the values that it allows.
#[derive(Debug)]
pub struct Type {
    /// The name in the service model.
    pub name: &'static str,
    /// The values that it allows.
    pub kind: Kind,
}

/// The values that a shape allows.
#[derive(Debug)]
pub enum Kind {
    /// Named members.
    Structure(&'static [Member]),
    /// The union of an event stream: its events and the errors that may end it.
    EventStream(&'static [Member]),
    /// A list with elements of one shape.
    List(&'static Type, Bounds),
    /// A map from text to values of one shape; the bounds apply to the number of entries.
    Map(&'static Type, &'static Type, Bounds),
    /// Text; the bounds apply to the number of characters.
    String(Text),
    /// Bytes; the bounds apply to their number.
    Blob(Bounds),
    /// A 32-bit integer.
    Integer(Bounds),
    /// A 64-bit integer.
    Long(Bounds),
    /// True or false.
    Boolean,
    /// An instant.
    Timestamp,
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// The name on the wire.
    pub name: &'static str,
    /// The shape of its value.
    pub shape: &'static Type,
    /// Whether a request without it is rejected.
    pub required: bool,
}

/// Constraints on a string.
#[derive(Debug)]
pub struct Text {
    /// The number of characters.
    pub length: Bounds,
    /// The pattern that the whole string must match.
    pub pattern: Option<&'static Pattern>,
    /// The number of characters that a body has room for if there is no maximum, if more than
    /// usual.
    pub expected: Option<usize>,
    /// The only allowed values, in the order of AWS's messages; empty if there is no such
    /// restriction.
    pub values: &'static [&'static str],
}

/// Bounds of a length or value, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The minimum, if there is one.
    pub min: Option<i64>,
    /// The maximum, if there is one.
    pub max: Option<i64>,
}

impl Bounds {
    /// No bounds.
    pub const NONE: Self = Self {
        min: None,
        max: None,
    };

    /// Whether the value is within the bounds.
    pub fn contain(self, value: i64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }

    /// Whether an in-memory length is within the bounds.
    pub fn contain_length(self, length: usize) -> bool {
        self.contain(i64::try_from(length).unwrap_or(i64::MAX))
    }
}

impl Member {
    /// A member that every request must have.
    pub const fn required(name: &'static str, shape: &'static Type) -> Self {
        Self {
            name,
            shape,
            required: true,
        }
    }

    /// A member that may be absent.
    pub const fn optional(name: &'static str, shape: &'static Type) -> Self {
        Self {
            name,
            shape,
            required: false,
        }
    }
}

impl Type {
    /// A structure with its members.
    pub const fn structure(name: &'static str, members: &'static [Member]) -> Self {
        Self {
            name,
            kind: Kind::Structure(members),
        }
    }

    /// An event stream with its events and errors.
    pub const fn event_stream(name: &'static str, members: &'static [Member]) -> Self {
        Self {
            name,
            kind: Kind::EventStream(members),
        }
    }

    /// A list of any length.
    pub const fn list(name: &'static str, element: &'static Type) -> Self {
        Self {
            name,
            kind: Kind::List(element, Bounds::NONE),
        }
    }

    /// A map of any size.
    pub const fn map(name: &'static str, key: &'static Type, value: &'static Type) -> Self {
        Self {
            name,
            kind: Kind::Map(key, value, Bounds::NONE),
        }
    }

    /// Any string.
    pub const fn string(name: &'static str) -> Self {
        let text = Text {
            length: Bounds::NONE,
            pattern: None,
            expected: None,
            values: &[],
        };
        Self {
            name,
            kind: Kind::String(text),
        }
    }

    /// A string out of a set of values.
    pub const fn enumeration(name: &'static str, values: &'static [&'static str]) -> Self {
        let text = Text {
            length: Bounds::NONE,
            pattern: None,
            expected: None,
            values,
        };
        Self {
            name,
            kind: Kind::String(text),
        }
    }

    /// Any bytes.
    pub const fn blob(name: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Blob(Bounds::NONE),
        }
    }

    /// Any 32-bit integer.
    pub const fn integer(name: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Integer(Bounds::NONE),
        }
    }

    /// Any 64-bit integer.
    pub const fn long(name: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Long(Bounds::NONE),
        }
    }

    /// True or false.
    pub const fn boolean(name: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Boolean,
        }
    }

    /// An instant.
    pub const fn timestamp(name: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Timestamp,
        }
    }

    /// The same with bounds on its length or value.
    pub const fn between(self, min: i64, max: i64) -> Self {
        self.bounded(Bounds {
            min: Some(min),
            max: Some(max),
        })
    }

    /// The same with a minimum.
    pub const fn at_least(self, min: i64) -> Self {
        self.bounded(Bounds {
            min: Some(min),
            max: None,
        })
    }

    const fn bounded(self, bounds: Bounds) -> Self {
        let kind = match self.kind {
            Kind::List(element, _) => Kind::List(element, bounds),
            Kind::Map(key, value, _) => Kind::Map(key, value, bounds),
            Kind::String(text) => Kind::String(Text {
                length: bounds,
                ..text
            }),
            Kind::Blob(_) => Kind::Blob(bounds),
            Kind::Integer(_) => Kind::Integer(bounds),
            Kind::Long(_) => Kind::Long(bounds),
            Kind::Structure(_) | Kind::EventStream(_) | Kind::Boolean | Kind::Timestamp => {
                panic!("nothing to bound")
            }
        };
        Self {
            name: self.name,
            kind,
        }
    }

    /// The same string with a pattern.
    pub const fn matching(self, pattern: &'static Pattern) -> Self {
        match self.kind {
            Kind::String(text) => {
                let text = Text {
                    pattern: Some(pattern),
                    ..text
                };
                Self {
                    name: self.name,
                    kind: Kind::String(text),
                }
            }
            Kind::Structure(_)
            | Kind::EventStream(_)
            | Kind::List(..)
            | Kind::Map(..)
            | Kind::Blob(_)
            | Kind::Integer(_)
            | Kind::Long(_)
            | Kind::Boolean
            | Kind::Timestamp => panic!("only a string has a pattern"),
        }
    }

    /// The same string, whose length has no maximum and is no greater than this in practice.
    pub const fn expecting(self, characters: usize) -> Self {
        match self.kind {
            Kind::String(text) => {
                let text = Text {
                    expected: Some(characters),
                    ..text
                };
                Self {
                    name: self.name,
                    kind: Kind::String(text),
                }
            }
            Kind::Structure(_)
            | Kind::EventStream(_)
            | Kind::List(..)
            | Kind::Map(..)
            | Kind::Blob(_)
            | Kind::Integer(_)
            | Kind::Long(_)
            | Kind::Boolean
            | Kind::Timestamp => panic!("only a string has characters"),
        }
    }

    /// The members of a structure or an event stream; empty for other shapes.
    pub fn members(&self) -> &'static [Member] {
        match &self.kind {
            Kind::Structure(members) | Kind::EventStream(members) => members,
            Kind::List(..)
            | Kind::Map(..)
            | Kind::String(_)
            | Kind::Blob(_)
            | Kind::Integer(_)
            | Kind::Long(_)
            | Kind::Boolean
            | Kind::Timestamp => &[],
        }
    }

    /// The shape of a list's elements; itself if it is no list.
    pub fn element(&'static self) -> &'static Self {
        match &self.kind {
            Kind::List(element, _) => element,
            Kind::Structure(_)
            | Kind::EventStream(_)
            | Kind::Map(..)
            | Kind::String(_)
            | Kind::Blob(_)
            | Kind::Integer(_)
            | Kind::Long(_)
            | Kind::Boolean
            | Kind::Timestamp => self,
        }
    }

    /// The bounds of a length or a value; none for a shape that cannot have any.
    pub fn bounds(&self) -> Bounds {
        match &self.kind {
            Kind::List(_, bounds)
            | Kind::Map(_, _, bounds)
            | Kind::Blob(bounds)
            | Kind::Integer(bounds)
            | Kind::Long(bounds) => *bounds,
            Kind::String(text) => text.length,
            Kind::Structure(_) | Kind::EventStream(_) | Kind::Boolean | Kind::Timestamp => {
                Bounds::NONE
            }
        }
    }

    /// Whether a string satisfies length, pattern and set of values.
    #[inline]
    pub fn accepts_text(&self, text: &str) -> bool {
        let Kind::String(constraints) = &self.kind else {
            return true;
        };
        constraints.accept_length(text)
            && constraints
                .pattern
                .is_none_or(|pattern| pattern.matches(text))
            && (constraints.values.is_empty() || constraints.values.contains(&text))
    }
}

impl Text {
    /// Whether the number of characters is within the bounds, counting only if the number of bytes
    /// does not decide.
    #[inline]
    fn accept_length(&self, text: &str) -> bool {
        let bytes = i64::try_from(text.len()).unwrap_or(i64::MAX);
        let enough = self.length.min.is_none_or(|min| min <= bytes.min(1));
        let settled = enough && self.length.max.is_none_or(|max| bytes <= max);
        settled || self.length.contain_length(text.chars().count())
    }
}
