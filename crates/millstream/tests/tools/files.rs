//! The files of `millstream export` and `millstream import`: their formats, their damage, and their
//! states.

use crate::call::{Call, Ran};
use crate::records::{client, keys_and_data, put, records};
use crate::server::{Server, server_with};
use millstream_client::Client;
use millstream_client::producer::{Producer, ProducerRecord, ProducerSettings};
use millstream_env::{Disk, RealDisk};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A folder for files of tools.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    fn state(&self, name: &str) -> Value {
        serde_json::from_slice(&read(&self.path(name))).unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "a file of another process")]
fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a file for another process")]
fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::write(path, bytes).unwrap();
}

fn run(server: &Server, words: &[&str]) -> Ran {
    Call::new(words).to(server).run()
}

/// The one line of a tool that did its work.
fn said(ran: &Ran) -> &str {
    assert_eq!(ran.status.code(), Some(0), "{}", ran.stderr);
    ran.stderr.strip_suffix('\n').unwrap()
}

/// The last line of a tool that failed.
fn failure(ran: &Ran) -> &str {
    assert_eq!(ran.status.code(), Some(1), "{}", ran.stderr);
    ran.stderr.lines().last().unwrap()
}

#[tokio::test]
async fn export_when_binary_then_goes_on_where_it_was_and_is_imported_by_its_first_byte() {
    let server = server_with(&[
        "--stream", "orders:2", "--stream", "copy", "--stream", "piped", "--limits", "off",
    ]);
    let client = client(&server);
    let folder = Folder::new();
    let (out, state) = (folder.text("out"), folder.text("state"));
    let words = ["export", "orders", "--out", &out, "--state", &state];
    let binary = [&words[..], &["--format", "binary"]].concat();
    let nothing = said(&run(&server, &binary)).to_owned();
    assert_eq!(nothing, "0 records exported from 2 shards");
    // The header alone is an export.
    let ran = run(&server, &["import", "copy", &out]);
    assert_eq!(said(&ran), "0 records stored, 0 bytes, 0 shards, 0 refused");

    put(&client, "orders", 0..100).await;
    let said_first = said(&run(&server, &binary)).to_owned();
    assert_eq!(said_first, "100 records exported from 2 shards");
    let first = read(&folder.path("out"));
    put(&client, "orders", 100..200).await;
    // What a run that was killed wrote after its last state is cut off.
    write(&folder.path("out"), [&first[..], &first[16..40]].concat());
    // The state knows the format.
    let said_second = said(&run(&server, &words)).to_owned();
    assert_eq!(said_second, "100 records exported from 2 shards");
    let both = read(&folder.path("out"));
    assert!(both.starts_with(&first));

    let ran = run(&server, &["import", "copy", &out]);
    assert_eq!(
        said(&ran),
        "200 records stored, 490 bytes, 1 shard, 0 refused"
    );
    let originals = keys_and_data(&client, "orders").await;
    assert_eq!(keys_and_data(&client, "copy").await, originals);
    let piped = run(&server, &["export", "orders", "--format", "binary"]);
    let import = Call::new(&["import", "piped"]).to(&server);
    said(&import.input(piped.stdout).run());
    assert_eq!(keys_and_data(&client, "piped").await, originals);
}

/// Puts numbered records, each of a key of its own.
async fn put_keys(client: &Client, numbers: std::ops::Range<u32>) {
    let producer = Producer::new(client, "orders", ProducerSettings::default());
    let mut receipts = Vec::new();
    for number in numbers {
        let record = ProducerRecord::new(format!("key-{number}"), number.to_string());
        receipts.push(producer.put(record).await.unwrap());
    }
    for receipt in receipts {
        receipt.await.unwrap();
    }
}

