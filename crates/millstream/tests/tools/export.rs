//! `millstream export` and `millstream import`.

use crate::call::{Call, Ran};
use crate::records::{client, keys_and_data, put, records, split};
use crate::server::{Server, server_with};
use millstream_client::aggregation::{Aggregator, deaggregate};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn run(server: &Server, words: &[&str]) -> Ran {
    Call::new(words).to(server).run()
}

/// The one line of a tool that did its work.
fn said(ran: &Ran) -> &str {
    assert_eq!(ran.status.code(), Some(0), "{}", ran.stderr);
    ran.stderr.strip_suffix('\n').unwrap()
}

/// A folder with room for an output and a state.
struct Files {
    _folder: tempfile::TempDir,
    out: PathBuf,
    state: PathBuf,
}

fn files() -> Files {
    let folder = tempfile::tempdir().unwrap();
    let (out, state) = (folder.path().join("out"), folder.path().join("state"));
    Files {
        _folder: folder,
        out,
        state,
    }
}

impl Files {
    fn words(&self) -> [&str; 4] {
        let (out, state) = (self.out.to_str().unwrap(), self.state.to_str().unwrap());
        ["--out", out, "--state", state]
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a file for another process")]
fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

/// Checks that an export has these numbers once, those of a key in order.
fn check(exported: &str, numbers: u32) {
    let mut of_key: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for line in exported.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let data = line["Data"].as_str().unwrap();
        let data = base64_of(data);
        let of_key = of_key
            .entry(line["PartitionKey"].as_str().unwrap().to_owned())
            .or_default();
        of_key.push(data.parse().unwrap());
    }
    for key in 0..8 {
        let expected: Vec<u32> = (0..numbers).filter(|number| number % 8 == key).collect();
        assert_eq!(of_key[&format!("key-{key}")], expected);
    }
}

fn base64_of(text: &str) -> String {
    let data = base64_simd::STANDARD.decode_to_vec(text).unwrap();
    String::from_utf8(data).unwrap()
}

#[tokio::test]
async fn export_when_shards_were_split_then_keeps_the_order_of_keys_and_goes_on_where_it_was() {
    let server = server_with(&["--stream", "orders:2", "--limits", "off"]);
    let client = client(&server);
    let files = files();
    let words = [&["export", "orders"], &files.words()[..]].concat();
    put(&client, "orders", 0..100).await;
    assert_eq!(
        said(&run(&server, &words)),
        "100 records exported from 2 shards"
    );
    check(&read(&files.out), 100);

    split(&client, "orders").await;
    put(&client, "orders", 100..200).await;
    split(&client, "orders").await;
    put(&client, "orders", 200..240).await;
    // What a run that was killed wrote after its last state is cut off.
    let first = read(&files.out);
    write(&files.out, &format!("{first}{{\"ShardId\":\"sha"));
    let ran = run(&server, &words);
    assert!(
        said(&ran).starts_with("140 records exported from "),
        "{ran:?}"
    );
    let both = read(&files.out);
    assert!(both.starts_with(&first));
    check(&both, 240);

    write(&files.out, &format!("{both}{{\"ShardId\":\"sha"));
    assert!(said(&run(&server, &words)).starts_with("0 records exported from "));
    assert_eq!(read(&files.out), both);
    // Standard output gets the same.
    let ran = run(&server, &["export", "orders"]);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(lines(ran.text()), lines(&both));
    check(ran.text(), 240);
}

#[tokio::test]
async fn export_when_its_state_does_not_belong_to_it_then_changes_nothing() {
    let server = server_with(&["--stream", "orders", "--stream", "other", "--limits", "off"]);
    let client = client(&server);
    put(&client, "orders", 0..8).await;
    let files = files();
    let export =
        |stream: &str, words: &[&str]| run(&server, &[&["export", stream], words].concat());
    let (words, out) = (files.words(), files.out.to_str().unwrap());
    said(&export("orders", &words));
    let exported = read(&files.out);
    for (ran, expected) in [
        (
            export("orders", &["--out", out]),
            "Remove it to begin anew, or give the --state that belongs to it.",
        ),
        (
            export("other", &words),
            "the state is of the stream arn:aws:kinesis:us-east-1:000000000000:stream/orders.",
        ),
    ] {
        let line = ran.failed(1);
        assert!(line.contains(expected), "{line}");
        assert_eq!(read(&files.out), exported);
    }
    write(&files.out, &exported[1..]);
    let ran = export("orders", &words);
    let line = ran.failed(1);
    assert!(
        line.contains("bytes, and its state says that it has"),
        "{line}"
    );
    assert_eq!(export("orders", &words[2..]).status.code(), Some(2));
    write(&files.state, "{}");
    let ran = export("orders", &words);
    let line = ran.failed(1);
    assert!(line.contains("is not the state of such a run"), "{line}");
}

#[tokio::test]
async fn export_when_limited_to_a_time_then_has_the_records_that_arrived_in_it() {
    let server = server_with(&["--stream", "orders", "--limits", "off"]);
    let client = client(&server);
    put(&client, "orders", 0..8).await;
    for (words, expected) in [
        (&["--from", "1h"][..], 8),
        (&["--until", "1h"], 0),
        (&["--until", "2100-01-01T00:00:00Z"], 8),
        (&["--from", "2h", "--until", "2100-01-01T00:00:00Z"], 8),
    ] {
        let ran = run(&server, &[&["export", "orders"], words].concat());
        said(&ran);
        assert_eq!(ran.text().lines().count(), expected, "{words:?}");
    }
    let ran = run(&server, &["export", "orders", "--from", "yesterday"]);
    assert_eq!(ran.status.code(), Some(2));
}

#[tokio::test]
async fn import_when_given_an_export_then_stores_the_same_records_in_the_order_of_their_keys() {
    let server = server_with(&[
        "--stream", "orders:2", "--stream", "copy", "--limits", "off",
    ]);
    let client = client(&server);
    put(&client, "orders", 0..100).await;
    let exported = run(&server, &["export", "orders"]);
    let import = Call::new(&["import", "copy"]).to(&server);
    let ran = import.input(exported.stdout).run();
    assert_eq!(
        said(&ran),
        "100 records stored, 190 bytes, 1 shard, 0 refused"
    );
    let copy = run(&server, &["export", "copy"]);
    check(copy.text(), 100);
    let originals = keys_and_data(&client, "orders").await;
    assert_eq!(keys_and_data(&client, "copy").await, originals);
}

#[tokio::test]
async fn import_when_it_aggregates_then_stores_the_same_records_together() {
    let server = server_with(&[
        "--stream", "orders:2", "--stream", "copy", "--limits", "off",
    ]);
    let client = client(&server);
    put(&client, "orders", 0..100).await;
    let exported = run(&server, &["export", "orders"]);
    let import = Call::new(&["import", "copy", "--aggregate"]).to(&server);
    let ran = import.input(exported.stdout).run();
    assert_eq!(
        said(&ran),
        "100 records stored, 190 bytes, 1 shard, 0 refused"
    );
    let records = records(&client, "copy").await;
    assert!(records.len() < 10, "{} records", records.len());
    let users = records.iter().flat_map(deaggregate).map(|user| {
        let data = str::from_utf8(&user.data).unwrap().to_owned();
        (user.partition_key.unwrap().to_owned(), data)
    });
    let mut users: Vec<_> = users.collect();
    users.sort_unstable();
    assert_eq!(users, keys_and_data(&client, "orders").await);
}

#[tokio::test]
async fn copy_when_its_stream_has_the_same_shards_then_has_each_record_in_the_same_one() {
    let server = server_with(&["--stream", "orders:2", "--stream", "copy:2"]);
    let client = client(&server);
    // MD5("a") is in the lower half of all hash keys, MD5("b") in the upper one.
    let mut aggregator = Aggregator::new();
    for data in ["first", "second"] {
        aggregator.add("b", None, data.as_bytes()).unwrap();
    }
    let aggregated = aggregator.finish().unwrap();
    let upper = aggregated.explicit_hash_key.unwrap().to_string();
    for (data, key, hash_key) in [
        (&b"by its key"[..], "a", None),
        (b"elsewhere", "a", Some(upper.as_str())),
        (b"elsewhere, too", "b", Some("0")),
        (&aggregated.data, &aggregated.partition_key, Some(&upper)),
    ] {
        let put = client
            .put_record("orders", data.to_vec())
            .partition_key(key);
        let put = match hash_key {
            Some(hash_key) => put.explicit_hash_key(hash_key),
            None => put,
        };
        put.await.unwrap();
    }
    for format in ["ndjson", "binary"] {
        let exported = run(&server, &["export", "orders", "--format", format]);
        let import = Call::new(&["import", "copy"]).to(&server);
        said(&import.input(exported.stdout).run());
    }
    let of = |stream: &str| -> BTreeMap<[String; 3], usize> {
        let mut found = BTreeMap::new();
        for line in run(&server, &["export", stream]).text().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let members = ["ShardId", "PartitionKey", "Data"];
            let members = members.map(|member| line[member].as_str().unwrap().to_owned());
            *found.entry(members).or_default() += 1;
        }
        found
    };
    let twice: BTreeMap<_, _> = of("orders").into_keys().map(|it| (it, 2)).collect();
    assert_eq!(of("copy"), twice);
}

