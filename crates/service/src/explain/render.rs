//! Formats values in messages like AWS's Java code.

use super::value::Value;
use millstream_protocol::shape::Type;

/// Maximum size of one value in a message. AWS shows all of it; a body of ten megabytes must not
/// become ten responses of that size.
const SHOWN_BYTES_MAX: usize = 64 * 1024;
/// The package of AWS's own classes, which appears in messages.
const PACKAGE: &str = "com.amazonaws.kinesis.v20131202";

/// Formats a value of the shape, unquoted.
pub(super) fn render(value: &Value<'_>, shape: &'static Type) -> String {
    let mut shown = String::new();
    append(Some(value), shape, &mut shown);
    let end = clip(&shown).len();
    shown.truncate(end);
    shown
}

/// Truncates a text for a message.
pub(super) fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN_BYTES_MAX)]
}

fn append(value: Option<&Value<'_>>, shape: &'static Type, out: &mut String) {
    if out.len() > SHOWN_BYTES_MAX {
        return;
    }
    match value {
        None => out.push_str("null"),
        Some(Value::Text(text)) => out.push_str(clip(text)),
        Some(Value::Integer(value)) => out.push_str(&value.to_string()),
        Some(Value::Boolean(value)) => out.push_str(&value.to_string()),
        Some(Value::Timestamp(instant)) => out.push_str(&instant.0.to_string()),
        Some(Value::Blob(bytes)) => {
            let length = bytes.len();
            out.push_str(&format!(
                "java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]"
            ));
        }
        Some(Value::List(elements, _)) => append_list(elements, shape, out),
        Some(Value::Map(entries)) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                out.push_str(clip(key));
                out.push('=');
                append(value.as_ref(), shape, out);
            }
            out.push('}');
        }
        Some(Value::Structure(members)) => {
            let hash = hash(members, shape);
            out.push_str(&format!("{PACKAGE}.{}@{hash:x}", shape.name));
        }
    }
}

fn append_list(elements: &[Option<Value<'_>>], shape: &'static Type, out: &mut String) {
    let element_shape = shape.element();
    out.push('[');
    for (index, element) in elements.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        append(element.as_ref(), element_shape, out);
    }
    out.push(']');
}

/// A hash code like Java's: equal objects have equal ones, which is all it conveys.
fn hash(members: &[Option<Value<'_>>], shape: &'static Type) -> u32 {
    let mut shown = String::new();
    for (value, member) in members.iter().zip(shape.members()) {
        append(value.as_ref(), member.shape, &mut shown);
        shown.push(';');
    }
    shown.bytes().fold(7, |hash: u32, byte| {
        hash.wrapping_mul(31).wrapping_add(byte.into())
    })
}
