//! `millstream tail`.

use crate::call::{Call, Ran, Started};
use crate::server::{Server, server_with};
use millstream_client::aggregation::Aggregator;
use millstream_client::types::ConsumerStatus;
use millstream_client::{Client, Credentials};
use rustix::process::Signal;

const HALF: &str = "170141183460469231731687303715884105728";
const SHARD: &str = "shardId-000000000000";

/// A server with a stream of one shard.
fn server() -> Server {
    server_with(&["--stream", "orders:1", "--limits", "off"])
}

fn client(server: &Server) -> Client {
    Client::builder()
        .endpoint(server.url.clone())
        .region("us-east-1")
        .credentials(Credentials::new("any", "any", None))
        .build()
        .unwrap()
}

async fn put(client: &Client, key: &str, data: impl Into<Vec<u8>>) -> String {
    let data: Vec<u8> = data.into();
    let call = client.put_record("orders", data).partition_key(key);
    call.await.unwrap().sequence_number
}

fn tail(server: &Server, flags: &[&str]) -> Call {
    Call::new(&[&["tail", "orders"][..], flags].concat()).to(server)
}

fn caught_up(server: &Server, flags: &[&str]) -> Ran {
    let all = ["--from", "trim-horizon", "--until-caught-up"];
    tail(server, &[&all[..], flags].concat()).run()
}

#[tokio::test]
async fn records_when_shown_then_are_as_the_flags_say() {
    let server = server();
    let client = client(&server);
    put(&client, "customer-1", "{\"total\": 120}").await;
    let second = put(&client, "customer-22", "plain").await;
    let mut aggregator = Aggregator::new();
    aggregator.add("a", None, b"one").unwrap();
    aggregator.add("b", None, b"two").unwrap();
    let aggregated = aggregator.finish().unwrap();
    let stored = put(&client, "a", aggregated.data).await;
    for (flags, expected) in [
        (&[][..], "{\"total\": 120}\nplain\none\ntwo\n"),
        (&["--fan-out"], "{\"total\": 120}\nplain\none\ntwo\n"),
        (
            &["--protocol", "cbor"],
            "{\"total\": 120}\nplain\none\ntwo\n",
        ),
        (&["--shard", SHARD, "--limit", "1"], "{\"total\": 120}\n"),
        (
            &["--limit", "3", "--output", "hex", "--key", "?"],
            "6f6e65\n74776f\n",
        ),
        (
            &["--output", "base64", "--key", "customer-2*"],
            "cGxhaW4=\n",
        ),
        (
            &["--key", "b", "--key", "customer-1"],
            "{\"total\": 120}\ntwo\n",
        ),
        (&["--filter", "$[?@ > 100]"], "{\"total\": 120}\n"),
        (&["--filter", "$.other"], ""),
        (
            &["--no-deaggregate", "--key", "customer-*"],
            "{\"total\": 120}\nplain\n",
        ),
    ] {
        let ran = caught_up(&server, flags);
        assert_eq!(ran.done(), expected, "{flags:?}");
    }
    let ran = caught_up(
        &server,
        &["--no-deaggregate", "--output", "json", "--key", "a"],
    );
    let whole = ran.done();
    assert!(
        whole.contains(&format!("\"SequenceNumber\":\"{stored}\",")),
        "{whole}"
    );
    assert!(whole.ends_with("\"DataEncoding\":\"base64\"}\n"), "{whole}");

    let ran = caught_up(&server, &["--output", "json", "--key", "b", "--raw"]);
    let part = ran.done();
    let head = format!(
        "{{\"ShardId\":\"{SHARD}\",\"SequenceNumber\":\"{stored}\",\"SubSequenceNumber\":1,"
    );
    assert!(part.starts_with(&head), "{part}");
    assert!(
        part.ends_with("\"PartitionKey\":\"b\",\"Data\":\"dHdv\"}\n"),
        "{part}"
    );

    let at = ["--from", &second, "--shard", SHARD, "--limit", "1"];
    assert_eq!(tail(&server, &at).run().done(), "plain\n");
    for (from, expected) in [("1h", "plain\n"), ("2020-01-01T00:00:00Z", "plain\n")] {
        let flags = ["--from", from, "--until-caught-up", "--key", "customer-22"];
        assert_eq!(tail(&server, &flags).run().done(), expected, "{from}");
    }
    assert_eq!(tail(&server, &["--until-caught-up"]).run().done(), "");
}

/// Reads lines until there are so many.
fn lines(tail: &mut Started, count: usize) -> Vec<String> {
    (0..count).map(|_| tail.line()).collect()
}

