//! The maximum size of a request's body, derived from its shape.
//!
//! The largest sensible body: each text at its maximum length with every character escaped (tokens
//! apart), each blob in base64. It is known before the body arrives, so that an operation which
//! changes a tag never receives megabytes. It is an upper bound, not a check: the decoder validates
//! each value.

use crate::shape::{Bounds, Kind, Text, Type};

/// Allowance for any body beyond its shape: whitespace, and members that a newer client knows.
pub const SPARE_BYTES: usize = 64 * 1024;

/// Maximum size of an escaped character: two of `\uXXXX`.
const CHARACTER_BYTES: usize = 12;
/// Assumed length of texts without a limit in their shape. Their patterns allow 129 digits.
const TEXT_CHARACTERS: usize = 256;
/// Longer texts, which are tokens, are assumed to be plain ASCII: twelve mebibytes for one would
/// buy nothing.
const ESCAPED_CHARACTERS_MAX: usize = 2048;
/// Maximum size of a number, a boolean, or an instant.
const SCALAR_BYTES: usize = 64;
/// Quotes, colon and comma around a name, or quotes and comma around an element.
const AROUND_BYTES: usize = 6;

/// The size of the largest body of a shape.
pub const fn body_bytes_max(shape: &Type) -> usize {
    value_bytes(shape).saturating_add(SPARE_BYTES)
}

const fn value_bytes(shape: &Type) -> usize {
    match &shape.kind {
        Kind::Structure(members) | Kind::EventStream(members) => {
            let mut bytes = AROUND_BYTES;
            let mut place = 0;
            while place < members.len() {
                let member = &members[place];
                let named = member.name.len() + AROUND_BYTES;
                bytes = bytes
                    .saturating_add(named)
                    .saturating_add(value_bytes(member.shape));
                place += 1;
            }
            bytes
        }
        Kind::List(element, bounds) => {
            let each = value_bytes(element).saturating_add(AROUND_BYTES);
            each.saturating_mul(count_max(bounds))
        }
        Kind::Map(key, value, bounds) => {
            let each = value_bytes(key).saturating_add(value_bytes(value));
            each.saturating_add(AROUND_BYTES)
                .saturating_mul(count_max(bounds))
        }
        Kind::String(Text {
            expected: Some(characters),
            ..
        }) => *characters * CHARACTER_BYTES + AROUND_BYTES,
        Kind::String(text) => text_bytes(text) + AROUND_BYTES,
        // Four characters for three bytes; some clients escape the slash, which is one of 64
        // characters.
        Kind::Blob(bounds) => count_max(bounds).saturating_mul(4) / 3 / 32 * 33 + AROUND_BYTES,
        Kind::Integer(_) | Kind::Long(_) | Kind::Boolean | Kind::Timestamp => SCALAR_BYTES,
    }
}

const fn count_max(bounds: &Bounds) -> usize {
    match bounds.max {
        Some(max) if max >= 0 => max as usize,
        Some(_) | None => usize::MAX,
    }
}

const fn text_bytes(text: &Text) -> usize {
    let characters = match text.length.max {
        Some(max) if max >= 0 => max as usize,
        Some(_) | None => TEXT_CHARACTERS,
    };
    if characters > ESCAPED_CHARACTERS_MAX {
        characters
    } else {
        characters * CHARACTER_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::*;
    use crate::shape::Described;

    #[test]
    fn operations_when_about_no_data_then_have_short_bodies() {
        let most = |shape| body_bytes_max(shape) / 1024;
        for description in ALL {
            let kib = most(description.input);
            let expected = match description.name {
                "PutRecords" => 1024 * 1024..=usize::MAX,
                "PutRecord" => 14_000..=15_000,
                "AddTagsToStream" | "CreateStream" | "RegisterStreamConsumer" | "TagResource" => {
                    900..=1100
                }
                "RemoveTagsFromStream" | "UntagResource" => 128..=192,
                // A token of the greatest length is an argument like any other.
                "ListShards" | "ListStreamConsumers" | "ListStreams" => 1088..=1152,
                // A policy of the greatest length, with every character escaped.
                "PutResourcePolicy" => 320..=384,
                _ => 64..=128,
            };
            assert!(expected.contains(&kib), "{}: {kib} KiB", description.name);
        }
    }

    #[test]
    fn largest_record_when_in_base64_then_is_within_the_bound() {
        let data = crate::base64::text_bytes(10 * 1024 * 1024);
        let slashes = data / 64;
        assert!(data + slashes + 1024 < body_bytes_max(PutRecordInput::SHAPE));
    }
}