#[tokio::test]
async fn export_when_there_are_more_shards_than_are_read_at_a_time_then_has_each_record_once() {
    let server = server_with(&["--stream", "orders:20", "--limits", "off"]);
    let client = client(&server);
    put_keys(&client, 0..500).await;
    let shards = client.list_shards("orders").pages().all().await.unwrap();
    let adjacent = [&shards[3].shard_id, &shards[4].shard_id];
    let merge = client.merge_shards("orders", adjacent[0], adjacent[1]);
    merge.await.unwrap();
    client.wait_until_stream_exists("orders").await.unwrap();
    put_keys(&client, 500..700).await;
    let ran = run(&server, &["export", "orders"]);
    assert_eq!(said(&ran), "700 records exported from 21 shards");
    let lines: Vec<Value> = { ran.text().lines() }
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut numbers: Vec<u32> = { lines.iter() }
        .map(|line| {
            let data = line["Data"].as_str().unwrap();
            let data = base64_simd::STANDARD.decode_to_vec(data).unwrap();
            str::from_utf8(&data).unwrap().parse().unwrap()
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..700).collect::<Vec<u32>>());
    // A child's records are after those of its parents.
    let places = |shard: &str| -> Vec<usize> {
        let of_shard = |(_, line): &(usize, &Value)| line["ShardId"] == shard;
        let found = lines.iter().enumerate().filter(of_shard);
        found.map(|(at, _)| at).collect()
    };
    let child = places("shardId-000000000020");
    assert!(!child.is_empty());
    for parent in adjacent {
        assert!(places(parent).last() < child.first(), "{parent}");
    }
}

#[tokio::test]
async fn import_when_a_binary_file_is_torn_or_damaged_then_stores_what_is_before_and_goes_on() {
    let server = server_with(&["--stream", "orders", "--stream", "copy", "--limits", "off"]);
    let client = client(&server);
    let folder = Folder::new();
    let (out, state) = (folder.text("out"), folder.text("state"));
    put(&client, "orders", 0..10).await;
    let exported = run(&server, &["export", "orders", "--format", "binary"]).stdout;
    // All ten have the same length: header, and ten of them.
    let record = (exported.len() - 16) / 10;
    let words = ["import", "copy", &out, "--state", &state];

    write(&folder.path("out"), &exported[..16 + 3 * record + 20]);
    let (at, end) = (16 + 3 * record, 16 + 3 * record + 20);
    let expected = format!(
        "millstream: the file cannot be read at record 4: it ends at {end}, within what begins at \
         {at}. Its export was ended, or still writes it: what is before is stored."
    );
    assert_eq!(failure(&run(&server, &words)), expected);
    assert_eq!(keys_and_data(&client, "copy").await.len(), 3);

    let mut damaged = exported.clone();
    damaged[16 + 6 * record + 30] ^= 1;
    write(&folder.path("out"), &damaged);
    let at = 16 + 6 * record;
    let expected = format!(
        "millstream: the file cannot be read at record 7: the bytes at {at} are damaged: the \
         checksum of a record is wrong. Nothing from there on is stored: export it anew."
    );
    assert_eq!(failure(&run(&server, &words)), expected);
    assert_eq!(keys_and_data(&client, "copy").await.len(), 6);

    write(&folder.path("out"), &exported);
    assert!(said(&run(&server, &words)).starts_with("4 records stored, "));
    let originals = keys_and_data(&client, "orders").await;
    assert_eq!(keys_and_data(&client, "copy").await, originals);
}

#[tokio::test]
async fn format_when_it_is_not_that_of_the_file_or_the_state_then_is_refused() {
    let server = server_with(&["--stream", "orders", "--stream", "copy", "--limits", "off"]);
    let client = client(&server);
    let folder = Folder::new();
    let (out, state, import_state) = (
        folder.text("out"),
        folder.text("state"),
        folder.text("import.state"),
    );
    put(&client, "orders", 0..10).await;
    let export = ["export", "orders", "--out", &out, "--state", &state];
    let import = ["import", "copy", &out, "--state", &import_state];
    said(&run(&server, &export));
    let exported = read(&folder.path("out"));
    let with =
        |words: &[&str], format: &str| run(&server, &[words, &["--format", format]].concat());
    let line = with(&export, "binary").failed(1).to_owned();
    let expected = "millstream: the state is of a file in the format ndjson. ";
    assert!(line.starts_with(expected), "{line}");
    assert_eq!(read(&folder.path("out")), exported);

    let ran = with(&import[..3], "binary");
    let expected = "millstream: the file cannot be read at record 1: it is not a file of records";
    assert!(failure(&ran).starts_with(expected), "{}", ran.stderr);
    said(&run(&server, &import));
    let line = with(&import, "binary").failed(1).to_owned();
    let expected = "millstream: the state is of a file in the format ndjson. ";
    assert!(line.starts_with(expected), "{line}");
}

