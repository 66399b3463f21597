//! What the streams of a test's server hold.

use crate::server::Server;
use millstream_client::producer::{Order, Producer, ProducerRecord, ProducerSettings};
use millstream_client::types::{Record, Shard, ShardIteratorType};
use millstream_client::{Client, Credentials};

/// A client of a server.
pub fn client(server: &Server) -> Client {
    let builder = Client::builder().endpoint(&server.url);
    let builder = builder.credentials(Credentials::new("any", "any", None));
    builder.build().unwrap()
}

/// All records of a stream that has no closed shards, those of each shard in order.
pub async fn records(client: &Client, stream: &str) -> Vec<Record> {
    let mut records = Vec::new();
    for shard in client.list_shards(stream).pages().all().await.unwrap() {
        let horizon = ShardIteratorType::TrimHorizon;
        let found = client.get_shard_iterator(stream, shard.shard_id, horizon);
        let mut iterator = found.await.unwrap().shard_iterator.unwrap();
        loop {
            let page = client.get_records(iterator).await.unwrap();
            records.extend(page.records);
            if page.millis_behind_latest == Some(0) {
                break;
            }
            iterator = page.next_shard_iterator.unwrap();
        }
    }
    records
}

/// The key and data of each record, as text, sorted.
pub async fn keys_and_data(client: &Client, stream: &str) -> Vec<(String, String)> {
    let records = records(client, stream).await.into_iter();
    let text = |record: Record| {
        let data = String::from_utf8(record.data.to_vec()).unwrap();
        (record.partition_key.unwrap_or_default(), data)
    };
    let mut found: Vec<_> = records.map(text).collect();
    found.sort_unstable();
    found
}

/// Puts numbered records of eight keys, in order.
pub async fn put(client: &Client, stream: &str, numbers: std::ops::Range<u32>) {
    let settings = ProducerSettings {
        order: Order::OfKeys,
        ..ProducerSettings::default()
    };
    let producer = Producer::new(client, stream, settings);
    let mut receipts = Vec::new();
    for number in numbers {
        let record = ProducerRecord::new(format!("key-{}", number % 8), number.to_string());
        receipts.push(producer.put(record).await.unwrap());
    }
    for receipt in receipts {
        receipt.await.unwrap();
    }
}

/// Splits the open shard that is listed first.
pub async fn split(client: &Client, stream: &str) {
    let shards = client.list_shards(stream).pages().all().await.unwrap();
    let is_open = |shard: &&Shard| {
        let numbers = &shard.sequence_number_range;
        numbers.ending_sequence_number.is_none()
    };
    let shard = shards.iter().find(is_open).unwrap();
    let range = &shard.hash_key_range;
    let (start, end): (u128, u128) = (
        range.starting_hash_key.parse().unwrap(),
        range.ending_hash_key.parse().unwrap(),
    );
    let middle = (start + (end - start) / 2 + 1).to_string();
    let split = client.split_shard(stream, &shard.shard_id, middle);
    split.await.unwrap();
    client.wait_until_stream_exists(stream).await.unwrap();
}
