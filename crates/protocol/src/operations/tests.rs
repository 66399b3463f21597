//! docs/api.md, generated from the table and the shapes.

use super::*;
use std::path::{Path, PathBuf};

/// The head of the page's generated table.
const HEAD: &str = "| operation | effect | resource | AWS's rate | largest body |\n\
                    |---|---|---|---|---|\n";

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
    };
    let rate = operation.rate.map_or("–".to_owned(), rate);
    let kib = crate::body_bytes_max(operation.input).div_ceil(1024);
    let name = operation.name;
    format!("| `{name}` | {effect} | {resource} | {rate} | {kib} KiB |\n")
}

fn rate(
    Rate {
        calls,
        period,
        scope,
    }: Rate,
) -> String {
    let period = match period {
        Period::Second => "a second",
        Period::Day => "in 24 hours",
    };
    let scope = match scope {
        Scope::Account => "account",
        Scope::Stream => "stream",
        Scope::Shard => "shard",
        Scope::ConsumerAndShard => "consumer and shard",
    };
    format!("{calls} {period} per {scope}")
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a page of the repository, not a file of the product"
)]
fn operations_when_held_against_their_page_then_are_all_there_as_it_says() {
    let rows: String = ALL.iter().map(row).collect();
    let generated = format!("{HEAD}{rows}");
    let text = std::fs::read_to_string(page()).unwrap();
    let (prose, listed) = text.split_at(text.find(HEAD).unwrap_or(text.len()));
    if std::env::var_os("MILLSTREAM_WRITE_PAGES").is_some() {
        return std::fs::write(page(), format!("{prose}{generated}")).unwrap();
    }
    assert_eq!(listed, generated, "MILLSTREAM_WRITE_PAGES=1 writes it anew");
}