#[test]
fn state_when_another_run_uses_it_or_a_newer_build_wrote_it_then_is_refused() {
    let server = server_with(&["--stream", "orders"]);
    let folder = Folder::new();
    let (out, state) = (folder.text("out"), folder.text("state"));
    let export = ["export", "orders", "--out", &out, "--state", &state];
    let import = ["import", "orders", &out, "--state", &state];
    write(&folder.path("out"), "");
    let lock = RealDisk.lock(&folder.path("state.lock")).unwrap();
    for words in [&export, &import[..]] {
        let expected = format!(
            "millstream: another run uses the state {state}. Wait for its end, or give another \
             --state."
        );
        assert_eq!(run(&server, words).failed(1), expected);
    }
    drop(lock);
    said(&run(&server, &export));
    let written = folder.state("state");
    assert_eq!(written["Format"], "millstream-export-state");
    let line = run(&server, &import).failed(1).to_owned();
    assert!(line.contains("and not millstream-import-state"), "{line}");
    let mut newer = written.clone();
    newer["Version"] = 2.into();
    write(&folder.path("state"), newer.to_string());
    let line = run(&server, &export).failed(1).to_owned();
    assert!(
        line.contains("is of a newer millstream: version 2 of"),
        "{line}"
    );
    // A build without versions said neither.
    let mut older = written;
    let members = older.as_object_mut().unwrap();
    for member in ["Format", "Version", "FileFormat"] {
        members.remove(member).unwrap();
    }
    write(&folder.path("state"), older.to_string());
    said(&run(&server, &export));
    assert_eq!(folder.state("state")["Version"], 1);
}

#[tokio::test]
async fn import_when_records_behind_a_failed_one_are_stored_then_does_not_store_them_again() {
    let server = server_with(&["--stream", "copy:2"]);
    let client = client(&server);
    let folder = Folder::new();
    let (out, state) = (folder.text("out"), folder.text("state"));
    // A shard takes 1 MiB a second: some of these are refused, and what is between them is not.
    const HEAVY: usize = 150_000;
    let line = |number: u32| {
        let (hash_key, data) = match number % 2 {
            0 => (0, format!("{number:04}{}", "A".repeat(HEAVY))),
            _ => (u128::MAX, format!("{number:04}")),
        };
        format!(
            "{{\"PartitionKey\":\"k{number}\",\"ExplicitHashKey\":\"{hash_key}\",\"Data\":\"{data}\"}}\n"
        )
    };
    write(&folder.path("out"), (0..40).map(line).collect::<String>());
    let words = ["import", "copy", &out, "--state", &state];
    let ran = run(&server, &[&words[..], &["--retry-for", "0s"]].concat());
    let expected = "millstream: stopped at line ";
    assert!(failure(&ran).starts_with(expected), "{}", ran.stderr);
    let saved = folder.state("state");
    let lines = saved["ImportedLines"].as_u64().unwrap();
    let behind = saved["StoredBehind"].as_array().unwrap();
    assert!(!behind.is_empty(), "{saved}");
    let first = behind[0][0].as_u64().unwrap();
    assert!(first > lines + 1, "{saved}");

    said(&run(&server, &words));
    let stored = records(&client, "copy").await.into_iter();
    let mut numbers: Vec<u32> = stored
        .map(|record| record.partition_key.unwrap()[1..].parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..40).collect::<Vec<u32>>());
    // All are stored: the next run has nothing to do.
    assert!(said(&run(&server, &words)).starts_with("0 records stored, "));
}
