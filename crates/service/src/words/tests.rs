//! The table of all facts: docs/errors.md agrees with the code.

mod samples;

use super::*;
use millstream_protocol::ErrorCode;
use millstream_streams::facts::{Outcome, PositionError};
use samples::Samples;
use std::collections::BTreeSet;
use std::path::Path;

/// The page, in this repository.
fn page() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md"))
}

/// A section of the page, generated.
fn section(samples: &Samples) -> String {
    let head = "| fact | code | text | retry | outcome | record |\n|---|---|---|---|---|---|\n";
    let rows: String = samples
        .facts
        .iter()
        .map(|(name, fact)| row(name, fact))
        .collect();
    format!("{}\n\n{head}{rows}", samples.heading)
}

fn row(name: &str, fact: &AnyFact) -> String {
    let Words { text, record } = words(fact);
    let text = text.map_or("–".to_owned(), |text| format!("`{text}`"));
    let retry = match fact.is_retryable() {
        true => "yes",
        false => "no",
    };
    let outcome = match fact.outcome() {
        Outcome::NotApplied => "not applied",
        Outcome::Unknown => "unknown",
    };
    let record = match record {
        Record::Recorded => "recorded",
        Record::Beginning => "its beginning",
        Record::Unrecorded => "unrecorded",
    };
    format!(
        "| `{name}` | {} | {text} | {retry} | {outcome} | {record} |\n",
        fact.code()
    )
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a page of the repository, not a file of the product"
)]
fn facts_when_held_against_their_page_then_are_all_there_as_it_says() {
    let text = std::fs::read_to_string(page()).unwrap();
    let (prose, found) = text.split_once("\n### ").unwrap_or_default();
    let wanted: Vec<String> = samples::all().iter().map(section).collect();
    let wanted = wanted.join("\n### ");
    if std::env::var_os("MILLSTREAM_WRITE_PAGES").is_some() {
        return std::fs::write(page(), format!("{prose}\n### {wanted}")).unwrap();
    }
    let mut lines = found.lines().zip(wanted.lines());
    let difference = lines.find(|(found, wanted)| found != wanted);
    assert!(
        found == wanted,
        "first {difference:?}; MILLSTREAM_WRITE_PAGES=1 writes it anew"
    );
}

#[test]
fn facts_when_answered_with_a_4xx_then_are_not_applied() {
    let facts = samples::all().into_iter().flat_map(|samples| samples.facts);
    let mut codes = BTreeSet::new();
    for (name, fact) in facts {
        codes.insert(fact.code());
        assert!(
            fact.code().status() >= 500 || fact.outcome() == Outcome::NotApplied,
            "{name}"
        );
    }
    assert!(codes.len() > 8, "{codes:?}");
}

/// What only the store knows is not told to callers.
#[test]
fn facts_when_something_failed_inside_then_have_the_same_words() {
    let facts = samples::all().into_iter().flat_map(|samples| samples.facts);
    let mut failures = 0;
    for (name, fact) in facts.filter(|(_, fact)| fact.code() == ErrorCode::InternalFailure) {
        let is_zero = matches!(&fact, AnyFact::Position(PositionError::NumberZero));
        let expected = (!is_zero).then_some("Internal Service Failure.");
        assert_eq!(say(&fact).message.as_deref(), expected, "{name}");
        failures += 1;
    }
    assert!(failures > 10, "{failures}");
}

/// Checks the numbers in AWS's texts that we take from constants.
#[test]
fn texts_when_they_name_limits_then_have_aws_numbers() {
    let facts = samples::all().into_iter().flat_map(|samples| samples.facts);
    let texts: Vec<String> = facts.filter_map(|(_, fact)| say(&fact).message).collect();
    for part in [
        "Minimum allowed retention period is 24 hours.",
        "Maximum allowed retention period is 8760 hours.",
        "Records size exceeds 10 MB limit",
        "a token is valid for 300 seconds.",
        "the tolerated delay of 300000 milliseconds.",
        "more than 10 times in 24 hours on stream orders",
        "more than 2 times in 24 hours on stream orders",
        "cannot have more than 50 tags associated with it.",
    ] {
        assert!(texts.iter().any(|text| text.contains(part)), "{part}");
    }
}

/// Counts texts, for the gate to show: one that stands on record by its beginning alone is not
/// recorded.
#[test]
fn texts_when_counted_then_most_are_on_record() {
    let facts = samples::all().into_iter().flat_map(|samples| samples.facts);
    let origins: Vec<Record> = facts.map(|(_, fact)| words(&fact).record).collect();
    let recorded = origins.iter().filter(|origin| **origin == Record::Recorded);
    let (recorded, all) = (recorded.count(), origins.len());
    let unrecorded = all - recorded;
    millstream_pages::count("state errors, recorded", recorded);
    millstream_pages::count("state errors, unrecorded", unrecorded);
    assert!(recorded > unrecorded && unrecorded > 0);
}
