//! Finds all constraints that a request violates, in AWS's words.
//!
//! The size of a record is left to the caller: its limit depends on the stream.

use super::record_size::{LargeRecord, is_data};
use super::render::{SHOWN_BYTES_MAX, clip, render};
use super::value::Value;
use crate::violation_text::{VIOLATIONS_MAX, item};
use millstream_protocol::shape::{Bounds, Kind, Member, Type};

/// What a request violates, and its records that may be too large. If it was not read to its end,
/// absent members are not held against it.
pub(super) fn check(
    shape: &'static Type,
    request: &Value<'_>,
    absence: Absence,
) -> (Vec<String>, Vec<LargeRecord>) {
    let mut violations = Violations {
        items: Vec::new(),
        large: Vec::new(),
        absence,
        room: SHOWN_BYTES_MAX,
    };
    violations.check(shape, request, "");
    (violations.items, violations.large)
}

/// The meaning of an absent member.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// It was not given.
    Certain,
    /// It may be in the unread part of the body.
    Open,
}

struct Violations {
    items: Vec<String>,
    large: Vec<LargeRecord>,
    absence: Absence,
    /// How many bytes of values may still be shown.
    room: usize,
}

impl Violations {
    fn is_full(&self) -> bool {
        self.items.len() >= VIOLATIONS_MAX
    }

    /// Adds an item for a value, or for a null, unless there are enough. As on AWS, an item shows
    /// no list and no blob.
    fn add(&mut self, value: Option<&Value<'_>>, path: &str, rule: &str) {
        if self.is_full() {
            return;
        }
        let shown = match value.map(|value| render(value, self.room)) {
            Some(Some(shown)) => {
                self.room -= shown.len();
                Some(format!("'{shown}'"))
            }
            Some(None) => None,
            None => Some("null".to_owned()),
        };
        self.items.push(item(shown.as_deref(), path, rule));
    }

    fn check(&mut self, shape: &'static Type, value: &Value<'_>, path: &str) {
        for rule in rules(shape).iter().filter(|rule| !rule.satisfied_by(value)) {
            self.add(Some(value), path, &rule.text());
        }
        match value {
            Value::Structure(values) => self.check_members(shape.members(), values, path),
            Value::List(elements, _) => self.check_elements(shape, value, elements, path),
            Value::Map(entries) => self.check_entries(shape, value, entries, path),
            Value::Text(_)
            | Value::Integer(_)
            | Value::Boolean(_)
            | Value::Blob(_)
            | Value::Timestamp(_) => {}
        }
    }

