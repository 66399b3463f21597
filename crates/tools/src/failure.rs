//! Why a tool did not do its work: one line that says what happened and what to do about it.

use crate::Status;
use std::io;
use std::path::Path;

/// A failure. Its text is one line without control characters, whatever it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    what: String,
    advice: Option<String>,
    status: Status,
}

impl Failure {
    /// A failure with [`Status::Failed`].
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            advice: None,
            status: Status::Failed,
        }
    }

    /// A command line that contradicts itself, with [`Status::Usage`].
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(what).with_status(Status::Usage)
    }

    /// A result that is not what one hopes for, with [`Status::Found`].
    pub fn found(what: impl Into<String>) -> Self {
        Self::new(what).with_status(Status::Found)
    }

    /// An operation on a file that failed: `cannot read a/b: No such file or directory`.
    pub fn of_file(verb: &str, path: &Path, error: &io::Error) -> Self {
        // Errors of `env::Disk` name their file themselves.
        let named = format!("{}: ", path.display());
        let error = error.to_string();
        let error = error.strip_prefix(&named).unwrap_or(&error);
        Self::new(format!("cannot {verb} {named}{error}"))
    }

    /// The end of a tool whose output nobody reads any more.
    pub(crate) fn reader_gone() -> Self {
        Self::new("the reader of standard output has gone").with_status(Status::ReaderGone)
    }

    /// Adds what to do, as a sentence.
    #[must_use]
    pub fn with_advice(self, advice: impl Into<String>) -> Self {
        let advice = Some(advice.into());
        Self { advice, ..self }
    }

    /// Replaces the status.
    #[must_use]
    pub fn with_status(self, status: Status) -> Self {
        Self { status, ..self }
    }

    /// The exit status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The line for standard error; `None` for an end that nobody wants to hear of.
    pub fn line(&self) -> Option<String> {
        if self.status == Status::ReaderGone {
            return None;
        }
        let mut line = format!("millstream: {}", sentence(&self.what));
        if let Some(advice) = &self.advice {
            line = format!("{line} {}", sentence(advice));
        }
        Some(line)
    }
}

/// A text on one line, with a mark at its end.
fn sentence(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut line: String = words.join(" ");
    line.retain(|c| !c.is_control());
    if !line.ends_with(['.', '!', '?']) {
        line.push('.');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_when_printed_then_is_one_line_of_sentences() {
        for (failure, expected) in [
            (Failure::new("it broke"), "millstream: it broke."),
            (
                Failure::new("it\n broke.").with_advice("Try again"),
                "millstream: it broke. Try again.",
            ),
            (
                Failure::usage("\u{1b}[31mred\u{7}").with_advice("Why?"),
                "millstream: [31mred. Why?",
            ),
        ] {
            assert_eq!(failure.line().as_deref(), Some(expected));
        }
        assert_eq!(Failure::reader_gone().line(), None);
    }

    #[test]
    fn failure_of_a_file_when_its_error_names_it_too_then_is_named_once() {
        let path = Path::new("/nowhere/file");
        for text in ["gone", "/nowhere/file: gone"] {
            let failure = Failure::of_file("read", path, &io::Error::other(text));
            let expected = "millstream: cannot read /nowhere/file: gone.";
            assert_eq!(failure.line().as_deref(), Some(expected));
        }
    }
}
