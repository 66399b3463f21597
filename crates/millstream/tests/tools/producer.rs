//! The client's producer against a real server whose shard takes no more than AWS's.

use crate::records::{client, records};
use crate::server::server_with;
use millstream_client::producer::{Order, Producer, ProducerRecord, ProducerSettings};
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
