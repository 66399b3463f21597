//! What is printed on standard output: a line for each thing, as text or as a JSON object.

use serde_json::{Map, Value};
use std::io::{self, Write};

/// How lines are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Prints lines. Whoever reads them may go away: then there is nothing left to say.
pub struct Printer {
    form: Form,
    output: io::StdoutLock<'static>,
}

/// A line in both forms.
pub struct Line {
    /// For people.
    pub text: String,
    /// The members of the object; `kind` comes first.
    pub object: Map<String, Value>,
}

impl Line {
    /// A line of a kind.
    pub fn new(kind: &str, text: String) -> Self {
        let mut object = Map::new();
        object.insert("kind".to_owned(), kind.into());
        Self { text, object }
    }

    /// With a member.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.object.insert(name.to_owned(), value.into());
        self
    }

    /// With a member, if there is one.
    pub fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

impl Printer {
    /// Prints in this form.
    pub fn new(form: Form) -> Self {
        let output = io::stdout().lock();
        Self { form, output }
    }

    /// Prints a line.
    pub fn print(&mut self, line: Line) {
        let text = match self.form {
            Form::Text => line.text,
            Form::Json => Value::Object(line.object).to_string(),
        };
        // The exit status says it too.
        let _ = writeln!(self.output, "{text}");
    }
}
