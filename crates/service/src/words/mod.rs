//! AWS's words for facts: the only place that knows what a caller is told.
//!
//! A file for each noun. Words are determined by the fact alone, and their numbers come from the
//! constants that define the limits. If AWS's text is on record, it is used byte for byte;
//! otherwise the text is in the same style, and marked. The texts of types and constraints are in
//! `protocol`.

mod arguments;
mod consumers;
mod keys;
mod limits;
mod policies;
mod positions;
mod records;
mod refusals;
mod reshards;
mod resources;
mod retention;
mod shards;
mod streams;
mod tokens;

use millstream_protocol::Error;
use millstream_streams::facts::{AnyFact, DryRun, Fact as _, LogsMissing, NotSwept, ProposeError};

/// The origin of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// AWS returns it.
    Recorded,
    /// AWS returns its beginning, up to the colon; the rest is not on record.
    Beginning,
    /// AWS's text is not on record.
    Unrecorded,
}

/// What a caller is told besides the code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// `None` for errors that AWS returns without a text.
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

/// A fact as the caller sees it, without its cause, which is for the log.
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
        AnyFact::Shard(fact) => shards::words(fact),
        AnyFact::Consumer(fact) => consumers::words(fact),
        AnyFact::Resource(fact) => resources::words(fact),
        AnyFact::Position(fact) => positions::words(fact),
        AnyFact::Token(fact) => tokens::words(fact),
        AnyFact::Record(fact) => records::words(fact),
        AnyFact::Throttled(fact) => records::throttled(fact),
        AnyFact::Rate(fact) => limits::rates(fact),
        AnyFact::ReadThrottled(fact) => records::read_throttled(fact),
        AnyFact::Put(fact) => records::not_put(fact),
        AnyFact::Read(fact) => records::not_read(fact),
        AnyFact::Capacity(fact) => arguments::capacity(fact),
        AnyFact::Tag(fact) => arguments::tags(fact),
        AnyFact::Policy(fact) => policies::words(fact),
        AnyFact::Retention(fact) => retention::words(fact),
        AnyFact::SplitKey(fact) => arguments::split_key(fact),
        AnyFact::List(fact) => arguments::lists(fact),
        AnyFact::Propose(fact) => match fact {
            ProposeError::Refused(refusal) => refusals::words(refusal),
            ProposeError::NotApplied { .. } | ProposeError::Unknown { .. } => internal(),
        },
        AnyFact::Logs(LogsMissing(_)) | AnyFact::Sweep(NotSwept(_)) => internal(),
        AnyFact::DryRun(DryRun) => Words::recorded(
            "The request was rejected because the DryRun parameter was specified.".to_owned(),
        ),
        AnyFact::Encryption(fact) => keys::none(fact),
        AnyFact::Keys(fact) => keys::words(fact),
        AnyFact::DataKey(fact) => keys::data_keys(fact),
    }
}

/// The words of any internal failure, also in an entry of PutRecords.
fn internal() -> Words {
    Words::recorded("Internal Service Failure.".to_owned())
}

#[cfg(test)]
mod tests;
