//! Tags, as operations that set and remove them take them.

use crate::catalog::StreamLabel;
use crate::facts::{TagAct, TagError};
use millstream_model::limits;
use std::collections::BTreeMap;

/// Rejects tags with characters that AWS does not accept, and more than a stream may have.
pub(super) fn check_new_tags(
    tags: &BTreeMap<String, String>,
    stream: &StreamLabel,
) -> Result<(), TagError> {
    if tags.len() > limits::TAGS_MAX {
        return Err(TagError::TooMany {
            stream: stream.clone(),
            most: limits::TAGS_MAX,
        });
    }
    let texts = tags.iter().flat_map(|(key, value)| [key, value]);
    check_characters(texts, TagAct::Add, stream)
}

/// Rejects tag keys with characters that AWS does not accept.
pub(super) fn check_tag_keys(keys: &[String], stream: &StreamLabel) -> Result<(), TagError> {
    check_characters(keys.iter(), TagAct::Remove, stream)
}

fn check_characters<'a>(
    mut texts: impl Iterator<Item = &'a String> + Clone,
    act: TagAct,
    stream: &StreamLabel,
) -> Result<(), TagError> {
    let is_valid = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_./=+-%@".contains(c);
    if !texts.clone().all(|text| text.chars().all(is_valid)) {
        return Err(TagError::Characters);
    }
    if texts.any(|text| text.contains('%')) {
        let stream = stream.clone();
        Err(TagError::Percent { act, stream })
    } else {
        Ok(())
    }
}
