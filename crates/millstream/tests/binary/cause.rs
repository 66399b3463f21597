//! The request id in a log line leads to the cause of that request's failure.

use crate::calls::{client, iterator, put_data};
use crate::lifecycle::dev;
use crate::process::Running;
use bytes::Bytes;
use millstream_client::Error;
use millstream_protocol::operations::{GetRecords, GetRecordsInput};
use rustix::process::Signal;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

/// A record's data, recognizable in a file.
const DATA: &[u8] = b"a record whose bytes will be damaged";
/// Records of nearly 1 MiB that follow it, so that earlier ones are read from disk.
const RECORDS_BEHIND: usize = 80;

fn kept(folder: &Path, format: &str) -> Command {
    let mut command = dev(folder);
    command
        .args([
            "--stream",
            "orders",
            "--limits",
            "off",
            "--log-format",
            format,
        ])
        .arg("--data-dir")
        .arg(folder.join("data"));
    command
}

/// Flips a bit of the record, wherever it is stored.
#[expect(
    clippy::disallowed_methods,
    reason = "the files of another process, on the real disk"
)]
fn damage(folder: &Path) {
    let mut places = 0;
    for entry in folder.join("data").read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        if let Some(place) = bytes.windows(DATA.len()).position(|window| window == DATA) {
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            file.write_all_at(&[DATA[0] ^ 1], place as u64).unwrap();
            places += 1;
        }
    }
    assert_eq!(places, 1, "the record is in one file");
}

/// Reads a corrupted record; returns the failure's request id, and the log.
async fn failed_read(folder: &Path, format: &str) -> (String, Vec<String>) {
    let server = Running::start(&mut kept(folder, format));
    let client = client(&server.url);
    put_data(&client, "orders", Bytes::from_static(DATA)).await;
    let shard_iterator = iterator(&client, "orders").await;
    for _ in 0..RECORDS_BEHIND {
        put_data(&client, "orders", Bytes::from(vec![0; 1_000_000])).await;
    }
    damage(folder);
    let input = GetRecordsInput {
        shard_iterator,
        limit: Some(1),
        ..GetRecordsInput::default()
    };
    let failed = client.call::<GetRecords>(&input).await.unwrap_err();
    let Error::Service { request_id, .. } = failed else {
        panic!("not answered: {failed}");
    };
    server.signal(Signal::TERM);
    let log = server.wait().log;
    (
        request_id.unwrap(),
        log.lines().map(str::to_owned).collect(),
    )
}

#[tokio::test]
async fn failure_when_its_request_id_is_looked_for_then_its_cause_is_found_with_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let (id, log) = failed_read(folder.path(), "human").await;
    let named: Vec<&String> = log.iter().filter(|line| line.contains(&id)).collect();
    let says = |said: &[&str]| {
        let has = |line: &&&String| said.iter().all(|word| line.contains(word));
        assert_eq!(named.iter().filter(has).count(), 1, "{said:?} in {log:#?}");
    };
    let stream = ":stream/orders";
    says(&[
        "ERROR",
        "GetRecords",
        stream,
        "millstream_journal",
        "damage",
    ]);
    says(&["ERROR", "GetRecords", stream, "operation failed", "damage"]);
    says(&["ERROR", "GetRecords", stream, "request failed"]);
}

#[tokio::test]
async fn failure_when_the_log_is_json_then_each_of_its_lines_has_the_request_as_members() {
    let folder = tempfile::tempdir().unwrap();
    let (id, log) = failed_read(folder.path(), "json").await;
    let span = format!("\"span\":{{\"operation\":\"GetRecords\",\"request_id\":\"{id}\"");
    let named = log.iter().filter(|line| line.contains(&span)).count();
    assert_eq!(named, 3, "{log:#?}");
}
