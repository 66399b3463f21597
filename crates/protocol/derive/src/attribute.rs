//! The attributes `#[shape(..)]` of fields and variants.

use syn::{Attribute, LitStr, Path, Result};

/// The attribute's keys; `None` or `false` if absent.
#[derive(Default)]
pub(crate) struct ShapeAttribute {
    /// The member's or value's name on the wire.
    pub(crate) name: Option<String>,
    /// The constant that describes the member's shape.
    pub(crate) of: Option<Path>,
    /// Whether the member is the operation's event stream.
    pub(crate) streamed: bool,
    /// Whether the model requires the member although responses sometimes lack it.
    pub(crate) required: bool,
}

impl ShapeAttribute {
    /// Parses all `#[shape(..)]` attributes; an unknown key is an error.
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut parsed = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("shape")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    parsed.name = Some(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("of") {
                    parsed.of = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("streamed") {
                    parsed.streamed = true;
                } else if meta.path.is_ident("required") {
                    parsed.required = true;
                } else {
                    return Err(meta.error("expected `name`, `of`, `streamed` or `required`"));
                }
                Ok(())
            })?;
        }
        Ok(parsed)
    }
}