#[tokio::test]
async fn tail_when_shards_split_and_merge_meanwhile_then_goes_on_with_their_children() {
    let server = server();
    let client = client(&server);
    for fan_out in [None, Some("--fan-out=mine")] {
        let first = put(&client, "a", "first").await;
        let listed = client.list_shards("orders").pages().all().await.unwrap();
        let open = listed.last().unwrap().shard_id.clone();
        let flags = ["--from", &first, "--shard", &open];
        let mut tail = tail(&server, &[&flags[..], fan_out.as_slice()].concat()).start();
        assert_eq!(tail.line(), "first");
        client.split_shard("orders", &open, HALF).await.unwrap();
        client.wait_until_stream_exists("orders").await.unwrap();
        // MD5("a") begins with 0c, MD5("b") with 92.
        put(&client, "a", "left").await;
        put(&client, "b", "right").await;
        let mut found = lines(&mut tail, 2);
        found.sort();
        assert_eq!(found, ["left", "right"]);
        let shards = client.list_shards("orders").pages().all().await.unwrap();
        let [.., left, right] = shards.as_slice() else {
            panic!("{shards:?}");
        };
        let merge = client.merge_shards("orders", &left.shard_id, &right.shard_id);
        merge.await.unwrap();
        client.wait_until_stream_exists("orders").await.unwrap();
        put(&client, "b", "last").await;
        assert_eq!(tail.line(), "last");
        tail.signal(Signal::INT);
        let ran = tail.end();
        assert_eq!((ran.status.code(), &*ran.stderr), (Some(130), ""));
        assert_eq!(ran.text(), "");
    }
    let summary = client.describe_stream_summary("orders").await.unwrap();
    let arn = summary.stream_description_summary.stream_arn;
    let listed = client
        .list_stream_consumers(arn)
        .pages()
        .all()
        .await
        .unwrap();
    let left = listed.iter().map(|consumer| consumer.consumer_status);
    assert_eq!(
        left.filter(|status| *status == ConsumerStatus::Active)
            .count(),
        0
    );
}

#[tokio::test]
async fn consumer_when_it_was_there_before_then_stays() {
    let server = server();
    let client = client(&server);
    put(&client, "a", "record").await;
    let summary = client.describe_stream_summary("orders").await.unwrap();
    let arn = summary.stream_description_summary.stream_arn;
    let registered = client.register_stream_consumer(&arn, "mine").await.unwrap();
    let registered = registered.consumer.consumer_arn;
    client
        .wait_until_consumer_active(&registered)
        .await
        .unwrap();
    let ran = caught_up(&server, &["--fan-out=mine"]);
    assert_eq!(ran.done(), "record\n");
    let listed = client
        .list_stream_consumers(&arn)
        .pages()
        .all()
        .await
        .unwrap();
    let names: Vec<_> = listed
        .iter()
        .map(|consumer| &*consumer.consumer_name)
        .collect();
    assert_eq!(names, ["mine"]);
}

#[tokio::test]
async fn tail_when_its_reader_goes_away_then_ends_though_nothing_comes() {
    let server = server();
    put(&client(&server), "a", "record").await;
    let mut tail = tail(&server, &["--from", "trim-horizon"]).start();
    // What was read is shown before it waits for more.
    assert_eq!(tail.line(), "record");
    tail.stop_reading();
    let ran = tail.end();
    assert_eq!((ran.status.code(), &*ran.stderr), (Some(141), ""));
}

#[test]
fn tail_when_it_cannot_begin_then_says_what_to_do() {
    let server = server();
    for (words, status, expected) in [
        (&["tail", "nothing"][..], 1, "ResourceNotFoundException"),
        (
            &["tail", "orders", "--shard", "shardId-000000000009"],
            1,
            "millstream: the stream orders has no shard shardId-000000000009. Check --shard; a \
             shard goes when its records have expired.",
        ),
        (
            &["tail", "orders", "--from", "4957"],
            2,
            "millstream: a sequence number is one of a shard. Give its shard, and no other, with \
             --shard.",
        ),
        (
            &["tail", "orders", "--from", "3000-01-01T00:00:00Z"],
            2,
            "millstream: --from is a time that is yet to come.",
        ),
        (
            &["tail", "orders", "--raw"],
            2,
            "millstream: --raw is about --output json.",
        ),
    ] {
        let ran = Call::new(words).to(&server).run();
        let line = ran.failed(status);
        assert!(line.contains(expected), "{line}");
    }
    for words in [
        &["tail"][..],
        &["tail", "orders", "--from", "yesterday"],
        &["tail", "orders", "--filter", "order"],
        &["tail", "orders", "--key", "["],
        &["tail", "orders", "--limit", "0"],
    ] {
        let ran = Call::new(words).to(&server).run();
        assert_eq!(ran.status.code(), Some(2), "{words:?}");
    }
}
