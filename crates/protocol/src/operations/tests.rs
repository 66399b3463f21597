//! docs/api.md, generated from the table and the shapes.

use super::*;
use crate::ErrorCode;
use std::path::{Path, PathBuf};

/// The head of the page's generated table.
const HEAD: &str = "| operation | effect | resource | rate | errors | largest body |\n\
                    |---|---|---|---|---|---|\n";

/// The head of the page's generated list of other operations.
const UNSERVED_HEAD: &str = "The service model's other operations, of queues and channels, are answered \
                             with\n`UnknownOperationException`:\n\n";

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md")
}

fn row(operation: &Description) -> String {
    let effect = match operation.effect {
        Effect::Reads => "reads",
        Effect::Writes => "writes",
    };
    let resource = match operation.resource {
        ResourceKind::Account => "`*`",
        ResourceKind::Stream => "stream",
        ResourceKind::Consumer => "consumer",
        ResourceKind::StreamOrConsumer => "stream or consumer",
    };
    let rates: Vec<String> = operation.rates.iter().map(rate).collect();
    let errors: Vec<String> = operation.errors.iter().map(error).collect();
    let kib = crate::body_bytes_max(operation.input).div_ceil(1024);
    format!(
        "| `{}` | {effect} | {resource} | {} | {} | {kib} KiB |\n",
        operation.name,
        rates.join("; "),
        errors.join(", ")
    )
}

fn error(code: &ErrorCode) -> String {
    let name = code.name();
    name.strip_suffix("Exception").unwrap_or(name).to_owned()
}

fn rate(rate: &Rate) -> String {
    let period = match rate.period {
        Period::Second => "a second",
        Period::Day => "in 24 hours",
    };
    let (what, scope) = match rate.scope {
        Scope::Account => ("", "account"),
        Scope::Stream => ("", "stream"),
        Scope::Shard => ("", "shard"),
        Scope::ShardRecords => (" records", "shard"),
        Scope::ConsumerAndShard => ("", "consumer and shard"),
    };
    let source = match rate.source {
        Source::Documented => "",
        Source::Assumed => ", *assumed*",
    };
    format!("{}{what} {period} per {scope}{source}", rate.calls)
}

/// AWS names operations by what they do, so that a new one cannot be forgotten: what changes
/// something is completed once begun, and is no read in the audit log.
#[test]
fn operations_when_named_by_what_they_do_then_have_that_effect() {
    const READS: [&str; 4] = ["Describe", "Get", "List", "Subscribe"];
    for operation in ALL {
        let expected = match READS.iter().any(|verb| operation.name.starts_with(verb)) {
            true => Effect::Reads,
            false => Effect::Writes,
        };
        assert_eq!(operation.effect, expected, "{}", operation.name);
    }
}

/// Whoever is refused by a rate is told so by an error that the service model lists.
#[test]
fn rates_when_they_are_exceeded_then_have_an_error_of_the_service_model() {
    for operation in ALL {
        for rate in operation.rates {
            let code = match rate.scope {
                Scope::Account | Scope::Stream | Scope::ConsumerAndShard => {
                    ErrorCode::LimitExceededException
                }
                Scope::Shard | Scope::ShardRecords => {
                    ErrorCode::ProvisionedThroughputExceededException
                }
            };
            let name = operation.name;
            assert!(operation.errors.contains(&code), "{name}: {rate:?}");
        }
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a page of the repository, not a file of the product"
)]
fn operations_when_held_against_their_page_then_are_all_there_as_it_says() {
    let rows: String = ALL.iter().map(row).collect();
    let unserved: String = UNSERVED
        .iter()
        .map(|name| format!("- `{name}`\n"))
        .collect();
    let generated = format!("{HEAD}{rows}\n{UNSERVED_HEAD}{unserved}");
    let text = std::fs::read_to_string(page()).unwrap();
    let (prose, listed) = text.split_at(text.find(HEAD).unwrap_or(text.len()));
    if std::env::var_os("MILLSTREAM_WRITE_PAGES").is_some() {
        return std::fs::write(page(), format!("{prose}{generated}")).unwrap();
    }
    assert_eq!(listed, generated, "MILLSTREAM_WRITE_PAGES=1 writes it anew");
}
