//! What AWS says to a request, computed from the model: the first value of a wrong type, or else
//! all violated constraints.

use crate::model::{Kind, Model, Shape};
use crate::value::Value;
use std::collections::BTreeSet;

/// The one text that is an instant.
pub const INSTANT: &str = "2026-01-01T00:00:00Z";
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What a request deserves before anything else is looked at.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    Sound,
    /// It is no object.
    Malformed,
    /// The text of the first type error.
    Mistyped(String),
    /// The violated constraints.
    Broken(BTreeSet<String>),
}

/// Judges a request by the shape of its input.
pub fn judge(model: &Model, input: &str, request: &Value) -> Verdict {
    if !matches!(request, Value::Map(_)) {
        return Verdict::Malformed;
    }
    if let Some(text) = mistyped(model, model.shape(input), request) {
        return Verdict::Mistyped(text);
    }
    let mut items = BTreeSet::new();
    Broken {
        model,
        items: &mut items,
    }
    .value(model.shape(input), request, "");
    if items.is_empty() {
        Verdict::Sound
    } else {
        Verdict::Broken(items)
    }
}

/// The first type error, in the order of the document.
fn mistyped(model: &Model, shape: &Shape, value: &Value) -> Option<String> {
    let of_class =
        |class: &str, target: &str| Some(format!("class {class} can not be converted to {target}"));
    let target = match (&shape.kind, value) {
        (_, Value::Null) => return None,
        (Kind::Structure(members), Value::Map(entries)) => {
            let known = entries.iter().filter_map(|(key, value)| {
                let member = members.iter().find(|member| member.name == *key)?;
                Some((model.shape(&member.shape), value))
            });
            return first(model, known);
        }
        (Kind::Map(_, element), Value::Map(entries)) => {
            let element = model.shape(element);
            return first(model, entries.iter().map(|(_, value)| (element, value)));
        }
        (Kind::List(element), Value::List(elements)) => {
            let element = model.shape(element);
            return first(model, elements.iter().map(|value| (element, value)));
        }
        (_, Value::List(_)) => return Some("Start of list found where not expected".to_owned()),
        (_, Value::Map(_)) => {
            return Some("Start of structure or map found where not expected.".to_owned());
        }
        (Kind::Structure(_), _) => return Some("Expected null".to_owned()),
        (Kind::List(_), _) => return Some("Expected list or null".to_owned()),
        (Kind::Map(..), _) => return Some("Expected map or null".to_owned()),
        (Kind::Text(..), Value::Text(_))
        | (Kind::Integer | Kind::Long | Kind::Instant, Value::Number(_))
        | (Kind::Boolean, Value::Boolean(_))
        | (Kind::Blob, Value::Blob(_))
        | (Kind::Instant, Value::Instant(_)) => return None,
        (Kind::Instant, Value::Text(text)) if text == INSTANT => return None,
        (Kind::Blob, Value::Text(text)) => return not_base64(text),
        (Kind::Boolean, Value::Text(text)) => {
            let text = text.to_uppercase();
            return Some(format!("'{text}' can not be converted to an Boolean"));
        }
        (Kind::Text(..), _) => "an String",
        (Kind::Integer, _) => "an Integer",
        (Kind::Long, _) => "an Long",
        (Kind::Boolean, _) => "an Boolean",
        (Kind::Blob, _) => "a Blob",
        (Kind::Instant, _) => "milliseconds since epoch",
    };
    match value {
        Value::Number(_) => of_class(
            "com.amazon.coral.value.json.numbers.TruncatingBigNumber",
            target,
        ),
        Value::Boolean(_) => of_class("java.lang.Boolean", target),
        Value::Text(_) => of_class("java.lang.String", target),
        Value::Null | Value::Blob(_) | Value::Instant(_) | Value::List(_) | Value::Map(_) => {
            panic!("no case has {value:?} where it is {target}")
        }
    }
}

fn first<'v>(
    model: &Model,
    mut values: impl Iterator<Item = (&'v Shape, &'v Value)>,
) -> Option<String> {
    values.find_map(|(shape, value)| mistyped(model, shape, value))
}

fn not_base64(text: &str) -> Option<String> {
    let length = text.chars().count();
    let body = text.trim_end_matches('=');
    let padding = length - body.chars().count();
    let foreign = body
        .chars()
        .find(|character| !ALPHABET.contains(*character));
    let last = body.chars().last().and_then(|last| ALPHABET.find(last));
    let spare = last.is_some_and(|digit| digit % [1, 4, 16, 1][padding.min(3)] != 0);
    let why = if !length.is_multiple_of(4) {
        format!("Base64 encoded length is expected a multiple of 4 bytes but found: {length}")
    } else if let Some(foreign) = foreign {
        format!("Invalid Base64 character: '{foreign}'")
    } else if spare || padding > 2 {
        "Invalid last non-pad Base64 character dectected".to_owned()
    } else {
        return None;
    };
    Some(format!("'{text}' can not be converted to a Blob: {why}"))
}

/// A number as an integer: rounded down and clamped to 32 bits.
fn integer(number: &str) -> i64 {
    let number: f64 = number.parse().unwrap();
    let floor = number
        .floor()
        .clamp(f64::from(i32::MIN), f64::from(i32::MAX));
    #[expect(clippy::cast_possible_truncation, reason = "it was clamped just now")]
    let integer = floor as i64;
    integer
}

/// Collects violated constraints.
struct Broken<'m> {
    model: &'m Model,
    items: &'m mut BTreeSet<String>,
}

