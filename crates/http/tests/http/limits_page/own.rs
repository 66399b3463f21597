//! The server's own bounds on what clients make it hold and wait for.

use super::{Aws, Off, Row};
use millstream_http::Limits;
use std::time::Duration;

const CLOSED: &str = "the connection is closed";
const LATER: &str = "503, which SDKs retry";

fn row(what: &'static str, here: String, error: &'static str) -> Row {
    Row {
        what,
        aws: Aws::Own,
        here,
        error,
        off: Off::Stays,
    }
}

fn kib(bytes: usize) -> String {
    format!("{} KiB", bytes / 1024)
}

fn mib(bytes: usize) -> String {
    format!("{} MiB", bytes >> 20)
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

pub(super) fn rows() -> Vec<Row> {
    let limits = Limits::default();
    let mut rows = sizes(&limits);
    rows.extend(times(&limits));
    rows
}

fn sizes(limits: &Limits) -> Vec<Row> {
    let header_list_bytes = limits.header_list_bytes as usize;
    vec![
        row("a request's body", mib(limits.body_bytes), "413"),
        row(
            "bodies of all requests",
            mib(limits.body_bytes_in_flight),
            LATER,
        ),
        row(
            "bodies of one connection",
            mib(limits.body_bytes_of_connection),
            LATER,
        ),
        row(
            "answers that are not taken yet",
            mib(limits.answer_bytes_in_flight),
            LATER,
        ),
        row(
            "a request's head over HTTP/1",
            kib(limits.head_bytes),
            "431",
        ),
        row(
            "a request's head over HTTP/2",
            kib(header_list_bytes),
            "431",
        ),
        row(
            "heads of all requests",
            mib(limits.head_bytes_in_flight),
            CLOSED,
        ),
        row(
            "heads of one connection",
            mib(limits.head_bytes_of_connection),
            LATER,
        ),
        row(
            "subscriptions",
            limits.subscriptions.to_string(),
            "LimitExceededException",
        ),
        row("connections", limits.connections.to_string(), CLOSED),
        row(
            "open streams of an HTTP/2 connection",
            limits.streams.to_string(),
            "the stream is refused",
        ),
        row(
            "of these, reset before they were taken",
            limits.streams_reset_unseen.to_string(),
            CLOSED,
        ),
        row(
            "streams of an HTTP/2 connection that end in an error of its client's",
            limits.streams_in_error.to_string(),
            CLOSED,
        ),
        row(
            "a frame of HTTP/2",
            kib(limits.frame_bytes as usize),
            CLOSED,
        ),
    ]
}

fn times(limits: &Limits) -> Vec<Row> {
    let body = format!(
        "{}, plus a second for every {} B up to {} and every {} beyond",
        seconds(limits.body),
        limits.body_bytes_per_second_min,
        kib(limits.small_body_bytes),
        kib(limits.large_body_bytes_per_second_min as usize),
    );
    let (first, write, idle) = (
        "time to the first byte, and to know the HTTP version",
        "time in which a client takes nothing of its answer",
        "time between two requests of a connection",
    );
    vec![
        row(first, seconds(limits.first_bytes), CLOSED),
        row(
            "time for a TLS handshake",
            seconds(limits.handshake),
            CLOSED,
        ),
        row("time for a head", seconds(limits.head), CLOSED),
        row(
            "time between two pieces of a body",
            seconds(limits.body_idle),
            CLOSED,
        ),
        row("time for a body", body, CLOSED),
        row(write, seconds(limits.write_idle), CLOSED),
        row(idle, seconds(limits.keep_alive_idle), CLOSED),
        row(
            "time that a change is waited for",
            seconds(limits.mutation),
            "500; the change goes on",
        ),
    ]
}

/// Fails to compile with a new field: it needs a row, or is told of in docs/operations/memory.md
/// because it only makes room for others.
#[test]
fn fields_when_there_is_a_new_one_then_is_thought_of() {
    let Limits {
        first_bytes: _,
        handshake: _,
        head: _,
        body_idle: _,
        body: _,
        body_bytes_per_second_min: _,
        large_body_bytes_per_second_min: _,
        write_idle: _,
        keep_alive_idle: _,
        mutation: _,
        connections: _,
        subscriptions: _,
        streams: _,
        streams_reset_unseen: _,
        streams_in_error: _,
        frame_bytes: _,
        head_bytes: _,
        header_list_bytes: _,
        body_bytes: _,
        body_bytes_in_flight: _,
        body_bytes_of_connection: _,
        small_body_bytes: _,
        answer_bytes_in_flight: _,
        head_bytes_in_flight: _,
        head_bytes_of_connection: _,
        body_when_short: _,
        body_bytes_per_second_min_when_short: _,
        linger: _,
        linger_idle: _,
        linger_bytes: _,
        write_idle_when_short: _,
        ping_interval: _,
        ping_answer: _,
        drain: _,
        admin_connections: _,
        head_bytes_free: _,
        small_body_bytes_in_flight: _,
        small_body_bytes_of_connection: _,
    } = Limits::default();
    assert_eq!(rows().len(), 22);
}
