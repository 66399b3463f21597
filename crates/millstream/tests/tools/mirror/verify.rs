//! `--verify`.

use super::{mirror, said, servers};
use crate::records::{client, records};
use millstream_client::Client;
use serde_json::Value;

#[tokio::test]
async fn streams_when_compared_then_each_kind_of_difference_is_listed_and_some_are_bad() {
    let [from, to] = servers(1, 1);
    let (source, target) = (client(&from), client(&to));
    let fill = async |client: &Client, stream: &str, key: &str, letters: &str| {
        for letter in letters.chars() {
            let put = client.put_record(stream, letter.to_string());
            put.partition_key(key).await.unwrap();
        }
    };
    for (key, source_has, target_has) in [
        ("same", "abc", "xabc"),
        ("twice", "abc", "abbc"),
        ("more", "abc", "abxc"),
    ] {
        fill(&source, "orders", key, source_has).await;
        fill(&target, "copy", key, target_has).await;
    }
    let ran = mirror(&from, &to, &["--verify"]).run();
    let counts = "9 records of 3 keys compared with 12 in TO: 0 missing, 0 out of order, 1 \
                  repeated, 1 additional, 1 earlier";
    assert_eq!(said(&ran), counts);
    for kind in ["repeated    twice  shardId-", "additional  more   shardId-"] {
        assert!(ran.text().contains(kind), "{}", ran.text());
    }
    fill(&source, "orders", "less", "abc").await;
    fill(&target, "copy", "less", "ac").await;
    fill(&source, "orders", "mixed", "abc").await;
    fill(&target, "copy", "mixed", "acb").await;
    let ran = mirror(&from, &to, &["--verify"]).run();
    assert_eq!(ran.status.code(), Some(3));
    let expected = "15 records of 5 keys compared with 17 in TO: 1 missing, 1 out of order, 1 \
                    repeated, 1 additional, 1 earlier\nmillstream: TO differs from FROM: 1 record \
                    missing, 1 out of order.\n";
    assert_eq!(ran.stderr, expected);
    for kind in [
        "missing       less   shardId-",
        "out of order  mixed  shardId-",
    ] {
        assert!(ran.text().contains(kind), "{}", ran.text());
    }
    let ran = mirror(&from, &to, &["--verify", "--json"]).run();
    let found: Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(ran.status.code(), Some(3));
    let missing = &found["Missing"];
    assert_eq!(
        (&missing["Count"], &missing["First"][0]["PartitionKey"]),
        (&1.into(), &"less".into())
    );
    let number = missing["First"][0]["SequenceNumber"].as_str().unwrap();
    let sources = records(&source, "orders").await;
    let record = sources
        .iter()
        .find(|record| record.sequence_number == number);
    assert_eq!(&*record.unwrap().data, b"b");
}
