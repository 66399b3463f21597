//! Requests that are sound but for one value, made for every member of an input at every depth: at
//! and beyond its bounds, against its pattern, out of its enumeration, null, absent, and of every
//! wrong type.

use crate::model::{Kind, Model, Pattern, Shape};
use crate::sound::{text_against, text_of};
use crate::value::Value;
use crate::verdict::INSTANT;

/// Numbers that are no small integers.
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1.9",
    "0.9",
    "-0.1",
    "2147483647",
    "2147483648",
    "-2147483649",
    "18446744073709551616",
    "-1234567890123456789012345678901234567",
    "1e400",
    "-1e400",
];
/// Texts of which some are base64, and none is an instant or a truth value.
const TEXTS: [&str; 8] = ["AAAA", "AA", "AA!A", "AB==", "A===", "soon", "", "true"];
/// Lengths of texts whose shape has a pattern and no bounds, about the bounds within the patterns.
const LENGTHS: [usize; 8] = [1, 38, 39, 40, 128, 129, 130, 200];

/// Longer texts are tokens, which are ASCII.
const NOT_ASCII_MAX: usize = 100_000;

/// A request.
pub struct Case {
    /// The member in question, and what about it.
    pub what: String,
    pub request: Value,
}

/// The cases of one operation.
pub struct Cases<'m> {
    model: &'m Model,
    /// How many members, elements, keys and values there are.
    pub members: usize,
    pub cases: Vec<Case>,
}

/// Puts a value in its place in a request.
type Place<'p> = &'p dyn Fn(Value) -> Value;

impl<'m> Cases<'m> {
    pub fn of(model: &'m Model, input: &str) -> Self {
        let mut cases = Self {
            model,
            members: 0,
            cases: Vec::new(),
        };
        let sound = model.sound(input);
        cases.add("everything required", sound.clone());
        cases.add("nothing", Value::Map(Vec::new()));
        let Value::Map(mut members) = sound else {
            panic!("an input is a structure")
        };
        members.insert(0, ("Unknown".to_owned(), Value::List(vec![Value::Null])));
        cases.add("an unknown member", Value::Map(members));
        cases.structure(input, "", &|request| request);
        cases.all_at_once(input);
        cases
    }

    fn add(&mut self, what: impl Into<String>, request: Value) {
        let what = what.into();
        self.cases.push(Case { what, request });
    }

    /// The members of a structure, each in turn.
    fn structure(&mut self, name: &str, path: &str, place: Place<'_>) {
        let model = self.model;
        let Kind::Structure(members) = &model.shape(name).kind else {
            panic!("{name} is a structure")
        };
        for member in members {
            let path = format!("{path}.{}", member.name);
            let others = model.sound_members(name, &member.name);
            self.add(format!("{path} absent"), place(Value::Map(others.clone())));
            self.value(&member.shape, &path, &|value| {
                let mut members = others.clone();
                members.push((member.name.clone(), value));
                place(Value::Map(members))
            });
        }
    }

    /// One value in its place: a member, an element, or the value of an entry.
    fn value(&mut self, name: &str, path: &str, place: Place<'_>) {
        self.members += 1;
        let model = self.model;
        let mut add = |value: Value, what: &str| {
            self.add(format!("{path} {what}"), place(value));
        };
        add(Value::Null, "null");
        add(Value::Boolean(true), "a boolean");
        add(Value::number("7"), "a number");
        add(Value::number("7.5"), "a decimal");
        add(Value::List(Vec::new()), "an empty list");
        add(Value::List(vec![Value::number(7)]), "a list");
        add(Value::Map(Vec::new()), "an empty structure");
        add(
            Value::Map(vec![("k".to_owned(), Value::number(7))]),
            "a structure",
        );
        for text in TEXTS {
            add(Value::text(text), "a text");
        }
        add(model.sound(name), "sound");
        let shape = model.shape(name);
        match &shape.kind {
            Kind::Structure(_) => self.structure(name, path, place),
            Kind::List(element) => self.list(shape, element, path, place),
            Kind::Map(key, element) => self.map(shape, key, element, path, place),
            Kind::Text(pattern, values) => {
                for text in texts(shape, pattern.as_ref(), values) {
                    self.add(format!("{path} a text"), place(Value::Text(text)));
                }
            }
            Kind::Blob => {
                for length in bounds(shape) {
                    let blob = Value::Blob(vec![0xa5; length]);
                    self.add(format!("{path} of length {length}"), place(blob));
                }
            }
            Kind::Integer | Kind::Long => self.integers(shape, path, place),
            Kind::Instant => {
                self.add(format!("{path} an instant"), place(Value::text(INSTANT)));
                let instant = Value::Instant(1_767_225_600_123);
                self.add(format!("{path} an instant"), place(instant));
            }
            Kind::Boolean => {}
        }
    }

