//! Compares every shape with AWS's service model, as botocore carries it: members, requirements,
//! types, bounds, patterns, values, errors; nothing missing and nothing extra.

use std::collections::BTreeSet;

use millstream_pages::service_model::{BOTOCORE, botocore, model};
use millstream_protocol::operations;
use millstream_protocol::shape::{Bounds, Kind, Member, Text, Type};
use millstream_protocol::{Description, ErrorCode};
use serde_json::Value;

/// Compares descriptions with the model and collects the differences.
struct Comparison {
    shapes: Value,
    compared: BTreeSet<&'static str>,
    differences: Vec<String>,
}

impl Comparison {
    fn new(model: &Value) -> Self {
        let shapes = model["shapes"].clone();
        Self {
            shapes,
            compared: BTreeSet::new(),
            differences: Vec::new(),
        }
    }

    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, ours: T, theirs: T) {
        if ours != theirs {
            self.differences
                .push(format!("{what}: ours {ours:?}, the model's {theirs:?}"));
        }
    }

    fn operation(&mut self, ours: &Description, theirs: &Value) {
        let name = ours.name;
        let target = |direction: &str| theirs[direction]["shape"].as_str();
        self.equal(
            &format!("{name} input"),
            Some(ours.input.name),
            target("input"),
        );
        let output = (ours.output.name != "Unit").then_some(ours.output.name);
        self.equal(&format!("{name} output"), output, target("output"));
        let errors = theirs["errors"]
            .as_array()
            .expect("every operation lists its errors");
        let errors: Vec<_> = errors
            .iter()
            .map(|error| error["shape"].as_str().unwrap_or_default())
            .collect();
        let known: Vec<_> = ours.errors.iter().map(|code| code.name()).collect();
        self.equal(&format!("{name} errors"), known, errors);
        self.shape(ours.input);
        if output.is_some() {
            self.shape(ours.output);
        }
    }

    fn shape(&mut self, ours: &'static Type) {
        if !self.compared.insert(ours.name) {
            return;
        }
        let theirs = self.shapes[ours.name].clone();
        let kind = match &ours.kind {
            Kind::Structure(_) | Kind::EventStream(_) => "structure",
            Kind::List(..) => "list",
            Kind::Map(..) => "map",
            Kind::String(_) => "string",
            Kind::Blob(_) => "blob",
            Kind::Integer(_) => "integer",
            Kind::Long(_) => "long",
            Kind::Boolean => "boolean",
            Kind::Timestamp => "timestamp",
        };
        self.equal(
            &format!("{} type", ours.name),
            Some(kind),
            theirs["type"].as_str(),
        );
        let event_stream = matches!(ours.kind, Kind::EventStream(_));
        let theirs_event_stream = theirs["eventstream"] == Value::Bool(true);
        self.equal(
            &format!("{} event stream", ours.name),
            event_stream,
            theirs_event_stream,
        );
        let bounds = Bounds {
            min: theirs["min"].as_i64(),
            max: theirs["max"].as_i64(),
        };
        self.equal(&format!("{} bounds", ours.name), ours.bounds(), bounds);
        self.parts(ours, &theirs);
    }

    fn parts(&mut self, ours: &'static Type, theirs: &Value) {
        let name = ours.name;
        match &ours.kind {
            Kind::Structure(members) | Kind::EventStream(members) => {
                self.members(name, members, theirs);
            }
            Kind::List(element, _) => {
                self.target(&format!("{name} element"), element, &theirs["member"]);
            }
            Kind::Map(key, value, _) => {
                self.target(&format!("{name} key"), key, &theirs["key"]);
                self.target(&format!("{name} value"), value, &theirs["value"]);
            }
            Kind::String(text) => self.text(name, text, theirs),
            Kind::Blob(_) | Kind::Integer(_) | Kind::Long(_) | Kind::Boolean | Kind::Timestamp => {}
        }
    }

    fn members(&mut self, name: &str, ours: &'static [Member], theirs: &Value) {
        let known: BTreeSet<_> = ours.iter().map(|member| member.name).collect();
        let members = theirs["members"].as_object().cloned().unwrap_or_default();
        let expected: BTreeSet<_> = members.keys().map(String::as_str).collect();
        self.equal(&format!("{name} members"), known, expected);
        self.equal(&format!("{name} repetitions"), ours.len(), members.len());
        let required = ours
            .iter()
            .filter(|member| member.required)
            .map(|member| member.name);
        let required: BTreeSet<_> = required.collect();
        self.equal(
            &format!("{name} required"),
            required,
            strings(&theirs["required"]),
        );
        for member in ours {
            if let Some(target) = members.get(member.name) {
                self.target(&format!("{name}.{}", member.name), member.shape, target);
            }
        }
    }

    fn text(&mut self, name: &str, ours: &Text, theirs: &Value) {
        let pattern = ours.pattern.map(|pattern| pattern.expression);
        self.equal(
            &format!("{name} pattern"),
            pattern,
            theirs["pattern"].as_str(),
        );
        let values: BTreeSet<_> = ours.values.iter().copied().collect();
        self.equal(
            &format!("{name} repetitions"),
            ours.values.len(),
            values.len(),
        );
        self.equal(&format!("{name} values"), values, strings(&theirs["enum"]));
    }

    fn target(&mut self, what: &str, ours: &'static Type, theirs: &Value) {
        self.equal(what, Some(ours.name), theirs["shape"].as_str());
        self.shape(ours);
    }
}

