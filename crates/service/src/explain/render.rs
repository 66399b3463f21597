//! Formats values in messages like AWS's Java code.

use super::value::Value;

/// Maximum size of the values in one message. AWS shows all of them, and here the longest valid
/// text still fits, as does a record of the default size in base64. A body of ten megabytes must
/// not become ten of them.
pub(super) const SHOWN_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Formats a value, unquoted and truncated; `None` for a kind that AWS does not show: blobs and
/// lists. A structure has no constraints of its own.
pub(super) fn render(value: &Value<'_>, bytes_max: usize) -> Option<String> {
    match value {
        Value::Blob(_) | Value::List(..) | Value::Structure(_) => None,
        Value::Text(_)
        | Value::Integer(_)
        | Value::Boolean(_)
        | Value::Timestamp(_)
        | Value::Map(_) => {
            let mut shown = String::new();
            append(Some(value), bytes_max, &mut shown);
            let end = clip(&shown, bytes_max).len();
            shown.truncate(end);
            Some(shown)
        }
    }
}

/// Truncates a text for a message.
pub(super) fn clip(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

fn append(value: Option<&Value<'_>>, bytes_max: usize, out: &mut String) {
    if out.len() > bytes_max {
        return;
    }
    match value {
        None => out.push_str("null"),
        Some(Value::Text(text)) => out.push_str(clip(text, bytes_max)),
        Some(Value::Integer(value)) => out.push_str(&value.to_string()),
        Some(Value::Boolean(value)) => out.push_str(&value.to_string()),
        Some(Value::Timestamp(instant)) => out.push_str(&instant.0.to_string()),
        Some(Value::Map(entries)) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                out.push_str(clip(key, bytes_max));
                out.push('=');
                append(value.as_ref(), bytes_max, out);
            }
            out.push('}');
        }
        Some(Value::Blob(_) | Value::List(..) | Value::Structure(_)) => {}
    }
}