    fn integers(&mut self, shape: &Shape, path: &str, place: Place<'_>) {
        for number in NUMBERS {
            self.add(format!("{path} {number}"), place(Value::number(number)));
        }
        let bounds = [shape.min, shape.max].into_iter().flatten();
        for number in bounds.flat_map(|bound| [bound - 1, bound, bound + 1]) {
            self.add(format!("{path} {number}"), place(Value::number(number)));
            let decimal = format!("{number}.999");
            self.add(format!("{path} {decimal}"), place(Value::Number(decimal)));
        }
    }

    fn list(&mut self, shape: &Shape, element: &str, path: &str, place: Place<'_>) {
        let sound = self.model.sound(element);
        for length in bounds(shape) {
            let list = Value::List(vec![sound.clone(); length]);
            self.add(format!("{path} of length {length}"), place(list));
        }
        let path = format!("{path}[]");
        self.value(element, &path, &|value| {
            place(Value::List(vec![sound.clone(), value]))
        });
    }

    fn map(&mut self, shape: &Shape, key: &str, element: &str, path: &str, place: Place<'_>) {
        let model = self.model;
        let sound = model.sound(element);
        for length in bounds(shape) {
            let entry = |index| (model.sound_key(key, index), sound.clone());
            let map = Value::Map((0..length).map(entry).collect());
            self.add(format!("{path} of length {length}"), place(map));
        }
        self.members += 1;
        let Kind::Text(pattern, values) = &model.shape(key).kind else {
            panic!("{key} is a text")
        };
        for text in texts(model.shape(key), pattern.as_ref(), values) {
            let entries = vec![(text, sound.clone())];
            self.add(format!("{path} key"), place(Value::Map(entries)));
        }
        let path = format!("{path}{{}}");
        self.value(element, &path, &|value| {
            let first = (model.sound_key(key, 0), sound.clone());
            let second = (model.sound_key(key, 1), value);
            place(Value::Map(vec![first, second]))
        });
    }

    /// Every member broken, as far as its type allows.
    fn all_at_once(&mut self, input: &str) {
        let Kind::Structure(members) = &self.model.shape(input).kind else {
            panic!("{input} is a structure")
        };
        let broken = members.iter().map(|member| {
            let value = match &self.model.shape(&member.shape).kind {
                Kind::Structure(_) | Kind::Map(..) => Value::Map(Vec::new()),
                Kind::List(_) => Value::List(vec![Value::Null; 12]),
                Kind::Text(..) => Value::text(""),
                Kind::Blob => Value::Null,
                Kind::Integer | Kind::Long => Value::number(-1),
                Kind::Boolean => Value::Boolean(true),
                Kind::Instant => Value::Instant(0),
            };
            (member.name.clone(), value)
        });
        let request = Value::Map(broken.collect());
        self.add("all at once", request);
    }
}

/// The lengths at which the bounds of a shape decide.
fn bounds(shape: &Shape) -> Vec<usize> {
    let bounds = [shape.min, shape.max].into_iter().flatten();
    let near = bounds.flat_map(|bound| [bound - 1, bound, bound + 1]);
    near.filter_map(|length| usize::try_from(length).ok())
        .collect()
}

/// Texts about a shape's bounds, of its pattern and against it, out of its enumeration.
fn texts(shape: &Shape, pattern: Option<&Pattern>, values: &[String]) -> Vec<String> {
    let mut texts = values.to_vec();
    texts.extend(values.iter().map(|value| value.to_lowercase()));
    texts.push("NEITHER".to_owned());
    let mut lengths = bounds(shape);
    if pattern.is_some() {
        lengths.extend(LENGTHS);
    }
    for length in lengths {
        texts.push(text_of(shape, length).unwrap_or_else(|| "a".repeat(length)));
        // No body has room for more bytes than that.
        if length < NOT_ASCII_MAX {
            texts.push("\u{e9}".repeat(length));
        }
        texts.extend(pattern.and_then(|pattern| text_against(pattern, length)));
    }
    if pattern.is_some() {
        texts.extend(["01", "-1", "a b", "a\nb"].map(str::to_owned));
    }
    texts
}