fn strings(list: &Value) -> BTreeSet<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

#[test]
fn our_shapes_when_compared_with_the_service_model_are_the_same() {
    let model = model();
    let mut comparison = Comparison::new(&model);
    for operation in operations::ALL {
        comparison.operation(operation, &model["operations"][operation.name]);
    }
    assert!(comparison.compared.len() > 100, "{:?}", comparison.compared);
    millstream_pages::count("shapes of the service model", comparison.compared.len());
    let folder = botocore();
    let differences = comparison.differences.join("\n");
    assert!(
        differences.is_empty(),
        "our shapes follow botocore {BOTOCORE}; the one in {} differs:\n{differences}",
        folder.display(),
    );
}

#[test]
fn our_error_codes_when_the_model_knows_them_have_its_status() {
    let model = model();
    let operations = model["operations"].as_object().unwrap();
    for ours in operations::ALL {
        for error in operations[ours.name]["errors"].as_array().unwrap() {
            let name = error["shape"].as_str().unwrap();
            let code = ErrorCode::from_name(name).unwrap_or_else(|| panic!("{name} is no code"));
            let fault = model["shapes"][name]["fault"] == Value::Bool(true);
            assert_eq!(code.status() == 500, fault, "{name}");
        }
    }
}

#[test]
fn operations_when_listed_then_stand_in_the_order_of_their_names() {
    let is_rising = operations::ALL.is_sorted_by(|one, next| one.name < next.name);
    assert!(is_rising, "the table is in the order of names");
}

#[test]
fn operations_of_the_model_when_not_served_then_are_listed_and_on_the_page_of_limitations() {
    let model = model();
    let all: BTreeSet<&str> = model["operations"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let served: BTreeSet<&str> = operations::ALL.iter().map(|ours| ours.name).collect();
    let unserved: BTreeSet<&str> = operations::UNSERVED.iter().copied().collect();
    assert!(operations::UNSERVED.is_sorted());
    assert!(served.is_disjoint(&unserved), "served, and said not to be");
    let missing: Vec<_> = all
        .iter()
        .filter(|name| !served.contains(*name))
        .copied()
        .collect();
    assert_eq!(missing, operations::UNSERVED);

    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/limitations.md");
    let page = std::fs::read_to_string(page).unwrap();
    let words: BTreeSet<&str> = page.split(|c: char| !c.is_alphanumeric()).collect();
    for name in operations::UNSERVED {
        assert!(words.contains(name), "{name}");
    }
}
