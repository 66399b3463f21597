//! Aggregated records.

use super::{ALL, expected, mirror, said, servers, until_stored};
use crate::records::{client, records, split};
use millstream_client::Client;
use millstream_client::aggregation::Aggregator;
use millstream_client::consumer::{Consumer, ConsumerSettings};
use millstream_client::routing::Router;
use rustix::process::Signal;
use std::collections::BTreeMap;

/// Puts aggregated records of one shard each, with numbers as data.
async fn put_aggregates(client: &Client, numbers: std::ops::Range<u32>) {
    let shards = client.list_shards("orders").pages().all().await.unwrap();
    let router = Router::new(&shards).unwrap();
    let mut aggregators: BTreeMap<&str, Aggregator> = BTreeMap::new();
    for number in numbers {
        let key = format!("key-{}", number % 8);
        let shard = router.shard_of(&key, None).unwrap();
        let aggregator = aggregators.entry(shard).or_default();
        aggregator
            .add(&key, None, number.to_string().as_bytes())
            .unwrap();
        if number % 40 == 39 {
            for aggregated in aggregators.values_mut().filter_map(Aggregator::finish) {
                let put = client.put_record("orders", aggregated.data);
                let put = put.partition_key(aggregated.partition_key);
                let hash_key = aggregated.explicit_hash_key.map(|key| key.to_string());
                put.explicit_hash_key(hash_key.unwrap()).await.unwrap();
            }
        }
    }
}

/// The numbers of each key as readers find them, in order.
async fn user_numbers(client: &Client, stream: &str) -> BTreeMap<String, Vec<u32>> {
    let settings = ConsumerSettings::default();
    let mut consumer = Consumer::start(client, stream, settings).await.unwrap();
    let mut of_key: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    while !consumer.is_caught_up() {
        let batch = consumer.next().await.unwrap().unwrap();
        for user in batch.user_records() {
            let number = str::from_utf8(&user.data).unwrap().parse().unwrap();
            let key = user.partition_key.unwrap().to_owned();
            of_key.entry(key).or_default().push(number);
        }
    }
    of_key
}

#[tokio::test]
async fn aggregate_when_mirrored_then_readers_find_each_user_record_once_in_order() {
    for (from_shards, to_shards, is_parted) in [(1, 4, true), (4, 1, false), (2, 2, false)] {
        let [from, to] = servers(from_shards, to_shards);
        let (source, target) = (client(&from), client(&to));
        put_aggregates(&source, 0..400).await;
        let aggregates = records(&source, "orders").await.len();
        let ran = mirror(&from, &to, &[ALL]).run();
        let parted = said(&ran).contains("10 aggregates taken apart, ");
        assert_eq!(parted, is_parted, "{}", said(&ran));
        let copies = records(&target, "copy").await.len();
        assert_eq!(copies > aggregates, is_parted, "{aggregates} {copies}");
        assert_eq!(user_numbers(&target, "copy").await, expected(400));
        let ran = mirror(&from, &to, &["--verify"]).run();
        assert!(said(&ran).starts_with("400 records of 8 keys compared with 400 in TO: 0 "));
    }
}

#[tokio::test]
async fn aggregate_when_the_target_was_split_unnoticed_then_is_put_again_where_its_parts_belong() {
    let [from, to] = servers(1, 1);
    let (source, target) = (client(&from), client(&to));
    put_aggregates(&source, 0..80).await;
    let running = mirror(&from, &to, &[]).start();
    until_stored(&target, "copy", 2).await;
    split(&target, "copy").await;
    put_aggregates(&source, 80..120).await;
    until_stored(&target, "copy", 3).await;
    running.signal(Signal::INT);
    let ran = running.end();
    assert!(
        ran.stderr.starts_with("stopped: 3 records mirrored, "),
        "{ran:?}"
    );
    let shards = ", 1 shard into 3, 1 aggregate taken apart, ";
    assert!(ran.stderr.contains(shards), "{ran:?}");
    // What readers drop is followed by its parts.
    assert_eq!(user_numbers(&target, "copy").await, expected(120));
}
