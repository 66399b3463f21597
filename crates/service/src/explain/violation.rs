//! A request that violates constraints of its shape although its values have the right types.
//!
//! AWS checks a request's types, then authorization, then constraints. So violations are known
//! before they may be reported. Until then they are kept here, with the resource names in the
//! request.

use super::record_size::LargeRecord;
use super::value::Value;
use crate::violation_text::{VIOLATIONS_MAX, detected};
use millstream_protocol::shape::Type;
use millstream_protocol::{Error, ErrorCode, Texts};

/// Violated constraints, and the text members that satisfy theirs.
#[derive(Debug)]
pub struct Violation {
    texts: Vec<(&'static str, String)>,
    items: Vec<String>,
    large: Vec<LargeRecord>,
}

impl Violation {
    /// The violations of a request. Members that violate something themselves are not kept.
    pub(super) fn new(
        shape: &'static Type,
        request: &Value<'_>,
        items: Vec<String>,
        large: Vec<LargeRecord>,
    ) -> Self {
        let members = shape.members().iter();
        let texts = members.filter_map(|member| {
            let text = request.member(shape, member.name)?.as_text()?;
            let is_sound = member.shape.accepts_text(text);
            is_sound.then(|| (member.name, text.to_owned()))
        });
        Self {
            texts: texts.collect(),
            items,
            large,
        }
    }

    /// AWS's `ValidationException`, once the sender is authorized and it is known how large a
    /// record may be. Records that are too large are told beside the rest, since AWS words their
    /// size like any other constraint.
    pub fn into_error(self, record_bytes_max: Option<u64>) -> Error {
        let large = self.large.iter();
        let too_large = large.filter_map(|record| record.violation(record_bytes_max));
        let items = self.items.into_iter().chain(too_large);
        let items: Vec<String> = items.take(VIOLATIONS_MAX).collect();
        Error::new(ErrorCode::ValidationException, detected(&items))
    }
}

impl Texts for Violation {
    fn text(&self, member: &str) -> Option<&str> {
        let mut texts = self.texts.iter();
        let found = texts.find(|(name, _)| *name == member);
        found.map(|(_, text)| text.as_str())
    }
}
