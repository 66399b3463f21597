//! Text that clients choose, in a server's log, and names in its data directory.

use crate::calls::{client, connect};
use crate::lifecycle::dev;
use crate::process::Running;
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Sends a request whose name, headers and target would end lines, and reads the answer.
fn send_hostile(url: &str) {
    let mut stream = connect(url);
    let name = "a\\n2026-01-01T00:00:00Z ERROR forged\\r\\u001b[2J\\u2028\\u2029\\u0085\\u009b";
    let body = format!("{{\"StreamName\": \"{name}\", \"ShardCount\": 1}}");
    let agent = "x\u{85}\u{9b}2J\u{2028}\u{2029}\u{202e}";
    let head = format!(
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: Kinesis_20131202.CreateStream\r\nuser-agent: {agent}\r\n\
         x-amzn-requestid: {agent}\r\namz-sdk-invocation-id: {agent}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("ValidationException"), "{answer}");
}

#[test]
fn log_when_clients_send_line_breaks_and_escapes_of_terminals_then_has_whole_lines_alone() {
    for format in ["human", "json"] {
        let folder = tempfile::tempdir().unwrap();
        let level = ["--log-level", "trace", "--log-format", format];
        let server = Running::start(dev(folder.path()).args(level));
        send_hostile(&server.url);
        server.signal(Signal::TERM);
        let log = server.wait().log;
        let mut requests = 0;
        for line in log.lines() {
            let is_shown = |letter: char| !letter.is_control() || letter == '\t';
            assert!(line.chars().all(is_shown), "{line:?}");
            let is_one = match format {
                "json" => serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()),
                _ => line.starts_with("20") && !line.contains("2026-01-01T00:00:00Z ERROR"),
            };
            assert!(is_one, "{line:?}");
            requests += usize::from(line.contains("CreateStream"));
        }
        assert!(requests > 0, "the request was logged: {log}");
    }
}

/// All that is below a directory, and beside it.
#[expect(clippy::disallowed_methods, reason = "the real disk is looked at")]
fn tree(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
        }
        found.insert(path);
    }
    found
}

/// Whether a name is one that the journal or the keyring gives: digits and their own words.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let ours = [
        "data",
        "LOCK",
        "MANIFEST",
        "CHECKPOINT",
        "RESERVE",
        "reserve",
        "keys",
        "keyring",
    ];
    let stem = name.split('.').next().unwrap();
    ours.contains(&stem)
        || stem
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Names that mean something to a file system, here or elsewhere.
#[tokio::test]
async fn names_when_they_are_those_of_paths_and_devices_then_no_file_is_named_after_them() {
    let long = "a".repeat(128);
    let names = [
        "..", ".", "...", "con", "nul", "a.", "a..", "-", "-rf", ".ssh", "LOCK", "MANIFEST", &long,
    ];
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("outer/data");
    let mut command = dev(folder.path());
    command.args(["--limits", "off", "--data-dir"]).arg(&data);
    let server = Running::start(&mut command);
    let client = client(&server.url);
    client
        .create_stream("first")
        .shard_count(1)
        .send()
        .await
        .unwrap();
    let before = tree(folder.path());
    assert!(before.len() > 3, "{before:?}");
    for name in names {
        client
            .create_stream(name)
            .shard_count(1)
            .send()
            .await
            .unwrap();
        client
            .put_record(name, "data")
            .partition_key("../../k")
            .send()
            .await
            .unwrap();
        let summary = client.describe_stream_summary(name).send().await.unwrap();
        let arn = summary.stream_description_summary.stream_arn;
        client
            .register_stream_consumer(&*arn, name)
            .send()
            .await
            .unwrap();
    }
    let after = tree(folder.path());
    assert_eq!(
        before, after,
        "records and names are within the files that were there"
    );
    for name in names {
        client
            .delete_stream(name)
            .enforce_consumer_deletion(true)
            .send()
            .await
            .unwrap();
    }
    server.signal(Signal::TERM);
    assert_eq!(server.wait().status.code(), Some(0));
    let stopped = tree(folder.path());
    let outside: Vec<_> = stopped
        .iter()
        .filter(|path| !path.starts_with(&data))
        .collect();
    assert_eq!(outside, [&folder.path().join("outer")]);
    for path in stopped.iter().filter(|path| path.starts_with(&data)) {
        assert!(is_ours(path), "{}", path.display());
    }
}