    fn check_members(
        &mut self,
        members: &'static [Member],
        values: &[Option<Value<'_>>],
        path: &str,
    ) {
        for (member, value) in members.iter().zip(values) {
            let path = join(path, &lower_first(member.name));
            match value {
                Some(_) if is_data(member) => {
                    self.large.extend(LargeRecord::new(members, values, &path));
                }
                Some(value) => self.check(member.shape, value, &path),
                None if member.required && self.absence == Absence::Certain => {
                    self.add(None, &path, "Member must not be null");
                }
                None => {}
            }
        }
    }

    /// Structures have items of their own; scalars share one, for the list.
    fn check_elements(
        &mut self,
        shape: &'static Type,
        list: &Value<'_>,
        elements: &[Option<Value<'_>>],
        path: &str,
    ) {
        let element_shape = shape.element();
        let rules = rules(element_shape);
        let broken = |value: &Value<'_>| rules.iter().any(|rule| !rule.satisfied_by(value));
        if elements.iter().flatten().any(broken) {
            let rule = format!("Member must satisfy constraint: {}", in_brackets(&rules));
            self.add(Some(list), path, &rule);
        }
        for (index, element) in elements.iter().enumerate() {
            if self.is_full() {
                return;
            }
            let path = || format!("{path}.{}.member", index + 1);
            match element {
                Some(structure @ Value::Structure(_)) => {
                    self.check(element_shape, structure, &path());
                }
                Some(_) => {}
                None => self.add(None, &path(), "Member must not be null"),
            }
        }
    }

    fn check_entries(
        &mut self,
        shape: &'static Type,
        map: &Value<'_>,
        entries: &[(std::borrow::Cow<'_, str>, Option<Value<'_>>)],
        path: &str,
    ) {
        let Kind::Map(key_shape, value_shape, _) = &shape.kind else {
            return;
        };
        if entries.iter().any(|(key, _)| !key_shape.accepts_text(key)) {
            let rule = format!(
                "Map keys must satisfy constraint: {}",
                in_brackets(&rules(key_shape))
            );
            self.add(Some(map), path, &rule);
        }
        let rules = rules(value_shape);
        let broken = |value: &Value<'_>| rules.iter().any(|rule| !rule.satisfied_by(value));
        if entries
            .iter()
            .filter_map(|(_, value)| value.as_ref())
            .any(broken)
        {
            let rule = format!("Map value must satisfy constraint: {}", in_brackets(&rules));
            self.add(Some(map), path, &rule);
        }
        for (key, _) in entries.iter().filter(|(_, value)| value.is_none()) {
            self.add(
                None,
                &format!("{path}.{}.member", clip(key, self.room)),
                "Member must not be null",
            );
        }
    }
}

/// One constraint of a shape.
enum Rule {
    Pattern(&'static millstream_protocol::pattern::Pattern),
    Values(&'static [&'static str]),
    Most(i64, Measure),
    Least(i64, Measure),
}

/// The quantity that a bound applies to.
#[derive(Clone, Copy)]
enum Measure {
    Length,
    Value,
}

/// A shape's own constraints, the upper bound before the lower, as in AWS's lists.
fn rules(shape: &'static Type) -> Vec<Rule> {
    let (text, measure) = match &shape.kind {
        Kind::String(text) => (Some(text), Measure::Length),
        Kind::List(..) | Kind::Map(..) | Kind::Blob(_) => (None, Measure::Length),
        Kind::Structure(_)
        | Kind::EventStream(_)
        | Kind::Integer(_)
        | Kind::Long(_)
        | Kind::Boolean
        | Kind::Timestamp => (None, Measure::Value),
    };
    let Bounds { min, max } = shape.bounds();
    let values = text
        .map(|text| text.values)
        .filter(|values| !values.is_empty());
    let rules = [
        text.and_then(|text| text.pattern).map(Rule::Pattern),
        values.map(Rule::Values),
        max.map(|max| Rule::Most(max, measure)),
        min.map(|min| Rule::Least(min, measure)),
    ];
    rules.into_iter().flatten().collect()
}

impl Rule {
    fn satisfied_by(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Pattern(pattern), Value::Text(text)) => pattern.matches(text),
            (Self::Values(values), Value::Text(text)) => values.contains(&&**text),
            (Self::Most(max, _), value) => measured(value).is_none_or(|measured| measured <= *max),
            (Self::Least(min, _), value) => measured(value).is_none_or(|measured| measured >= *min),
            (Self::Pattern(_) | Self::Values(_), _) => true,
        }
    }

    fn text(&self) -> String {
        let measure = |measure: &Measure| match measure {
            Measure::Length => "length",
            Measure::Value => "value",
        };
        match self {
            Self::Pattern(pattern) => {
                format!(
                    "Member must satisfy regular expression pattern: {}",
                    pattern.shown()
                )
            }
            Self::Values(values) => {
                format!(
                    "Member must satisfy enum value set: [{}]",
                    values.join(", ")
                )
            }
            Self::Most(max, of) => {
                format!(
                    "Member must have {} less than or equal to {max}",
                    measure(of)
                )
            }
            Self::Least(min, of) => {
                format!(
                    "Member must have {} greater than or equal to {min}",
                    measure(of)
                )
            }
        }
    }
}

/// A value, or its length; `None` for a kind that has neither.
fn measured(value: &Value<'_>) -> Option<i64> {
    let length = match value {
        Value::Integer(value) => return Some(*value),
        Value::Text(text) => text.chars().count(),
        Value::Blob(bytes) => bytes.len(),
        Value::List(_, length) => *length,
        Value::Map(entries) => entries.len(),
        Value::Structure(_) | Value::Boolean(_) | Value::Timestamp(_) => return None,
    };
    Some(i64::try_from(length).unwrap_or(i64::MAX))
}

fn in_brackets(rules: &[Rule]) -> String {
    let rules: Vec<_> = rules.iter().map(Rule::text).collect();
    format!("[{}]", rules.join(", "))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(letters)
        .collect()
}
