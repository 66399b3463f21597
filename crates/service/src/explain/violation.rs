//! A request that violates constraints of its shape although its values have the right types.
//!
//! AWS checks a request's types, then authorization, then constraints. So violations are known
//! before they may be reported. Until then they are kept here, with the resource names in the
//! request.

use super::value::Value;
use millstream_protocol::shape::Type;
use millstream_protocol::{Error, Texts};

/// Violated constraints, and the text members that satisfy theirs.
#[derive(Debug)]
pub struct Violation {
    texts: Vec<(&'static str, String)>,
    error: Error,
}

impl Violation {
    /// The violations of a request. Members that violate something themselves are not kept.
    pub(super) fn new(shape: &'static Type, request: &Value<'_>, error: Error) -> Self {
        let members = shape.members().iter();
        let texts = members.filter_map(|member| {
            let text = request.member(shape, member.name)?.as_text()?;
            let is_sound = member.shape.accepts_text(text);
            is_sound.then(|| (member.name, text.to_owned()))
        });
        Self {
            texts: texts.collect(),
            error,
        }
    }

    /// AWS's `ValidationException`, once the sender is authorized.
    pub fn into_error(self) -> Error {
        self.error
    }
}

impl Texts for Violation {
    fn text(&self, member: &str) -> Option<&str> {
        let mut texts = self.texts.iter();
        let found = texts.find(|(name, _)| *name == member);
        found.map(|(_, text)| text.as_str())
    }
}
