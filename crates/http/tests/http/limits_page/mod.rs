//! docs/limits.md, generated from what defines the limits: the table of operations, `limits` of
//! `model`, and the server's own in `http`.
//!
//! Each constant of `limits` has its row, and each field of the server's `Limits` is shown or left
//! out on purpose. What AWS documents stands in the rows as AWS writes it, and must be what the
//! constant says.

mod own;
mod quotas;
mod rates;

use std::path::{Path, PathBuf};

/// A line of the page.
struct Row {
    /// What is limited.
    what: &'static str,
    /// AWS's value, as its documentation or its service has it.
    aws: Aws,
    /// The value here.
    here: String,
    /// What a client gets beyond it.
    error: &'static str,
    /// What `--limits off` makes of it.
    off: Off,
}

/// What is known of AWS's value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aws {
    /// It is documented.
    Documented(&'static str),
    /// It is like that of similar operations.
    Assumed(&'static str),
    /// It has none, or none that is known: the limit is this server's own.
    Own,
}

/// What `--limits off` makes of a limit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Off {
    /// It does not apply.
    Gone,
    /// It applies all the same: formats, memory or the meaning of a call depend on it.
    Stays,
}

impl Row {
    fn line(&self) -> String {
        let Self {
            what,
            aws,
            here,
            error,
            off,
        } = self;
        let (aws, source) = match aws {
            Aws::Documented(value) => (*value, "documented"),
            Aws::Assumed(value) => (*value, "*assumed*"),
            Aws::Own => ("–", "its own"),
        };
        let off = match off {
            Off::Gone => "gone",
            Off::Stays => "stays",
        };
        format!("| {what} | {aws} | {here} | {error} | {source} | {off} |\n")
    }
}

const HEAD: &str = "| limit | AWS | here | beyond it | AWS's value is | with `--limits off` |\n\
                    |---|---|---|---|---|---|\n";

fn section((title, rows): &(&str, Vec<Row>)) -> String {
    let lines: String = rows.iter().map(Row::line).collect();
    format!("## {title}\n\n{HEAD}{lines}")
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/limits.md")
}

fn sections() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        ("Calls of operations", rates::rows()),
        ("Shards and subscriptions", quotas::throughput()),
        ("Accounts and streams", quotas::quotas()),
        ("Sizes and times", quotas::sizes()),
        ("The server's own", own::rows()),
    ]
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a page of the repository, not a file of the product"
)]
fn limits_when_held_against_their_page_then_are_all_there_as_it_says() {
    let generated: Vec<String> = sections().iter().map(section).collect();
    let generated = generated.join("\n");
    let text = std::fs::read_to_string(page()).unwrap();
    let (prose, listed) = text.split_at(text.find("## Calls").unwrap_or(text.len()));
    if std::env::var_os("MILLSTREAM_WRITE_PAGES").is_some() {
        return std::fs::write(page(), format!("{prose}{generated}")).unwrap();
    }
    assert_eq!(listed, generated, "MILLSTREAM_WRITE_PAGES=1 writes it anew");
}

#[test]
fn limits_when_aws_documents_them_then_are_aws_values() {
    for (title, rows) in sections() {
        for row in rows {
            match row.aws {
                Aws::Documented(aws) | Aws::Assumed(aws) => {
                    assert_eq!(row.here, aws, "{title}: {}", row.what);
                }
                Aws::Own => (),
            }
        }
    }
}