#[tokio::test]
async fn import_when_it_was_ended_by_a_line_then_goes_on_there_and_stores_nothing_twice() {
    let server = server_with(&["--stream", "copy", "--stream", "other", "--limits", "off"]);
    let client = client(&server);
    let files = files();
    let (file, state) = (files.out.to_str().unwrap(), files.state.to_str().unwrap());
    let words = ["import", "copy", file, "--state", state];
    let line = |number: u32| format!("{{\"PartitionKey\":\"k\",\"Data\":\"{number:04}\"}}\n");
    let good: String = (0..1200).map(line).collect();
    write(
        &files.out,
        &format!("{good}{{\"PartitionKey\":\"k\",\"Data\":\"12"),
    );
    let ran = run(&server, &words);
    assert_eq!(ran.status.code(), Some(1), "{}", ran.stderr);
    let (summary, failure) = ran.stderr.split_once('\n').unwrap();
    assert!(summary.starts_with("1200 records stored, "), "{summary}");
    let expected = "millstream: line 1201 is not a record in JSON: ";
    assert!(failure.starts_with(expected), "{failure}");

    let all: String = (0..1300).map(line).collect();
    write(&files.out, &all);
    let ran = run(&server, &words);
    assert_eq!(
        said(&ran),
        "100 records stored, 300 bytes, 1 shard, 0 refused"
    );
    let copy = run(&server, &["export", "copy"]);
    let data = copy.text().lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["Data"].as_str().unwrap().parse().unwrap()
    });
    assert_eq!(data.collect::<Vec<u32>>(), (0..1300).collect::<Vec<u32>>());

    let ran = run(&server, &["import", "other", file, "--state", state]);
    assert!(
        ran.failed(1).contains("the state is of the stream "),
        "{ran:?}"
    );
    write(&files.out, &good);
    let ran = run(&server, &words);
    assert!(
        ran.failed(1).contains("the file is shorter than"),
        "{ran:?}"
    );
    let count = client
        .list_shards("copy")
        .pages()
        .all()
        .await
        .unwrap()
        .len();
    assert_eq!(count, 1);
}

