//! The audit log of a running server: in a file that is moved, on standard output, and where it
//! cannot be written.

use crate::calls::{client, get};
use crate::lifecycle::dev;
use crate::process::{Running, refused};
use rustix::process::Signal;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Time after which a line counts as missing.
const LOOKS_MAX: usize = 1_000_000;

async fn create(server: &Running, stream: &str) {
    let created = client(&server.url).create_stream(stream).shard_count(1);
    created.send().await.unwrap();
}

/// The streams whose creations are in the lines of a text.
fn created(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| {
        let line: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(line["eventName"], "CreateStream", "{line}");
        let name = line["requestParameters"]["streamName"].as_str();
        name.unwrap().to_owned()
    });
    lines.collect()
}

/// Waits until a file has as many lines.
fn lines_of(path: &Path, count: usize) -> String {
    for _ in 0..LOOKS_MAX {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if text.matches('\n').count() >= count {
            return text;
        }
    }
    panic!("{} has not {count} lines", path.display());
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the log is on the real disk")]
async fn file_when_it_is_moved_then_lines_go_to_a_new_one_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let mut command = dev(folder.path());
    command
        .args(["--admin-listen", "127.0.0.1:0", "--audit"])
        .arg(&path);
    let mut server = Running::start(&mut command);
    let admin = server.log_after("operator's pages on http://");
    let mode = path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    create(&server, "a").await;
    create(&server, "b").await;
    assert_eq!(created(&lines_of(&path, 2)), ["a", "b"]);
    let moved = folder.path().join("audit.log.1");
    std::fs::rename(&path, &moved).unwrap();
    create(&server, "c").await;
    assert_eq!(created(&lines_of(&path, 1)), ["c"]);
    assert_eq!(created(&lines_of(&moved, 2)), ["a", "b"]);
    let metrics = get(&admin, "/metrics");
    assert!(
        metrics.contains("\nmillstream_audit_lines_total 3\n"),
        "{metrics}"
    );
    server.signal(Signal::TERM);
    assert_eq!(server.wait().status.code(), Some(0));

    // The next process goes on where this one stopped, also by the variable.
    let mut command = dev(folder.path());
    let server = Running::start(command.env("MILLSTREAM_AUDIT", &path));
    create(&server, "d").await;
    server.signal(Signal::TERM);
    assert_eq!(server.wait().status.code(), Some(0));
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        created(&text),
        ["c", "d"],
        "all of it is written at the end"
    );
}

#[tokio::test]
async fn audit_log_when_on_standard_output_then_follows_the_url() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(dev(folder.path()).args(["--audit", "-"]));
    create(&server, "a").await;
    create(&server, "b").await;
    server.signal(Signal::TERM);
    let stopped = server.wait();
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
    assert_eq!(created(&stopped.output), ["a", "b"]);
}

#[tokio::test]
async fn audit_log_when_its_reader_has_gone_then_calls_are_served_and_the_end_says_what_is_missing()
{
    let folder = tempfile::tempdir().unwrap();
    let mut server = Running::start(dev(folder.path()).args(["--audit", "-"]));
    server.close_output();
    create(&server, "a").await;
    create(&server, "b").await;
    server.signal(Signal::TERM);
    let stopped = server.wait();
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.log);
    for said in [
        "the audit log cannot be written; it is tried again, and calls wait for it",
        "the last lines of the audit log could not be written",
    ] {
        assert!(stopped.log.contains(said), "{}", stopped.log);
    }
}

#[test]
fn server_when_its_audit_log_cannot_be_opened_or_is_among_the_data_then_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::DirBuilder::new().create(&data).unwrap();
    for (path, code, expected) in [
        (
            data.join("audit.log"),
            2,
            "--audit: the file is in the data directory",
        ),
        (
            folder.path().join("none/audit.log"),
            1,
            "No such file or directory",
        ),
        (folder.path().to_owned(), 1, "Is a directory"),
    ] {
        let stopped = refused(
            dev(folder.path())
                .arg("--data-dir")
                .arg(&data)
                .arg("--audit")
                .arg(&path),
        );
        assert_eq!(stopped.status.code(), Some(code), "{}", stopped.log);
        assert!(stopped.log.contains(expected), "{}", stopped.log);
        assert!(!data.join("audit.log").exists());
    }
}
