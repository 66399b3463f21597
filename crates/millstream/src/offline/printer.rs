//! What is printed on standard output: a line for each thing, as text or as a JSON object.

use millstream_tools::terminal::Terminal;
use millstream_tools::{Failure, Form};
use serde_json::{Map, Value};

/// Prints lines, until standard output cannot be written.
pub struct Printer {
    form: Form,
    terminal: Terminal,
    printed: Result<(), Failure>,
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
    pub fn new(form: Form, terminal: &Terminal) -> Self {
        Self {
            form,
            terminal: terminal.clone(),
            printed: Ok(()),
        }
    }

    /// The terminal that lines and bars are on.
    pub fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Prints a line.
    pub fn print(&mut self, line: Line) {
        if self.printed.is_ok() {
            let output = self.terminal.output();
            self.printed = match self.form {
                Form::Text => output.line(line.text),
                Form::Json => output.json_line(&line.object),
            };
        }
    }

    /// Whether all lines were printed.
    ///
    /// # Errors
    /// If one could not be.
    pub fn finish(self) -> Result<(), Failure> {
        self.printed
    }
}
