//! The least values that shapes allow, and texts of a given length.

use crate::model::{Kind, Model, Pattern, Shape};
use crate::value::Value;

/// Texts that patterns allow, and what they may be filled up with.
const SAMPLES: [(&str, &str); 7] = [
    ("", "a"),
    ("", "1"),
    ("aaaaaaaaaaaaaaaaaaaa-aaa", "a"),
    ("arn:aws:kinesis:us-east-1:000000000000:stream/a", "a"),
    (
        "arn:aws:kinesis:us-east-1:000000000000:stream/a/consumer/a:1",
        "1",
    ),
    ("{}", " "),
    ("0", ""),
];

impl Model {
    /// The least value of a shape.
    pub fn sound(&self, name: &str) -> Value {
        let shape = self.shape(name);
        let min = usize::try_from(shape.min.unwrap_or_default()).unwrap();
        match &shape.kind {
            Kind::Structure(_) => Value::Map(self.sound_members(name, "")),
            Kind::List(element) => Value::List(vec![self.sound(element); min]),
            Kind::Map(key, value) => {
                let entry = |place| (self.sound_key(key, place), self.sound(value));
                Value::Map((0..min).map(entry).collect())
            }
            Kind::Text(_, values) if !values.is_empty() => Value::text(&values[0]),
            Kind::Text(..) => Value::Text(least_text(shape)),
            Kind::Blob => Value::Blob(vec![0; min]),
            Kind::Integer | Kind::Long => Value::number(shape.min.unwrap_or(1)),
            Kind::Boolean => Value::Boolean(false),
            Kind::Instant => Value::Instant(1_500),
        }
    }

    /// The required members of a structure, without one of them.
    pub fn sound_members(&self, structure: &str, without: &str) -> Vec<(String, Value)> {
        let Kind::Structure(members) = &self.shape(structure).kind else {
            panic!("{structure} is a structure")
        };
        let needed = members
            .iter()
            .filter(|member| member.required && member.name != without);
        needed
            .map(|member| (member.name.clone(), self.sound(&member.shape)))
            .collect()
    }

    /// One of many different keys.
    pub fn sound_key(&self, key: &str, place: usize) -> String {
        let key = self.shape(key);
        let name = format!("k{place}");
        assert!(matches!(key.kind, Kind::Text(None, _)), "any text is a key");
        name
    }
}

fn least_text(shape: &Shape) -> String {
    let lengths = usize::try_from(shape.min.unwrap_or(1)).unwrap()..=2048;
    let mut texts = lengths.filter_map(|length| text_of(shape, length));
    texts
        .next()
        .expect("a pattern of a new kind needs a sample of it")
}

/// A text of this length that the pattern of a shape allows, if there is one.
pub fn text_of(shape: &Shape, length: usize) -> Option<String> {
    let Kind::Text(pattern, _) = &shape.kind else {
        panic!("only texts have patterns")
    };
    let matches = |text: &String| pattern.as_ref().is_none_or(|of| of.matches(text));
    SAMPLES
        .iter()
        .filter_map(|(sample, filler)| filled(sample, filler, length))
        .find(matches)
}

/// A text of this length that the pattern does not allow, if there is one.
pub fn text_against(pattern: &Pattern, length: usize) -> Option<String> {
    let texts = ["?", " ", "\u{e9}"].map(|character| character.repeat(length));
    texts.into_iter().find(|text| !pattern.matches(text))
}

fn filled(sample: &str, filler: &str, length: usize) -> Option<String> {
    let missing = length.checked_sub(sample.len())?;
    let text = format!("{sample}{}", filler.repeat(missing));
    (text.len() == length).then_some(text)
}
