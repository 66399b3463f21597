//! The inputs of the service model: shapes as they are declared there.

use millstream_pages::service_model;
use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The order in which AWS's messages show the values of this enumeration, which is not the model's.
const SHARD_ITERATOR_TYPES: [&str; 5] = [
    "AFTER_SEQUENCE_NUMBER",
    "LATEST",
    "AT_TIMESTAMP",
    "AT_SEQUENCE_NUMBER",
    "TRIM_HORIZON",
];
/// The shapes whose patterns are shown without the anchors and parentheses around them.
const SHOWN_BARE: [&str; 2] = ["HashKey", "SequenceNumber"];

/// The operations that are served, and the shapes of their inputs.
pub struct Model {
    /// The name of each operation's input.
    pub inputs: BTreeMap<String, String>,
    /// The operations of the model that are not served.
    pub unserved: BTreeSet<String>,
    shapes: BTreeMap<String, Shape>,
}

/// What a value may be.
pub struct Shape {
    pub kind: Kind,
    pub min: Option<i64>,
    pub max: Option<i64>,
}

pub enum Kind {
    Structure(Vec<Member>),
    /// The name of the elements' shape.
    List(String),
    /// The names of the keys' shape and of the values'.
    Map(String, String),
    Text(Option<Pattern>, Vec<String>),
    Blob,
    Integer,
    Long,
    Boolean,
    Instant,
}

pub struct Member {
    pub name: String,
    pub shape: String,
    pub required: bool,
}

pub struct Pattern {
    /// As messages show it.
    pub shown: String,
    whole: Regex,
}

impl Pattern {
    fn of(shape: &str, expression: &str) -> Self {
        let bare = expression
            .strip_prefix("^(")
            .and_then(|rest| rest.strip_suffix(")$"));
        let shown = bare.filter(|_| SHOWN_BARE.contains(&shape));
        // Java's classes are ASCII.
        let ascii = expression
            .replace(r"\d", "[0-9]")
            .replace(r"\S", r"[^ \t\n\x0B\f\r]");
        Self {
            shown: shown.unwrap_or(expression).to_owned(),
            whole: Regex::new(&format!("^(?:{ascii})$")).unwrap(),
        }
    }

    pub fn matches(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }
}

impl Model {
    /// Reads the model.
    pub fn read() -> Self {
        let raw = service_model::model();
        let served: BTreeSet<&str> = millstream_service::operations()
            .iter()
            .map(|operation| operation.name)
            .collect();
        let mut model = Self {
            inputs: BTreeMap::new(),
            unserved: BTreeSet::new(),
            shapes: BTreeMap::new(),
        };
        for (name, operation) in raw["operations"].as_object().unwrap() {
            if served.contains(name.as_str()) {
                let input = operation["input"]["shape"].as_str().unwrap();
                model.inputs.insert(name.clone(), input.to_owned());
                model.take(&raw["shapes"], input);
            } else {
                model.unserved.insert(name.clone());
            }
        }
        assert_eq!(
            model.inputs.len(),
            served.len(),
            "the model has what is served"
        );
        model
    }

    pub fn shape(&self, name: &str) -> &Shape {
        &self.shapes[name]
    }

    /// Takes a shape, and those within it.
    fn take(&mut self, shapes: &Value, name: &str) {
        if self.shapes.contains_key(name) {
            return;
        }
        let raw = &shapes[name];
        let kind = kind(name, raw);
        let within: Vec<String> = match &kind {
            Kind::Structure(members) => members.iter().map(|of| of.shape.clone()).collect(),
            Kind::List(element) => vec![element.clone()],
            Kind::Map(key, value) => vec![key.clone(), value.clone()],
            Kind::Text(..)
            | Kind::Blob
            | Kind::Integer
            | Kind::Long
            | Kind::Boolean
            | Kind::Instant => Vec::new(),
        };
        let shape = Shape {
            kind,
            min: raw["min"].as_i64(),
            max: raw["max"].as_i64(),
        };
        self.shapes.insert(name.to_owned(), shape);
        for inner in within {
            self.take(shapes, &inner);
        }
    }
}

fn kind(name: &str, raw: &Value) -> Kind {
    let target = |part: &str| raw[part]["shape"].as_str().unwrap().to_owned();
    match raw["type"].as_str().unwrap() {
        "structure" => Kind::Structure(members(raw)),
        "list" => Kind::List(target("member")),
        "map" => Kind::Map(target("key"), target("value")),
        "string" => {
            let pattern = raw["pattern"].as_str().map(|of| Pattern::of(name, of));
            Kind::Text(pattern, values(name, raw))
        }
        "blob" => Kind::Blob,
        "integer" => Kind::Integer,
        "long" => Kind::Long,
        "boolean" => Kind::Boolean,
        "timestamp" => Kind::Instant,
        other => panic!("{name} is of a type that no input had: {other}"),
    }
}

fn members(raw: &Value) -> Vec<Member> {
    let required = raw["required"].as_array().cloned().unwrap_or_default();
    let all = raw["members"].as_object().unwrap().iter();
    let member = |(name, member): (&String, &Value)| Member {
        name: name.clone(),
        shape: member["shape"].as_str().unwrap().to_owned(),
        required: required.contains(&Value::from(name.as_str())),
    };
    all.map(member).collect()
}

fn values(name: &str, raw: &Value) -> Vec<String> {
    let declared = raw["enum"].as_array().into_iter().flatten();
    let declared: Vec<String> = declared
        .map(|value| value.as_str().unwrap().to_owned())
        .collect();
    if name != "ShardIteratorType" {
        return declared;
    }
    let shown = SHARD_ITERATOR_TYPES.map(str::to_owned);
    let same = shown.iter().collect::<BTreeSet<_>>() == declared.iter().collect::<BTreeSet<_>>();
    assert!(same, "{name} has other values: {declared:?}");
    shown.to_vec()
}
