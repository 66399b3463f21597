//! Tags.

use wire_derive::Shape;

use crate::types::named;

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
