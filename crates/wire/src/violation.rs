//! A request that breaks constraints of its shape though its values have the right types.
//!
//! AWS looks at a request's types, then whether its sender may do what it asks, then at its
//! constraints. So what a request breaks is known before it may be told: until then it stands here,
//! beside what the request names.

use crate::explain::Value;
use crate::shape::Type;
use crate::{Error, Texts};

/// What a request breaks, and which of its own members of text are as they should be.
#[derive(Debug)]
pub struct Violation {
    texts: Vec<(&'static str, String)>,
    error: Error,
}

impl Violation {
    /// What a request of a shape breaks. Members that break something themselves name nothing.
    pub(crate) fn new(shape: &'static Type, request: &Value<'_>, error: Error) -> Self {
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

    /// AWS's `ValidationException`, for a sender that may do what it asks.
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
