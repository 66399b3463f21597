//! The rules for tags, the same in every operation that sets or removes some: of a stream, by its
//! name or its ARN, or of a consumer.
//!
//! <https://docs.aws.amazon.com/streams/latest/dev/tagging.html>

use crate::catalog::ResourceLabel;
use crate::facts::{TagAct, TagError};
use millstream_model::limits;
use millstream_protocol::types::Tag;
use std::collections::BTreeMap;

/// The beginning of the keys that AWS sets itself, in letters of either case.
const RESERVED: &str = "aws:";

/// Rejects tags with characters that AWS does not accept, reserved keys, and more tags than a
/// resource may have.
pub(super) fn check_new_tags(
    tags: &BTreeMap<String, String>,
    resource: &ResourceLabel,
) -> Result<(), TagError> {
    let texts = tags.iter().flat_map(|(key, value)| [key, value]);
    check_characters(texts, TagAct::Add, resource)?;
    check_prefixes(tags.keys(), TagAct::Add, resource)?;
    if tags.len() > limits::TAGS_MAX {
        return Err(TagError::TooMany {
            resource: resource.clone(),
            most: limits::TAGS_MAX,
        });
    }
    Ok(())
}

/// Rejects keys of tags to be removed by the rules for keys of new ones.
pub(super) fn check_tag_keys(keys: &[String], resource: &ResourceLabel) -> Result<(), TagError> {
    check_characters(keys.iter(), TagAct::Remove, resource)?;
    check_prefixes(keys.iter(), TagAct::Remove, resource)
}

/// A tag in the service model's shape.
pub(super) fn listed((key, value): (&String, &String)) -> Tag {
    Tag {
        key: key.clone(),
        value: Some(value.clone()),
    }
}

fn check_characters<'a>(
    mut texts: impl Iterator<Item = &'a String> + Clone,
    act: TagAct,
    resource: &ResourceLabel,
) -> Result<(), TagError> {
    if !texts.clone().all(|text| text.chars().all(is_valid)) {
        return Err(TagError::Characters);
    }
    if texts.any(|text| text.contains('%')) {
        let resource = resource.clone();
        Err(TagError::Percent { act, resource })
    } else {
        Ok(())
    }
}

fn check_prefixes<'a>(
    mut keys: impl Iterator<Item = &'a String>,
    act: TagAct,
    resource: &ResourceLabel,
) -> Result<(), TagError> {
    let is_reserved = |key: &&String| {
        let start = key.as_bytes().get(..RESERVED.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(RESERVED.as_bytes()))
    };
    match keys.find(is_reserved) {
        Some(key) => Err(TagError::Reserved {
            act,
            key: key.clone(),
            resource: resource.clone(),
        }),
        None => Ok(()),
    }
}

/// Whether a tag may contain a character, or gets the text about percent signs. White space is
/// `\p{Z}`, so no tabs and no line feeds. AWS's texts do not list the colon, which is accepted.
fn is_valid(character: char) -> bool {
    let is_space = character.is_whitespace() && !character.is_control();
    character.is_alphanumeric() || is_space || "_.:/=+-%@".contains(character)
}
