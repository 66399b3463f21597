//! The client's producer against a real server whose shard takes no more than AWS's.

use crate::records::{client, records};
use crate::server::server_with;
use millstream_client::Client;
use millstream_client::consumer::{Consumer, ConsumerSettings};
use millstream_client::producer::{
    Aggregation, Order, Producer, ProducerRecord, ProducerSettings, Receipt, Stored,
};
use millstream_client::types::ScalingType;
use std::collections::BTreeMap;

#[tokio::test]
async fn producer_when_faster_than_its_shard_then_stores_each_record_once_in_a_later_attempt() {
    let server = server_with(&["--stream", "orders"]);
    let client = client(&server);
    let settings = ProducerSettings::default();
    let producer = Producer::new(&client, "orders", settings);
    let mut receipts = Vec::new();
    // A shard takes 1000 records a second.
    for number in 0..5000 {
        let record = ProducerRecord::new(format!("key-{number}"), format!("{number:04}"));
        receipts.push(producer.put(record).await.unwrap());
    }
    let mut stored = BTreeMap::new();
    let mut attempts_max = 0;
    for (number, receipt) in receipts.into_iter().enumerate() {
        let told = receipt.await.unwrap();
        attempts_max = attempts_max.max(told.attempts);
        stored.insert(told.sequence_number, format!("{number:04}"));
    }
    assert!(attempts_max > 1);
    let found = records(&client, "orders").await;
    assert_eq!(found.len(), 5000);
    for record in found {
        let data = str::from_utf8(&record.data).unwrap();
        assert_eq!(stored[&record.sequence_number], data);
    }
}

#[tokio::test]
async fn producer_when_the_order_of_keys_matters_then_refusals_do_not_change_it() {
    let server = server_with(&["--stream", "orders"]);
    let client = client(&server);
    let settings = ProducerSettings {
        order: Order::OfKeys,
        ..ProducerSettings::default()
    };
    let producer = Producer::new(&client, "orders", settings);
    let mut receipts = Vec::new();
    // A shard takes 1 MiB a second, and a batch has one record of each key.
    for number in 0..40_u8 {
        let key = format!("key-{}", number % 8);
        let record = ProducerRecord::new(key, vec![number; 100_000]);
        receipts.push(producer.put(record).await.unwrap());
    }
    producer.flush().await;
    let mut attempts_max = 0;
    for receipt in receipts {
        attempts_max = attempts_max.max(receipt.await.unwrap().attempts);
    }
    assert!(attempts_max > 1);
    let mut of_key: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for record in records(&client, "orders").await {
        let of_key = of_key.entry(record.partition_key.unwrap()).or_default();
        of_key.push(record.data[0]);
    }
    for key in 0..8 {
        let expected: Vec<u8> = (0..40).filter(|number| number % 8 == key).collect();
        assert_eq!(of_key[&format!("key-{key}")], expected);
    }
}

#[tokio::test]
async fn record_when_it_cannot_be_stored_then_is_refused_alone() {
    let server = server_with(&["--stream", "orders"]);
    let client = client(&server);
    let producer = Producer::new(&client, "orders", ProducerSettings::default());
    let mut receipts = Vec::new();
    for number in 0..50_usize {
        // Some are larger than any record of the stream.
        let size = if number % 20 == 7 { 1_200_000 } else { 10 };
        let record = ProducerRecord::new(format!("key-{number}"), vec![0; size]);
        receipts.push(producer.put(record).await.unwrap());
    }
    let mut refused = Vec::new();
    for (number, receipt) in receipts.into_iter().enumerate() {
        if let Err(failure) = receipt.await {
            assert!(
                failure.to_string().starts_with("ValidationException"),
                "{failure}"
            );
            refused.push(number);
        }
    }
    assert_eq!(refused, [7, 27, 47]);
    assert_eq!(records(&client, "orders").await.len(), 47);
}

/// What readers find: a record's data, by its shard, its number and its place in an aggregated one.
type Found = BTreeMap<(String, String, Option<u64>), Vec<u8>>;

