//! `millstream shards --hot`.

use crate::call::{Call, Ran, Started};
use crate::server::{Server, server};
use millstream_client::types::PutRecordsRequestEntry;
use millstream_client::{Blob, Client, Credentials};
use millstream_env::Env;
use serde_json::Value;
use tokio::sync::oneshot;

/// Samples the stream `orders` while records with these keys are put into it, over and over.
async fn sample(server: &Server, keys: &[&str], words: &[&str]) -> Ran {
    let hot = [
        "shards",
        "--hot",
        "orders",
        "--for",
        "90s",
        "--records",
        "300",
    ];
    let started = Call::new(&[&hot, words].concat()).to(server).start();
    let mut ended = end(started);
    let client = Client::builder().endpoint(&server.url);
    let client = client.credentials(Credentials::new("any", "any", None));
    let client = client.build().unwrap();
    let record = |key: &&str| PutRecordsRequestEntry {
        data: Blob::from_static(b"data"),
        partition_key: Some((*key).to_owned()),
        explicit_hash_key: None,
    };
    let records: Vec<PutRecordsRequestEntry> = keys.iter().map(record).collect();
    loop {
        // Those beyond the shard's limit are refused.
        client.put_records("orders", records.clone()).await.unwrap();
        if let Ok(ran) = ended.try_recv() {
            return ran;
        }
    }
}

/// Waits for a tool to end, beside the test.
fn end(started: Started) -> oneshot::Receiver<Ran> {
    let tasks = Env::real().tasks;
    let (tell, told) = oneshot::channel();
    let work = move || drop(tell.send(started.end()));
    let work = tasks.run_blocking(Box::new(work));
    tasks.spawn_request("tool", work);
    told
}

/// A server with a stream `orders` of two shards.
fn orders() -> Server {
    let server = server();
    let create = ["streams", "create", "orders", "--shards", "2", "--wait"];
    Call::new(&create).to(&server).run().done();
    server
}

#[tokio::test]
async fn shard_when_two_keys_make_it_hot_then_a_split_between_them_is_advised() {
    let server = orders();
    // MD5("a") begins with 0c, "c" with 4a: the first of two shards.
    let ran = sample(&server, &["a", "c"], &["--json"]).await;
    let document: Value = serde_json::from_str(ran.done()).unwrap();
    let (hot, other) = (&document[0], &document[1]);
    assert_eq!(hot["ShardId"], "shardId-000000000000");
    assert!(hot["Records"].as_u64() >= Some(300), "{hot}");
    assert!(hot["ShareOfLimit"].as_f64() > Some(0.0), "{hot}");
    let mut keys: Vec<&str> = hot["Keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["PartitionKey"].as_str().unwrap())
        .collect();
    keys.sort_unstable();
    assert_eq!(keys, ["a", "c"]);
    // MD5("c").
    let at = u128::from_str_radix("4a8a08f09d37b73795649038408b5f33", 16).unwrap();
    assert_eq!(hot["NewStartingHashKey"], at.to_string());
    assert_eq!(
        (other["Records"].as_u64(), &other["Keys"]),
        (Some(0), &Value::Array(Vec::new()))
    );
}

#[tokio::test]
async fn shard_when_one_key_makes_it_hot_then_is_said_and_no_split_advised() {
    let server = orders();
    let ran = sample(&server, &["b"], &[]).await;
    let text = ran.done();
    let expected = "
KEY IN shardId-000000000001   SHARE  HASH KEY
b                            100.0 %  195289424170611159128911017612795795343
The first key is most of the load: no split helps, only spreading its records over more keys does.
";
    let at = text.find("\nKEY IN").unwrap();
    let squeeze = |text: &str| -> String {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        text.lines().map(|line| words(line) + "\n").collect()
    };
    assert_eq!(squeeze(&text[at..]), squeeze(expected));
    assert!(text.starts_with("SHARD "), "{text}");
    let second = text.lines().nth(1).unwrap();
    assert!(second.starts_with("shardId-000000000001 "), "{text}");
}
