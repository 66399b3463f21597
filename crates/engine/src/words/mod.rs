//! AWS's words for facts: the one place that knows what a caller is told.
//!
//! A file for each noun. Words follow from the fact alone, and the numbers in them from the constants that
//! define the limits. Where AWS's text is on record, it is that one, byte for byte; where it is not, the text is
//! worded in the same manner, and marked. The texts of types and constraints are `wire`'s.

mod consumers;
mod limits;
mod refusals;
mod reshards;
mod retention;
mod shards;
mod streams;

use crate::catalog::ProposeError;
use crate::causes::Causes;
use crate::facts::{AnyFact, ChangeError, Fact as _};
use std::error::Error as _;
use wire::Error;

/// Where a text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// AWS answers it.
    Recorded,
    /// What AWS answers is not on record.
    Unrecorded,
}

/// What a caller is told beside the code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// AWS answers some errors without a text.
    pub(crate) text: Option<String>,
    pub(crate) record: Record,
}

impl Words {
    fn recorded(text: String) -> Self {
        let text = Some(text);
        let record = Record::Recorded;
        Self { text, record }
    }

    fn unrecorded(text: String) -> Self {
        let text = Some(text);
        let record = Record::Unrecorded;
        Self { text, record }
    }
}

/// A fact as the caller is told of it. Its cause is not in it: that is for the log.
pub fn say(fact: &AnyFact) -> Error {
    Error {
        code: fact.code(),
        message: words(fact).text,
    }
}

/// AWS's words for a fact.
pub(crate) fn words(fact: &AnyFact) -> Words {
    match fact {
        AnyFact::Stream(fact) => streams::words(fact),
        AnyFact::Propose(fact) => match fact {
            ProposeError::Refused(refusal) => refusals::words(refusal),
            ProposeError::NotApplied { .. } | ProposeError::Unknown { .. } => internal(),
        },
    }
}

/// Of a failure inside, whatever it was.
fn internal() -> Words {
    Words::recorded(INTERNAL_TEXT.to_owned())
}

/// The text of an internal failure, also in an entry of PutRecords.
const INTERNAL_TEXT: &str = "Internal Service Failure.";

/// An operation's answer. What caused it goes no further than to the log.
fn answered(fact: &AnyFact) -> Error {
    if fact.source().is_some() {
        let (outcome, error) = (fact.outcome(), Causes(fact));
        tracing::error!(?outcome, %error, "an operation failed");
    }
    say(fact)
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        answered(&error.into())
    }
}

impl From<ProposeError> for Error {
    fn from(error: ProposeError) -> Self {
        answered(&error.into())
    }
}