/// Reads a stream to its end through splits and merges: all user records, and those of each key in
/// the order in which they come.
async fn user_records(client: &Client, stream: &str) -> (Found, BTreeMap<String, Vec<u32>>) {
    let (mut found, mut of_key) = (Found::new(), BTreeMap::<String, Vec<u32>>::new());
    let settings = ConsumerSettings::default();
    let mut consumer = Consumer::start(client, stream, settings).await.unwrap();
    while !consumer.is_caught_up() {
        let batch = consumer.next().await.unwrap().unwrap();
        for user in batch.user_records() {
            let number = user.record.sequence_number.clone();
            let sub = user.is_aggregated.then_some(user.sub_sequence_number);
            let place = (batch.shard_id.clone(), number, sub);
            assert_eq!(found.insert(place, user.data.to_vec()), None);
            let key = user.partition_key.unwrap().to_owned();
            let data = str::from_utf8(&user.data).unwrap();
            of_key.entry(key).or_default().push(data.parse().unwrap());
        }
    }
    (found, of_key)
}

fn place(stored: Stored) -> (String, String, Option<u64>) {
    let sub = stored.sub_sequence_number;
    (stored.shard_id, stored.sequence_number, sub)
}

/// Puts numbered records of eight keys.
async fn put(producer: &Producer, numbers: std::ops::Range<u32>) -> Vec<Receipt> {
    let mut receipts = Vec::new();
    for number in numbers {
        let record = ProducerRecord::new(format!("key-{}", number % 8), number.to_string());
        receipts.push(producer.put(record).await.unwrap());
    }
    receipts
}

#[tokio::test]
async fn producer_when_it_aggregates_through_reshards_then_readers_find_each_record_once_in_order()
{
    let server = server_with(&["--stream", "orders:2", "--limits", "off"]);
    let client = client(&server);
    let settings = ProducerSettings {
        order: Order::OfKeys,
        aggregation: Some(Aggregation { bytes_max: 1000 }),
        ..ProducerSettings::default()
    };
    let producer = Producer::new(&client, "orders", settings);
    let mut receipts = put(&producer, 0..400).await;
    producer.flush().await;
    // The producer learns of each change by what it comes to.
    for (round, shards) in [(1, 4), (2, 3), (3, 5)] {
        let scaled = client.update_shard_count("orders", shards, ScalingType::UniformScaling);
        let numbers = round * 400..(round + 1) * 400;
        let (scaled, more) = tokio::join!(scaled.into_future(), put(&producer, numbers));
        scaled.unwrap();
        client.wait_until_stream_exists("orders").await.unwrap();
        receipts.extend(more);
        let after = 2000 + round * 400;
        receipts.extend(put(&producer, after..after + 400).await);
        producer.flush().await;
    }
    let (mut found, of_key) = user_records(&client, "orders").await;
    let mut attempts_max = 0;
    let numbers = (0..400).chain((1..4).flat_map(|round| {
        let during = round * 400..(round + 1) * 400;
        let after = 2000 + round * 400;
        during.chain(after..after + 400)
    }));
    let put: Vec<u32> = numbers.collect();
    for (number, receipt) in put.iter().zip(receipts) {
        let stored = receipt.await.unwrap();
        attempts_max = attempts_max.max(stored.attempts);
        let data = found.remove(&place(stored)).unwrap();
        assert_eq!(data, number.to_string().as_bytes());
    }
    assert!(
        attempts_max > 1,
        "some went where their readers leave them out"
    );
    assert_eq!(found, Found::new(), "nothing is stored twice");
    for key in 0..8 {
        let expected: Vec<u32> = put.iter().copied().filter(|n| n % 8 == key).collect();
        assert_eq!(of_key[&format!("key-{key}")], expected);
    }
}

#[tokio::test]
async fn producer_when_it_aggregates_many_small_records_then_one_shard_takes_them_at_once() {
    let server = server_with(&["--stream", "orders"]);
    let client = client(&server);
    let settings = ProducerSettings {
        aggregation: Some(Aggregation::default()),
        ..ProducerSettings::default()
    };
    let producer = Producer::new(&client, "orders", settings);
    let receipts = put(&producer, 0..20_000).await;
    for receipt in receipts {
        // A shard takes 1000 records a second that are not aggregated.
        assert_eq!(receipt.await.unwrap().attempts, 1);
    }
    assert_eq!(user_records(&client, "orders").await.0.len(), 20_000);
}