#[test]
fn import_when_a_record_is_not_stored_then_ends_and_the_state_does_not_go_past_it() {
    let server = server_with(&["--stream", "copy"]);
    let files = files();
    let (file, state) = (files.out.to_str().unwrap(), files.state.to_str().unwrap());
    let line = |number: u32| format!("{{\"PartitionKey\":\"k{number}\",\"Data\":\"\"}}\n");
    // A shard takes 1000 records a second.
    write(&files.out, &(0..20_000).map(line).collect::<String>());
    let words = [
        "import",
        "copy",
        file,
        "--state",
        state,
        "--retry-for",
        "0s",
    ];
    let ran = run(&server, &words);
    assert_eq!(ran.status.code(), Some(1), "{}", ran.stderr);
    let last = ran.stderr.lines().last().unwrap();
    let stopped = last
        .strip_prefix("millstream: stopped at line ")
        .and_then(|rest| rest.strip_suffix(", which is not stored."))
        .unwrap();
    let state: Value = serde_json::from_str(&read(&files.state)).unwrap();
    let lines = state["ImportedLines"].as_u64().unwrap();
    assert_eq!(lines + 1, stopped.parse::<u64>().unwrap());
    let bytes: usize = (0..u32::try_from(lines).unwrap())
        .map(|n| line(n).len())
        .sum();
    assert_eq!(state["ImportedBytes"], bytes);
}
