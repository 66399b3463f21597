//! Tags.

use millstream_protocol_derive::Shape;

use crate::shape::{Described, Type};
use crate::types::named;

/// `TagList`.
pub const TAG_LIST: &Type = &Type::list("TagList", Tag::SHAPE).between(0, 200);

/// A tag.
#[derive(Clone, Debug, Default, PartialEq, Shape)]
pub struct Tag {
    /// The key.
    #[shape(of = named::TAG_KEY)]
    pub key: String,
    /// The value.
    #[shape(of = named::TAG_VALUE)]
    pub value: Option<String>,
}
