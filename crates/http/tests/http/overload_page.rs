//! The bounds of docs/operations/overload.md, generated from the limits and constants.

use millstream_http::Limits;
use millstream_memory::HOLDER_QUARTERS;
use millstream_service::OUTLIVING_MAX;
use millstream_streams::{COLD_READS_MAX, COLD_READS_OF_ACCOUNT, COLD_WAIT_MAX};
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- bounds: generated -->\n";
const END: &str = "<!-- bounds: end -->\n";

fn mib(bytes: usize) -> String {
    format!("{} MiB", bytes >> 20)
}

const LATER: &str = "503 `ServiceUnavailable`";
const CLOSED: &str = "the connection is closed";

/// A row: what is bounded, by how much, the name, and what is beyond it.
type Row = (&'static str, String, &'static str, &'static str);

/// What is bounded before it is known who asks.
fn of_connections(limits: &Limits) -> Vec<Row> {
    const HEADS: &str = "HTTP/1: the connection is closed; HTTP/2: 503 `ServiceUnavailable`";
    let (streams, unseen) = (limits.streams, limits.streams_reset_unseen);
    let in_error = limits.streams_in_error.to_string();
    let heads = mib(limits.head_bytes_of_connection);
    let bodies = mib(limits.body_bytes_of_connection);
    vec![
        (
            "connections",
            limits.connections.to_string(),
            "Limits::connections",
            CLOSED,
        ),
        (
            "streams of an HTTP/2 connection",
            streams.to_string(),
            "Limits::streams",
            "the stream is refused, which clients retry",
        ),
        (
            "streams that are reset before they are taken",
            unseen.to_string(),
            "Limits::streams_reset_unseen",
            CLOSED,
        ),
        (
            "streams that end in an error of their client's",
            in_error,
            "Limits::streams_in_error",
            CLOSED,
        ),
        (
            "heads and streams",
            mib(limits.head_bytes_in_flight),
            "Limits::head_bytes_in_flight",
            HEADS,
        ),
        (
            "of these, of one connection",
            heads,
            "Limits::head_bytes_of_connection",
            LATER,
        ),
        (
            "bodies",
            mib(limits.body_bytes_in_flight),
            "Limits::body_bytes_in_flight",
            LATER,
        ),
        (
            "of these, for small ones alone",
            mib(limits.small_body_bytes_in_flight),
            "Limits::small_body_bytes_in_flight",
            LATER,
        ),
        (
            "of these, of one connection",
            bodies,
            "Limits::body_bytes_of_connection",
            LATER,
        ),
    ]
}

/// What is bounded when it is known who asks.
fn of_accounts(limits: &Limits) -> Vec<Row> {
    const COLD: &str = "waits 2 s, then 503 `ServiceUnavailable`";
    assert_eq!(COLD_WAIT_MAX.as_secs(), 2);
    vec![
        (
            "answers",
            mib(limits.answer_bytes_in_flight),
            "Limits::answer_bytes_in_flight",
            LATER,
        ),
        (
            "reads that wait for the disk",
            COLD_READS_MAX.to_string(),
            "streams::COLD_READS_MAX",
            COLD,
        ),
        (
            "of these, of one account",
            COLD_READS_OF_ACCOUNT.to_string(),
            "streams::COLD_READS_OF_ACCOUNT",
            COLD,
        ),
        (
            "subscriptions",
            limits.subscriptions.to_string(),
            "Limits::subscriptions",
            "`LimitExceededException`",
        ),
        (
            "changes whose client has left",
            OUTLIVING_MAX.to_string(),
            "service::OUTLIVING_MAX",
            "changes: 503 `ServiceUnavailable`",
        ),
        (
            "an account's part of bodies, answers and subscriptions, in quarters",
            HOLDER_QUARTERS.to_string(),
            "memory::HOLDER_QUARTERS",
            "as the whole",
        ),
    ]
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations/overload.md")
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a page of the repository, not a file of the product"
)]
fn bounds_when_held_against_their_page_then_are_as_it_says() {
    let limits = Limits::default();
    let rows = [of_connections(&limits), of_accounts(&limits)].concat();
    let line = |(what, most, name, beyond): &Row| {
        format!(
            "| {what} | {most} | `{name}` | {beyond} |
"
        )
    };
    let rows: String = rows.iter().map(line).collect();
    let generated = format!("\n| what | at most | name | beyond it |\n|---|---|---|---|\n{rows}\n");
    let text = std::fs::read_to_string(page()).unwrap();
    let (head, rest) = text.split_once(BEGIN).unwrap();
    let (listed, tail) = rest.split_once(END).unwrap();
    if std::env::var_os("MILLSTREAM_WRITE_PAGES").is_some() {
        let page_text = [head, BEGIN, &generated, END, tail].concat();
        return std::fs::write(page(), page_text).unwrap();
    }
    assert_eq!(listed, generated, "MILLSTREAM_WRITE_PAGES=1 writes it anew");
}
