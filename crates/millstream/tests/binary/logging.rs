//! Standard error and output that are full, closed, or not read: only lines are lost.

use crate::calls::{client, connect, get, put, send, status};
use crate::lifecycle::dev;
use crate::process::Running;
use millstream_protocol::operations::{GetShardIterator, GetShardIteratorInput};
use millstream_protocol::types::ShardIteratorType;
use rustix::process::Signal;
use std::fs::OpenOptions;
use std::io::{PipeReader, Write, pipe};
use std::path::Path;
use std::process::{Command, Stdio};

/// Capacity of a pipe.
const PIPE_BYTES: usize = 64 * 1024;
/// Requests whose lines at `debug` exceed a pipe's capacity, three times over.
const REQUESTS: usize = 1500;

/// A server that logs a line for every request.
fn talkative(folder: &Path) -> Command {
    let mut command = dev(folder);
    command
        .args(["--stream", "orders", "--log-level", "debug"])
        .args(["--admin-listen", "127.0.0.1:0"]);
    command
}

/// A device that is always full.
#[expect(clippy::disallowed_methods, reason = "a device of the real machine")]
fn full() -> Stdio {
    let mut options = OpenOptions::new();
    options.write(true).open("/dev/full").unwrap().into()
}

/// A full pipe, and its reading end, which is not read.
fn unread() -> (Stdio, PipeReader) {
    let (reader, mut writer) = pipe().unwrap();
    writer.write_all(&[b'x'; PIPE_BYTES]).unwrap();
    (writer.into(), reader)
}

/// A pipe whose reader has gone.
fn closed() -> Stdio {
    let (_, writer) = pipe().unwrap();
    writer.into()
}

/// Checks that requests are answered, and that the server shuts down gracefully.
async fn check_good(server: Running) {
    put(&server.url, "orders").await;
    let mut stream = connect(&server.url);
    for _ in 0..REQUESTS {
        send(&mut stream, "Nothing", "{}");
        assert_eq!(status(&mut stream), "400", "nobody waits for its line");
        skip_answer(&mut stream);
    }
    put(&server.url, "orders").await;
    server.signal(Signal::TERM);
    assert_eq!(server.wait().status.code(), Some(0));
}

/// Reads to the end of a response whose status was read, and whose body ends with a brace.
fn skip_answer(stream: &mut std::net::TcpStream) {
    let mut byte = [0];
    while byte != *b"}" {
        std::io::Read::read_exact(stream, &mut byte).unwrap();
    }
}

#[tokio::test]
async fn server_when_its_log_cannot_be_written_then_serves_and_stops_in_good_order() {
    let folder = tempfile::tempdir().unwrap();
    for log in [full(), closed()] {
        let server = Running::start_with_log_to(&mut talkative(folder.path()), log);
        check_good(server).await;
    }
}

#[tokio::test]
async fn server_when_the_reader_of_its_log_goes_then_serves_and_stops_in_good_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Running::start(&mut talkative(folder.path()));
    let admin = server.log_after("operator's pages on http://");
    server.stop_listening();
    put(&server.url, "orders").await;
    put(&server.url, "orders").await;
    let metrics = get(&admin, "/metrics");
    let lost = metrics
        .lines()
        .find_map(|line| line.strip_prefix("millstream_log_lines_lost_total "));
    assert!(
        lost.unwrap().parse::<u64>().unwrap() > 0,
        "they are counted"
    );
    check_good(server).await;
}

#[tokio::test]
async fn server_when_nobody_reads_its_log_then_serves_and_stops_in_good_order() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _reader) = unread();
    let server = Running::start_with_log_to(&mut talkative(folder.path()), log);
    check_good(server).await;
}

#[tokio::test]
async fn server_when_its_ready_line_cannot_be_written_then_serves_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (unread, _reader) = unread();
    for output in [full(), closed(), unread] {
        let mut command = talkative(folder.path());
        let mut server = Running::begin_with(&mut command, output, Stdio::piped());
        let admin = server.log_after("operator's pages on http://");
        while !get(&admin, "/readyz").contains(" 200 ") {}
        server.signal(Signal::TERM);
        let stopped = server.wait();
        assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
    }
}

#[tokio::test]
async fn client_when_it_asks_for_what_aws_fails_over_then_writes_nothing_into_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = dev(folder.path());
    let server = Running::start(command.args(["--stream", "orders", "--log-level", "warn"]));
    let client = client(&server.url);
    let zero = GetShardIteratorInput {
        stream_name: Some("orders".to_owned()),
        shard_id: "shardId-000000000000".to_owned(),
        shard_iterator_type: ShardIteratorType::AtSequenceNumber,
        starting_sequence_number: Some("0".to_owned()),
        timestamp: None,
        stream_arn: None,
        stream_id: None,
        dry_run: None,
    };
    let refused = client.call::<GetShardIterator>(&zero).await.unwrap_err();
    assert!(refused.to_string().contains("InternalFailure"), "{refused}");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().log, "");
}
