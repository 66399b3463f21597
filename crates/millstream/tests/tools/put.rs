//! `millstream put`.

use crate::call::{Call, Ran};
use crate::records::{client, keys_and_data, records};
use crate::server::{Server, server_with};
use millstream_client::aggregation::deaggregate;
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use tempfile::NamedTempFile;

fn put(server: &Server, words: &[&str], input: impl Into<Vec<u8>>) -> Ran {
    let words = [&["put"], words].concat();
    Call::new(&words).to(server).input(input).run()
}

/// A server with one shard, whose limits are AWS's.
fn one_shard() -> Server {
    server_with(&["--stream", "orders"])
}

fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

#[tokio::test]
async fn input_when_put_then_its_records_have_the_data_and_keys_that_were_asked_for() {
    let ndjson = |words: &[&'static str]| [&["--format", "ndjson"], words].concat();
    let constant = vec!["--key", "k"];
    for (words, input, expected) in [
        (constant.clone(), "a\nb\n", &[("k", "a"), ("k", "b")][..]),
        (
            constant.clone(),
            "a\r\n\nlast",
            &[("k", ""), ("k", "a\r"), ("k", "last")],
        ),
        (constant, "", &[]),
        (
            vec![
                "--format",
                "whole",
                "--key",
                "k",
                "--explicit-hash-key",
                "7",
            ],
            "a\nb\n",
            &[("k", "a\nb\n")],
        ),
        (
            ndjson(&["--key", "k"]),
            "{\"a\":1}\n\n  {\"b\" : [2]} \r\n",
            &[("k", "{\"a\":1}"), ("k", "{\"b\" : [2]}")],
        ),
        (
            ndjson(&["--key-field", "id", "--ordered"]),
            "{\"id\":\"x\"}\n{\"id\":7}\n{\"id\":true}",
            &[
                ("7", "{\"id\":7}"),
                ("true", "{\"id\":true}"),
                ("x", "{\"id\":\"x\"}"),
            ],
        ),
        (
            ndjson(&["--key-field", "/a~1b/1/c"]),
            "{\"a/b\":[0,{\"c\":\"deep\"}]}",
            &[("deep", "{\"a/b\":[0,{\"c\":\"deep\"}]}")],
        ),
        (
            ndjson(&["--envelope"]),
            "{\"Data\":\"YQo=\",\"PartitionKey\":\"p\",\"ExplicitHashKey\":\"5\",\"Other\":{}}",
            &[("p", "a\n")],
        ),
    ] {
        let server = one_shard();
        let words = [&["orders"], words.as_slice()].concat();
        let ran = put(&server, &words, input);
        let bytes: usize = expected.iter().map(|(_, data)| data.len()).sum();
        let (records, shards) = (expected.len(), expected.len().min(1));
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let said = format!(
            "{records} record{} stored, {bytes} byte{}, {shards} shard{}, 0 refused\n",
            plural(records),
            plural(bytes),
            plural(shards)
        );
        let ended = (ran.status.code(), ran.stderr.as_str());
        assert_eq!(ended, (Some(0), said.as_str()), "{words:?}");
        let found = keys_and_data(&client(&server), "orders").await;
        let own = |(key, data): &(&str, &str)| ((*key).to_owned(), (*data).to_owned());
        let expected: Vec<_> = expected.iter().map(own).collect();
        assert_eq!(found, expected, "{words:?}");
    }
}

#[tokio::test]
async fn lines_when_of_any_length_then_are_put_whole_with_keys_of_their_own() {
    let server = server_with(&["--stream", "orders:3", "--limits", "off"]);
    let mut input = String::new();
    let mut expected = Vec::new();
    for number in 0..400 {
        let line = format!("{number} {}", "x".repeat(number * number));
        writeln!(input, "{line}").unwrap();
        expected.push(line);
    }
    let file = file(input.as_bytes());
    let ran = put(&server, &["orders", file.path().to_str().unwrap()], "");
    assert_eq!(ran.status.code(), Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains(", 3 shards, "), "{}", ran.stderr);
    let found = keys_and_data(&client(&server), "orders").await;
    let keys: std::collections::BTreeSet<_> = found.iter().map(|(key, _)| key).collect();
    assert_eq!(keys.len(), expected.len());
    let mut data: Vec<_> = found.iter().map(|(_, data)| data.clone()).collect();
    data.sort_unstable();
    expected.sort_unstable();
    assert_eq!(data, expected);
}

#[tokio::test]
async fn line_when_it_cannot_be_a_record_then_is_named_and_those_before_are_stored() {
    let mebibyte = "x".repeat(1 << 20);
    let ndjson = ["--format", "ndjson"];
    let key_field = [&ndjson[..], &["--key-field", "id"]].concat();
    let envelope = [&ndjson[..], &["--envelope"]].concat();
    for (words, line, expected) in [
        (
            &["--key", "k"][..],
            mebibyte.as_str(),
            "line 3 is a record of 1048577 bytes with its key; the stream takes 1048576 at most.",
        ),
        (
            &["--key", "k"],
            &format!("{mebibyte}x"),
            "line 3 is longer than 1048576 bytes, which is too long for a record.",
        ),
        (
            &ndjson,
            "[1]",
            "line 3 is not a JSON object: invalid type: sequence, expected a map at line 1 column \
             0.",
        ),
        (&key_field, "{\"no\":1}", "line 3 has no member id."),
        (
            &key_field,
            "{\"id\":\"\"}",
            "line 3 has an empty partition key.",
        ),
        (
            &key_field,
            "{\"id\":[]}",
            "line 3 has no text or number in id.",
        ),
        (
            &envelope,
            "{\"Data\":\"?\",\"PartitionKey\":\"p\"}",
            "line 3 has a Data that is not base64.",
        ),
        (
            &envelope,
            "{\"Data\":\"\",\"PartitionKey\":\"p\",\"ExplicitHashKey\":\"-1\"}",
            "line 3 has an ExplicitHashKey that is not a whole number below 2^128.",
        ),
    ] {
        let server = one_shard();
        let good = "{\"id\":1,\"Data\":\"\",\"PartitionKey\":\"p\"}\n".repeat(2);
        let words = [&["orders"], words].concat();
        let ran = put(&server, &words, format!("{good}{line}\n{good}"));
        let (summary, failure) = ran.stderr.split_once('\n').unwrap();
        assert!(summary.starts_with("2 records stored, "), "{summary}");
        assert_eq!(failure, format!("millstream: {expected}\n"), "{words:?}");
        assert_eq!(ran.status.code(), Some(1));
        assert_eq!(records(&client(&server), "orders").await.len(), 2);
    }
}

#[tokio::test]
async fn records_when_refused_for_the_moment_then_are_all_stored_once() {
    let server = one_shard();
    let input: String = (0..2500).map(|number| format!("{number:04}\n")).collect();
    let ran = put(&server, &["orders", "--json"], input);
    let expected = "2500 records stored, 10000 bytes, 1 shard, 0 refused\n";
    assert_eq!((ran.status.code(), &*ran.stderr), (Some(0), expected));
    let found = records(&client(&server), "orders").await;
    let by_number: BTreeMap<_, _> = found
        .iter()
        .map(|record| (record.sequence_number.as_str(), &record.data[..]))
        .collect();
    assert_eq!(by_number.len(), 2500);
    // The output is in the order of the input.
    for (number, line) in ran.text().lines().enumerate() {
        let printed: BTreeMap<&str, serde_json::Value> = serde_json::from_str(line).unwrap();
        assert_eq!(printed["Line"], number + 1);
        assert_eq!(printed["ShardId"], "shardId-000000000000");
        let data = by_number[printed["SequenceNumber"].as_str().unwrap()];
        assert_eq!(data, format!("{number:04}").as_bytes());
    }
    assert_eq!(ran.text().lines().count(), 2500);
}

/// A shard takes 1000 records a second, so that most of 20,000 are refused at the first attempt.
#[tokio::test]
async fn records_when_not_stored_in_the_end_then_are_named_and_the_status_says_so() {
    let server = one_shard();
    let input = "line\n".repeat(20_000);
    let ran = put(&server, &["orders", "--retry-for", "0s"], input);
    assert_eq!(ran.status.code(), Some(3), "{}", ran.stderr);
    let lines: Vec<&str> = ran.stderr.lines().collect();
    // Twenty are named, the others are counted.
    assert_eq!(lines.len(), 23);
    for line in &lines[..20] {
        let (number, why) = line
            .strip_prefix("millstream: line ")
            .and_then(|line| line.split_once(' '))
            .unwrap();
        assert!(number.parse::<u64>().unwrap() <= 20_000);
        let expected = "is not stored: ProvisionedThroughputExceededException: Rate exceeded";
        assert!(why.starts_with(expected), "{why}");
        assert!(why.ends_with("(after 1 attempts)."), "{why}");
    }
    let stored = records(&client(&server), "orders").await.len();
    let (bytes, refused) = (stored * 4, 20_000 - stored);
    let summary = format!("{stored} records stored, {bytes} bytes, 1 shard, {refused} refused");
    assert_eq!(lines[21], summary);
    assert_eq!(
        lines[22],
        format!("millstream: not stored: {refused} records.")
    );
}

#[tokio::test]
async fn records_of_a_key_when_refused_for_the_moment_then_are_stored_in_order() {
    let server = one_shard();
    let padding = "x".repeat(200_000);
    let line = |number| {
        format!(
            "{{\"id\":{},\"n\":{number},\"p\":\"{padding}\"}}\n",
            number % 3
        )
    };
    let input: String = (0..18).map(line).collect();
    let words = [
        "orders",
        "--format",
        "ndjson",
        "--key-field",
        "id",
        "--ordered",
    ];
    let ran = put(&server, &words, input);
    assert_eq!(ran.status.code(), Some(0), "{}", ran.stderr);
    let mut of_key: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for record in records(&client(&server), "orders").await {
        let data: serde_json::Value = serde_json::from_slice(&record.data).unwrap();
        let of_key = of_key.entry(record.partition_key.unwrap()).or_default();
        of_key.push(data["n"].as_u64().unwrap());
    }
    for key in 0..3 {
        let expected: Vec<u64> = (0..18).filter(|number| number % 3 == key).collect();
        assert_eq!(of_key[&key.to_string()], expected);
    }
}

#[tokio::test]
async fn lines_when_aggregated_then_are_told_and_read_one_by_one() {
    let server = server_with(&["--stream", "orders:2"]);
    let input: String = (0..3000).map(|number| format!("{number:04}\n")).collect();
    let ran = put(&server, &["orders", "--aggregate", "--json"], input);
    let expected = "3000 records stored, 12000 bytes, 2 shards, 0 refused\n";
    assert_eq!((ran.status.code(), &*ran.stderr), (Some(0), expected));
    let records = records(&client(&server), "orders").await;
    assert!(records.len() < 100, "{} records", records.len());
    let mut by_place = BTreeMap::new();
    for user in records.iter().flat_map(deaggregate) {
        let sub = user.is_aggregated.then_some(user.sub_sequence_number);
        by_place.insert((user.record.sequence_number.as_str(), sub), user.data);
    }
    assert_eq!(by_place.len(), 3000);
    for (number, line) in ran.text().lines().enumerate() {
        let printed: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(printed["Line"], number + 1);
        let sequence_number = printed["SequenceNumber"].as_str().unwrap();
        // A record that was left alone is stored by itself.
        let sub = printed["SubSequenceNumber"].as_u64();
        let data = &by_place[&(sequence_number, sub)];
        assert_eq!(data, format!("{number:04}").as_bytes());
    }
    assert_eq!(ran.text().lines().count(), 3000);
}

#[tokio::test]
async fn put_when_interrupted_then_says_after_which_line_and_all_before_are_stored() {
    let server = one_shard();
    let input = "line\n".repeat(200_000);
    let words = ["put", "orders", "--json", "--rate", "200/s"];
    let mut started = Call::new(&words).to(&server).input(input).start();
    assert!(started.line().starts_with("{\"Line\":1,"));
    started.signal(Signal::INT);
    let ran = started.end();
    assert_eq!(ran.status.code(), Some(130), "{}", ran.stderr);
    let stored = records(&client(&server), "orders").await.len();
    let (after, _) = ran.stderr.split_once(" stored, ").unwrap();
    let plural = if stored == 1 { "" } else { "s" };
    let expected = format!("stopped after line {stored}: {stored} record{plural}");
    assert_eq!(after, expected);
    assert_eq!(ran.text().lines().count(), stored - 1);
}

#[test]
fn put_when_on_a_terminal_then_shows_a_bar_of_the_files_bytes() {
    let server = one_shard();
    let file = file(&b"line\n".repeat(1200));
    let words = ["put", "orders", file.path().to_str().unwrap()];
    let call = Call::new(&words).to(&server).env("TERM", "xterm");
    let (ran, messages) = call.run_with_screen_for_messages(100);
    assert_eq!(ran.status.code(), Some(0), "{messages}");
    for said in ["putting [", "/5.86 KiB, ", " left", "1200 records stored"] {
        assert!(messages.contains(said), "{said}: {messages:?}");
    }
}

#[test]
fn put_when_nothing_can_be_stored_then_says_why() {
    let server = one_shard();
    let fifo = "/dev/null";
    for (words, status, expected) in [
        (
            &["nothing"][..],
            1,
            "ResourceNotFoundException: Stream nothing under account 000000000000 not found.",
        ),
        (
            &["orders", "/nowhere"],
            1,
            "cannot read /nowhere: No such file or directory",
        ),
        (
            &["orders", fifo],
            0,
            "0 records stored, 0 bytes, 0 shards, 0 refused",
        ),
        (
            &["orders", "--key-field", "id"],
            2,
            "--key-field is about JSON objects. Add --format ndjson.",
        ),
        (
            &["orders", "--envelope"],
            2,
            "--envelope is about JSON objects. Add --format ndjson.",
        ),
        (&["orders", "--key", ""], 2, "1 to 256 characters"),
        (
            &["orders", "--key", "a", "--key-field", "b"],
            2,
            "cannot be used with",
        ),
        (&["orders", "--rate", "0"], 2, "a whole number from 1"),
        (
            &["orders", "--explicit-hash-key", "x"],
            2,
            "a whole number below 2^128",
        ),
    ] {
        let ran = put(&server, words, "");
        assert_eq!(ran.status.code(), Some(status), "{words:?} {}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{words:?} {}", ran.stderr);
    }
}
