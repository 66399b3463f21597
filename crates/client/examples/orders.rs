//! A stream from its creation to its deletion: puts records, reads them back, splits a shard.
//!
//! ```text
//! cargo run --release --bin millstream -- dev &
//! export AWS_ENDPOINT_URL=http://127.0.0.1:4567 AWS_REGION=us-east-1
//! export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any
//! cargo run --release -p millstream-client --example orders
//! ```

use millstream_client::types::{PutRecordsRequestEntry, ShardIteratorType};
use millstream_client::{Builder, Client, ErrorCode};

const STREAM: &str = "example-orders";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Endpoint, region, credentials and CA bundle as the AWS CLI finds them.
    let client = Builder::from_environment()?.build()?;

    client.create_stream(STREAM).shard_count(1).await?;
    client.wait_until_stream_exists(STREAM).await?;

    let entries = (0..10).map(|order| PutRecordsRequestEntry {
        data: format!(r#"{{"order": {order}}}"#).into(),
        partition_key: Some(format!("customer-{}", order % 3)),
        explicit_hash_key: None,
    });
    let put = client.put_records(STREAM, entries.collect()).await?;
    assert_eq!(put.failed_record_count, Some(0));

    let middle = (1_u128 << 127).to_string();
    client
        .split_shard(STREAM, "shardId-000000000000", middle)
        .await?;
    client.wait_until_stream_exists(STREAM).await?;
    client
        .put_record(STREAM, "after the split")
        .partition_key("customer-0")
        .await?;

    for shard in client.list_shards(STREAM).pages().all().await? {
        let records = read(&client, &shard.shard_id).await?;
        println!("{}: {} records", shard.shard_id, records);
    }

    // What is refused says why, and whether it is worth another attempt.
    if let Err(refused) = client.create_stream(STREAM).shard_count(1).await {
        assert_eq!(refused.code(), Some(ErrorCode::ResourceInUseException));
        println!("{refused}");
    }

    client.delete_stream(STREAM).await?;
    client.wait_until_stream_not_exists(STREAM).await?;
    Ok(())
}

/// Reads a shard from its oldest record to its end, or to its newest record; the number of records.
async fn read(client: &Client, shard_id: &str) -> Result<usize, millstream_client::Error> {
    let start = ShardIteratorType::TrimHorizon;
    let found = client.get_shard_iterator(STREAM, shard_id, start).await?;
    let mut iterator = found.shard_iterator;
    let mut records = 0;
    while let Some(position) = iterator {
        let answer = client.get_records(position).await?;
        records += answer.records.len();
        let is_at_end = answer.records.is_empty() && answer.millis_behind_latest == Some(0);
        iterator = answer.next_shard_iterator.filter(|_| !is_at_end);
    }
    Ok(records)
}