impl Broken<'_> {
    fn add(&mut self, shown: &str, path: &str, rule: &str) {
        let item = format!("Value {shown}at '{path}' failed to satisfy constraint: {rule}");
        self.items.insert(item);
    }

    fn value(&mut self, shape: &Shape, value: &Value, path: &str) {
        for (rule, holds) in rules(shape, value) {
            if !holds {
                self.add(&shown(value), path, &rule);
            }
        }
        match (&shape.kind, value) {
            (Kind::Structure(members), Value::Map(entries)) => {
                for member in members {
                    let path = format!("{path}.{}", lower_first(&member.name));
                    let path = path.trim_start_matches('.');
                    let mut given = entries.iter().rev().filter(|(key, _)| *key == member.name);
                    match given.next() {
                        None | Some((_, Value::Null)) if member.required => {
                            self.add("null ", path, "Member must not be null");
                        }
                        None | Some((_, Value::Null)) => {}
                        Some((_, value)) => {
                            self.value(self.model.shape(&member.shape), value, path);
                        }
                    }
                }
            }
            (Kind::List(element), Value::List(elements)) => {
                self.elements(self.model.shape(element), elements, path);
            }
            (Kind::Map(key, element), Value::Map(entries)) => {
                self.entries(key, element, value, entries, path);
            }
            _ => {}
        }
    }

    /// Scalars share one item for their list, structures have their own.
    fn elements(&mut self, shape: &Shape, elements: &[Value], path: &str) {
        let mut broken = elements.iter().filter(|value| !holds(shape, value));
        if let Some(value) = broken.next() {
            let rule = format!(
                "Member must satisfy constraint: {}",
                in_brackets(shape, value)
            );
            self.add("", path, &rule);
        }
        for (index, element) in elements.iter().enumerate() {
            let path = format!("{path}.{}.member", index + 1);
            if *element == Value::Null {
                self.add("null ", &path, "Member must not be null");
            } else if let Kind::Structure(_) = shape.kind {
                self.value(shape, element, &path);
            }
        }
    }

    fn entries(
        &mut self,
        key: &str,
        element: &str,
        map: &Value,
        entries: &[(String, Value)],
        path: &str,
    ) {
        let (key, element) = (self.model.shape(key), self.model.shape(element));
        let keys = entries.iter().map(|(name, _)| Value::text(name));
        if let Some(broken) = keys.into_iter().find(|name| !holds(key, name)) {
            let rules = in_brackets(key, &broken);
            self.add(
                &shown(map),
                path,
                &format!("Map keys must satisfy constraint: {rules}"),
            );
        }
        if let Some((_, broken)) = entries.iter().find(|(_, value)| !holds(element, value)) {
            let rules = in_brackets(element, broken);
            self.add(
                &shown(map),
                path,
                &format!("Map value must satisfy constraint: {rules}"),
            );
        }
        for (name, _) in entries.iter().filter(|(_, value)| *value == Value::Null) {
            self.add(
                "null ",
                &format!("{path}.{name}.member"),
                "Member must not be null",
            );
        }
    }
}

/// A shape's own constraints in AWS's words, and whether a value satisfies each.
fn rules(shape: &Shape, value: &Value) -> Vec<(String, bool)> {
    let (of, measured) = match (&shape.kind, value) {
        (Kind::Text(..), Value::Text(text)) => ("length", text.chars().count() as i64),
        (Kind::Blob, Value::Blob(bytes)) => ("length", bytes.len() as i64),
        (Kind::Blob, Value::Text(text)) => {
            let padding = text.bytes().filter(|byte| *byte == b'=').count();
            ("length", (text.len() / 4 * 3 - padding) as i64)
        }
        (Kind::List(_), Value::List(elements)) => ("length", elements.len() as i64),
        (Kind::Map(..), Value::Map(entries)) => ("length", entries.len() as i64),
        (Kind::Integer | Kind::Long, Value::Number(number)) => ("value", integer(number)),
        _ => return Vec::new(),
    };
    let mut rules = Vec::new();
    if let (Kind::Text(pattern, values), Value::Text(text)) = (&shape.kind, value) {
        if let Some(pattern) = pattern {
            let rule = format!(
                "Member must satisfy regular expression pattern: {}",
                pattern.shown
            );
            rules.push((rule, pattern.matches(text)));
        }
        if !values.is_empty() {
            let rule = format!(
                "Member must satisfy enum value set: [{}]",
                values.join(", ")
            );
            rules.push((rule, values.contains(text)));
        }
    }
    if let Some(max) = shape.max {
        let rule = format!("Member must have {of} less than or equal to {max}");
        rules.push((rule, measured <= max));
    }
    if let Some(min) = shape.min {
        let rule = format!("Member must have {of} greater than or equal to {min}");
        rules.push((rule, measured >= min));
    }
    rules
}

fn holds(shape: &Shape, value: &Value) -> bool {
    rules(shape, value).iter().all(|(_, holds)| *holds)
}

fn in_brackets(shape: &Shape, value: &Value) -> String {
    let rules = rules(shape, value).into_iter().map(|(rule, _)| rule);
    format!("[{}]", rules.collect::<Vec<_>>().join(", "))
}

/// A value as a message shows it, with a blank behind it; nothing for blobs and lists.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("'{text}' "),
        Value::Number(number) => format!("'{}' ", integer(number)),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                if *value == Value::Null {
                    return format!("{key}=null");
                }
                let Value::Text(text) = value else {
                    panic!("a map has texts")
                };
                format!("{key}={text}")
            });
            format!("'{{{}}}' ", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Boolean(_) | Value::Blob(_) | Value::Instant(_) | Value::List(_) => {
            String::new()
        }
    }
}

fn lower_first(name: &str) -> String {
    let mut name = name.to_owned();
    name[..1].make_ascii_lowercase();
    name
}
